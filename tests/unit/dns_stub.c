/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "tests/unit/dns_stub.h"

#include "base/container.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEADER_BYTES = 12, HUGE_COUNT = 400 };

/* An answer on its way. */
struct outgoing {
	uv_timer_t timer;
	union {
		uv_udp_send_t udp;
		uv_write_t tcp;
	} request;
	struct dns_stub *stub;
	struct peer *peer; /* NULL over UDP */
	struct sockaddr_storage to;
	size_t len;
	uint8_t bytes[]; /* two of length first, for TCP */
};

struct peer {
	uv_tcp_t tcp;
	struct dns_stub *stub;
	size_t len;
	uint8_t bytes[1024];
};

struct writer {
	uint8_t *bytes;
	size_t len;
};

static void put(struct writer *w, uint32_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		w->bytes[w->len++] = (uint8_t)(value >> 8 * i);
}

static void put_name(struct writer *w, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");
		put(w, (uint32_t)len, 1);
		memcpy(w->bytes + w->len, name, len);
		w->len += len;
		name += len + (name[len] == '.');
	}
	put(w, 0, 1);
}

static void put_record(struct writer *w, const char *record)
{
	char owner[300], ttl[16], type[16], data[300];
	struct address a;

	assert_int_equal(sscanf(record, "%299s %15s %15s %299s", owner, ttl, type, data), 4);
	put_name(w, owner);
	bool soa = strcmp(type, "SOA") == 0;
	put(w, strcmp(type, "A") == 0 ? 1 : strcmp(type, "AAAA") == 0 ? 28 : soa ? 6 : 5, 2);
	put(w, 1, 2);
	put(w, (uint32_t)strtoul(ttl, NULL, 10), 4);
	size_t start = w->len;
	put(w, 0, 2);
	if (soa) {
		put_name(w, "ns.test");
		put_name(w, "admin.test");
		for (int i = 0; i < 4; i++)
			put(w, 7, 4);
		put(w, (uint32_t)strtoul(data, NULL, 10), 4);
	} else if (address_parse_ipv4(slice_of(data), &a) ||
		   address_parse_ipv6(slice_of(data), &a)) {
		memcpy(w->bytes + w->len, a.bytes, a.family == 4 ? 4 : 16);
		w->len += a.family == 4 ? 4 : 16;
	} else {
		put_name(w, data);
	}
	size_t end = w->len;
	w->len = start;
	put(w, (uint32_t)(end - start - 2), 2);
	w->len = end;
}

static void put_many(struct writer *w, const char *host)
{
	char record[400];

	for (int i = 0; i < HUGE_COUNT; i++) {
		snprintf(record, sizeof(record), "%s 60 A 192.0.2.%d", host, i % 256);
		put_record(w, record);
	}
}

size_t dns_stub_message(const struct stub_row *row, const char *host, int type, bool tcp,
	uint8_t ret_message[DNS_STUB_BYTES])
{
	struct writer w = {.bytes = ret_message};
	bool truncated =
		row->quirk == QUIRK_TRUNCATED_ALWAYS || (row->quirk == QUIRK_TRUNCATED && !tcp);
	uint32_t answers = 0, authorities = 0;

	put(&w, 0, 2);
	put(&w, 0x8180u | (truncated ? 0x0200u : 0) | (uint32_t)row->rcode, 2);
	put(&w, 1, 2);
	w.len = HEADER_BYTES;
	put_name(&w, host);
	put(&w, (uint32_t)type, 2);
	put(&w, 1, 2);
	for (int i = 0; !truncated && i < 20 && row->records[i]; i++) {
		put_record(&w, row->records[i]);
		*(strstr(row->records[i], " SOA ") ? &authorities : &answers) += 1;
	}
	if (row->quirk == QUIRK_HUGE && type == 1) {
		put_many(&w, host);
		answers += HUGE_COUNT;
	}
	size_t len = w.len - (row->quirk == QUIRK_CUT ? 3 : 0);
	w.len = 6;
	put(&w, answers, 2);
	put(&w, authorities, 2);
	put(&w, 0, 2);
	/* A real server cuts what does not fit into a datagram (RFC 1035 §4.2.1). */
	if (!tcp && len > 512) {
		ret_message[2] |= 0x02;
		len = 512;
	}
	return len;
}

static void on_outgoing_closed(uv_handle_t *handle)
{
	free(CONTAINER(handle, struct outgoing, timer));
}

static void on_udp_sent(uv_udp_send_t *request, int status)
{
	(void)status;
	uv_close((uv_handle_t *)&CONTAINER(request, struct outgoing, request.udp)->timer,
		on_outgoing_closed);
}

static void on_tcp_sent(uv_write_t *request, int status)
{
	(void)status;
	uv_close((uv_handle_t *)&CONTAINER(request, struct outgoing, request.tcp)->timer,
		on_outgoing_closed);
}

static void on_due(uv_timer_t *timer)
{
	struct outgoing *out = CONTAINER(timer, struct outgoing, timer);
	uv_buf_t buf = uv_buf_init(
		(char *)out->bytes + (out->peer ? 0 : 2), (unsigned)out->len + (out->peer ? 2 : 0));
	int status;

	if (uv_is_closing((uv_handle_t *)&out->stub->udp))
		status = UV_ECANCELED;
	else if (out->peer)
		status = uv_write(
			&out->request.tcp, (uv_stream_t *)&out->peer->tcp, &buf, 1, on_tcp_sent);
	else
		status = uv_udp_send(&out->request.udp, &out->stub->udp, &buf, 1,
			(struct sockaddr *)&out->to, on_udp_sent);
	if (status != 0)
		uv_close((uv_handle_t *)timer, on_outgoing_closed);
}

static const struct stub_row *row_for(struct dns_stub *stub, const char *host, int type)
{
	static const struct stub_row nxdomain = {.rcode = 3};

	for (const struct stub_row *row = stub->rows; row->host; row++)
		if (strcmp(row->host, host) == 0 && (row->type == 0 || row->type == type))
			return row;
	return &nxdomain;
}

static void reply(struct dns_stub *stub, struct slice question, struct peer *peer,
	const struct sockaddr *from)
{
	static uint8_t message[DNS_STUB_BYTES];
	const uint8_t *bytes = (const uint8_t *)question.ptr;
	char *host = stub->last_host;
	size_t at = HEADER_BYTES, len = 0;

	assert_true(question.len > HEADER_BYTES + 5 && question.len < 300);
	/* One question and nothing more: no EDNS. */
	assert_memory_equal(bytes + 4, "\0\1\0\0\0\0\0\0", 8);
	for (; bytes[at]; at += 1u + bytes[at]) {
		memcpy(host + len, bytes + at + 1, bytes[at]);
		len += bytes[at];
		host[len++] = '.';
	}
	host[len - 1] = '\0';
	for (size_t i = 0; i < len; i++)
		host[i] = (char)tolower(host[i]);
	int type = bytes[at + 1] << 8 | bytes[at + 2];
	*(peer ? &stub->asked_tcp : &stub->asked_udp) += 1;
	const struct stub_row *row = row_for(stub, host, type);
	if (row->quirk == QUIRK_SILENT)
		return;
	len = dns_stub_message(row, host, type, peer != NULL, message);
	if (row->quirk == QUIRK_GARBAGE)
		memset(message, 0xa5, len);
	memcpy(message, bytes, 2);
	message[0] ^= row->quirk == QUIRK_WRONG_ID;
	struct outgoing *out = calloc(1, sizeof(*out) + 2 + len);
	if (!out)
		return; /* a test lets memory run out: as if lost on the way */
	out->stub = stub;
	out->peer = peer;
	out->len = len;
	out->bytes[0] = (uint8_t)(len >> 8);
	out->bytes[1] = (uint8_t)len;
	memcpy(out->bytes + 2, message, len);
	if (from)
		memcpy(&out->to, from, sizeof(struct sockaddr_in));
	uv_timer_init(stub->loop, &out->timer);
	uv_timer_start(&out->timer, on_due, row->delay_ms, 0);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buf)
{
	static char room[2048];

	(void)handle;
	(void)wanted;
	*ret_buf = uv_buf_init(room, sizeof(room));
}

static void on_datagram(uv_udp_t *udp, ssize_t len, const uv_buf_t *buf,
	const struct sockaddr *from, unsigned flags)
{
	(void)flags;
	if (len > 0 && from)
		reply(CONTAINER(udp, struct dns_stub, udp), slice_from(buf->base, (size_t)len),
			NULL, from);
}

static void on_peer_closed(uv_handle_t *handle)
{
	free(CONTAINER(handle, struct peer, tcp));
}

static void on_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct peer *peer = CONTAINER(stream, struct peer, tcp);

	if (len < 0) {
		uv_close((uv_handle_t *)stream, on_peer_closed);
		return;
	}
	assert_true(peer->len + (size_t)len <= sizeof(peer->bytes));
	memcpy(peer->bytes + peer->len, buf->base, (size_t)len);
	peer->len += (size_t)len;
	while (peer->len >= 2) {
		size_t whole = 2u + (size_t)(peer->bytes[0] << 8 | peer->bytes[1]);
		if (peer->len < whole)
			return;
		reply(peer->stub, slice_from((char *)peer->bytes + 2, whole - 2), peer, NULL);
		peer->len -= whole;
		memmove(peer->bytes, peer->bytes + whole, peer->len);
	}
}

static void on_connection(uv_stream_t *server, int status)
{
	struct dns_stub *stub = CONTAINER(server, struct dns_stub, tcp);
	struct peer *peer = calloc(1, sizeof(*peer));

	assert_int_equal(status, 0);
	if (!peer)
		peer = calloc(1, sizeof(*peer)); /* only one in a row fails */
	peer->stub = stub;
	uv_tcp_init(stub->loop, &peer->tcp);
	assert_int_equal(uv_accept(server, (uv_stream_t *)&peer->tcp), 0);
	uv_read_start((uv_stream_t *)&peer->tcp, on_room, on_bytes);
}

/* The kernel chooses a UDP port; the same for TCP may be taken, then another is tried. */
void dns_stub_open(struct dns_stub *stub, uv_loop_t *loop, const struct stub_row *rows)
{
	struct sockaddr_in at;
	int len = sizeof(at), status;

	*stub = (struct dns_stub){.loop = loop, .rows = rows};
	uv_ip4_addr("127.0.0.1", 0, &at);
	uv_tcp_init(loop, &stub->tcp);
	uv_udp_init(loop, &stub->udp);
	assert_int_equal(uv_tcp_bind(&stub->tcp, (struct sockaddr *)&at, 0), 0);
	uv_tcp_getsockname(&stub->tcp, (struct sockaddr *)&at, &len);
	status = uv_udp_bind(&stub->udp, (struct sockaddr *)&at, 0);
	assert_int_equal(status, 0);
	assert_int_equal(uv_listen((uv_stream_t *)&stub->tcp, 16, on_connection), 0);
	assert_int_equal(uv_udp_recv_start(&stub->udp, on_room, on_datagram), 0);
	stub->at.address = address_from_sockaddr((struct sockaddr *)&at, &stub->at.port);
}

void dns_stub_close(struct dns_stub *stub)
{
	uv_close((uv_handle_t *)&stub->udp, NULL);
	uv_close((uv_handle_t *)&stub->tcp, NULL);
}
