/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/heads.h"

#include "base/utf8.h"
#include "proxy/context.h"

#include <stdlib.h>

#define TEN_SEGMENTS "/a/b/c/d/e/f/g/h/i/j"
#define TEN          "/+/+/+/+/+/+/+/+/+/+"

static void a_path_shows_its_shape_only(void **state)
{
	static const struct {
		const char *name, *path, *shape;
	} rows[] = {
		{"root", "/", "/"},
		{"no path means root", "", "/"},
		{"one segment", "/secret", "/+"},
		{"two", "/a/b", "/+/+"},
		{"a slash behind", "/a/b/", "/+/+/"},
		{"empty segment", "/a//b", "/+//+"},
		{"known file", "/left-pad/-/left-pad-1.3.0.tgz", "/+/+/+.tgz"},
		{"two extensions", "/x.tar.gz", "/+.tar.gz"},
		{"the shorter one", "/x.log.gz", "/+.gz"},
		{"upper case", "/X.ZIP", "/+.zip"},
		{"unknown file", "/x.pem", "/+"},
		{"longer than a known one", "/x.jsonl", "/+"},
		{"only in the last segment", "/x.git/info", "/+/+"},
		{"not before a slash", "/x.git/", "/+/"},
		{"nothing but an extension", "/.git", "/+"},
		{"a name of one character", "/a.git", "/+.git"},
		{"percent-encoded", "/%2e%2e/x%2ezip", "/+/+"},
		{"query", "/a?token=1/b.zip", "/+?"},
		{"query behind a file", "/a.js?v=1", "/+.js?"},
		{"empty query", "/a?", "/+?"},
		{"query only", "?q", "/?"},
		{"second question mark", "/?a?b", "/?"},
		{"server", "*", "+"},
		{"just fits", TEN_SEGMENTS TEN_SEGMENTS TEN_SEGMENTS "/", TEN TEN TEN "/"},
		{"fits with a query", TEN_SEGMENTS TEN_SEGMENTS TEN_SEGMENTS "/a?",
			TEN TEN TEN "/+?"},
		{"one more", TEN_SEGMENTS TEN_SEGMENTS TEN_SEGMENTS "/a/?", TEN TEN TEN "…"},
		{"many more", TEN_SEGMENTS TEN_SEGMENTS TEN_SEGMENTS TEN_SEGMENTS, TEN TEN TEN "…"},
		{"a file that does not fit", TEN_SEGMENTS TEN_SEGMENTS TEN_SEGMENTS "/a.json",
			TEN TEN TEN "…"},
	};
	struct question_context c;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = context_path_class(
			slice_of(rows[i].path), c.path_class, sizeof(c.path_class));
		ROW_CHECK(
			rows[i].name, strcmp(c.path_class, rows[i].shape) == 0, "%s", c.path_class);
		ROW_CHECK(rows[i].name, len == strlen(c.path_class), "%zu", len);
	}
}

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define X60   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void a_head_becomes_context(void **state)
{
	static const struct {
		const char *name, *lines, *user_agent, *traceparent;
	} rows[] = {
		{"nothing said", "", "", ""},
		{"both", "User-Agent: git/2.39\r\ntraceparent: " TRACE "\r\n", "git/2.39", TRACE},
		{"a later version that goes on",
			"traceparent: 01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x\r\n",
			"", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
		{"not a traceparent", "traceparent: " TRACE "0\r\n", "", ""},
		{"Latin-1", "User-Agent: \xe4gent\r\n", "\xef\xbf\xbdgent", ""},
		{"cut at a character", "User-Agent: " X60 X60 X60 "xxxxxxxxxx\xc3\xa4\r\n",
			X60 X60 X60 "xxxxxxxxxx", ""},
		{"just fits", "User-Agent: " X60 X60 X60 "xxxxxxxxx\xc3\xa4\r\n",
			X60 X60 X60 "xxxxxxxxx\xc3\xa4", ""},
	};
	char text[1024];
	struct question_context c;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text),
			"GET http://a.test/s/x.zip HTTP/1.1\r\nHost: a.test\r\n%s\r\n",
			rows[i].lines);
		struct message *m = read_head(MESSAGE_REQUEST, text, "");
		memset(&c, 'x', sizeof(c));
		context_fill(&c, message_head(m), SLICE("/s/x.zip"));
		message_free(m);
		ROW_CHECK(rows[i].name, strcmp(c.method, "GET") == 0, "%s", c.method);
		ROW_CHECK(rows[i].name, strcmp(c.path_class, "/+/+.zip") == 0, "%s", c.path_class);
		ROW_CHECK(rows[i].name, strcmp(c.user_agent, rows[i].user_agent) == 0, "%s",
			c.user_agent);
		ROW_CHECK(rows[i].name, strcmp(c.traceparent, rows[i].traceparent) == 0, "%s",
			c.traceparent);
		ROW_CHECK(rows[i].name, c.process[0] == '\0' && c.process_id == 0, "process");
		ROW_CHECK(rows[i].name, c.justification[0] == '\0', "%s", c.justification);
	}
}

static void a_connect_has_no_path(void **state)
{
	struct message *m = read_head(MESSAGE_REQUEST,
		"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nUser-Agent: curl/8\r\n\r\n",
		"");
	struct question_context c;
	(void)state;
	context_fill(&c, message_head(m), (struct slice){NULL, 0});
	assert_string_equal(c.method, "CONNECT");
	assert_string_equal(c.path_class, "");
	assert_string_equal(c.user_agent, "curl/8");
	message_free(m);
	const struct head long_method = {.method = SLICE("AN-UNUSUALLY-LONG-METHOD")};
	context_fill(&c, &long_method, SLICE(""));
	assert_string_equal(c.method, "AN-UNUSUALLY-LO");
	assert_string_equal(c.path_class, "/");
}

static void what_is_packed_comes_out_again(void **state)
{
	struct question_context c, back;
	const struct field fields[] = {{SLICE("User-Agent"), SLICE("curl/8"), FIELD_OTHER},
		{SLICE("traceparent"), SLICE(TRACE), FIELD_OTHER}};
	const struct head h = {.method = SLICE("GET"), .field_count = 2, .fields = fields};
	(void)state;
	context_fill(&c, &h, SLICE("/a/b"));
	char *packed = context_pack(&c);
	assert_non_null(packed);
	memset(&back, 'x', sizeof(back));
	context_unpack(packed, &back);
	free(packed);
	assert_memory_equal(&back, &c, sizeof(c));
	memset(&back, 'x', sizeof(back));
	context_unpack(NULL, &back);
	assert_memory_equal(&back, (&(struct question_context){0}), sizeof(back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_shows_its_shape_only),
		cmocka_unit_test(a_head_becomes_context),
		cmocka_unit_test(a_connect_has_no_path),
		cmocka_unit_test(what_is_packed_comes_out_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
