/* SPDX-License-Identifier: Apache-2.0 */
/* A ring between two threads, as a worker and the exporter have it. */
#include "tests/unit/rows.h"

#include "telemetry/ring.h"

#include <pthread.h>

enum { HAMMER = 300000 };

static void *hammer(void *argument)
{
	struct ring *r = argument;
	char text[64];
	uint64_t kept = 0;
	for (uint64_t i = 1; i <= HAMMER; i++) {
		struct event e = {.name = EVENT_POLICY_DECISION, .time_ns = i};
		memset(text, (int)('a' + i % 26), sizeof(text));
		e.text = slice_from(text, i % sizeof(text));
		kept += ring_record(r, &e);
	}
	return (void *)(uintptr_t)kept;
}

static void a_writer_and_a_reader_agree(void **state)
{
	pthread_t thread;
	void *kept;
	uint64_t seen = 0, last = 0;
	struct event e;
	bool done = false;
	(void)state;
	struct ring *r = ring_open(NULL, RING_BYTES_LEAST);
	assert_int_equal(pthread_create(&thread, NULL, hammer, r), 0);
	while (!done) {
		done = pthread_tryjoin_np(thread, &kept) == 0;
		while (ring_read(r, &e)) {
			assert_true(e.time_ns > last);
			last = e.time_ns;
			assert_int_equal(e.text.len, last % 64);
			if (e.text.len > 0)
				assert_int_equal(e.text.ptr[e.text.len - 1], 'a' + last % 26);
			seen++;
		}
		struct ring_mark mark = ring_mark(r);
		ring_settle(r, &mark);
	}
	assert_int_equal(seen, (uint64_t)(uintptr_t)kept);
	assert_int_equal(seen + ring_dropped(r), HAMMER);
	ring_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_writer_and_a_reader_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
