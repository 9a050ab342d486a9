/* SPDX-License-Identifier: Apache-2.0 */
/* A process that fills the store is killed at random moments: what is there afterwards is whole, and
 * what it said was put before the kill is there. */
#include "tests/unit/rows.h"

#include "tests/unit/search_entries.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { ROUNDS = 100, KEYS = 300, MOST_DELAY_US = 6000 };

static char directory[64], path[96], notice[512];
static struct search_store_options options = {
	.path = path, .owner = true, .entries = 200, .bytes = 2 * 1024 * 1024};

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

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* Puts until it is killed, purging and evicting meanwhile; each number is said when it was put. */
static void fill_on(int fd, uint64_t seed)
{
	const struct search_text result = {SLICE("a title"), SLICE("a url"), SLICE("a snippet")};
	const struct search_texts texts = {&result, 1};
	struct search_store *s = search_store_open(&options, notice, sizeof(notice));
	static struct made_entry made;
	for (int i = 0; s; i++) {
		uint64_t number = next_random(&seed) % KEYS;
		const struct search_filter one = {.key = made.entry.key};
		uint64_t after = 0;
		size_t gone;
		if (search_store_put(s, make_entry(&made, number), &texts) != SEARCH_STORE_OK)
			break;
		if (write(fd, &number, sizeof(number)) != (ssize_t)sizeof(number))
			break;
		if (i % 7 == 6 && search_purge(s, &one, &after, &gone) != SEARCH_STORE_OK)
			break;
	}
	_exit(1);
}

/* Kills one that fills after the delay. Returns the last number that it said, or KEYS. */
static uint64_t kill_one(uint64_t seed, uint32_t delay_us)
{
	struct timespec delay = {0, (long)delay_us * 1000};
	uint64_t number, last = KEYS;
	int pipes[2], status;
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(pipes[0]);
		fill_on(pipes[1], seed);
	}
	close(pipes[1]);
	/* From its first word on; opening was seen by the rounds before. */
	if (delay_us % 5 > 0 && read(pipes[0], &number, sizeof(number)) == sizeof(number))
		last = number;
	nanosleep(&delay, NULL);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	while (read(pipes[0], &number, sizeof(number)) == sizeof(number))
		last = number;
	close(pipes[0]);
	return last;
}

static bool count_entry(void *owner, struct search_entry *e)
{
	++*(size_t *)owner;
	return e->id > 0;
}

static void what_is_there_is_whole(void **state)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	const struct search_filter all = {.key = NULL};
	const struct search_page page = {0, SIZE_MAX / 2};
	size_t entries = 0, lost = 0;
	(void)state;
	print_message("SEED=%llu\n", (unsigned long long)seed);
	for (int round = 0; round < ROUNDS; round++) {
		struct search_statistics found;
		uint64_t last = kill_one(seed, next_random(&seed) % MOST_DELAY_US);
		struct search_store *s = search_store_open(&options, notice, sizeof(notice));
		assert_non_null(s);
		assert_string_equal(notice, "");
		/* find_one takes what is not whole for a reason to abort. */
		for (uint64_t number = 0; number < KEYS; number++) {
			enum search_stored stored = find_one(s, number);
			assert_true(stored == SEARCH_STORE_OK || stored == SEARCH_STORE_NONE);
			/* It may have been purged before the end, but that is one of seven. */
			lost += number == last && stored == SEARCH_STORE_NONE;
		}
		entries = 0;
		assert_int_equal(
			search_list(s, &all, &page, count_entry, &entries), SEARCH_STORE_OK);
		assert_int_equal(search_store_statistics(s, &found), SEARCH_STORE_OK);
		assert_int_equal(found.entries, entries);
		assert_true(found.entries <= options.entries && found.bytes <= options.bytes);
		assert_int_equal(found.damaged, 0);
		search_store_close(s);
	}
	print_message("%zu entries after %d rounds, %zu purged last\n", entries, ROUNDS, lost);
	assert_true(entries > 0 && lost < ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_whole),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
