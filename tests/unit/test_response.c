/* SPDX-License-Identifier: Apache-2.0 */
/* Responses as message.h reads them, good and hostile. */
#include "tests/unit/steps.h"

/* The literal with its length, NULs included. */
#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

struct row {
	const char *name;
	const char *method; /* of the request */
	bool upgrade; /* the request asked for one */
	struct slice bytes;
	const char *steps; /* NULL: bad_response, after whatever */
};

static void check(const struct row *row)
{
	static struct steps steps;

	for (size_t piece = SIZE_MAX; piece != 0; piece = piece > 3 ? 3 : piece - 1) {
		struct message *m = message_new(MESSAGE_RESPONSE);
		assert_non_null(m);
		message_expect(m, slice_of(row->method), row->upgrade);
		steps_run(&steps, m, row->bytes, piece);
		if (row->steps)
			ROW_CHECK(row->name, strcmp(steps.text, row->steps) == 0, "by %zu: %s",
				piece, steps.text);
		else
			ROW_CHECK(row->name, message_fault(m) == REASON_BAD_RESPONSE, "by %zu: %s",
				piece, steps.text);
		message_free(m);
	}
}

static void content_is_framed(void **state)
{
	static const struct row rows[] = {
		{"nothing", "GET", false, BYTES(""), "idle"},
		{"length", "GET", false, BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
			"head(200 1.1 length:2 keep) data(ok) end idle"},
		{"length cut", "GET", false, BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"),
			"head(200 1.1 length:2 keep) data(o) cut"},
		{"chunked", "GET", false,
			BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
			      "X: y\r\n\r\n"),
			"head(200 1.1 chunked keep) data(ok) trailer:X=y end idle"},
		{"until close", "GET", false, BYTES("HTTP/1.1 200 OK\r\n\r\nok\r\n\r\n"),
			"head(200 1.1 close drop) data(ok\r\n\r\n) end eof"},
		{"until close, nothing", "GET", false, BYTES("HTTP/1.1 200 OK\r\n\r\n"),
			"head(200 1.1 close drop) end eof"},
		{"1.0", "GET", false, BYTES("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
			"head(200 1.0 length:2 drop) data(ok) end idle"},
		{"1.0 keep-alive", "GET", false,
			BYTES("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n"
			      "\r\nok"),
			"head(200 1.0 length:2 keep) data(ok) end idle"},
		{"1.0 both options", "GET", false,
			BYTES("HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n"
			      "Content-Length: 0\r\n\r\n"),
			"head(200 1.0 length:0 drop) end idle"},
		{"close", "GET", false,
			BYTES("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
			"head(200 1.1 length:0 drop) end idle"},
		{"head", "HEAD", false, BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
			"head(200 1.1 none keep) end idle"},
		{"head without length", "HEAD", false, BYTES("HTTP/1.1 200 OK\r\n\r\n"),
			"head(200 1.1 none keep) end idle"},
		{"head with chunked", "HEAD", false,
			BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
			"head(200 1.1 none keep) end idle"},
		{"304", "GET", false,
			BYTES("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n"),
			"head(304 1.1 none keep) end idle"},
		{"204", "GET", false, BYTES("HTTP/1.1 204 No Content\r\n\r\n"),
			"head(204 1.1 none keep) end idle"},
		{"204 with length 0", "GET", false,
			BYTES("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
			"head(204 1.1 none keep) end idle"},
		{"interim, then final", "HEAD", false,
			BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n"
			      "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
			"head(100 1.1 none keep) end head(103 1.1 none keep) end "
			"head(200 1.1 none keep) end idle"},
		{"no phrase", "GET", false, BYTES("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
			"head(200 1.1 length:0 keep) end idle"},
		{"no space either", "GET", false,
			BYTES("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
			"head(200 1.1 length:0 keep) end idle"},
		{"phrase in UTF-8", "GET", false,
			BYTES("HTTP/1.1 200 \xc3\x84\r\nContent-Length: 0\r\n\r\n"),
			"head(200 1.1 length:0 keep) end idle"},
		{"status 999", "GET", false, BYTES("HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"),
			"head(999 1.1 length:0 keep) end idle"},
		{"upgrade offered", "GET", false,
			BYTES("HTTP/1.1 426 X\r\nUpgrade: a\r\nConnection: upgrade\r\n"
			      "Content-Length: 1\r\n\r\nx"),
			"head(426 1.1 length:1 keep) data(x) end idle"},
		{"upgraded", "GET", true,
			BYTES("HTTP/1.1 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\nx"),
			"head(101 1.1 none keep upgrade) end rest(x)"},
		{"not upgraded", "GET", true, BYTES("HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\nx"),
			"head(200 1.1 length:1 keep) data(x) end idle"},
		{"tunnel", "CONNECT", false, BYTES("HTTP/1.1 200 X\r\n\r\n"),
			"head(200 1.1 none keep) end idle"},
		{"tunnel with a length", "CONNECT", false,
			BYTES("HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n"),
			"head(200 1.1 none keep) end idle"},
		{"no tunnel", "CONNECT", false,
			BYTES("HTTP/1.1 403 X\r\nContent-Length: 1\r\n\r\nx"),
			"head(403 1.1 length:1 keep) data(x) end idle"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void hostile_responses_are_bad(void **state)
{
	static const struct row rows[] = {
		{"both", "GET", false,
			BYTES("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"
			      "\r\n"),
			NULL},
		{"two lengths", "GET", false,
			BYTES("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"),
			NULL},
		{"list of lengths", "GET", false,
			BYTES("HTTP/1.1 200 OK\r\nContent-Length: 1,1\r\n\r\n"), NULL},
		{"length on HEAD is judged too", "HEAD", false,
			BYTES("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), NULL},
		{"gzip", "GET", false, BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"),
			NULL},
		{"gzip, chunked", "GET", false,
			BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), NULL},
		{"identity", "GET", false,
			BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n"), NULL},
		{"chunked on 1.0", "GET", false,
			BYTES("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), NULL},
		{"204 with a length", "GET", false,
			BYTES("HTTP/1.1 204 X\r\nContent-Length: 1\r\n\r\n"), NULL},
		{"204 with chunks", "GET", false,
			BYTES("HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n"), NULL},
		{"100 with a length", "GET", false,
			BYTES("HTTP/1.1 100 X\r\nContent-Length: 1\r\n\r\n"), NULL},
		{"304 with content", "GET", false,
			BYTES("HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\nhello\r\n"), NULL},
		{"101 without Upgrade", "GET", true,
			BYTES("HTTP/1.1 101 X\r\nConnection: upgrade\r\n\r\n"), NULL},
		{"101 without Connection", "GET", true,
			BYTES("HTTP/1.1 101 X\r\nUpgrade: a\r\n\r\n"), NULL},
		{"101 on 1.0", "GET", true,
			BYTES("HTTP/1.0 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n"), NULL},
		{"101 to h2c", "GET", true,
			BYTES("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
			NULL},
		{"empty line first", "GET", false, BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n"), NULL},
		{"HTTP/0.9", "GET", false, BYTES("<html>\r\n"), NULL},
		{"HTTP/2.0", "GET", false, BYTES("HTTP/2.0 200 OK\r\n"), NULL},
		{"HTTP/1.2", "GET", false, BYTES("HTTP/1.2 200 OK\r\n"), NULL},
		{"no status", "GET", false, BYTES("HTTP/1.1\r\n"), NULL},
		{"two digits", "GET", false, BYTES("HTTP/1.1 20 OK\r\n"), NULL},
		{"four digits", "GET", false, BYTES("HTTP/1.1 2000 OK\r\n"), NULL},
		{"letters", "GET", false, BYTES("HTTP/1.1 2x0 OK\r\n"), NULL},
		{"status 099", "GET", false, BYTES("HTTP/1.1 099 OK\r\n"), NULL},
		{"two spaces", "GET", false, BYTES("HTTP/1.1  200 OK\r\n"), NULL},
		{"tab", "GET", false, BYTES("HTTP/1.1\t200 OK\r\n"), NULL},
		{"NUL in phrase", "GET", false, BYTES("HTTP/1.1 200 O\0K\r\n"), NULL},
		{"bare LF", "GET", false, BYTES("HTTP/1.1 200 OK\nX: y\r\n\r\n"), NULL},
		{"folded", "GET", false, BYTES("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"), NULL},
		{"space before colon", "GET", false, BYTES("HTTP/1.1 200 OK\r\nX : y\r\n\r\n"),
			NULL},
		{"NUL in value", "GET", false, BYTES("HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"), NULL},
		{"chunk size", "GET", false,
			BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n"),
			NULL},
		{"TLS alert", "GET", false, BYTES("\x15\x03\x01\x00\x02\x02\x28"), NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

/* 101 for a request without Upgrade has a reason of its own. */
static void unasked_upgrade_is_told_apart(void **state)
{
	struct slice input = BYTES("HTTP/1.1 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n");
	struct slice data;
	struct message *m = message_new(MESSAGE_RESPONSE);

	(void)state;
	assert_non_null(m);
	message_expect(m, SLICE("GET"), false);
	assert_int_equal(message_read(m, &input, &data), MESSAGE_BAD);
	assert_int_equal(message_fault(m), REASON_UPGRADE_FAILED);
	message_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_is_framed),
		cmocka_unit_test(hostile_responses_are_bad),
		cmocka_unit_test(unasked_upgrade_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
