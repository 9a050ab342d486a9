/* SPDX-License-Identifier: Apache-2.0 */
/* The library between its counters: who is answered, who fetches, who waits for whom. */
#include "tests/unit/rows.h"

#include "tests/unit/search_entries.h"

#include "proxy/library.h"

#include <time.h>
#include <zlib.h>

enum { ASKERS = 6 };

/* One who asks, and what it was told last. */
struct asker {
	struct loan *loan; /* NULL when it is over */
	size_t news; /* told so often */
	size_t taken; /* of it by news_of */
	struct loan_told told;
	char body[128], fields[256];
};

static char directory[64], path[96], notice[512];
static uv_loop_t loop;
static struct library *library;
static struct counter counters[2];
static struct asker askers[ASKERS];
static uint8_t key[SEARCH_KEY_BYTES];

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_library.XXXXXX");
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

static void extract(const struct provider *p, struct slice body, library_text_cb each, void *owner)
{
	struct search_text text = {.title = slice_first(body, 32)};
	assert_null(p);
	each(owner, &text);
}

static void begin(void)
{
	const struct library_options options = {
		.store = {.path = path, .entries = 100, .bytes = 1024 * 1024},
		.answer_bytes = 1000,
		.extract = extract};
	memset(askers, 0, sizeof(askers));
	assert_int_equal(uv_loop_init(&loop), 0);
	library = library_start(&options, notice, sizeof(notice));
	assert_non_null(library);
	assert_string_equal(notice, "");
	for (size_t i = 0; i < COUNT(counters); i++)
		assert_int_equal(counter_init(&counters[i], library, &loop), 0);
}

static int start(void **state)
{
	(void)state;
	unlink(path);
	key[0]++;
	begin();
	return 0;
}

static void on_counter_closed(void *owner)
{
	++*(size_t *)owner;
}

static void end(void)
{
	size_t closed = 0;
	for (size_t i = 0; i < COUNT(counters); i++)
		counter_close(&counters[i], on_counter_closed, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(closed, COUNT(counters));
	for (size_t i = 0; i < COUNT(counters); i++)
		counter_done(&counters[i]);
	assert_int_equal(uv_loop_close(&loop), 0);
	library_stop(library);
}

static struct library_counts counts(void)
{
	struct library_counts found;
	library_counts(library, &found);
	return found;
}

static int finish(void **state)
{
	(void)state;
	end();
	return 0;
}

static void on_news(void *owner, const struct loan_told *told)
{
	struct asker *a = owner;
	a->told = *told;
	a->news++;
	if (told->entry) {
		snprintf(a->body, sizeof(a->body), "%.*s", (int)told->entry->body.len,
			told->entry->body.ptr);
		snprintf(a->fields, sizeof(a->fields), "%.*s", (int)told->entry->fields.len,
			told->entry->fields.ptr);
	}
	if (told->news != LOAN_LEAD)
		a->loan = NULL;
}

static const struct freshness_rules rules = {
	.ttl_s = 60, .stale_s = 600, .stale_error_s = 300, .shared_credentials = true};

static size_t fields_of(const char *text, struct field *fields)
{
	struct slice rest = slice_of(text);
	size_t count = 0;
	while (freshness_next_field(&rest, &fields[count]))
		count++;
	return count;
}

static struct asker *ask(size_t i, const char *request, bool may_fetch)
{
	struct field fields[16];
	const struct loan_ask what = {.key = key,
		.provider = SLICE("test"),
		.query = SLICE("what"),
		.canonical = SLICE("test q=what"),
		.fields = fields,
		.field_count = fields_of(request, fields),
		.rules = rules,
		.may_fetch = may_fetch};
	struct asker *a = &askers[i];
	assert_null(a->loan);
	*a = (struct asker){.loan = loan_start(&counters[i % 2], &what, on_news, a)};
	assert_non_null(a->loan);
	return a;
}

/* The next that it is told, waited for; never two at once. */
static enum loan_news news_of(struct asker *a)
{
	while (a->news == a->taken)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(a->news, ++a->taken);
	return a->told.news;
}

/* The library has taken everything that was sent to it before: it is asked something else. */
static void settle(void)
{
	const struct loan_ask other = {.key = (const uint8_t *)"another key, of 32 bytes as well",
		.provider = SLICE("test")};
	struct asker probe = {0};
	for (size_t i = 0; i < COUNT(counters); i++) {
		probe.loan = loan_start(&counters[i], &other, on_news, &probe);
		assert_int_equal(news_of(&probe), LOAN_MISS);
	}
}

static enum storable respond(
	struct asker *a, uint16_t status, const char *response, struct slice content)
{
	struct field fields[16];
	struct head h = {.status = status, .fields = fields, .framing = FRAMING_CLOSE};
	h.field_count = fields_of(response, fields);
	enum storable storable = loan_begin(a->loan, &h, (int64_t)time(NULL));
	if (storable == STORABLE && loan_append(a->loan, content))
		loan_commit(a->loan);
	a->loan = NULL;
	return storable;
}

static void give_up(struct asker *a, bool failed)
{
	loan_cancel(a->loan, failed);
	a->loan = NULL;
}

/* One leads and fills. */
static void fill(const char *response, const char *content)
{
	struct asker *a = ask(0, "", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	assert_null(a->told.entry);
	assert_int_equal(respond(a, 200, response, slice_of(content)), STORABLE);
}

/* ---- one after the other ------------------------------------------------------------------ */

static void a_miss_is_filled_and_hit(void **state)
{
	(void)state;
	assert_int_equal(news_of(ask(0, "", false)), LOAN_MISS);
	fill("Content-Type: text/plain\r\nSet-Cookie: secret\r\nX-Session: secret\r\n", "text");
	struct asker *a = ask(1, "", false);
	assert_int_equal(news_of(a), LOAN_HIT);
	assert_string_equal(a->body, "text");
	assert_string_equal(a->fields, "Content-Type: text/plain\r\n");
	assert_false(a->told.stale || a->told.waited);
	assert_true(a->told.age_s < 5);
	assert_int_equal(news_of(ask(0, "", true)), LOAN_HIT);
	assert_int_equal(counts().hits, 2);
	assert_int_equal(counts().misses, 2);
	assert_int_equal(counts().leads, 1);
	assert_int_equal(counts().stored, 1);
	assert_int_equal(counts().fill_bytes, 0);
}

static void a_coding_is_undone(void **state)
{
	char plain[300], coded[400];
	z_stream z = {.zalloc = NULL};
	(void)state;
	memset(plain, 'x', sizeof(plain));
	plain[sizeof(plain) - 1] = '\0';
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)plain;
	z.avail_in = sizeof(plain) - 1;
	z.next_out = (Bytef *)coded;
	z.avail_out = sizeof(coded);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t len = z.total_out;
	deflateEnd(&z);
	static const char head[] =
		"Content-Encoding: gzip\r\nVary: Accept-Encoding\r\nETag: \"a\"\r\n";
	/* Cut short it is not kept, and whoever waits is told. */
	struct asker *a = ask(0, "", true), *b = ask(1, "", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	settle();
	respond(a, 200, head, slice_from(coded, len - 1));
	assert_int_equal(news_of(b), LOAN_PASS);
	assert_int_equal(counts().refused, 1);
	a = ask(0, "", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	respond(a, 200, head, slice_from(coded, len));
	b = ask(1, "Accept-Encoding: br\r\n", true);
	assert_int_equal(news_of(b), LOAN_HIT);
	assert_int_equal(strlen(b->body), sizeof(b->body) - 1);
	assert_string_equal(b->fields, "Vary: Accept-Encoding\r\nETag: W/\"a\"\r\n");
}

static void variants_are_apart(void **state)
{
	static const char head[] = "Vary: Accept-Language\r\n";
	struct asker *a = ask(0, "Accept-Language: en\r\n", true);
	struct asker *b = ask(1, "Accept-Language: de\r\n", true);
	struct asker *c = ask(2, "accept-language:  en\r\n", true);
	(void)state;
	assert_int_equal(news_of(a), LOAN_LEAD);
	settle();
	respond(a, 200, head, SLICE("english"));
	/* What came is not for the second one, which is the next to lead. */
	assert_int_equal(news_of(b), LOAN_LEAD);
	assert_int_equal(news_of(c), LOAN_HIT);
	assert_string_equal(c->body, "english");
	respond(b, 200, head, SLICE("deutsch"));
	a = ask(0, "Accept-Language: de\r\n", false);
	assert_int_equal(news_of(a), LOAN_HIT);
	assert_string_equal(a->body, "deutsch");
	assert_int_equal(news_of(ask(1, "", false)), LOAN_MISS);
}

static void what_the_request_says_counts(void **state)
{
	static const struct {
		const char *name, *request;
		bool may_fetch;
		enum loan_news before, after;
	} rows[] = {
		{"nothing", "", true, LOAN_LEAD, LOAN_HIT},
		{"only-if-cached", "Cache-Control: only-if-cached\r\n", true, LOAN_MISS, LOAN_HIT},
		{"no-store", "Cache-Control: no-store\r\n", true, LOAN_PASS, LOAN_HIT},
		{"no-cache", "Cache-Control: no-cache\r\n", true, LOAN_LEAD, LOAN_LEAD},
		{"no-cache, no way out", "Cache-Control: no-cache\r\n", false, LOAN_MISS, LOAN_HIT},
		{"a key", "Authorization: Bearer x\r\n", true, LOAN_LEAD, LOAN_HIT},
	};
	(void)state;
	for (int filled = 0; filled < 2; filled++) {
		for (size_t i = 0; i < COUNT(rows); i++) {
			struct asker *a = ask(0, rows[i].request, rows[i].may_fetch);
			enum loan_news want = filled ? rows[i].after : rows[i].before;
			ROW_CHECK(rows[i].name, news_of(a) == want, "%d", (int)a->told.news);
			if (a->told.news == LOAN_LEAD)
				give_up(a, false);
			a->loan = NULL;
		}
		if (!filled)
			fill("", "text");
	}
}

static void a_304_makes_it_fresh(void **state)
{
	struct field fields[8];
	struct head h = {.status = 304, .fields = fields};
	(void)state;
	fill("Cache-Control: max-age=0\r\nETag: \"a\"\r\nX: old\r\n", "text");
	struct asker *a = ask(0, "", true), *b = ask(1, "", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	assert_string_equal(a->body, "text");
	assert_true(a->told.stale && a->told.after_error && !a->told.answer_first);
	settle();
	h.field_count = fields_of("Cache-Control: max-age=60\r\nETag: \"a\"\r\nX: new\r\n", fields);
	loan_validated(a->loan, &h, (int64_t)time(NULL));
	assert_int_equal(news_of(a), LOAN_HIT);
	assert_string_equal(a->body, "text");
	assert_string_equal(a->fields, "ETag: \"a\"\r\nCache-Control: max-age=60\r\nX: new\r\n");
	assert_int_equal(news_of(b), LOAN_HIT);
	assert_int_equal(news_of(ask(0, "", true)), LOAN_HIT);
	assert_int_equal(counts().validated, 1);
	/* Of another answer: fetched without a condition. */
	a = ask(0, "Cache-Control: no-cache\r\n", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	assert_non_null(a->told.entry);
	h.field_count = fields_of("ETag: \"b\"\r\n", fields);
	loan_validated(a->loan, &h, (int64_t)time(NULL));
	assert_int_equal(news_of(a), LOAN_LEAD);
	assert_null(a->told.entry);
	respond(a, 200, "", SLICE("other"));
	a = ask(0, "", false);
	assert_int_equal(news_of(a), LOAN_HIT);
	assert_string_equal(a->body, "other");
}

static void stale_while_it_is_validated(void **state)
{
	(void)state;
	fill("Cache-Control: max-age=0, stale-while-revalidate=60\r\nETag: \"a\"\r\n", "text");
	struct asker *a = ask(0, "", true), *b = ask(1, "", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	assert_true(a->told.answer_first);
	assert_int_equal(news_of(b), LOAN_HIT);
	assert_true(b->told.stale && !b->told.waited);
	give_up(a, false);
}

static void what_is_forgotten_is_gone(void **state)
{
	(void)state;
	fill("", "text");
	settle();
	assert_true(library_forget(library, key));
	assert_int_equal(news_of(ask(0, "", false)), LOAN_MISS);
}

/* ---- together ----------------------------------------------------------------------------- */

static void one_fetches_for_all(void **state)
{
	struct asker *a = ask(0, "", true);
	(void)state;
	for (size_t i = 1; i < ASKERS; i++)
		ask(i, "", i % 2 == 0);
	assert_int_equal(news_of(a), LOAN_LEAD);
	settle();
	for (size_t i = 1; i < ASKERS; i++)
		assert_int_equal(askers[i].news, 0);
	respond(a, 200, "Cache-Control: max-age=0\r\n", SLICE("text"));
	for (size_t i = 1; i < ASKERS; i++) {
		assert_int_equal(news_of(&askers[i]), LOAN_HIT);
		assert_true(askers[i].told.waited);
		assert_string_equal(askers[i].body, "text");
	}
	assert_int_equal(counts().leads, 1);
	assert_int_equal(counts().waited, ASKERS - 1);
}

static void the_next_one_leads(void **state)
{
	struct asker *a = ask(0, "", true), *b = ask(1, "", true), *c = ask(2, "", true),
		     *d = ask(3, "", false);
	(void)state;
	assert_int_equal(news_of(a), LOAN_LEAD);
	settle();
	give_up(a, true);
	assert_int_equal(news_of(b), LOAN_LEAD);
	settle();
	assert_int_equal(c->news + d->news, 0);
	give_up(b, false);
	assert_int_equal(news_of(c), LOAN_LEAD);
	respond(c, 200, "", SLICE("text"));
	assert_int_equal(news_of(d), LOAN_HIT);
	assert_int_equal(counts().given_up, 2);
	assert_int_equal(counts().leads, 3);
	assert_int_equal(counts().misses, 3 + 4); /* settle asks, too */
}

static void nobody_leads_any_more(void **state)
{
	struct asker *a = ask(0, "", true), *b = ask(1, "", false);
	(void)state;
	assert_int_equal(news_of(a), LOAN_LEAD);
	settle();
	give_up(a, false);
	assert_int_equal(news_of(b), LOAN_MISS);
	assert_int_equal(counts().fills, 0);
}

static void stale_is_better_than_an_error(void **state)
{
	(void)state;
	fill("Cache-Control: max-age=0\r\n", "text");
	struct asker *a = ask(0, "", true), *b = ask(1, "", true), *c = ask(2, "", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	settle();
	give_up(a, true);
	assert_int_equal(news_of(b), LOAN_HIT);
	assert_int_equal(news_of(c), LOAN_HIT);
	assert_true(b->told.stale && c->told.stale);
	/* But nothing is told of those that must not be. */
	key[1]++;
	fill("Cache-Control: max-age=0, must-revalidate\r\nETag: \"a\"\r\n", "text");
	a = ask(0, "", true);
	b = ask(1, "", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	assert_false(a->told.after_error);
	settle();
	give_up(a, true);
	assert_int_equal(news_of(b), LOAN_LEAD);
	give_up(b, true);
}

static void what_is_not_kept_is_fetched_by_each(void **state)
{
	static const struct {
		const char *name;
		uint16_t status;
		const char *response;
		size_t content;
		enum storable want;
	} rows[] = {
		{"an error", 500, "", 4, STORABLE_NOT_STATUS},
		{"personal", 200, "Cache-Control: private\r\n", 4, STORABLE_NOT_SHARED},
		{"as much as may be", 200, "", 1000, STORABLE},
		{"too much", 200, "", 1001, STORABLE_NOT_LARGE},
	};
	static const char content[1001];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		key[2]++;
		struct asker *a = ask(0, "", true), *b = ask(1, "", true), *c = ask(2, "", false);
		assert_int_equal(news_of(a), LOAN_LEAD);
		settle();
		respond(a, rows[i].status, rows[i].response, slice_from(content, rows[i].content));
		bool kept = rows[i].want == STORABLE;
		ROW_CHECK(rows[i].name, news_of(b) == (kept ? LOAN_HIT : LOAN_PASS), "%d",
			(int)b->told.news);
		ROW_CHECK(rows[i].name, news_of(c) == (kept ? LOAN_HIT : LOAN_MISS), "%d",
			(int)c->told.news);
		ROW_CHECK(rows[i].name, kept || counts().refused_by[rows[i].want] == 1, "-");
	}
	assert_int_equal(counts().fill_bytes, 0);
}

static void an_announced_length_is_enough(void **state)
{
	struct head h = {.status = 200, .framing = FRAMING_LENGTH, .content_length = 1001};
	struct asker *a = ask(0, "", true);
	(void)state;
	assert_int_equal(news_of(a), LOAN_LEAD);
	assert_int_equal(loan_begin(a->loan, &h, 0), STORABLE_NOT_LARGE);
}

/* ---- leaving ------------------------------------------------------------------------------ */

static void whoever_leaves_is_told_nothing(void **state)
{
	(void)state;
	for (int wait = 0; wait < 2; wait++) {
		/* Before the library knows of it, or after. */
		struct asker *a = ask(0, "", true), *b = ask(1, "", true), *c = ask(2, "", true);
		if (wait)
			settle();
		give_up(b, false);
		assert_int_equal(news_of(a), LOAN_LEAD);
		give_up(a, false);
		assert_int_equal(news_of(c), LOAN_LEAD);
		give_up(c, false);
		settle();
		assert_int_equal(b->news, 0);
	}
	/* One that is to lead, and does not know it yet. */
	struct asker *a = ask(0, "", true), *b = ask(1, "", true);
	give_up(a, false);
	assert_int_equal(news_of(b), LOAN_LEAD);
	give_up(b, false);
	assert_int_equal(a->news, 0);
	settle();
	assert_int_equal(counts().fills, 0);
}

static void what_was_handed_over_is_kept(void **state)
{
	(void)state;
	struct asker *a = ask(0, "", true), *b = ask(1, "", true);
	assert_int_equal(news_of(a), LOAN_LEAD);
	respond(a, 200, "", SLICE("text"));
	give_up(b, false);
	end();
	begin();
	a = ask(0, "", false);
	assert_int_equal(news_of(a), LOAN_HIT);
	assert_string_equal(a->body, "text");
}

static void too_much_to_ask(void **state)
{
	static char value[LIMIT_LOAN_BYTES];
	struct field f = {SLICE("x"), {value, sizeof(value)}, FIELD_OTHER};
	struct loan_ask what = {.key = key, .fields = &f, .field_count = 1};
	struct counter alone;
	size_t closed = 0;
	(void)state;
	memset(value, 'v', sizeof(value));
	assert_null(loan_start(&counters[0], &what, on_news, NULL));
	assert_int_equal(counter_init(&alone, NULL, &loop), 0);
	what.field_count = 0;
	assert_null(loan_start(&alone, &what, on_news, NULL));
	counter_close(&alone, on_counter_closed, &closed);
	assert_int_equal(closed, 1);
	counter_done(&alone);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_miss_is_filled_and_hit),
		TEST(a_coding_is_undone),
		TEST(variants_are_apart),
		TEST(what_the_request_says_counts),
		TEST(a_304_makes_it_fresh),
		TEST(stale_while_it_is_validated),
		TEST(what_is_forgotten_is_gone),
		TEST(one_fetches_for_all),
		TEST(the_next_one_leads),
		TEST(nobody_leads_any_more),
		TEST(stale_is_better_than_an_error),
		TEST(what_is_not_kept_is_fetched_by_each),
		TEST(an_announced_length_is_enough),
		TEST(whoever_leaves_is_told_nothing),
		TEST(what_was_handed_over_is_kept),
		TEST(too_much_to_ask),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
