/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to searches out of web archives: what is taken, what is passed over, what is a fault. */
#include "tests/unit/rows.h"

#include "tests/unit/configs.h"
#include "tests/unit/search_entries.h"

#include "proxy/search_archive.h"

static char directory[64], path[96], file[96], notice[512];
static struct loaded loaded;

static int begin(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_search.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/search.db", directory);
	snprintf(file, sizeof(file), "%s/archive", directory);
	load(&loaded, "", NULL);
	return loaded.config ? 0 : 1;
}

static int end(void **state)
{
	char command[128];
	(void)state;
	config_free(loaded.config);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

#define URI  "https://api.search.brave.com/res/v1/web/search?q=knots"
#define DATE "2023-11-14T22:13:20Z"
#define REQUEST                                                                                    \
	"GET /res/v1/web/search?q=knots HTTP/1.1\r\nHost: api.search.brave.com\r\nX-Subscription-Token: s3cret\r\nAccept-Language: en\r\n\r\n"

static void add(FILE *out, const char *type, const char *uri, const char *block)
{
	fprintf(out,
		"WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\nWARC-Date: " DATE "\r\n"
		"WARC-Record-ID: <urn:uuid:1>\r\nContent-Type: application/http;msgtype=%s\r\n"
		"Content-Length: %zu\r\n\r\n%s\r\n\r\n",
		type, uri, type, strlen(block), block);
}

static struct search_import import_all(void)
{
	const struct search_store_options options = {.path = path, .make = true};
	const struct search_archive archive = {.policy = loaded.config->policy,
		.rules = {.ttl_s = 60, .shared_credentials = true},
		.answer_bytes = 1000};
	unlink(path);
	struct search_store *s = search_store_open(&options, notice, sizeof(notice));
	assert_non_null(s);
	struct search_import i = {.store = s, .path = file};
	bool ok = search_import_archive(&i, &archive);
	assert_int_equal(ok, i.counts.faults == 0 && i.sentence[0] == '\0');
	search_store_close(s);
	return i;
}

struct shown {
	size_t count;
	char query[64], provider[32], fields[256];
};

static bool see(void *owner, const struct search_entry *e, const struct search_texts *texts)
{
	struct shown *shown = owner;
	(void)texts;
	shown->count++;
	snprintf(shown->query, sizeof(shown->query), "%.*s", (int)e->query.len, e->query.ptr);
	snprintf(shown->provider, sizeof(shown->provider), "%.*s", (int)e->provider.len,
		e->provider.ptr);
	snprintf(shown->fields, sizeof(shown->fields), "%.*s|%.*s", (int)e->fields.len,
		e->fields.ptr, (int)e->body.len, e->body.ptr);
	return true;
}

static struct shown stored(void)
{
	const struct search_store_options options = {.path = path};
	const struct search_filter all = {.key = NULL};
	struct shown shown = {.count = 0};
	struct search_store *s = search_store_open(&options, notice, sizeof(notice));
	assert_true(search_export(s, &all, see, &shown));
	search_store_close(s);
	return shown;
}

static const struct {
	const char *name, *uri, *request, *response;
	uint64_t taken, passed, faults;
} rows[] = {
	{"a search", URI, REQUEST, "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\ntext", 1, 0,
		0},
	{"without its request", URI, NULL,
		"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\ntext", 1, 0, 0},
	{"in chunks", URI, REQUEST,
		"HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n0\r\n\r\n",
		1, 0, 0},
	{"to the end", URI, REQUEST, "HTTP/1.0 200 OK\r\nA: b\r\n\r\ntext", 1, 0, 0},
	{"a cookie", URI, REQUEST,
		"HTTP/1.1 200 OK\r\nA: b\r\nSet-Cookie: c\r\nContent-Length: 4\r\n\r\ntext", 1, 0,
		0},
	{"in angle brackets", "<" URI ">", REQUEST,
		"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\ntext", 1, 0, 0},
	{"an error", URI, REQUEST, "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\ntext", 0, 1, 0},
	{"private", URI, REQUEST,
		"HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 4\r\n\r\ntext", 0, 1,
		0},
	{"no search", "https://www.example.com/?q=a", NULL,
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext", 0, 1, 0},
	{"no URI", "", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext", 0, 1, 0},
	{"cut short", URI, REQUEST, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntext", 0, 0, 1},
	{"no HTTP", URI, REQUEST, "text", 0, 0, 1},
};

static void what_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int order = 0; order < 2; order++) {
			FILE *out = fopen(file, "w");
			add(out, "warcinfo", "", "software: x\r\n");
			if (rows[i].request && order == 0)
				add(out, "request", rows[i].uri, rows[i].request);
			add(out, "response", rows[i].uri, rows[i].response);
			if (rows[i].request && order == 1)
				add(out, "request", rows[i].uri, rows[i].request);
			fclose(out);
			struct search_import done = import_all();
			ROW_CHECK(rows[i].name, done.counts.faults == rows[i].faults, "%llu",
				(unsigned long long)done.counts.faults);
			ROW_CHECK(rows[i].name, done.counts.taken == rows[i].taken, "%llu",
				(unsigned long long)done.counts.taken);
			ROW_CHECK(rows[i].name, done.counts.passed == rows[i].passed, "%llu",
				(unsigned long long)done.counts.passed);
			struct shown shown = stored();
			if (rows[i].taken == 0)
				continue;
			assert_string_equal(shown.query, "knots");
			assert_string_equal(shown.provider, "brave");
			ROW_CHECK(rows[i].name, strcmp(shown.fields, "A: b\r\n|text") == 0, "%s",
				shown.fields);
		}
	}
}

static void a_post_needs_its_request(void **state)
{
	static const char body[] = "{\"query\": \"knots\", \"api_key\": \"s3cret\"}";
	char request[512];
	(void)state;
	snprintf(request, sizeof(request),
		"POST /search HTTP/1.1\r\nHost: api.tavily.com\r\nContent-Type: application/json\r\n"
		"Authorization: Bearer s3cret\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);
	FILE *out = fopen(file, "w");
	add(out, "request", "https://api.tavily.com/search", request);
	add(out, "response", "https://api.tavily.com/search",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	add(out, "response", "https://api.tavily.com/search",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
	fclose(out);
	struct search_import done = import_all();
	assert_int_equal(done.counts.taken, 1);
	assert_int_equal(done.counts.passed, 1);
	struct shown shown = stored();
	assert_string_equal(shown.provider, "tavily");
	assert_string_equal(shown.fields, "|{}");
}

static void members_of_gzip_follow_each_other(void **state)
{
	char command[512];
	(void)state;
	FILE *out = fopen(file, "w");
	add(out, "request", URI, REQUEST);
	fclose(out);
	snprintf(command, sizeof(command), "gzip -c %s > %s.gz", file, file);
	assert_int_equal(system(command), 0);
	out = fopen(file, "w");
	add(out, "response", URI, "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\ntext");
	fclose(out);
	snprintf(command, sizeof(command), "gzip -c %s >> %s.gz && mv %s.gz %s", file, file, file,
		file);
	assert_int_equal(system(command), 0);
	assert_true(search_archive_is_one(file));
	assert_int_equal(import_all().counts.taken, 1);
}

static void what_is_no_archive(void **state)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{"another text", "this is no archive\r\n\r\n"},
		{"another version", "WARC/2.0\r\nContent-Length: 0\r\n\r\n\r\n\r\n"},
		{"no length", "WARC/1.0\r\nWARC-Type: response\r\n\r\n\r\n\r\n"},
		{"a length that is none", "WARC/1.0\r\nContent-Length: 0x\r\n\r\n\r\n\r\n"},
		{"a length beyond all",
			"WARC/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n\r\n\r\n"},
		{"an endless head", "WARC/1.0\r\n"},
		{"a block cut short", "WARC/1.0\r\nContent-Length: 9\r\n\r\nabc"},
		{"something behind it", "WARC/1.0\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nxyz"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		FILE *out = fopen(file, "w");
		fputs(files[i].text, out);
		fclose(out);
		struct search_import done = import_all();
		ROW_CHECK(files[i].name, done.sentence[0] != '\0', "-");
		assert_int_equal(stored().count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken),
		cmocka_unit_test(a_post_needs_its_request),
		cmocka_unit_test(members_of_gzip_follow_each_other),
		cmocka_unit_test(what_is_no_archive),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
