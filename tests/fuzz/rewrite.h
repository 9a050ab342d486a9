/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/rewrite.h: a stream of messages, read and written anew, with notes of what was understood. */
#ifndef SALLYPORT_TESTS_REWRITE_H
#define SALLYPORT_TESTS_REWRITE_H

#include "proxy/forward.h"

#include <assert.h>

enum { REWRITE_BYTES = 1 << 20, REWRITE_INPUT_BYTES = 16 * 1024 };

struct rewrite {
	enum message_kind kind;
	struct slice method; /* responses: of the request */
	struct buffer out; /* as the next hop reads it */
	struct buffer sense; /* what may never change: method, target, status, framing, content */
	struct buffer fields; /* and the fields and trailers that go on, in order */
	enum reason fault;
	bool chunked;
	bool tunnel; /* the last message ended and what follows is not HTTP */
};

static inline void rewrite_init(struct rewrite *r, enum message_kind kind, struct slice method)
{
	*r = (struct rewrite){.kind = kind, .method = method};
	buffer_init(&r->out, REWRITE_BYTES);
	buffer_init(&r->sense, REWRITE_BYTES);
	buffer_init(&r->fields, REWRITE_BYTES);
}

static inline void rewrite_note(struct rewrite *r, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].id != FIELD_OTHER)
			continue;
		assert(field_is_token(fields[i].name) && field_is_text(fields[i].value));
		buffer_append(&r->fields, fields[i].name);
		buffer_append(&r->fields, SLICE(":"));
		buffer_append(&r->fields, fields[i].value);
		buffer_append(&r->fields, SLICE("\n"));
	}
}

static inline void rewrite_head(struct rewrite *r, const struct head *h)
{
	struct target t = {.port = 80, .host_len = 1, .host = "a"};
	struct forward_place place = {.target = &t, .path = h->target, .via = "1.1 gate"};
	struct forward_client client = {1, true, slice_equal(r->method, SLICE("HEAD")), 0, NULL};
	bool close = false, kept;

	r->chunked = h->framing == FRAMING_CHUNKED;
	if (r->kind == MESSAGE_REQUEST)
		kept = forward_request(&r->out, h, &place);
	else
		kept = forward_response(&r->out, h, &client, "1.1 gate", &r->chunked, &close);
	assert(kept && !close);
	/* What ends with its connection goes on in chunks. */
	enum framing framing = h->framing == FRAMING_CLOSE ? FRAMING_CHUNKED : h->framing;
	buffer_append(&r->sense, h->method);
	buffer_append(&r->sense, h->target);
	buffer_format(&r->sense, " %u %d %d %llu %d\n", h->status, h->upgrade, (int)framing,
		framing == FRAMING_LENGTH ? (unsigned long long)h->content_length : 0,
		h->expect_continue);
	rewrite_note(r, h->fields, h->field_count);
}

/* False when all input was taken or nothing more of it is HTTP. */
static inline bool rewrite_step(struct rewrite *r, struct message *m, struct slice *input)
{
	struct slice data = {NULL, 0};
	enum message_step step = message_read(m, input, &data);
	const struct head *h = message_head(m);
	size_t count;

	if (step == MESSAGE_HEAD)
		rewrite_head(r, h);
	if (step == MESSAGE_DATA) {
		buffer_append(&r->sense, data);
		assert(r->chunked ? forward_chunk(&r->out, data) : buffer_append(&r->out, data));
	}
	if (step == MESSAGE_END) {
		const struct field *trailers = message_trailers(m, &count);
		rewrite_note(r, trailers, count);
		if (r->chunked)
			assert(forward_last_chunk(&r->out, trailers, count, NULL));
		buffer_append(&r->sense, SLICE("\nend\n"));
		r->tunnel = h->upgrade || slice_equal(h->method, SLICE("CONNECT"));
		if (!r->tunnel)
			message_next(m);
	}
	r->fault = message_fault(m);
	assert(step != MESSAGE_MORE || input->len == 0);
	return step != MESSAGE_MORE && step != MESSAGE_BAD && !r->tunnel;
}

/* Reads all of `bytes` in pieces and rewrites each message. */
static inline void rewrite_run(struct rewrite *r, struct slice bytes, size_t piece)
{
	struct message *m = message_new(r->kind);

	assert(m);
	if (r->kind == MESSAGE_RESPONSE)
		message_expect(m, r->method, true);
	while (!r->tunnel && r->fault == REASON_NONE && bytes.len > 0) {
		struct slice input = slice_first(bytes, piece);
		bytes = slice_after(bytes, input.len);
		while (rewrite_step(r, m, &input))
			continue;
	}
	if (r->fault == REASON_NONE && message_head(m)->framing == FRAMING_CLOSE && message_eof(m))
		rewrite_step(r, m, &bytes);
	message_free(m);
}

#define REWRITE_SAME(a, b) assert(slice_equal(buffer_bytes(&(a)), buffer_bytes(&(b))))

/* Our own fields may be the ones too many. */
#define REWRITE_FITS(r)                                                                            \
	((r).fault != REASON_HEAD_TOO_LARGE && (r).fault != REASON_RESPONSE_TOO_LARGE)

/* The properties: cutting changes nothing; what is written says the same; and what is written from
 * that keeps every field. */
static inline void rewrite_check(enum message_kind kind, struct slice method, struct slice bytes)
{
	struct rewrite whole, cut, again, twice, *all[] = {&whole, &cut, &again, &twice};

	bytes = slice_first(bytes, REWRITE_INPUT_BYTES);
	for (size_t i = 0; i < 4; i++)
		rewrite_init(all[i], kind, method);
	rewrite_run(&whole, bytes, REWRITE_BYTES);
	rewrite_run(&cut, bytes, 1);
	assert(whole.fault == cut.fault);
	REWRITE_SAME(whole.sense, cut.sense);
	REWRITE_SAME(whole.fields, cut.fields);
	rewrite_run(&again, buffer_bytes(&whole.out), REWRITE_BYTES);
	rewrite_run(&twice, buffer_bytes(&again.out), REWRITE_BYTES);
	if (REWRITE_FITS(again) && REWRITE_FITS(twice)) {
		assert(again.fault == REASON_NONE && twice.fault == REASON_NONE);
		REWRITE_SAME(whole.sense, again.sense);
		REWRITE_SAME(whole.sense, twice.sense);
		REWRITE_SAME(again.fields, twice.fields);
	}
	for (size_t i = 0; i < 4; i++) {
		buffer_done(&all[i]->out);
		buffer_done(&all[i]->sense);
		buffer_done(&all[i]->fields);
	}
}

#endif
