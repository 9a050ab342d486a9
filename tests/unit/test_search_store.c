/* SPDX-License-Identifier: Apache-2.0 */
/* The store of search answers: what is put is found, and no more than its bounds. */
#include "tests/unit/rows.h"

#include "tests/unit/search_entries.h"

#include <unistd.h>

static char directory[64], path[96], notice[512];
static struct made_entry made;

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_search.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/search.db", directory);
	return 0;
}

static int remove_directory(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static const struct search_store_options roomy = {
	.path = path, .owner = true, .entries = 1000, .bytes = 64 * 1024 * 1024};

static struct search_store *open_store(const struct search_store_options *options)
{
	struct search_store *s = search_store_open(options, notice, sizeof(notice));
	assert_non_null(s);
	assert_string_equal(notice, "");
	return s;
}

static struct search_store *open_new(const struct search_store_options *options)
{
	unlink(path);
	return open_store(options);
}

static struct search_statistics statistics(struct search_store *s)
{
	struct search_statistics found;
	assert_int_equal(search_store_statistics(s, &found), SEARCH_STORE_OK);
	return found;
}

static void what_is_put_is_found(void **state)
{
	struct search_store *s = open_new(&roomy);
	(void)state;
	assert_int_equal(find_one(s, 1), SEARCH_STORE_NONE);
	for (uint64_t n = 0; n < 50; n++)
		assert_int_equal(put_one(s, n), SEARCH_STORE_OK);
	for (int again = 0; again < 2; again++) {
		for (uint64_t n = 0; n < 50; n++)
			assert_int_equal(find_one(s, n), SEARCH_STORE_OK);
		assert_int_equal(find_one(s, 50), SEARCH_STORE_NONE);
		search_store_close(s);
		s = open_store(&roomy);
	}
	struct search_statistics found = statistics(s);
	assert_int_equal(found.entries, 50);
	assert_int_equal(found.oldest_s, 1000000);
	assert_int_equal(found.newest_s, 1000049);
	assert_true(found.bytes > 0 && found.file_bytes > 0);
	search_store_close(s);
}

static void one_takes_the_place_of_its_elder(void **state)
{
	struct search_store *s = open_new(&roomy);
	struct search_entry *found[LIMIT_SEARCH_VARIANTS];
	size_t count;
	(void)state;
	struct search_entry *e = make_entry(&made, 5);
	assert_int_equal(search_store_put(s, e, NULL), SEARCH_STORE_OK);
	uint64_t bytes = statistics(s).bytes;
	e->body = SLICE("another");
	for (int i = 0; i < 3; i++)
		assert_int_equal(search_store_put(s, e, NULL), SEARCH_STORE_OK);
	assert_int_equal(statistics(s).entries, 1);
	assert_true(statistics(s).bytes < bytes);
	assert_int_equal(search_store_find(s, e->key, found, LIMIT_SEARCH_VARIANTS, &count),
		SEARCH_STORE_OK);
	assert_int_equal(count, 1);
	assert_true(slice_equal(found[0]->body, SLICE("another")));
	search_entry_unref(found[0]);
	search_store_close(s);
}

static void variants_are_apart_and_bounded(void **state)
{
	struct search_store *s = open_new(&roomy);
	struct search_entry *found[LIMIT_SEARCH_VARIANTS];
	size_t count;
	(void)state;
	for (uint8_t v = 0; v < LIMIT_SEARCH_VARIANTS + 3; v++) {
		struct search_entry *e = make_entry(&made, 6);
		e->variant[0] = v;
		assert_int_equal(search_store_put(s, e, NULL), SEARCH_STORE_OK);
	}
	assert_int_equal(statistics(s).entries, LIMIT_SEARCH_VARIANTS);
	assert_int_equal(search_store_find(s, make_entry(&made, 6)->key, found,
				 LIMIT_SEARCH_VARIANTS, &count),
		SEARCH_STORE_OK);
	assert_int_equal(count, LIMIT_SEARCH_VARIANTS);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(found[i]->variant[0], LIMIT_SEARCH_VARIANTS + 2 - i);
		assert_true(is_whole(found[i]));
		search_entry_unref(found[i]);
	}
	search_store_close(s);
}

static void the_one_used_longest_ago_goes(void **state)
{
	struct search_store_options few = roomy;
	few.entries = 10;
	struct search_store *s = open_new(&few);
	struct search_entry *found[1];
	size_t count;
	(void)state;
	for (uint64_t n = 0; n < 10; n++)
		assert_int_equal(put_one(s, n), SEARCH_STORE_OK);
	assert_int_equal(
		search_store_find(s, make_entry(&made, 0)->key, found, 1, &count), SEARCH_STORE_OK);
	search_store_touch(s, found[0]->id, 2000000);
	search_store_touch(s, found[0]->id, 2000001);
	search_entry_unref(found[0]);
	while (search_store_flush(s))
		;
	for (uint64_t n = 10; n < 15; n++)
		assert_int_equal(put_one(s, n), SEARCH_STORE_OK);
	for (uint64_t n = 0; n < 15; n++)
		assert_int_equal(
			find_one(s, n), n == 0 || n > 5 ? SEARCH_STORE_OK : SEARCH_STORE_NONE);
	assert_int_equal(statistics(s).entries, 10);
	assert_int_equal(statistics(s).evicted, 5);
	assert_int_equal(statistics(s).hits, 2);
	assert_int_equal(
		search_store_find(s, make_entry(&made, 0)->key, found, 1, &count), SEARCH_STORE_OK);
	assert_int_equal(found[0]->hits, 2);
	assert_int_equal(found[0]->used_s, 2000001);
	search_entry_unref(found[0]);
	search_store_close(s);
}

static void bytes_are_bounded(void **state)
{
	struct search_store_options small = roomy;
	small.bytes = 200 * 1000;
	struct search_store *s = open_new(&small);
	(void)state;
	for (uint64_t n = 0; n < 300; n++) {
		assert_int_equal(put_one(s, n), SEARCH_STORE_OK);
		assert_true(statistics(s).bytes <= small.bytes);
		assert_int_equal(find_one(s, n), SEARCH_STORE_OK);
	}
	assert_true(statistics(s).entries > 10);
	search_store_close(s);
	small.bytes = 4000; /* one that is more than half of everything */
	s = open_new(&small);
	struct search_entry *e = make_entry(&made, 1);
	assert_true(e->body.len > 4000);
	assert_int_equal(search_store_put(s, e, NULL), SEARCH_STORE_NONE);
	assert_int_equal(statistics(s).entries, 0);
	search_store_close(s);
}

static void what_is_too_old_goes(void **state)
{
	struct search_store_options young = roomy;
	young.age_s = 100;
	struct search_store *s = open_new(&young);
	(void)state;
	for (uint64_t n = 0; n < 600; n++)
		assert_int_equal(put_one(s, n), SEARCH_STORE_OK);
	assert_false(search_store_expire(s, 1000100));
	assert_int_equal(statistics(s).entries, 600);
	assert_false(search_store_expire(s, 1000101));
	assert_int_equal(statistics(s).entries, 599);
	assert_true(search_store_expire(s, 1000601));
	while (search_store_expire(s, 1000601))
		;
	assert_int_equal(statistics(s).entries, 99);
	assert_int_equal(find_one(s, 500), SEARCH_STORE_NONE);
	assert_int_equal(find_one(s, 501), SEARCH_STORE_OK);
	search_store_close(s);
}

static void validation_gives_new_times(void **state)
{
	struct search_store *s = open_new(&roomy);
	struct search_entry *found[1];
	size_t count;
	const struct freshness fresh = {.response_s = 3000000, .lifetime_s = 9, .no_cache = true};
	(void)state;
	struct search_entry *e = make_entry(&made, 7);
	assert_int_equal(search_store_put(s, e, NULL), SEARCH_STORE_OK);
	uint64_t bytes = statistics(s).bytes;
	assert_int_equal(search_store_find(s, e->key, found, 1, &count), SEARCH_STORE_OK);
	uint64_t id = found[0]->id;
	search_entry_unref(found[0]);
	assert_int_equal(search_store_validate(s, id, &fresh, SLICE("A: b\r\n")), SEARCH_STORE_OK);
	assert_int_equal(search_store_validate(s, id + 1, &fresh, SLICE("")), SEARCH_STORE_NONE);
	assert_int_equal(search_store_find(s, e->key, found, 1, &count), SEARCH_STORE_OK);
	assert_true(slice_equal(found[0]->fields, SLICE("A: b\r\n")));
	assert_true(slice_equal(found[0]->body, e->body));
	assert_int_equal(found[0]->freshness.lifetime_s, 9);
	assert_int_equal(found[0]->stored_s, 1000007);
	assert_true(found[0]->freshness.no_cache && !found[0]->freshness.named);
	assert_int_equal(statistics(s).bytes, bytes - e->fields.len + 6);
	assert_int_equal(statistics(s).oldest_s, 3000000);
	search_entry_unref(found[0]);
	search_store_close(s);
}

/* ---- looking ------------------------------------------------------------------------------ */

struct seen {
	uint64_t ids[64];
	size_t count, most;
	char text[256];
};

static bool see_entry(void *owner, struct search_entry *e)
{
	struct seen *seen = owner;
	assert_int_equal(e->body.len, 0);
	seen->ids[seen->count++] = e->id;
	return seen->count != seen->most;
}

static size_t listed(struct search_store *s, const struct search_filter *f, uint64_t after,
	size_t most, struct seen *seen)
{
	const struct search_page page = {after, most};
	*seen = (struct seen){.count = 0};
	assert_int_equal(search_list(s, f, &page, see_entry, seen), SEARCH_STORE_OK);
	return seen->count;
}

static void pages_are_stable(void **state)
{
	struct search_store *s = open_new(&roomy);
	const struct search_filter all = {.key = NULL};
	struct seen seen;
	size_t gone, count = 0;
	uint64_t after = 0, none = 0;
	(void)state;
	for (uint64_t n = 0; n < 30; n++)
		assert_int_equal(put_one(s, n), SEARCH_STORE_OK);
	for (int page = 0; listed(s, &all, after, 7, &seen) > 0; page++) {
		count += seen.count;
		after = seen.ids[seen.count - 1];
		/* One before and one behind the place go, and one comes. */
		const struct search_filter gone_one = {
			.key = make_entry(&made, (uint64_t)page)->key};
		none = 0;
		assert_int_equal(search_purge(s, &gone_one, &none, &gone), SEARCH_STORE_OK);
		assert_int_equal(gone, 1);
	}
	assert_int_equal(count, 30);
	search_store_close(s);
}

static void filters_choose(void **state)
{
	struct search_store *s = open_new(&roomy);
	struct seen seen;
	(void)state;
	for (uint64_t n = 0; n < 20; n++)
		assert_int_equal(put_one(s, n), SEARCH_STORE_OK);
	const struct {
		const char *name;
		struct search_filter filter;
		size_t want;
	} rows[] = {
		{"all", {.key = NULL}, 20},
		{"provider", {.provider = SLICE("even")}, 10},
		{"no such provider", {.provider = SLICE("eve")}, 0},
		{"pattern", {.pattern = SLICE("word1? *")}, 10},
		{"pattern of one", {.pattern = SLICE("word1 and m*")}, 1},
		{"pattern with an umlaut", {.pattern = SLICE("*m\303\274ller")}, 20},
		{"pattern, another case", {.pattern = SLICE("Word*")}, 0},
		{"before", {.before_s = 1000005}, 5},
		{"both", {.provider = SLICE("odd"), .before_s = 1000005}, 2},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i].name, listed(s, &rows[i].filter, 0, 60, &seen) == rows[i].want,
			"%zu", seen.count);
	for (size_t i = COUNT(rows); i-- > 0;) {
		size_t gone;
		uint64_t after = 0, left = statistics(s).entries;
		listed(s, &rows[i].filter, 0, 60, &seen);
		assert_int_equal(search_purge(s, &rows[i].filter, &after, &gone), SEARCH_STORE_OK);
		ROW_CHECK(rows[i].name, gone == seen.count, "%zu", gone);
		assert_int_equal(statistics(s).entries, left - gone);
	}
	assert_int_equal(statistics(s).entries, 0);
	assert_int_equal(statistics(s).bytes, 0);
	search_store_close(s);
}

static bool see_found(void *owner, const struct search_found *found)
{
	struct seen *seen = owner;
	snprintf(seen->text, sizeof(seen->text), "%.*s", (int)found->text.title.len,
		found->text.title.ptr);
	seen->ids[seen->count++] = found->id;
	return seen->count != seen->most;
}

static void texts_are_found(void **state)
{
	struct search_store *s = open_new(&roomy);
	const struct search_text results[] = {
		{SLICE("Gr\303\266\303\237e der Pinguine"), SLICE("https://zoo.test/penguin"),
			SLICE("Kaiserpinguine werden 130 cm gro\303\237")},
		{SLICE("Penguin facts \377"), SLICE("https://facts.test/"), SLICE("They swim.")},
	};
	const struct search_texts texts = {results, COUNT(results)};
	static const struct {
		const char *name, *words;
		size_t want;
		const char *title;
	} rows[] = {
		{"a word of a title", "facts", 1, "Penguin facts \357\277\275"},
		{"in another case", "FACTS", 1, NULL},
		{"a word of a URL", "zoo", 1, NULL},
		{"a word of a snippet", "swim", 1, NULL},
		{"two words of one result", "penguin swim", 1, NULL},
		{"two words of two results", "zoo swim", 0, NULL},
		{"the query", "word3", 1, ""},
		{"without its diacritics", "muller", 2, NULL},
		{"an operator is a word", "facts OR nothing", 0, NULL},
		{"quotes and signs", "\"facts\" -- (*", 1, NULL},
		{"a column is a word", "title:facts", 0, NULL},
		{"nothing", "  ", 0, NULL},
		{"only signs", "\"*()", 0, NULL},
		{"no UTF-8", "facts\377", 0, NULL},
	};
	(void)state;
	assert_int_equal(search_store_put(s, make_entry(&made, 3), &texts), SEARCH_STORE_OK);
	assert_int_equal(put_one(s, 4), SEARCH_STORE_OK);
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < COUNT(rows); i++) {
			struct seen seen = {.count = 0};
			enum search_stored stored =
				search_look(s, slice_of(rows[i].words), 10, see_found, &seen);
			ROW_CHECK(rows[i].name, seen.count == rows[i].want, "%zu", seen.count);
			ROW_CHECK(rows[i].name,
				stored == (rows[i].want ? SEARCH_STORE_OK : SEARCH_STORE_NONE),
				"%d", (int)stored);
			if (rows[i].title)
				assert_string_equal(seen.text, rows[i].title);
		}
		/* A second filling leaves nothing of the first. */
		assert_int_equal(
			search_store_put(s, make_entry(&made, 3), &texts), SEARCH_STORE_OK);
	}
	assert_int_equal(put_one(s, 3), SEARCH_STORE_OK);
	struct seen seen = {.count = 0};
	assert_int_equal(search_look(s, SLICE("facts"), 10, see_found, &seen), SEARCH_STORE_NONE);
	search_store_close(s);
}

static bool see_miss(void *owner, const struct search_miss *miss)
{
	struct seen *seen = owner;
	seen->ids[seen->count++] = miss->count;
	snprintf(seen->text, sizeof(seen->text), "%.*s", (int)miss->query.len, miss->query.ptr);
	return seen->count != seen->most;
}

static void misses_are_counted_and_bounded(void **state)
{
	struct search_store *s = open_new(&roomy);
	struct search_miss miss = {.provider = SLICE("odd"), .query = SLICE("often"), .last_s = 5};
	struct seen seen = {.count = 0, .most = 1};
	(void)state;
	for (int i = 0; i < 3; i++)
		search_store_missed(s, &miss);
	miss.query = SLICE("once");
	for (uint32_t i = 1; i < LIMIT_SEARCH_MISSES + 1000; i++) {
		memcpy(miss.key, &i, sizeof(i));
		search_store_missed(s, &miss);
	}
	assert_int_equal(search_misses(s, 10, see_miss, &seen), SEARCH_STORE_OK);
	assert_int_equal(seen.ids[0], 3);
	assert_string_equal(seen.text, "often");
	assert_int_equal(statistics(s).misses, LIMIT_SEARCH_MISSES + 1002);
	/* What is stored is missed no more. */
	assert_int_equal(put_one(s, 0), SEARCH_STORE_OK);
	seen = (struct seen){.count = 0, .most = 1};
	assert_int_equal(search_misses(s, 10, see_miss, &seen), SEARCH_STORE_OK);
	assert_string_equal(seen.text, "once");
	search_store_close(s);
}

static void two_have_it_open(void **state)
{
	struct search_store *s = open_new(&roomy);
	const struct search_store_options guest = {.path = path};
	(void)state;
	assert_int_equal(put_one(s, 1), SEARCH_STORE_OK);
	struct search_store *other = open_store(&guest);
	assert_int_equal(find_one(other, 1), SEARCH_STORE_OK);
	assert_int_equal(put_one(other, 2), SEARCH_STORE_OK);
	assert_int_equal(find_one(s, 2), SEARCH_STORE_OK);
	size_t gone;
	uint64_t after = 0;
	const struct search_filter all = {.key = NULL};
	assert_int_equal(search_purge(other, &all, &after, &gone), SEARCH_STORE_OK);
	assert_int_equal(gone, 2);
	assert_int_equal(find_one(s, 1), SEARCH_STORE_NONE);
	assert_int_equal(statistics(s).entries, 0);
	search_store_close(other);
	search_store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found),
		cmocka_unit_test(one_takes_the_place_of_its_elder),
		cmocka_unit_test(variants_are_apart_and_bounded),
		cmocka_unit_test(the_one_used_longest_ago_goes),
		cmocka_unit_test(bytes_are_bounded),
		cmocka_unit_test(what_is_too_old_goes),
		cmocka_unit_test(validation_gives_new_times),
		cmocka_unit_test(pages_are_stable),
		cmocka_unit_test(filters_choose),
		cmocka_unit_test(texts_are_found),
		cmocka_unit_test(misses_are_counted_and_bounded),
		cmocka_unit_test(two_have_it_open),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
