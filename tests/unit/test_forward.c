/* SPDX-License-Identifier: Apache-2.0 */
/* Requests written anew: each row is what arrives and what leaves. */
#include "tests/unit/heads.h"

static struct target target_of(const char *host, uint16_t port, uint8_t family)
{
	struct target t = {.kind = family ? TARGET_ADDRESS : TARGET_NAME, .port = port};

	t.host_len = (uint8_t)strlen(host);
	t.address.family = family;
	memcpy(t.host, host, t.host_len);
	return t;
}

static void check_request(const char *name, const char *in, const char *path, const char *out)
{
	struct target t = target_of("a.test", 80, 0);
	struct message *m = read_head(MESSAGE_REQUEST, in, "");
	struct buffer b;

	buffer_init(&b, 1 << 20);
	bool ok = forward_request(&b, message_head(m),
		&(struct forward_place){.target = &t, .path = slice_of(path), .via = "1.1 gate"});
	struct slice got = buffer_bytes(&b);
	ROW_CHECK(name, ok && slice_equal(got, slice_of(out)), "\n%.*s", (int)got.len, got.ptr);
	buffer_done(&b);
	message_free(m);
}

static void requests_are_written_anew(void **state)
{
	static const struct {
		const char *name, *in, *path, *out;
	} rows[] = {
		{"host first and canonical",
			"GET http://A.Test./x HTTP/1.1\r\nAccept: */*\r\nHost: A.Test.\r\n\r\n",
			"/x", "GET /x HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n" VIA "\r\n"},
		{"no path", "GET http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n", "",
			"GET / HTTP/1.1\r\nHost: a.test\r\n" VIA "\r\n"},
		{"query only", "GET http://a.test?q HTTP/1.1\r\nHost: a.test\r\n\r\n", "?q",
			"GET /?q HTTP/1.1\r\nHost: a.test\r\n" VIA "\r\n"},
		{"options of the server", "OPTIONS http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n",
			"", "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n" VIA "\r\n"},
		{"options with a query", "OPTIONS http://a.test?q HTTP/1.1\r\nHost: a.test\r\n\r\n",
			"?q", "OPTIONS /?q HTTP/1.1\r\nHost: a.test\r\n" VIA "\r\n"},
		{"1.0 without Host", "GET http://a.test/ HTTP/1.0\r\n\r\n", "/",
			"GET / HTTP/1.1\r\nHost: a.test\r\nVia: 1.0 gate\r\n\r\n"},
		{"values are trimmed", "GET / HTTP/1.1\r\nHost: a\r\nX:\t y z \t\r\nE:\r\n\r\n",
			"/", "GET / HTTP/1.1\r\nHost: a.test\r\nX: y z\r\nE: \r\n" VIA "\r\n"},
		{"length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\nX: y\r\n\r\n", "/",
			"POST / HTTP/1.1\r\nHost: a.test\r\nX: y\r\nContent-Length: 5\r\n" VIA
			"\r\n"},
		{"length 0", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "/",
			"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n" VIA "\r\n"},
		{"chunked",
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nTrailer: X\r\n\r\n",
			"/",
			"POST / HTTP/1.1\r\nHost: a.test\r\nTrailer: X\r\n"
			"Transfer-Encoding: chunked\r\n" VIA "\r\n"},
		{"expect", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", "/",
			"POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n" VIA "\r\n"},
		{"expect of 1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", "/",
			"POST / HTTP/1.1\r\nHost: a.test\r\nVia: 1.0 gate\r\n\r\n"},
		{"via before ours", "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 b\r\nVIA: 1.1 c\r\n\r\n",
			"/",
			"GET / HTTP/1.1\r\nHost: a.test\r\nVia: 1.0 b\r\nVIA: 1.1 c\r\n" VIA
			"\r\n"},
		{"max-forwards", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\n\r\n", "/",
			"OPTIONS / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 9\r\n" VIA "\r\n"},
		{"max-forwards of GET", "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\n\r\n",
			"/", "GET / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 10\r\n" VIA "\r\n"},
		{"max-forwards malformed",
			"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n", "/",
			"OPTIONS / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: x\r\n" VIA "\r\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_request(rows[i].name, rows[i].in, rows[i].path, rows[i].out);
}

/* What of these fields is left in a request. */
static void hop_by_hop_fields_stay_here(void **state)
{
	static const struct {
		const char *name, *in, *out;
	} rows[] = {
		{"connection and keep-alive",
			"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nX: y\r\n",
			"X: y\r\n" VIA},
		{"named", "Connection: x-a , X-B\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\n",
			"X-C: 3\r\n" VIA},
		{"named in a second field",
			"Connection: x-a\r\nX-B: 2\r\nX-C: 3\r\nconnection: ,x-b,\r\n",
			"X-C: 3\r\n" VIA},
		{"named, but never lost",
			"Connection: close, Host, Content-Type, Cache-Control, Via\r\n"
			"Content-Type: t\r\nCache-Control: c\r\nVia: 1.1 b\r\n",
			"Content-Type: t\r\nCache-Control: c\r\nVia: 1.1 b\r\n" VIA},
		{"named length",
			"Connection: content-length, transfer-encoding\r\nContent-Length: 3\r\n",
			"Content-Length: 3\r\n" VIA},
		{"named Authorization", "Connection: Authorization\r\nAuthorization: secret\r\n",
			VIA},
		{"Authorization", "Authorization: secret\r\n", "Authorization: secret\r\n" VIA},
		{"proxy credentials",
			"Proxy-Authorization: secret\r\nproxy-connection: keep-alive\r\n"
			"Proxy-Whatever: x\r\n",
			VIA},
		{"te", "TE: gzip, trailers;q=1\r\n", VIA},
		{"te trailers", "TE: gzip, Trailers\r\nConnection: TE\r\n",
			VIA "TE: trailers\r\nConnection: TE\r\n"},
		{"upgrade", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n",
			"Sec-WebSocket-Key: k\r\n" VIA
			"Upgrade: websocket\r\nConnection: upgrade\r\n"},
		{"upgrade without h2c",
			"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: H2C, a/1\r\nUpgrade: b\r\n"
			"HTTP2-Settings: AAA\r\n",
			VIA "Upgrade: a/1, b\r\nConnection: upgrade\r\n"},
		{"h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n",
			VIA},
		{"upgrade not asked for", "Upgrade: websocket\r\n", VIA},
		{"upgrade and te", "Connection: upgrade, te\r\nUpgrade: a\r\nTE: trailers\r\n",
			VIA "TE: trailers\r\nUpgrade: a\r\nConnection: TE, upgrade\r\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char in[512], out[512];
		snprintf(in, sizeof(in), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].in);
		snprintf(out, sizeof(out), "GET / HTTP/1.1\r\nHost: a.test\r\n%s\r\n", rows[i].out);
		check_request(rows[i].name, in, "/", out);
	}
}

static void hosts_are_canonical(void **state)
{
	static const struct {
		const char *name, *host;
		uint16_t port;
		uint8_t family;
		const char *out;
	} rows[] = {
		{"port 80", "a.test", 80, 0, "Host: a.test\r\n"},
		{"port 81", "a.test", 81, 0, "Host: a.test:81\r\n"},
		{"port 443", "a.test", 443, 0, "Host: a.test:443\r\n"},
		{"IPv4", "192.0.2.1", 80, 4, "Host: 192.0.2.1\r\n"},
		{"IPv6", "2001:db8::1", 80, 6, "Host: [2001:db8::1]\r\n"},
		{"IPv6 and port", "2001:db8::1", 65535, 6, "Host: [2001:db8::1]:65535\r\n"},
	};
	(void)state;
	struct message *m = read_head(MESSAGE_REQUEST, "GET / HTTP/1.1\r\nHost: other\r\n\r\n", "");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t = target_of(rows[i].host, rows[i].port, rows[i].family);
		struct buffer b;
		char out[256];
		buffer_init(&b, 4096);
		assert_true(forward_request(&b, message_head(m),
			&(struct forward_place){
				.target = &t, .path = SLICE("/"), .via = "gate", .last = true}));
		snprintf(out, sizeof(out), "GET / HTTP/1.1\r\n%s" VIA "Connection: close\r\n\r\n",
			rows[i].out);
		struct slice got = buffer_bytes(&b);
		ROW_CHECK(rows[i].name, slice_equal(got, slice_of(out)), "%.*s", (int)got.len,
			got.ptr);
		buffer_done(&b);
	}
	message_free(m);
}

static void nothing_ends_a_line_early(void **state)
{
	static const struct {
		const char *name;
		struct field field;
		struct slice path;
	} rows[] = {
		{"LF in a value", {{"X", 1}, {"a\nb", 3}, FIELD_OTHER}, {"/", 1}},
		{"CR in a value", {{"X", 1}, {"a\rb", 3}, FIELD_OTHER}, {"/", 1}},
		{"NUL in a value", {{"X", 1}, {"a\0b", 3}, FIELD_OTHER}, {"/", 1}},
		{"LF in a name", {{"X\n", 2}, {"a", 1}, FIELD_OTHER}, {"/", 1}},
		{"LF in a path", {{"X", 1}, {"a", 1}, FIELD_OTHER}, {"/\n", 2}},
		{"space in a path", {{"X", 1}, {"a", 1}, FIELD_OTHER}, {"/ ", 2}},
	};
	struct target t = target_of("a.test", 80, 0);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct head h = {.minor = 1, .method = SLICE("GET"), .field_count = 1};
		struct buffer b;
		h.fields = &rows[i].field;
		buffer_init(&b, 4096);
		bool ok = forward_request(&b, &h,
			&(struct forward_place){.target = &t, .path = rows[i].path, .via = "gate"});
		ROW_CHECK(rows[i].name, !ok && b.failed, "was written");
		buffer_done(&b);
	}
}

static void a_full_buffer_refuses(void **state)
{
	static const char in[] = "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 1\r\n\r\n";
	struct target t = target_of("a.test", 81, 0);
	struct message *m = read_head(MESSAGE_REQUEST, in, "");
	bool ok = false;
	(void)state;
	for (size_t bound = 1; !ok; bound++) {
		struct buffer b;
		buffer_init(&b, bound);
		ok = forward_request(&b, message_head(m),
			&(struct forward_place){
				.target = &t, .path = SLICE("/"), .via = "gate", .last = true});
		assert_true(ok == !b.failed && b.len <= bound);
		assert_true(!ok || b.len == bound);
		buffer_done(&b);
	}
	message_free(m);
}

static void loops_are_seen(void **state)
{
	static const struct {
		const char *name, *via;
		bool loop;
	} rows[] = {
		{"other", "Via: 1.1 other\r\n", false},
		{"ours", "Via: 1.1 gate\r\n", true},
		{"ours by another protocol", "Via: HTTP/2.0 GATE\r\n", true},
		{"among others", "Via: 1.0 a, 1.1\tgate (comment) ,1.1 b\r\n", true},
		{"in a second field", "Via: 1.0 a\r\nvia: 1.1 gate\r\n", true},
		{"longer name", "Via: 1.1 gatehouse\r\n", false},
		{"as protocol", "Via: gate other\r\n", false},
		{"in another field", "X-Via: 1.1 gate\r\n", false},
		{"nothing", "Via:\r\n", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char in[256];
		snprintf(in, sizeof(in), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].via);
		struct message *m = read_head(MESSAGE_REQUEST, in, "");
		bool loop = forward_is_loop(message_head(m), "1.1 gate");
		ROW_CHECK(rows[i].name, loop == rows[i].loop, "%d", loop);
		assert_true(forward_is_loop(message_head(m), "gate") == loop);
		message_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_written_anew),
		cmocka_unit_test(hop_by_hop_fields_stay_here),
		cmocka_unit_test(hosts_are_canonical),
		cmocka_unit_test(nothing_ends_a_line_early),
		cmocka_unit_test(a_full_buffer_refuses),
		cmocka_unit_test(loops_are_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
