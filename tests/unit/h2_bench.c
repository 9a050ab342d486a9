/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/h2_bench.h"

#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>

#define NV(name, value)                                                                            \
	{                                                                                          \
		(uint8_t *)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1, strlen(value), \
			NGHTTP2_NV_FLAG_NONE                                                       \
	}

static ssize_t on_source(nghttp2_session *h2, int32_t id, uint8_t *into, size_t size,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	size_t left = (size_t)nghttp2_session_get_stream_user_data(h2, id);
	size_t len = left < size ? left : size;

	(void)source, (void)user;
	memset(into, 'x', len);
	nghttp2_session_set_stream_user_data(h2, id, (void *)(left - len));
	if (len == left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)len;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct h2_peer *p = user;

	(void)h2, (void)frame, (void)flags;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0)
		snprintf(p->status, sizeof(p->status), "%.*s", (int)value_len, (const char *)value);
	if (name_len == 5 && memcmp(name, ":path", 5) == 0)
		snprintf(p->path, sizeof(p->path), "%.*s", (int)value_len, (const char *)value);
	return 0;
}

static int on_data(
	nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *user)
{
	struct h2_peer *p = user;

	(void)h2, (void)flags, (void)id, (void)data;
	p->bytes += len;
	return 0;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct h2_peer *p = user;
	const nghttp2_nv head[] = {NV(":status", "200"), NV("x-a", "b")};
	const nghttp2_data_provider content = {.read_callback = on_source};

	if (frame->hd.type == NGHTTP2_GOAWAY)
		p->away = frame->goaway.error_code + 1;
	if (!p->server || frame->hd.type > NGHTTP2_HEADERS)
		return 0;
	p->requests += frame->hd.type == NGHTTP2_HEADERS;
	p->last_id = frame->hd.stream_id;
	if (p->silent || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, (void *)100000);
	nghttp2_submit_response(h2, frame->hd.stream_id, head, 2, &content);
	return 0;
}

static int on_close(nghttp2_session *h2, int32_t id, uint32_t error, void *user)
{
	struct h2_peer *p = user;

	(void)h2, (void)id;
	p->closed = error + 1;
	return 0;
}

static void peer_open(struct h2_peer *p, struct memory_wire *wire, bool server)
{
	nghttp2_session_callbacks *c;

	p->wire = wire;
	p->server = server;
	nghttp2_session_callbacks_new(&c);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	if (server)
		nghttp2_session_server_new(&p->h2, c, p);
	else
		nghttp2_session_client_new(&p->h2, c, p);
	nghttp2_session_callbacks_del(c);
	nghttp2_submit_settings(p->h2, NGHTTP2_FLAG_NONE, NULL, 0);
}

/* True when something moved. */
static bool peer_turn(struct h2_peer *p)
{
	struct slice heard = buffer_bytes(&p->wire->out);
	const uint8_t *frames;
	ssize_t len;
	bool moved = heard.len > 0;

	if (heard.len > 0)
		nghttp2_session_mem_recv(p->h2, (const uint8_t *)heard.ptr, heard.len);
	buffer_take(&p->wire->out, heard.len);
	while ((len = nghttp2_session_mem_send(p->h2, &frames)) > 0) {
		buffer_append(&p->wire->in, slice_from((const char *)frames, (size_t)len));
		moved = true;
	}
	return moved;
}

static bool on_judge(void *owner, const struct streams_asked *asked,
	struct streams_allowed *ret_allowed, struct refusal *ret_refusal)
{
	struct h2_bench *b = owner;
	bool refused = slice_starts(asked->head->target, SLICE("/no"));

	b->judged++;
	b->bad = asked->bad;
	*ret_allowed = (struct streams_allowed){.path = asked->head->target};
	*ret_refusal = (struct refusal){
		.reason = asked->bad != REASON_NONE ? asked->bad : REASON_RULE_DENIED,
		.target = &b->target,
		.protocol = "https_connect",
		.head_only = slice_equal(asked->head->method, SLICE("HEAD")),
	};
	return !refused && asked->bad == REASON_NONE;
}

bool h2_bench_open(struct h2_bench *b)
{
	*b = (struct h2_bench){.now_ms = 1};
	memory_wire_init(&b->client_wire);
	memory_wire_init(&b->upstream_wire);
	b->scratch = malloc(LIMIT_READ_BYTES);
	const struct streams_options options = {
		.client = &b->client_wire.wire,
		.upstream = &b->upstream_wire.wire,
		.target = &b->target,
		.via = "test",
		.scratch = b->scratch,
		.head_ms = 1000,
		.response_ms = 1000,
		.idle_ms = 10000,
		.judge = on_judge,
		.owner = b,
	};
	target_parse_authority(SLICE("www.example.com:443"), &b->target);
	peer_open(&b->client, &b->client_wire, false);
	peer_open(&b->upstream, &b->upstream_wire, true);
	b->streams = b->scratch ? streams_new(&options) : NULL;
	return b->streams != NULL;
}

void h2_bench_close(struct h2_bench *b)
{
	streams_free(b->streams);
	nghttp2_session_del(b->client.h2);
	nghttp2_session_del(b->upstream.h2);
	memory_wire_done(&b->client_wire);
	memory_wire_done(&b->upstream_wire);
	free(b->scratch);
}

void h2_bench_run(struct h2_bench *b)
{
	bool moved = true;

	while (moved) {
		moved = peer_turn(&b->client);
		moved |= peer_turn(&b->upstream);
		if (b->result == STREAMS_GOING)
			b->result = streams_turn(b->streams, b->now_ms, &b->reason);
		moved |= b->client_wire.out.len > 0 || b->upstream_wire.out.len > 0;
		if (b->result == STREAMS_GOING)
			moved |= b->client_wire.in.len > 0 || b->upstream_wire.in.len > 0;
	}
}

int32_t h2_bench_ask(struct h2_bench *b, const char *method, const char *path, size_t length)
{
	const nghttp2_data_provider content = {.read_callback = on_source};
	const nghttp2_nv head[] = {
		NV(":method", method),
		NV(":scheme", "https"),
		NV(":authority", "www.example.com"),
		NV(":path", path),
	};
	int32_t id = nghttp2_submit_request(
		b->client.h2, NULL, head, 4, length > 0 ? &content : NULL, (void *)length);

	return id;
}
