/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the control endpoint as they arrive, whole and byte by byte; their queries. */
#include "control/incoming.h"
#include "control/query.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>

/* The literal with its length, NULs included. */
#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}
#define HOST "Host: localhost\r\n"
#define GET  "GET / HTTP/1.1\r\n"

/* What was understood of a stream, as text: "GET /a?b keep [content]; bad 400". */
static char sense[4096];

static void note(const char *text, struct slice value)
{
	size_t len = strlen(sense);

	assert_true(len + strlen(text) + value.len + 1 < sizeof(sense));
	sprintf(sense + len, "%s%.*s", text, (int)value.len, value.ptr ? value.ptr : "");
}

static void note_step(struct incoming *in, enum incoming_step step)
{
	char number[32];

	switch (step) {
	case INCOMING_MORE:
		break;
	case INCOMING_HEAD:
		note("", in->method);
		note(" ", in->path);
		if (in->query.len)
			note("?", in->query);
		note(in->keep_alive ? " keep" : " drop", SLICE(""));
		if (in->expects_continue)
			note(" expects", SLICE(""));
		break;
	case INCOMING_DONE:
		note(" [", in->content);
		note("] ", SLICE(""));
		incoming_next(in);
		break;
	case INCOMING_BAD:
		sprintf(number, "bad %u", in->status);
		note(number, SLICE(""));
		assert_non_null(in->sentence);
		break;
	}
}

static void read_all(struct slice bytes, size_t piece)
{
	struct incoming in;
	enum incoming_step step = INCOMING_MORE;

	sense[0] = '\0';
	incoming_init(&in);
	while (bytes.len > 0 && step != INCOMING_BAD) {
		struct slice input = slice_first(bytes, piece);
		bytes = slice_after(bytes, input.len);
		/* Once more when the input is used up: DONE without content needs no byte. */
		do {
			step = incoming_read(&in, &input);
			note_step(&in, step);
		} while (step == INCOMING_HEAD || step == INCOMING_DONE ||
			 (input.len > 0 && step != INCOMING_BAD));
	}
	incoming_done(&in);
}

static void reads_requests(void **state)
{
	static const struct row {
		const char *name;
		struct slice bytes;
		const char *sense;
	} rows[] = {
		{"nothing", BYTES(""), ""},
		{"get", BYTES(GET HOST "\r\n"), "GET / keep [] "},
		{"two", BYTES(GET HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n"),
			"GET / keep [] GET /b keep [] "},
		{"cut", BYTES(GET HOST "\r"), ""},
		{"query", BYTES("GET /a?b=c?d HTTP/1.1\r\n" HOST "\r\n"), "GET /a?b=c?d keep [] "},
		{"content", BYTES("POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n{}\nGE"),
			"POST /a keep [{}\n] "},
		{"content cut", BYTES("POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n{}"),
			"POST /a keep"},
		{"length 0", BYTES("POST /a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"),
			"POST /a keep [] "},
		{"close", BYTES(GET HOST "Connection: close\r\n\r\n"), "GET / drop [] "},
		{"1.0", BYTES("GET / HTTP/1.0\r\n" HOST "\r\n"), "GET / drop [] "},
		{"1.0 keep-alive",
			BYTES("GET / HTTP/1.0\r\nConnection: keep-alive\r\n" HOST "\r\n"),
			"GET / drop [] "},
		{"expects",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
			"POST / keep expects [x] "},
		{"expects without content", BYTES(GET HOST "Expect: 100-continue\r\n\r\n"),
			"GET / keep [] "},
		{"expects something else", BYTES(GET HOST "Expect: a\r\n\r\n"), "bad 417"},
		{"empty line first", BYTES("\r\n" GET HOST "\r\n"), "GET / keep [] "},
		{"two empty lines first", BYTES("\r\n\r\n" GET HOST "\r\n"), "bad 400"},
		{"upgrade is ignored",
			BYTES(GET HOST "Upgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
			"GET / keep [] "},
		{"obs-text in a value", BYTES(GET HOST "X: \xff\r\n\r\n"), "GET / keep [] "},

		{"no host", BYTES(GET "\r\n"), "bad 400"},
		{"no host on 1.0", BYTES("GET / HTTP/1.0\r\n\r\n"), "bad 400"},
		{"two hosts", BYTES(GET HOST HOST "\r\n"), "bad 400"},
		{"two authorizations",
			BYTES(GET HOST "Authorization: a\r\nauthorization: b\r\n\r\n"), "bad 400"},
		{"two origins", BYTES(GET HOST "Origin: a\r\nOrigin: b\r\n\r\n"), "bad 400"},
		{"two cookies", BYTES(GET HOST "Cookie: a\r\nCookie: b\r\n\r\n"), "bad 400"},
		{"two types", BYTES(GET HOST "Content-Type: a\r\nContent-Type: b\r\n\r\n"),
			"bad 400"},
		{"two lengths",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
			"bad 400"},
		{"length and chunked",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx"),
			"bad 400"},
		{"chunked",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
			"bad 411"},
		{"length with a sign",
			BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\nx"), "bad 400"},
		{"length in hex", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\nx"),
			"bad 400"},
		{"length as a list",
			BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\nx"),
			"bad 400"},
		{"length empty", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\nx"),
			"bad 400"},
		{"length at the bound",
			BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 65536\r\n\r\n"),
			"POST / keep"},
		{"length beyond", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n"),
			"bad 413"},
		{"length that wraps",
			BYTES("POST / HTTP/1.1\r\n" HOST
			      "Content-Length: 18446744073709551617\r\n\r\n"),
			"bad 400"},
		{"bare LF", BYTES("GET / HTTP/1.1\nHost: localhost\n\n"), "bad 400"},
		{"bare CR", BYTES(GET "Host: local\rhost\r\n\r\n"), "bad 400"},
		{"NUL", BYTES(GET "Host: local\0host\r\n\r\n"), "bad 400"},
		{"escape", BYTES(GET "Host: local\x1bhost\r\n\r\n"), "bad 400"},
		{"rubout", BYTES(GET "Host: local\x7fhost\r\n\r\n"), "bad 400"},
		{"folded", BYTES(GET HOST "X: a\r\n b\r\n\r\n"), "bad 400"},
		{"folded by a tab", BYTES(GET HOST "X: a\r\n\tb\r\n\r\n"), "bad 400"},
		{"space before the colon", BYTES(GET "Host : localhost\r\n\r\n"), "bad 400"},
		{"no colon", BYTES(GET HOST "Nothing\r\n\r\n"), "bad 400"},
		{"no name", BYTES(GET HOST ": a\r\n\r\n"), "bad 400"},
		{"name with UTF-8", BYTES(GET HOST "\xc3\xa4: a\r\n\r\n"), "bad 400"},
		{"space first", BYTES(" " GET HOST "\r\n"), "bad 400"},
		{"HTTP/0.9", BYTES("GET /\r\n\r\n"), "bad 400"},
		{"HTTP/1.32", BYTES("GET / HTTP/1.32\r\n" HOST "\r\n"), "bad 505"},
		{"HTTP/2.0", BYTES("PRI / HTTP/2.0\r\n" HOST "\r\n"), "bad 505"},
		{"preface of HTTP/2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "bad 400"},
		{"another protocol", BYTES("GET / RTSP/1.0\r\n" HOST "\r\n"), "bad 400"},
		{"http in lower case", BYTES("GET / http/1.1\r\n" HOST "\r\n"), "bad 400"},
		{"two spaces", BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n"), "bad 400"},
		{"three words more", BYTES("GET / x HTTP/1.1\r\n" HOST "\r\n"), "bad 400"},
		{"space at the end", BYTES("GET / HTTP/1.1 \r\n" HOST "\r\n"), "bad 400"},
		{"absolute-form", BYTES("GET http://localhost/ HTTP/1.1\r\n" HOST "\r\n"),
			"bad 400"},
		{"authority-form", BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"), "bad 400"},
		{"asterisk-form", BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "bad 400"},
		{"fragment", BYTES("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), "bad 400"},
		{"raw UTF-8 in the path", BYTES("GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"),
			"bad 400"},
		{"unknown method", BYTES("FROB / HTTP/1.1\r\n" HOST "\r\n"), "bad 501"},
		{"method in lower case", BYTES("get / HTTP/1.1\r\n" HOST "\r\n"), "bad 501"},
		{"method that is no token", BYTES("G(T / HTTP/1.1\r\n" HOST "\r\n"), "bad 400"},
		{"TLS", BYTES("\x16\x03\x01\x02\x00\x01\x00"), "bad 400"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t piece = SIZE_MAX; piece != 0; piece = piece > 3 ? 3 : piece - 1) {
			read_all(rows[i].bytes, piece);
			ROW_CHECK(rows[i].name, strcmp(sense, rows[i].sense) == 0, "by %zu: %s",
				piece, sense);
		}
	}
}

/* ---- bounds ------------------------------------------------------------------------------- */

/* A head of `size` bytes, most of them in the field `name`. */
static struct slice large_head(const char *name, size_t size)
{
	static char bytes[LIMIT_CONTROL_HEAD_BYTES + 16];
	int len = sprintf(bytes, GET HOST "%s: ", name);

	assert_true(size < sizeof(bytes));
	memset(bytes + len, 'x', size - (size_t)len);
	memcpy(bytes + size - 4, "\r\n\r\n", 4);
	return slice_from(bytes, size);
}

static struct slice many_fields(int count)
{
	static char bytes[LIMIT_CONTROL_HEAD_BYTES];
	int len = sprintf(bytes, GET HOST);

	for (int i = 1; i < count; i++)
		len += sprintf(bytes + len, "X%d: y\r\n", i);
	len += sprintf(bytes + len, "\r\n");
	return slice_from(bytes, (size_t)len);
}

static void bounds_the_head(void **state)
{
	(void)state;
	for (size_t piece = SIZE_MAX; piece != 0; piece = piece > 1 ? 1 : 0) {
		read_all(large_head("X", LIMIT_CONTROL_HEAD_BYTES), piece);
		assert_string_equal(sense, "GET / keep [] ");
		read_all(large_head("X", LIMIT_CONTROL_HEAD_BYTES + 1), piece);
		assert_string_equal(sense, "bad 431");
		read_all(large_head("authorization", LIMIT_CONTROL_HEAD_BYTES + 8), piece);
		assert_string_equal(sense, "bad 401");
		read_all(many_fields(LIMIT_HEAD_FIELDS), piece);
		assert_string_equal(sense, "GET / keep [] ");
		read_all(many_fields(LIMIT_HEAD_FIELDS + 1), piece);
		assert_string_equal(sense, "bad 431");
	}
}

static void tells_when_it_is_idle(void **state)
{
	struct incoming in;
	struct slice input = SLICE("\r\nG");

	(void)state;
	incoming_init(&in);
	assert_true(incoming_idle(&in));
	assert_int_equal(incoming_read(&in, &input), INCOMING_MORE);
	assert_false(incoming_idle(&in));
	incoming_next(&in);
	assert_true(incoming_idle(&in));
	incoming_done(&in);
}

/* ---- queries ------------------------------------------------------------------------------ */

static void reads_queries(void **state)
{
	static const struct row {
		const char *name, *query;
		const char *sense; /* NULL: refused */
	} rows[] = {
		{"none", "", ""},
		{"one", "a=1", "a=1;"},
		{"two", "a=1&b=2", "a=1;b=2;"},
		{"no value", "a&b=", "a=;b=;"},
		{"no name", "=1", "=1;"},
		{"empty pairs", "&&a=1&", "a=1;"},
		{"two of a name", "a=1&a=2", "a=1;a=2;"},
		{"equals in the value", "a=b=c", "a=b=c;"},
		{"decoded", "%61=%2a.x%3A443", "a=*.x:443;"},
		{"plus", "a=b+c%2B", "a=b c+;"},
		{"delimiters decoded once", "a=%26b%3D%25", "a=&b=%;"},
		{"UTF-8", "a=%C3%A4", "a=\xc3\xa4;"},
		{"sixteen", "1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16",
			"1=;2=;3=;4=;5=;6=;7=;8=;9=;10=;11=;12=;13=;14=;15=;16=;"},
		{"seventeen", "1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17", NULL},
		{"NUL", "a=%00", NULL},
		{"cut", "a=%4", NULL},
		{"percent alone", "a=%", NULL},
		{"odd digits", "a=%g0", NULL},
		{"invalid UTF-8", "a=%ff", NULL},
		{"cut UTF-8", "a=%C3", NULL},
		{"over-long UTF-8", "a=%C0%AF", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct parameter parameters[CALL_PARAMETERS];
		char bytes[256];
		size_t count = 0;
		bool good = query_parse(slice_of(rows[i].query), bytes, parameters, &count);
		ROW_CHECK(rows[i].name, good == (rows[i].sense != NULL), "%d", good);
		sense[0] = '\0';
		for (size_t k = 0; good && k < count; k++) {
			note("", parameters[k].name);
			note("=", parameters[k].value);
			note(";", SLICE(""));
		}
		if (good)
			ROW_CHECK(rows[i].name, strcmp(sense, rows[i].sense) == 0, "%s", sense);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_requests),
		cmocka_unit_test(bounds_the_head),
		cmocka_unit_test(tells_when_it_is_idle),
		cmocka_unit_test(reads_queries),
	};

	return cmocka_run_group_tests_name("control_incoming", tests, NULL, NULL);
}
