/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of JSON out of one store and into another: all of it or nothing, and again without effect. */
#include "tests/unit/rows.h"

#include "tests/unit/search_entries.h"

#include "proxy/search_line.h"
#include "proxy/search_transfer.h"

static char directory[64], path[96], other_path[96], file[96], notice[512];
static struct made_entry made;

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_search.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/search.db", directory);
	snprintf(other_path, sizeof(other_path), "%s/other.db", directory);
	snprintf(file, sizeof(file), "%s/lines", directory);
	return 0;
}

static int remove_directory(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static struct search_store *open_new(const char *at)
{
	const struct search_store_options options = {.path = at, .make = true};
	unlink(at);
	struct search_store *s = search_store_open(&options, notice, sizeof(notice));
	assert_non_null(s);
	return s;
}

static bool write_one(void *owner, const struct search_entry *e, const struct search_texts *texts)
{
	search_line_write(owner, e, texts);
	return true;
}

static void export_all(struct search_store *s)
{
	const struct search_filter all = {.key = NULL};
	FILE *out = fopen(file, "w");
	assert_true(search_export(s, &all, write_one, out));
	assert_int_equal(fclose(out), 0);
}

struct faults {
	uint64_t place;
	char why[128];
};

static void on_fault(void *owner, uint64_t place, const char *why)
{
	struct faults *f = owner;
	f->place = place;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static struct faults faults;

static struct search_import import_all(struct search_store *s)
{
	struct search_import i = {.store = s, .path = file, .on_fault = on_fault, .owner = &faults};
	faults = (struct faults){0};
	bool ok = search_import_lines(&i);
	assert_int_equal(ok, i.counts.faults == 0 && i.sentence[0] == '\0');
	return i;
}

static void write_file(const char *text)
{
	FILE *out = fopen(file, "w");
	fputs(text, out);
	fclose(out);
}

static struct search_statistics statistics(struct search_store *s)
{
	struct search_statistics found;
	assert_int_equal(search_store_statistics(s, &found), SEARCH_STORE_OK);
	return found;
}

static bool ignore_found(void *owner, const struct search_found *found)
{
	(void)found;
	++*(size_t *)owner;
	return true;
}

static void what_goes_out_comes_in(void **state)
{
	struct search_store *s = open_new(path), *other = open_new(other_path);
	const struct search_text result = {
		SLICE("\"A\" \303\266\\ title"), SLICE("https://a.test/"), SLICE("pinguin")};
	const struct search_texts texts = {&result, 1};
	size_t found = 0;
	(void)state;
	for (uint64_t n = 0; n < 150; n++)
		assert_int_equal(
			search_store_put(s, make_entry(&made, n), &texts), SEARCH_STORE_OK);
	for (int command = 0; command < 2; command++) {
		char zip[512];
		export_all(s);
		snprintf(zip, sizeof(zip), "gzip -f %s && mv %s.gz %s", file, file, file);
		assert_int_equal(command == 1 ? system(zip) : 0, 0);
		struct search_import i = import_all(other);
		assert_int_equal(i.counts.taken, command == 0 ? 150 : 0);
		assert_int_equal(i.counts.known, command == 0 ? 0 : 150);
	}
	for (uint64_t n = 0; n < 150; n++)
		assert_int_equal(find_one(other, n), SEARCH_STORE_OK);
	assert_int_equal(statistics(other).bytes, statistics(s).bytes);
	assert_int_equal(
		search_look(other, SLICE("pinguin"), 10, ignore_found, &found), SEARCH_STORE_OK);
	search_store_close(s);
	search_store_close(other);
}

/* Bodies that are no text, variants, and texts that JSON has escapes for. */
static void every_byte_survives(void **state)
{
	static char all[3 * 256 + 2];
	static const struct {
		const char *name;
		struct slice body;
	} rows[] = {
		{"nothing", {"", 0}},
		{"one byte", {"\377", 1}},
		{"two", {"\377\376", 2}},
		{"a NUL", {"a\0b", 3}},
		{"all", {all, sizeof(all)}},
		{"a cut character", {"\303", 1}},
		{"escapes", {"\"\\\n\r\t\b\f/\177 \342\200\250 \342\200\256", 17}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct search_entry *found[1], *e = make_entry(&made, i);
		struct search_store *s = open_new(path);
		size_t count;
		e->body = rows[i].body;
		e->variant[3] = 7;
		e->fields = SLICE("A: \"\303\266\"\r\nB: \377\r\n");
		assert_int_equal(search_store_put(s, e, NULL), SEARCH_STORE_OK);
		export_all(s);
		search_store_close(s);
		s = open_new(path);
		ROW_CHECK(rows[i].name, import_all(s).counts.taken == 1, "%s", faults.why);
		assert_int_equal(search_store_find(s, e->key, found, 1, &count), SEARCH_STORE_OK);
		ROW_CHECK(rows[i].name, slice_equal(found[0]->body, e->body), "-");
		ROW_CHECK(rows[i].name, slice_equal(found[0]->fields, e->fields), "-");
		ROW_CHECK(rows[i].name, found[0]->variant[3] == 7, "-");
		search_entry_unref(found[0]);
		search_store_close(s);
	}
}

#define KEY     "\"key\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""
#define TEXTS   "\"provider\":\"p\",\"query\":\"q\",\"search\":\"p q\""
#define TIMES   "\"stored\":1700000000,\"lifetime\":60"
#define CONTENT "\"fields\":\"A: b\\r\\n\",\"body\":\"text\""
#define GOOD    "{\"sallyport_search\":1," KEY "," TEXTS "," TIMES "," CONTENT "}\n"

static void one_bad_line_is_enough(void **state)
{
	static const struct {
		const char *name, *line, *why;
	} rows[] = {
		{"no JSON", "{", "no JSON object"},
		{"a list", "[]", "no JSON object"},
		{"twice", "{" KEY "," KEY "}", "no JSON object"},
		{"nothing in it", "{}", "sallyport_search is not 1"},
		{"another version", "{\"sallyport_search\":2}", "a member with a value"},
		{"a version as text", "{\"sallyport_search\":\"1\"}", "a member with a value"},
		{"no key", "{\"sallyport_search\":1," TEXTS "," TIMES "," CONTENT "}",
			"key, provider"},
		{"a short key", "{\"key\":\"0011\"}", "a member with a value"},
		{"a key as a number", "{\"key\":11}", "a member with a value"},
		{"no query",
			"{\"sallyport_search\":1," KEY ",\"provider\":\"p\",\"search\":\"s\"," TIMES
			"," CONTENT "}",
			"key, provider"},
		{"no times", "{\"sallyport_search\":1," KEY "," TEXTS "," CONTENT "}",
			"stored or lifetime"},
		{"a time below zero", "{\"stored\":-1}", "a member with a value"},
		{"a time beyond all", "{\"stored\":253402300800}", "a member with a value"},
		{"half a second", "{\"stored\":1.5}", "a member with a value"},
		{"no content", "{\"sallyport_search\":1," KEY "," TEXTS "," TIMES "}",
			"fields or body"},
		{"another member", "{\"boddy\":\"\"}", "another name"},
		{"base64 without padding", "{\"body_base64\":\"YQ\"}", "a member with a value"},
		{"base64 with a blank", "{\"body_base64\":\"YQ= \"}", "a member with a value"},
		{"base64 that is none", "{\"body_base64\":\"!!!!\"}", "a member with a value"},
		{"base64 with bits too many", "{\"body_base64\":\"YR==\"}",
			"a member with a value"},
		{"a field that is not kept",
			"{\"sallyport_search\":1," KEY "," TEXTS "," TIMES
			",\"fields\":\"Set-Cookie: a\\r\\n\",\"body\":\"\"}",
			"fields that are none"},
		{"a field of the connection",
			"{\"sallyport_search\":1," KEY "," TEXTS "," TIMES
			",\"fields\":\"Content-Length: 5\\r\\n\",\"body\":\"\"}",
			"fields that are none"},
		{"no end of a field",
			"{\"sallyport_search\":1," KEY "," TEXTS "," TIMES
			",\"fields\":\"A: b\",\"body\":\"\"}",
			"fields that are none"},
		{"a line break in a field",
			"{\"sallyport_search\":1," KEY "," TEXTS "," TIMES
			",\"fields\":\"A: b\\nC: d\\r\\n\",\"body\":\"\"}",
			"fields that are none"},
		{"results by two",
			"{\"sallyport_search\":1," KEY "," TEXTS "," TIMES "," CONTENT
			",\"results\":[\"a\",\"b\"]}",
			"results are not"},
		{"results of numbers", "{\"results\":[1]}", "a member with a value"},
	};
	struct search_store *s = open_new(path);
	char text[4096];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "%s\r\n%s\n%s", GOOD, rows[i].line, GOOD);
		write_file(text);
		struct search_import done = import_all(s);
		ROW_CHECK(rows[i].name, done.counts.faults == 1 && faults.place == 3, "line %llu",
			(unsigned long long)faults.place);
		ROW_CHECK(rows[i].name, strstr(faults.why, rows[i].why), "%s", faults.why);
		ROW_CHECK(rows[i].name, statistics(s).entries == 0, "half imported");
	}
	write_file(GOOD);
	assert_int_equal(import_all(s).counts.taken, 1);
	search_store_close(s);
}

static void the_newer_one_stays(void **state)
{
	struct search_store *s = open_new(path);
	static const struct {
		const char *validated;
		uint64_t taken;
	} rows[] = {{"1700000500", 1}, {"1700000500", 0}, {"1700000499", 0}, {"1700000501", 1}};
	char text[4096];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* The last line needs no end. */
		snprintf(text, sizeof(text),
			"{\"sallyport_search\":1," KEY "," TEXTS "," TIMES "," CONTENT
			",\"validated\":%s}",
			rows[i].validated);
		write_file(text);
		assert_int_equal(import_all(s).counts.taken, rows[i].taken);
		assert_int_equal(statistics(s).entries, 1);
	}
	search_store_close(s);
}

static void a_file_that_cannot_be_read(void **state)
{
	struct search_store *s = open_new(path);
	char command[512];
	(void)state;
	unlink(file);
	struct search_import i = import_all(s);
	assert_non_null(strstr(i.sentence, "No such file"));
	write_file(GOOD GOOD GOOD);
	snprintf(command, sizeof(command), "gzip -c %s | head -c 100 > %s.cut && mv %s.cut %s",
		file, file, file, file);
	assert_int_equal(system(command), 0);
	i = import_all(s);
	assert_non_null(strstr(i.sentence, "read to its end"));
	assert_int_equal(statistics(s).entries, 0);
	search_store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_out_comes_in),
		cmocka_unit_test(every_byte_survives),
		cmocka_unit_test(one_bad_line_is_enough),
		cmocka_unit_test(the_newer_one_stays),
		cmocka_unit_test(a_file_that_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
