/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "control/sse.h"

#include <stdio.h>
#include <stdlib.h>

/* SLICE, where only a constant may stand. */
#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

/* What was told, as "name|id|data;" in a row. */
struct told {
	char text[512];
	size_t len;
};

static void on_event(void *owner, const struct sse_event *e)
{
	struct told *t = owner;

	t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%s|%s|%.*s;",
		e->name, e->id, (int)e->data.len, e->data.ptr ? e->data.ptr : "");
}

static bool feed_in(struct slice bytes, size_t step, struct told *t, struct sse *s)
{
	bool ok = true;

	*t = (struct told){.len = 0};
	sse_init(s);
	for (size_t at = 0; at < bytes.len; at += step)
		ok = sse_feed(s, slice_first(slice_after(bytes, at), step), on_event, t);
	return ok;
}

static void a_stream_means_the_same_in_any_pieces(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		bool ok;
		const char *told;
	} rows[] = {
		{"one event", BYTES("id: 5f-1\nevent: grant\ndata: {}\n\n"), true,
			"grant|5f-1|{};"},
		{"carriage returns", BYTES("event: a\r\ndata: b\r\n\r\n"), true, "a||b;"},
		{"old line ends", BYTES("data: b\r\rdata: c\r\r"), true, "message||b;message||c;"},
		{"ends mixed", BYTES("data: a\r\n\ndata: b\n\r\n"), true, "message||a;message||b;"},
		{"several lines", BYTES("data: a\ndata\ndata:b\n\n"), true, "message||a\n\nb;"},
		{"one space goes", BYTES("data:  a\n\n"), true, "message|| a;"},
		{"empty data is an event", BYTES("data:\n\n"), true, "message||;"},
		{"no data is none", BYTES("event: a\n\ndata: b\n\n"), true, "message||b;"},
		{"the id stays", BYTES("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"), true,
			"message|1|a;message|1|b;message||c;"},
		{"an id with NUL is ignored", BYTES("id: 1\nid: 2\0\ndata: a\n\n"), true,
			"message|1|a;"},
		{"comments", BYTES(": ping\n\n:\ndata: a\n\n"), true, "message||a;"},
		{"unknown fields", BYTES("datum: x\nDATA: y\ndata : z\ndata: a\n\n"), true,
			"message||a;"},
		{"byte order mark",
			BYTES("\xef\xbb\xbf"
			      "data: a\n\n"),
			true, "message||a;"},
		{"the mark counts once",
			BYTES("data: a\n\xef\xbb\xbf"
			      "data: b\n\n"),
			true, "message||a;"},
		{"not whole", BYTES("data: a\n\ndata: b\n"), true, "message||a;"},
		{"longest name", BYTES("event: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\ndata: a\n\n"),
			true, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx||a;"},
		{"longer name",
			BYTES("data: a\n\nevent: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\ndata: b\n\ndata: c\n\n"),
			false, "message||a;"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t step = rows[i].bytes.len; step > 0; step--) {
			struct told t;
			struct sse s;
			bool ok = feed_in(rows[i].bytes, step, &t, &s);
			ROW_CHECK(
				rows[i].name, ok == rows[i].ok, "ok=%d in steps of %zu", ok, step);
			ROW_CHECK(rows[i].name, strcmp(t.text, rows[i].told) == 0,
				"%s in steps of %zu", t.text, step);
			sse_done(&s);
		}
	}
}

static void the_servers_wish_is_digits(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		uint32_t ms;
	} rows[] = {
		{"digits", BYTES("retry: 1500\n"), 1500},
		{"nine", BYTES("retry: 999999999\n"), 999999999},
		{"ten", BYTES("retry: 1000000000\n"), 0},
		{"letters", BYTES("retry: 15s\n"), 0},
		{"sign", BYTES("retry: +15\n"), 0},
		{"nothing", BYTES("retry:\n"), 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct told t;
		struct sse s;
		feed_in(rows[i].bytes, 1, &t, &s);
		ROW_CHECK(rows[i].name, s.retry_ms == rows[i].ms, "%u", s.retry_ms);
		sse_done(&s);
	}
}

static void a_restart_keeps_the_id_alone(void **state)
{
	struct told t;
	struct sse s;

	(void)state;
	feed_in(SLICE("id: 7\ndata: a\n\nevent: x\ndata: half"), 64, &t, &s);
	sse_restart(&s);
	assert_true(sse_feed(&s, SLICE("data: b\n\n"), on_event, &t));
	assert_string_equal(t.text, "message|7|a;message|7|b;");
	sse_done(&s);
}

static void count_event(void *owner, const struct sse_event *e)
{
	*(size_t *)owner += e->data.len;
}

static void lines_and_events_are_bounded(void **state)
{
	static const struct {
		const char *name;
		size_t line, lines;
		bool ok;
	} rows[] = {
		{"longest line", LIMIT_SSE_BYTES, 1, true},
		{"one byte more", LIMIT_SSE_BYTES + 1, 1, false},
		{"longest event", LIMIT_SSE_BYTES / 2, 2, true},
		{"too many lines", LIMIT_SSE_BYTES / 2, 3, false},
	};
	char *line = malloc(LIMIT_SSE_BYTES + 1);

	(void)state;
	assert_non_null(line);
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* In one piece, and in two. */
		for (size_t cut = 0; cut < 2; cut++) {
			size_t told = 0;
			struct sse s;
			bool ok = true;
			sse_init(&s);
			memset(line, 'x', rows[i].line);
			memcpy(line, "data:", 5);
			for (size_t n = 0; n < rows[i].lines && ok; n++)
				ok = sse_feed(&s, slice_from(line, cut * 9), count_event, &told) &&
				     sse_feed(&s,
					     slice_from(line + cut * 9, rows[i].line - cut * 9),
					     count_event, &told) &&
				     sse_feed(&s, SLICE("\n"), count_event, &told);
			ok = ok && sse_feed(&s, SLICE("\n"), count_event, &told);
			ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d", ok);
			ROW_CHECK(rows[i].name, (told > 0) == rows[i].ok, "told %zu", told);
			ok = sse_feed(&s, SLICE("data: a\n\n"), count_event, &told);
			ROW_CHECK(rows[i].name, ok == rows[i].ok, "goes on: %d", ok);
			sse_done(&s);
		}
	}
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_means_the_same_in_any_pieces),
		cmocka_unit_test(the_servers_wish_is_digits),
		cmocka_unit_test(a_restart_keeps_the_id_alone),
		cmocka_unit_test(lines_and_events_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
