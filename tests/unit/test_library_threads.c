/* SPDX-License-Identifier: Apache-2.0 */
/* The library between threads, as workers have it: each asks, fills, fails and leaves by chance. At no
 * time do two fetch one key, every hit is whole, and nothing is left at the end. */
#include "tests/unit/rows.h"

#include "tests/unit/search_entries.h"

#include "proxy/library.h"

#include <pthread.h>
#include <time.h>

enum { WORKERS = 4, ASKS = 800, ASKERS = 16, KEYS = 12 };

struct worker;
struct asker {
	struct worker *worker;
	struct loan *loan;
	uint64_t number; /* of the key */
	bool leads;
};

struct worker {
	uv_loop_t loop;
	struct counter counter;
	uv_idle_t idle;
	uint64_t seed;
	size_t asked, hits, news;
	struct asker askers[ASKERS];
};

static char directory[64], path[96], notice[512];
static struct library *library;
static atomic_int leaders[KEYS];

static uint32_t chance(struct worker *w, uint32_t of)
{
	w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(w->seed >> 33) % of;
}

/* What a leader is through with another may do, so the mark goes first. */
static void unmark(struct asker *a)
{
	if (a->leads)
		atomic_fetch_sub(&leaders[a->number], 1);
	a->leads = false;
}

static void leave(struct asker *a)
{
	struct loan *loan = a->loan;
	a->loan = NULL;
	unmark(a);
	loan_cancel(loan, chance(a->worker, 2) == 0);
}

static void lead(struct asker *a)
{
	char body[20000];
	struct field fields[2] = {
		{SLICE("Cache-Control"), SLICE("max-age=0"), FIELD_OTHER},
	};
	struct head h = {.status = 200, .fields = fields, .field_count = chance(a->worker, 2)};
	struct loan *loan = a->loan;
	size_t len = made_body(a->number, body);
	if (chance(a->worker, 8) == 0)
		h.status = 503;
	a->loan = NULL;
	unmark(a);
	if (loan_begin(loan, &h, (int64_t)time(NULL)) != STORABLE)
		return;
	for (size_t at = 0; at < len; at += 4096)
		assert_true(loan_append(loan, slice_first(slice_from(body + at, len - at), 4096)));
	if (chance(a->worker, 8) == 0)
		loan_cancel(loan, false);
	else
		loan_commit(loan);
}

static void on_news(void *owner, const struct loan_told *told)
{
	struct asker *a = owner;
	char body[20000];
	assert_non_null(a->loan);
	a->worker->news++;
	if (told->news == LOAN_HIT) {
		size_t len = made_body(a->number, body);
		assert_true(slice_equal(told->entry->body, slice_from(body, len)));
		a->worker->hits++;
	}
	if (told->news != LOAN_LEAD) {
		a->loan = NULL;
		return;
	}
	assert_int_equal(atomic_fetch_add(&leaders[a->number], 1), 0);
	a->leads = true;
	if (chance(a->worker, 3) > 0)
		lead(a);
}

static void ask(struct asker *a)
{
	uint8_t key[SEARCH_KEY_BYTES] = {0};
	a->number = chance(a->worker, KEYS);
	memcpy(key, &a->number, sizeof(a->number));
	const struct loan_ask what = {.key = key,
		.provider = SLICE("test"),
		.rules = {.ttl_s = 60, .stale_error_s = 60},
		.may_fetch = chance(a->worker, 4) > 0};
	a->loan = loan_start(&a->worker->counter, &what, on_news, a);
	a->worker->asked += a->loan != NULL;
}

static void on_closed(void *owner)
{
	(void)owner;
}

static void on_idle(uv_idle_t *idle)
{
	struct worker *w = idle->data;
	struct asker *a = &w->askers[chance(w, ASKERS)];
	const struct timespec moment = {0, 20 * 1000};
	nanosleep(&moment, NULL); /* the library has its turn */
	if (!a->loan && w->asked < ASKS)
		ask(a);
	else if (a->loan && a->leads)
		lead(a);
	else if (a->loan && chance(w, 200) == 0)
		leave(a);
	else if (w->asked >= ASKS) {
		for (size_t i = 0; i < ASKERS; i++)
			if (w->askers[i].loan)
				leave(&w->askers[i]);
		uv_close((uv_handle_t *)idle, NULL);
		counter_close(&w->counter, on_closed, NULL);
	}
}

static void *run(void *argument)
{
	struct worker *w = argument;
	assert_int_equal(uv_loop_init(&w->loop), 0);
	assert_int_equal(counter_init(&w->counter, library, &w->loop), 0);
	for (size_t i = 0; i < ASKERS; i++)
		w->askers[i].worker = w;
	w->idle.data = w;
	uv_idle_init(&w->loop, &w->idle);
	uv_idle_start(&w->idle, on_idle);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	counter_done(&w->counter);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	return NULL;
}

static void workers_agree(void **state)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	const struct library_options options = {
		.store = {.path = path, .entries = 1000, .bytes = 64 * 1024 * 1024},
		.answer_bytes = 64 * 1024};
	static struct worker workers[WORKERS];
	pthread_t threads[WORKERS];
	struct library_counts counts;
	size_t hits = 0;
	(void)state;
	print_message("SEED=%llu\n", (unsigned long long)seed);
	library = library_start(&options, notice, sizeof(notice));
	assert_non_null(library);
	for (size_t i = 0; i < WORKERS; i++) {
		workers[i].seed = seed + i * 7919;
		assert_int_equal(pthread_create(&threads[i], NULL, run, &workers[i]), 0);
	}
	for (size_t i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], NULL);
		hits += workers[i].hits;
		assert_true(workers[i].asked >= ASKS);
	}
	print_message("%zu hits\n", hits);
	/* What was handed over last is taken before the thread ends. */
	library_counts(library, &counts);
	assert_true(counts.hits >= hits && hits > 0 && counts.leads > 0);
	library_stop(library);
	for (size_t i = 0; i < KEYS; i++)
		assert_int_equal(atomic_load(&leaders[i]), 0);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_agree),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
