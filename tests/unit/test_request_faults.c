/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that no proxy may forward, each with its reason, however its bytes are cut. */
#include "tests/unit/steps.h"

#define HOST    "Host: a\r\n"
#define GET     "GET / HTTP/1.1\r\n" HOST
#define POST    "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* The literal with its length, NULs included. */
#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

struct row {
	const char *name;
	struct slice bytes;
	enum reason reason;
};

static void check(const struct row *row)
{
	static struct steps steps;

	for (size_t piece = SIZE_MAX; piece != 0; piece = piece > 3 ? 3 : piece - 1) {
		struct message *m = message_new(MESSAGE_REQUEST);
		assert_non_null(m);
		steps_run(&steps, m, row->bytes, piece);
		ROW_CHECK(row->name, message_fault(m) == row->reason, "by %zu: %s", piece,
			steps.text);
		message_free(m);
	}
}

static void first_lines(void **state)
{
	static const struct row rows[] = {
		{"HTTP/0.9", BYTES("GET /\r\n"), REASON_BAD_REQUEST},
		{"HTTP/0.9 in words", BYTES("GET / HTTP/0.9\r\n"), REASON_VERSION_REFUSED},
		{"HTTP/1.2", BYTES("GET / HTTP/1.2\r\n"), REASON_VERSION_REFUSED},
		{"HTTP/1.32", BYTES("GET / HTTP/1.32\r\n"), REASON_VERSION_REFUSED},
		{"HTTP/1.10", BYTES("GET / HTTP/1.10\r\n"), REASON_VERSION_REFUSED},
		{"HTTP/2.0", BYTES("GET / HTTP/2.0\r\n"), REASON_VERSION_REFUSED},
		{"HTTP/3.7", BYTES("GET / HTTP/3.7\r\n"), REASON_VERSION_REFUSED},
		{"HTTP/01.1", BYTES("GET / HTTP/01.1\r\n"), REASON_VERSION_REFUSED},
		{"HTTP/2", BYTES("GET / HTTP/2\r\n"), REASON_BAD_REQUEST},
		{"HTTP/1.", BYTES("GET / HTTP/1.\r\n"), REASON_BAD_REQUEST},
		{"HTTP/.1", BYTES("GET / HTTP/.1\r\n"), REASON_BAD_REQUEST},
		{"HTTP/1.1.1", BYTES("GET / HTTP/1.1.1\r\n"), REASON_BAD_REQUEST},
		{"HTTP/+1.1", BYTES("GET / HTTP/+1.1\r\n"), REASON_BAD_REQUEST},
		{"http/1.1", BYTES("GET / http/1.1\r\n"), REASON_BAD_REQUEST},
		{"RTSP/1.0", BYTES("OPTIONS / RTSP/1.0\r\n"), REASON_BAD_REQUEST},
		{"ICE/1.0", BYTES("SOURCE / ICE/1.0\r\n"), REASON_BAD_REQUEST},
		{"HTTP/2 preface", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
			REASON_VERSION_REFUSED},
		{"preface of 1.1", BYTES("PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n"), REASON_BAD_REQUEST},
		{"no version", BYTES("GET / \r\n"), REASON_BAD_REQUEST},
		{"space behind", BYTES("GET / HTTP/1.1 \r\n"), REASON_BAD_REQUEST},
		{"two spaces before target", BYTES("GET  / HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"two spaces before version", BYTES("GET /  HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"tabs", BYTES("GET\t/\tHTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"space in target", BYTES("GET /a b HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"space in front", BYTES(" GET / HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"two empty lines before", BYTES("\r\n\r\n"), REASON_BAD_REQUEST},
		{"bare LF before", BYTES("\n"), REASON_BAD_REQUEST},
		{"bare LF", BYTES("GET / HTTP/1.1\n"), REASON_BAD_REQUEST},
		{"bare CR", BYTES("GET / HTTP/1.1\rX"), REASON_BAD_REQUEST},
		{"CR CR LF", BYTES("GET / HTTP/1.1\r\r"), REASON_BAD_REQUEST},
		{"NUL in target", BYTES("CONNECT evil.test\0.allowed.test:443 HTTP/1.1\r\n"),
			REASON_BAD_REQUEST},
		{"escape in target", BYTES("GET /\x1b[31m HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"DEL in target", BYTES("GET /\x7f HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"tab in target", BYTES("GET /a\tb HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"UTF-8 in target", BYTES("GET http://\xc3\xa4.test/ HTTP/1.1\r\n"),
			REASON_BAD_REQUEST},
		{"UTF-8 in path", BYTES("GET /\xc3\xa4 HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"no target", BYTES("GET  HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"no method", BYTES(" / HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"lower case method", BYTES("get / HTTP/1.1\r\n" HOST "\r\n"), REASON_BAD_REQUEST},
		{"unknown method", BYTES("BREW / HTTP/1.1\r\n" HOST "\r\n"), REASON_BAD_REQUEST},
		{"longer method", BYTES("GETS / HTTP/1.1\r\n" HOST "\r\n"), REASON_BAD_REQUEST},
		{"RTSP method", BYTES("DESCRIBE / HTTP/1.1\r\n" HOST "\r\n"), REASON_BAD_REQUEST},
		{"method no token", BYTES("G@T / HTTP/1.1\r\n"), REASON_BAD_REQUEST},
		{"relative target", BYTES("GET a/b HTTP/1.1\r\n" HOST "\r\n"), REASON_BAD_REQUEST},
		{"TLS hello", BYTES("\x16\x03\x01"), REASON_BAD_REQUEST},
		{"a response", BYTES("HTTP/1.1 200 OK\r\n"), REASON_BAD_REQUEST},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void fields(void **state)
{
	static const struct row rows[] = {
		{"folded", BYTES(GET "X: a\r\n b\r\n\r\n"), REASON_BAD_REQUEST},
		{"folded by a tab", BYTES(GET "X: a\r\n\tb\r\n\r\n"), REASON_BAD_REQUEST},
		{"folded at once", BYTES("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), REASON_BAD_REQUEST},
		{"folded empty value", BYTES(GET "X:\r\n b\r\n\r\n"), REASON_BAD_REQUEST},
		{"line of a space", BYTES(GET " \r\n\r\n"), REASON_BAD_REQUEST},
		{"bare LF", BYTES(GET "X: a\nY: b\r\n\r\n"), REASON_BAD_REQUEST},
		{"bare CR", BYTES(GET "X: a\rY: b\r\n\r\n"), REASON_BAD_REQUEST},
		{"LF ends the head", BYTES(GET "X: a\r\n\n"), REASON_BAD_REQUEST},
		{"CR ends the head", BYTES(GET "X: a\r\n\rx"), REASON_BAD_REQUEST},
		{"NUL in value", BYTES(GET "X: a\0b\r\n\r\n"), REASON_BAD_REQUEST},
		{"NUL in Host", BYTES("GET / HTTP/1.1\r\nHost: evil\0.a\r\n\r\n"),
			REASON_BAD_REQUEST},
		{"control in value", BYTES(GET "X: a\x01\r\n\r\n"), REASON_BAD_REQUEST},
		{"DEL in value", BYTES(GET "X: a\x7f\r\n\r\n"), REASON_BAD_REQUEST},
		{"NUL in name", BYTES(GET "X\0Y: a\r\n\r\n"), REASON_BAD_REQUEST},
		{"UTF-8 in name", BYTES(GET "X\xc3\xa4: a\r\n\r\n"), REASON_BAD_REQUEST},
		{"space before colon", BYTES(GET "X : a\r\n\r\n"), REASON_BAD_REQUEST},
		{"tab before colon", BYTES(GET "X\t: a\r\n\r\n"), REASON_BAD_REQUEST},
		{"space before colon of length", BYTES(POST "Content-Length : 1\r\n\r\nx"),
			REASON_BAD_REQUEST},
		{"space in name", BYTES(GET "X Y: a\r\n\r\n"), REASON_BAD_REQUEST},
		{"delimiter in name", BYTES(GET "X(Y): a\r\n\r\n"), REASON_BAD_REQUEST},
		{"no name", BYTES(GET ": a\r\n\r\n"), REASON_BAD_REQUEST},
		{"no colon", BYTES(GET "X\r\n\r\n"), REASON_BAD_REQUEST},
		{"no Host on 1.1", BYTES("GET / HTTP/1.1\r\n\r\n"), REASON_BAD_REQUEST},
		{"no Host on a CONNECT", BYTES("CONNECT a:443 HTTP/1.1\r\n\r\n"),
			REASON_BAD_REQUEST},
		{"two Hosts", BYTES(GET "Host: b\r\n\r\n"), REASON_BAD_REQUEST},
		{"two equal Hosts", BYTES(GET HOST "\r\n"), REASON_BAD_REQUEST},
		{"two Hosts on 1.0", BYTES("GET / HTTP/1.0\r\n" HOST HOST "\r\n"),
			REASON_BAD_REQUEST},
		{"empty Host", BYTES("GET / HTTP/1.1\r\nHost: \r\n\r\n"), REASON_BAD_REQUEST},
		{"other expectation", BYTES(GET "Expect: x\r\n\r\n"), REASON_EXPECTATION_FAILED},
		{"100-continue and another", BYTES(GET "Expect: 100-continue, x\r\n\r\n"),
			REASON_EXPECTATION_FAILED},
		{"another in a second field",
			BYTES(GET "Expect: 100-continue\r\nExpect: 100-continued\r\n\r\n"),
			REASON_EXPECTATION_FAILED},
		{"empty expectation", BYTES(GET "Expect:\r\n\r\n"), REASON_EXPECTATION_FAILED},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void lengths(void **state)
{
	static const struct row rows[] = {
		{"both", BYTES(POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"both, other order",
			BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"two lengths", BYTES(POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"two equal lengths", BYTES(POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"list", BYTES(POST "Content-Length: 1, 1\r\n\r\n"), REASON_BAD_FRAMING},
		{"plus", BYTES(POST "Content-Length: +5\r\n\r\n"), REASON_BAD_FRAMING},
		{"minus", BYTES(POST "Content-Length: -1\r\n\r\n"), REASON_BAD_FRAMING},
		{"hex", BYTES(POST "Content-Length: 0x10\r\n\r\n"), REASON_BAD_FRAMING},
		{"empty", BYTES(POST "Content-Length: \r\n\r\n"), REASON_BAD_FRAMING},
		{"space inside", BYTES(POST "Content-Length: 1 0\r\n\r\n"), REASON_BAD_FRAMING},
		{"fraction", BYTES(POST "Content-Length: 1.0\r\n\r\n"), REASON_BAD_FRAMING},
		{"2^63", BYTES(POST "Content-Length: 9223372036854775808\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"2^64", BYTES(POST "Content-Length: 18446744073709551616\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"2^64 + 1", BYTES(POST "Content-Length: 18446744073709551617\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"20 digits", BYTES(POST "Content-Length: 00000000000000000001\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"comma before", BYTES(POST "Transfer-Encoding: ,chunked\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"comma after", BYTES(POST "Transfer-Encoding: chunked,\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"chunked, gzip", BYTES(POST "Transfer-Encoding: chunked, gzip\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"gzip, chunked", BYTES(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"chunked twice", BYTES(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"chunked in two fields",
			BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"
				   "\r\n"),
			REASON_BAD_FRAMING},
		{"identity", BYTES(POST "Transfer-Encoding: identity\r\n\r\n"), REASON_BAD_FRAMING},
		{"chunked and identity",
			BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"
				   "\r\n"),
			REASON_BAD_FRAMING},
		{"no coding", BYTES(POST "Transfer-Encoding:\r\n\r\n"), REASON_BAD_FRAMING},
		{"parameter", BYTES(POST "Transfer-Encoding: chunked;q=1\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"quoted", BYTES(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"xchunked", BYTES(POST "Transfer-Encoding: xchunked\r\n\r\n"), REASON_BAD_FRAMING},
		{"vertical tab",
			BYTES(POST "Transfer-Encoding: \x0b"
				   "chunked\r\n\r\n"),
			REASON_BAD_REQUEST},
		{"on HTTP/1.0", BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"CONNECT with a length",
			BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"CONNECT with chunks",
			BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST
			      "Transfer-Encoding: chunked\r\n\r\n"),
			REASON_BAD_FRAMING},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void chunks(void **state)
{
	static const struct row rows[] = {
		{"hex prefix", BYTES(CHUNKED "0x5\r\n"), REASON_BAD_FRAMING},
		{"minus", BYTES(CHUNKED "-1\r\n"), REASON_BAD_FRAMING},
		{"plus", BYTES(CHUNKED "+1\r\n"), REASON_BAD_FRAMING},
		{"no size", BYTES(CHUNKED "\r\n"), REASON_BAD_FRAMING},
		{"extension without size", BYTES(CHUNKED ";a\r\n"), REASON_BAD_FRAMING},
		{"17 digits", BYTES(CHUNKED "00000000000000001\r\n"), REASON_BAD_FRAMING},
		{"2^63", BYTES(CHUNKED "8000000000000000\r\n"), REASON_BAD_FRAMING},
		{"space before size", BYTES(CHUNKED " 1\r\n"), REASON_BAD_FRAMING},
		{"space after size", BYTES(CHUNKED "1 \r\n"), REASON_BAD_FRAMING},
		{"LF ends the size", BYTES(CHUNKED "1\n"), REASON_BAD_FRAMING},
		{"LF ends an extension", BYTES(CHUNKED "1;a\nx"), REASON_BAD_FRAMING},
		{"CR in an extension", BYTES(CHUNKED "1;a\rx"), REASON_BAD_FRAMING},
		{"NUL in an extension", BYTES(CHUNKED "1;a\0"), REASON_BAD_FRAMING},
		{"empty extension", BYTES(CHUNKED "1;\r\n"), REASON_BAD_FRAMING},
		{"extension without a value", BYTES(CHUNKED "1;a=\r\n"), REASON_BAD_FRAMING},
		{"open quote", BYTES(CHUNKED "1;a=\"b\r\n"), REASON_BAD_FRAMING},
		{"escaped quote", BYTES(CHUNKED "1;a=\"b\\\"\r\n"), REASON_BAD_FRAMING},
		{"text after the quote", BYTES(CHUNKED "1;a=\"b\"c\r\n"), REASON_BAD_FRAMING},
		{"more than the size", BYTES(CHUNKED "1\r\nxy\r\n"), REASON_BAD_FRAMING},
		{"LF after the bytes", BYTES(CHUNKED "1\r\nx\n"), REASON_BAD_FRAMING},
		{"CR after the bytes", BYTES(CHUNKED "1\r\nx\r0"), REASON_BAD_FRAMING},
		{"size at once after the bytes", BYTES(CHUNKED "1\r\nx0\r\n"), REASON_BAD_FRAMING},
		{"trailer folded", BYTES(CHUNKED "0\r\nX: a\r\n b\r\n\r\n"), REASON_BAD_FRAMING},
		{"trailer with a NUL", BYTES(CHUNKED "0\r\nX: a\0\r\n\r\n"), REASON_BAD_FRAMING},
		{"trailer without colon", BYTES(CHUNKED "0\r\nX\r\n\r\n"), REASON_BAD_FRAMING},
		{"trailer with a space", BYTES(CHUNKED "0\r\nX : a\r\n\r\n"), REASON_BAD_FRAMING},
		{"trailer without name", BYTES(CHUNKED "0\r\n: a\r\n\r\n"), REASON_BAD_FRAMING},
		{"length in the trailers", BYTES(CHUNKED "0\r\nContent-Length: 1\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"coding in the trailers", BYTES(CHUNKED "0\r\nTransfer-Encoding: x\r\n\r\n"),
			REASON_BAD_FRAMING},
		{"LF ends the trailers", BYTES(CHUNKED "0\r\n\n"), REASON_BAD_FRAMING},
		{"next message is judged too", BYTES(CHUNKED "0\r\n\r\nGET /\r\n"),
			REASON_BAD_REQUEST},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_lines),
		cmocka_unit_test(fields),
		cmocka_unit_test(lengths),
		cmocka_unit_test(chunks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
