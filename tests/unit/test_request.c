/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as message.h reads them. What is refused is in test_request_faults.c. */
#include "tests/unit/steps.h"

#define HOST "Host: a\r\n"

struct row {
	const char *name;
	struct slice bytes;
	const char *steps;
};

/* The literal with its length, NULs included. */
#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static void check(const struct row *row)
{
	static struct steps whole, cut;
	struct message *m = message_new(MESSAGE_REQUEST);

	assert_non_null(m);
	steps_run(&whole, m, row->bytes, SIZE_MAX);
	ROW_CHECK(row->name, strcmp(whole.text, row->steps) == 0, "%s", whole.text);
	message_free(m);
	for (size_t piece = 1; piece < 8; piece++) {
		m = message_new(MESSAGE_REQUEST);
		assert_non_null(m);
		steps_run(&cut, m, row->bytes, piece);
		ROW_CHECK(row->name, strcmp(whole.text, cut.text) == 0, "by %zu: %s", piece,
			cut.text);
		message_free(m);
	}
}

static void heads_are_read(void **state)
{
	static const struct row rows[] = {
		{"nothing", BYTES(""), "idle"},
		{"get", BYTES("GET http://a/ HTTP/1.1\r\n" HOST "\r\n"),
			"head(GET http://a/ 1.1 none keep) end idle"},
		{"close", BYTES("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"),
			"head(GET / 1.1 none drop) end idle"},
		{"close among others",
			BYTES("GET / HTTP/1.1\r\n" HOST "Connection: x, CLOSE ,keep-alive\r\n\r\n"),
			"head(GET / 1.1 none drop) end idle"},
		{"1.0", BYTES("GET / HTTP/1.0\r\n\r\n"), "head(GET / 1.0 none drop) end idle"},
		{"1.0 keep-alive to a proxy",
			BYTES("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
			"head(GET / 1.0 none drop) end idle"},
		{"pipelined",
			BYTES("GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n"),
			"head(GET /1 1.1 none keep) end head(GET /2 1.1 none keep) end idle"},
		{"one empty line before", BYTES("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),
			"head(GET / 1.1 none keep) end idle"},
		{"one after each",
			BYTES("GET /1 HTTP/1.1\r\n" HOST "\r\n\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n"
			      "\r\n"),
			"head(GET /1 1.1 none keep) end head(GET /2 1.1 none keep) end idle"},
		{"cut in the line", BYTES("GET / HT"), "cut"},
		{"cut before the empty line", BYTES("GET / HTTP/1.1\r\n" HOST "\r"), "cut"},
		{"empty value", BYTES("GET / HTTP/1.1\r\nHost:a\r\nX:\r\nY: \t \r\n\r\n"),
			"head(GET / 1.1 none keep) end idle"},
		{"target with odd but visible bytes",
			BYTES("GET /a|b\"{}?q=<> HTTP/1.1\r\n" HOST "\r\n"),
			"head(GET /a|b\"{}?q=<> 1.1 none keep) end idle"},
		{"asterisk", BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
			"head(OPTIONS * 1.1 none keep) end idle"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void content_is_framed(void **state)
{
	static const struct row rows[] = {
		{"length", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"),
			"head(POST / 1.1 length:5 keep) data(hello) end idle"},
		{"length 0", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"),
			"head(POST / 1.1 length:0 keep) end idle"},
		{"length with zeros in front",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Content-Length: 0000000000000000005\r\n\r\nhello"),
			"head(POST / 1.1 length:5 keep) data(hello) end idle"},
		{"longest length",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Content-Length: 9223372036854775807\r\n\r\nx"),
			"head(POST / 1.1 length:9223372036854775807 keep) data(x) cut"},
		{"length cut", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell"),
			"head(POST / 1.1 length:5 keep) data(hell) cut"},
		{"next behind content",
			BYTES("PUT / HTTP/1.1\r\n" HOST
			      "Content-Length: 2\r\n\r\nokGET / HTTP/1.1\r\n" HOST "\r\n"),
			"head(PUT / 1.1 length:2 keep) data(ok) end head(GET / 1.1 none keep) end idle"},
		{"get with content", BYTES("GET / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nok"),
			"head(GET / 1.1 length:2 keep) data(ok) end idle"},
		{"1.0 length", BYTES("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nok"),
			"head(POST / 1.0 length:2 drop) data(ok) end idle"},
		{"chunks",
			BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
			      "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"),
			"head(POST / 1.1 chunked keep) data(abc0123456789) end idle"},
		{"Chunked in any case",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "transfer-encoding:CHUNKED \r\n\r\n0\r\n\r\n"),
			"head(POST / 1.1 chunked keep) end idle"},
		{"data like framing",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Transfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
			"head(POST / 1.1 chunked keep) data(0\r\n\r\n) end idle"},
		{"extensions",
			BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
			      "1;a;b=c;d=\"e;\\\"f\"\r\nx\r\n0;last\r\n\r\n"),
			"head(POST / 1.1 chunked keep) data(x) end idle"},
		{"trailers",
			BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
			      "1\r\nx\r\n0\r\nX-Sum:  1 \r\nY:\r\n\r\nGET / HTTP/1.1\r\n" HOST
			      "\r\n"),
			"head(POST / 1.1 chunked keep) data(x) trailer:X-Sum=1 trailer:Y= end "
			"head(GET / 1.1 none keep) end idle"},
		{"16 digits",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Transfer-Encoding: chunked\r\n\r\n0000000000000001\r\nx\r\n0\r\n\r\n"),
			"head(POST / 1.1 chunked keep) data(x) end idle"},
		{"largest chunk",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx"),
			"head(POST / 1.1 chunked keep) data(x) cut"},
		{"cut in a chunk line",
			BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1"),
			"head(POST / 1.1 chunked keep) cut"},
		{"cut in the trailers",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n"),
			"head(POST / 1.1 chunked keep) cut"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void tunnels_begin_behind_the_head(void **state)
{
	static const struct row rows[] = {
		{"connect", BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"),
			"head(CONNECT a:443 1.1 none keep) end rest()"},
		{"early data", BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n\x16\x03\x01"),
			"head(CONNECT a:443 1.1 none keep) end rest(\x16\x03\x01)"},
		{"Content-Length: 0",
			BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"),
			"head(CONNECT a:443 1.1 none keep) end rest()"},
		{"1.0 without Host", BYTES("CONNECT a:443 HTTP/1.0\r\n\r\nx"),
			"head(CONNECT a:443 1.0 none drop) end rest(x)"},
		{"websocket",
			BYTES("GET / HTTP/1.1\r\n" HOST
			      "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nx"),
			"head(GET / 1.1 none keep upgrade) end rest(x)"},
		{"upgrade with content",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nokmore"),
			"head(POST / 1.1 length:2 keep upgrade) data(ok) end rest(more)"},
		{"upgrade with chunks",
			BYTES("POST / HTTP/1.1\r\n" HOST "Connection: upgrade\r\nUpgrade: x\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nmore"),
			"head(POST / 1.1 chunked keep upgrade) data(ok) end rest(more)"},
		{"h2c alone is none",
			BYTES("GET / HTTP/1.1\r\n" HOST
			      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"),
			"head(GET / 1.1 none keep) end idle"},
		{"h2c with content",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok"
			      "GET / HTTP/1.1\r\n" HOST "\r\n"),
			"head(POST / 1.1 length:2 keep) data(ok) end head(GET / 1.1 none keep) end idle"},
		{"h2c among others",
			BYTES("GET / HTTP/1.1\r\n" HOST
			      "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n\r\n"),
			"head(GET / 1.1 none keep upgrade) end rest()"},
		{"not named by Connection",
			BYTES("GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n"),
			"head(GET / 1.1 none keep) end idle"},
		{"no Upgrade field", BYTES("GET / HTTP/1.1\r\n" HOST "Connection: upgrade\r\n\r\n"),
			"head(GET / 1.1 none keep) end idle"},
		{"1.0", BYTES("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
			"head(GET / 1.0 none drop) end idle"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void expectations_are_known(void **state)
{
	static const struct row rows[] = {
		{"100-continue",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
			"head(POST / 1.1 length:1 keep expect) data(x) end idle"},
		{"ignored from 1.0",
			BYTES("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
			"head(POST / 1.0 length:1 drop) data(x) end idle"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_read),
		cmocka_unit_test(content_is_framed),
		cmocka_unit_test(tunnels_begin_behind_the_head),
		cmocka_unit_test(expectations_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
