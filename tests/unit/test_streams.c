/* SPDX-License-Identifier: Apache-2.0 */
/* Streams between two peers of libnghttp2's, in memory. What real ones say to each other is in
 * tests/integration/test_h2*.py; here: what goes on inside, and memory that runs out. */
#include "tests/unit/rows.h"

#include "tests/unit/h2_bench.h"

/* ---- memory that runs out ----------------------------------------------------------------- */

static long allocations_left = -1; /* -1: as many as wanted */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);

static bool may_allocate(void)
{
	if (allocations_left == 0)
		return false;
	allocations_left -= allocations_left > 0;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *ptr, size_t size)
{
	return may_allocate() ? __real_realloc(ptr, size) : NULL;
}

/* Whoever is refused for want of memory is told or reset; nothing breaks and nothing is lost. */
static void allocations_fail_in_turn(void **state)
{
	bool whole = false;

	(void)state;
	for (long n = 0; !whole; n++) {
		struct h2_bench b;
		allocations_left = n;
		bool open = h2_bench_open(&b);
		if (open) {
			h2_bench_ask(&b, "POST", "/a", 1000);
			h2_bench_ask(&b, "GET", "/no", 0);
			h2_bench_run(&b);
		}
		whole = allocations_left > 0;
		allocations_left = -1;
		if (open && b.result == STREAMS_GOING) {
			h2_bench_ask(&b, "GET", "/b", 0);
			h2_bench_run(&b);
		}
		h2_bench_close(&b);
		assert_true(n < 10000);
	}
}

/* ---- what goes on ------------------------------------------------------------------------- */

static void requests_and_responses(void **state)
{
	static const struct {
		const char *name, *method, *path, *status;
		size_t up, down;
		int requests;
	} rows[] = {
		{"nothing up", "GET", "/a", "200", 0, 100000, 1},
		{"a byte up", "POST", "/a", "200", 1, 100000, 1},
		{"more than a window up", "POST", "/a", "200", 3000000, 100000, 1},
		{"refused", "GET", "/no", "403", 0, 0, 0},
		{"refused with content", "POST", "/no", "403", 3000000, 0, 0},
		{"malformed", "GE(T", "/a", "", 0, 0, 0},
		{"not to be forwarded", "CONNECT", "/a", "", 0, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct h2_bench b;
		assert_true(h2_bench_open(&b));
		h2_bench_ask(&b, rows[i].method, rows[i].path, rows[i].up);
		h2_bench_run(&b);
		ROW_CHECK(rows[i].name, strcmp(b.client.status, rows[i].status) == 0, "%s",
			b.client.status);
		ROW_CHECK(rows[i].name, b.upstream.requests == rows[i].requests, "%d",
			b.upstream.requests);
		ROW_CHECK(rows[i].name, rows[i].requests == 0 || b.upstream.bytes == rows[i].up,
			"%zu", b.upstream.bytes);
		ROW_CHECK(rows[i].name, rows[i].down == 0 || b.client.bytes == rows[i].down, "%zu",
			b.client.bytes);
		ROW_CHECK(rows[i].name, b.judged == 1, "%d", b.judged);
		ROW_CHECK(rows[i].name, streams_count(b.streams) == 0, "left");
		ROW_CHECK(rows[i].name, b.result == STREAMS_GOING, "ended");
		h2_bench_close(&b);
	}
}

static void every_byte_alone(void **state)
{
	struct h2_bench b;

	(void)state;
	assert_true(h2_bench_open(&b));
	b.client_wire.step = b.upstream_wire.step = 1;
	h2_bench_ask(&b, "POST", "/a", 1000);
	h2_bench_ask(&b, "GET", "/no", 0);
	h2_bench_run(&b);
	assert_int_equal(b.judged, 2);
	assert_int_equal(b.upstream.requests, 1);
	assert_int_equal(b.upstream.bytes, 1000);
	assert_in_range(b.client.bytes, 100001, 101000);
	assert_int_equal(streams_count(b.streams), 0);
	h2_bench_close(&b);
}

static void reset_goes_over_with_its_code(void **state)
{
	struct h2_bench b;

	(void)state;
	assert_true(h2_bench_open(&b));
	b.upstream.silent = true;
	int32_t id = h2_bench_ask(&b, "GET", "/a", 0);
	h2_bench_run(&b);
	assert_int_equal(streams_count(b.streams), 1);
	nghttp2_submit_rst_stream(b.client.h2, NGHTTP2_FLAG_NONE, id, NGHTTP2_ENHANCE_YOUR_CALM);
	h2_bench_run(&b);
	assert_int_equal(b.upstream.closed, NGHTTP2_ENHANCE_YOUR_CALM + 1);
	id = h2_bench_ask(&b, "GET", "/a", 0);
	h2_bench_run(&b);
	nghttp2_submit_rst_stream(
		b.upstream.h2, NGHTTP2_FLAG_NONE, b.upstream.last_id, NGHTTP2_REFUSED_STREAM);
	h2_bench_run(&b);
	assert_int_equal(b.client.closed, NGHTTP2_REFUSED_STREAM + 1);
	assert_int_equal(streams_count(b.streams), 0);
	h2_bench_close(&b);
}

static void late_streams_are_answered(void **state)
{
	struct h2_bench b;

	(void)state;
	assert_true(h2_bench_open(&b));
	b.upstream.silent = true;
	h2_bench_ask(&b, "GET", "/a", 0);
	h2_bench_run(&b);
	b.now_ms += 999;
	streams_expire(b.streams, b.now_ms);
	h2_bench_run(&b);
	assert_string_equal(b.client.status, "");
	b.now_ms += 1;
	streams_expire(b.streams, b.now_ms);
	h2_bench_run(&b);
	assert_string_equal(b.client.status, "504");
	assert_int_equal(b.upstream.closed, NGHTTP2_CANCEL + 1);
	h2_bench_close(&b);
}

static void what_waits_is_one_window(void **state)
{
	struct h2_bench b;

	(void)state;
	assert_true(h2_bench_open(&b));
	h2_bench_run(&b);
	b.upstream_wire.shut = true;
	h2_bench_ask(&b, "POST", "/a", 3000000);
	h2_bench_run(&b);
	/* What was framed for the upstream waits for its wire; behind it, one window. */
	assert_in_range(nghttp2_session_get_stream_remote_window_size(b.client.h2, 1), 0, 0);
	assert_int_equal(b.upstream.bytes, 0);
	b.upstream_wire.shut = false;
	h2_bench_run(&b);
	assert_int_equal(b.upstream.bytes, 3000000);
	h2_bench_close(&b);
}

/* What nobody takes any more must not shrink the window of the whole connection. */
static void windows_open_again_after_resets(void **state)
{
	struct h2_bench b;

	(void)state;
	assert_true(h2_bench_open(&b));
	for (int i = 0; i < 40; i++) {
		b.client_wire.shut = true;
		int32_t id = h2_bench_ask(&b, i % 2 ? "POST" : "GET", "/a", i % 2 ? 200000 : 0);
		h2_bench_run(&b);
		b.upstream_wire.shut = i % 4 == 1;
		nghttp2_submit_rst_stream(b.client.h2, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
		h2_bench_run(&b);
		b.client_wire.shut = b.upstream_wire.shut = false;
		h2_bench_run(&b);
	}
	assert_int_equal(streams_count(b.streams), 0);
	b.client.bytes = b.upstream.bytes = 0;
	h2_bench_ask(&b, "POST", "/a", 3000000);
	h2_bench_run(&b);
	assert_int_equal(b.upstream.bytes, 3000000);
	assert_int_equal(b.client.bytes, 100000);
	h2_bench_close(&b);
}

static void the_end_of_either_wire(void **state)
{
	struct h2_bench b;

	(void)state;
	assert_true(h2_bench_open(&b));
	b.upstream.silent = true;
	h2_bench_ask(&b, "GET", "/a", 0);
	h2_bench_run(&b);
	b.upstream_wire.ended = true;
	h2_bench_run(&b);
	h2_bench_run(&b);
	assert_string_equal(b.client.status, "502");
	assert_int_equal(b.client.away, NGHTTP2_NO_ERROR + 1);
	assert_int_equal(b.result, STREAMS_DONE);
	assert_int_equal(b.reason, REASON_UPSTREAM_CLOSED);
	h2_bench_close(&b);

	assert_true(h2_bench_open(&b));
	b.upstream.silent = true;
	h2_bench_ask(&b, "GET", "/a", 0);
	h2_bench_run(&b);
	b.client_wire.ended = true;
	h2_bench_run(&b);
	assert_int_equal(b.result, STREAMS_GONE);
	assert_int_equal(b.reason, REASON_CLIENT_CLOSED);
	h2_bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_fail_in_turn),
		cmocka_unit_test(requests_and_responses),
		cmocka_unit_test(every_byte_alone),
		cmocka_unit_test(reset_goes_over_with_its_code),
		cmocka_unit_test(late_streams_are_answered),
		cmocka_unit_test(what_waits_is_one_window),
		cmocka_unit_test(windows_open_again_after_resets),
		cmocka_unit_test(the_end_of_either_wire),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
