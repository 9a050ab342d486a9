/* SPDX-License-Identifier: Apache-2.0 */
/* Responses and content written anew: each row is what arrives and what leaves. */
#include "tests/unit/heads.h"

static void responses_are_written_anew(void **state)
{
	static const struct {
		const char *name, *in, *method;
		struct forward_client client;
		const char *out;
		bool chunked, close;
	} rows[] = {
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\n", "GET",
			{1, true, false, 0, NULL},
			"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 3\r\n" VIA "\r\n", false,
			false},
		{"length, then close", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET",
			{1, false, false, 0, NULL},
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" VIA "Connection: close\r\n\r\n",
			false, true},
		{"upstream closes, client need not",
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n", "GET",
			{1, true, false, 0, NULL},
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" VIA "\r\n", false, false},
		{"length to 1.0", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET",
			{0, false, false, 0, NULL},
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" VIA "Connection: close\r\n\r\n",
			false, true},
		{"length to 1.0 that stays", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET",
			{0, true, false, 0, NULL},
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" VIA
			"Connection: keep-alive\r\n\r\n",
			false, false},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
			"GET", {1, true, false, 0, NULL},
			"HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n" VIA
			"\r\n",
			true, false},
		{"chunked to 1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET",
			{0, true, false, 0, NULL},
			"HTTP/1.1 200 OK\r\n" VIA "Connection: close\r\n\r\n", false, true},
		{"until close", "HTTP/1.0 200 OK\r\n\r\n", "GET", {1, true, false, 0, NULL},
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.0 gate\r\n\r\n",
			true, false},
		{"until close to 1.0", "HTTP/1.1 200 OK\r\n\r\n", "GET", {0, true, false, 0, NULL},
			"HTTP/1.1 200 OK\r\n" VIA "Connection: close\r\n\r\n", false, true},
		{"head with length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD",
			{1, true, true, 0, NULL},
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" VIA "\r\n", false, false},
		{"head with chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			"HEAD", {1, true, true, 0, NULL}, "HTTP/1.1 200 OK\r\n" VIA "\r\n", false,
			false},
		{"304 with length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "GET",
			{1, true, false, 0, NULL},
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n" VIA "\r\n", false,
			false},
		{"204 with length 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "GET",
			{1, true, false, 0, NULL}, "HTTP/1.1 204 No Content\r\n" VIA "\r\n", false,
			false},
		{"100", "HTTP/1.1 100 Continue\r\n\r\n", "GET", {1, false, false, 0, NULL},
			"HTTP/1.1 100 Continue\r\n" VIA "\r\n", false, false},
		{"103 to 1.0", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "GET",
			{0, false, false, 0, NULL}, "", false, false},
		{"101",
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
			"GET", {1, true, false, 0, NULL},
			"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n" VIA
			"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
			false, false},
		{"no phrase", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "GET",
			{1, true, false, 0, NULL},
			"HTTP/1.1 200 \r\nContent-Length: 0\r\n" VIA "\r\n", false, false},
		{"hop by hop",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x\r\nX: 1\r\n"
			"Keep-Alive: 5\r\nProxy-Authenticate: Basic\r\nProxy-Status: up\r\n"
			"Upgrade: h2c\r\nVia: 1.1 b\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
			"GET", {1, true, false, 0, NULL},
			"HTTP/1.1 200 OK\r\nProxy-Status: up\r\nVia: 1.1 b\r\nSet-Cookie: a\r\n"
			"Set-Cookie: b\r\nContent-Length: 0\r\n" VIA "\r\n",
			false, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message *m = read_head(MESSAGE_RESPONSE, rows[i].in, rows[i].method);
		bool chunked = !rows[i].chunked, close = !rows[i].close;
		struct buffer b;
		buffer_init(&b, 4096);
		bool ok = forward_response(
			&b, message_head(m), &rows[i].client, "1.1 gate", &chunked, &close);
		struct slice got = buffer_bytes(&b);
		ROW_CHECK(rows[i].name, ok && slice_equal(got, slice_of(rows[i].out)), "\n%.*s",
			(int)got.len, got.ptr);
		ROW_CHECK(rows[i].name, chunked == rows[i].chunked, "chunked %d", chunked);
		ROW_CHECK(rows[i].name, close == rows[i].close, "close %d", close);
		buffer_done(&b);
		message_free(m);
	}
}

static void a_date_is_added_where_none_came(void **state)
{
	static const struct {
		const char *name, *in;
		int64_t now;
		const char *out;
	} rows[] = {
		{"example of RFC 9110", "HTTP/1.1 204 X\r\n\r\n", 784111777,
			"HTTP/1.1 204 X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" VIA "\r\n"},
		{"leap day", "HTTP/1.1 204 X\r\n\r\n", 1709164800,
			"HTTP/1.1 204 X\r\nDate: Thu, 29 Feb 2024 00:00:00 GMT\r\n" VIA "\r\n"},
		{"no clock", "HTTP/1.1 204 X\r\n\r\n", 0, "HTTP/1.1 204 X\r\n" VIA "\r\n"},
		{"one came", "HTTP/1.1 204 X\r\ndate: y\r\n\r\n", 784111777,
			"HTTP/1.1 204 X\r\ndate: y\r\n" VIA "\r\n"},
		{"interim", "HTTP/1.1 100 X\r\n\r\n", 784111777, "HTTP/1.1 100 X\r\n" VIA "\r\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message *m = read_head(MESSAGE_RESPONSE, rows[i].in, "GET");
		struct forward_client client = {1, true, false, rows[i].now, NULL};
		bool chunked, close;
		struct buffer b;
		buffer_init(&b, 4096);
		assert_true(
			forward_response(&b, message_head(m), &client, "gate", &chunked, &close));
		struct slice got = buffer_bytes(&b);
		ROW_CHECK(rows[i].name, slice_equal(got, slice_of(rows[i].out)), "%.*s",
			(int)got.len, got.ptr);
		buffer_done(&b);
		message_free(m);
	}
}

static void chunks_are_framed(void **state)
{
	static const struct field trailers[] = {
		{{"X-Sum", 5}, {"1", 1}, FIELD_OTHER},
		{{"Host", 4}, {"evil", 4}, FIELD_HOST},
		{{"Connection", 10}, {"close", 5}, FIELD_CONNECTION},
		{{"Content-Type", 12}, {"x", 1}, FIELD_OTHER},
		{{"authorization", 13}, {"x", 1}, FIELD_OTHER},
		{{"Via", 3}, {"1.1 x", 5}, FIELD_VIA},
		{{"Y", 1}, {"", 0}, FIELD_OTHER},
	};
	struct buffer b;
	(void)state;
	buffer_init(&b, 4096);
	assert_true(forward_chunk(&b, SLICE("")));
	assert_true(forward_chunk(&b, SLICE("hello, chunks!..")));
	assert_true(forward_last_chunk(&b, trailers, COUNT(trailers), NULL));
	struct slice want = SLICE("10\r\nhello, chunks!..\r\n0\r\nX-Sum: 1\r\nY: \r\n\r\n");
	assert_true(slice_equal(buffer_bytes(&b), want));
	buffer_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(responses_are_written_anew),
		cmocka_unit_test(a_date_is_added_where_none_came),
		cmocka_unit_test(chunks_are_framed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
