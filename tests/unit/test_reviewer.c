/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "control/reviewer.h"
#include "control/seal.h"
#include "tests/unit/web_stub.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REPLY(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define ALLOW               REPLY("200 OK", "{\"decision\":\"allow\"}")

/* ---- a loop, a reviewer and its webhook ---------------------------------------------------- */

struct scene {
	uv_loop_t loop;
	struct web_stub web;
	struct reviewer *reviewer;
	unsigned reviewed;
	uint64_t question; /* of the last review */
	struct review review;
	bool stopped;
	uv_timer_t watchdog;
};

static void on_reviewed(void *owner, uint64_t question, const struct review *review)
{
	struct scene *s = owner;

	s->reviewed++;
	s->question = question;
	s->review = *review;
}

static void on_late(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("the loop waits for nothing");
}

static void scene_begin(struct scene *s, const char *secret_file, uint32_t timeout_ms)
{
	char endpoint[64], sentence[256];

	memset(s, 0, sizeof(*s));
	uv_loop_init(&s->loop);
	uv_timer_init(&s->loop, &s->watchdog);
	uv_timer_start(&s->watchdog, on_late, 20000, 0);
	web_stub_start(&s->web, &s->loop);
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d/review", s->web.port);
	s->reviewer = reviewer_start(&(struct reviewer_options){.loop = &s->loop,
					     .endpoint = endpoint,
					     .secret_file = secret_file,
					     .timeout_ms = timeout_ms,
					     .concurrency = 2,
					     .on_reviewed = on_reviewed,
					     .owner = s},
		sentence, sizeof(sentence));
	assert_non_null(s->reviewer);
}

static void on_stopped(void *owner)
{
	((struct scene *)owner)->stopped = true;
}

static void scene_end(struct scene *s)
{
	reviewer_stop(s->reviewer, on_stopped, s);
	assert_false(s->stopped);
	web_stub_stop(&s->web);
	uv_close((uv_handle_t *)&s->watchdog, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	assert_true(s->stopped);
	assert_int_equal(uv_loop_close(&s->loop), 0);
}

static void ask(struct scene *s, uint64_t id)
{
	struct question q = {.id = id, .identity = "local", .asked_ms = 1000, .expires_ms = 2000};

	assert_int_equal(target_parse_authority(SLICE("cdn.new.test:443"), &q.target), REASON_NONE);
	assert_true(reviewer_ask(s->reviewer, &q));
}

static uint64_t ended(const struct scene *s)
{
	struct reviewer_counts c = reviewer_counts(s->reviewer);

	return c.allowed + c.denied + c.passed + c.failed + c.forgotten;
}

static void run_until_ended(struct scene *s, uint64_t count)
{
	while (ended(s) < count)
		uv_run(&s->loop, UV_RUN_ONCE);
}

static void run_until_whole(struct scene *s, unsigned count)
{
	while (s->web.whole < count)
		uv_run(&s->loop, UV_RUN_ONCE);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void every_answer_decides_or_asks_a_person(void **state)
{
	static const struct {
		const char *name, *answer;
		enum review_decision decision;
		uint64_t allowed, denied, passed, failed;
	} rows[] = {
		{"allow", ALLOW, REVIEW_ALLOW, 1, 0, 0, 0},
		{"deny", REPLY("200 OK", "{\"decision\":\"deny\"}"), REVIEW_DENY, 0, 1, 0, 0},
		{"ask", REPLY("200 OK", "{\"decision\":\"ask\"}"), REVIEW_ASK, 0, 0, 1, 0},
		{"nonsense", REPLY("200 OK", "allow"), REVIEW_ASK, 0, 0, 0, 1},
		{"nothing", REPLY("200 OK", ""), REVIEW_ASK, 0, 0, 0, 1},
		{"for ever", REPLY("200 OK", "{\"decision\":\"allow\",\"scope\":\"always\"}"),
			REVIEW_ASK, 0, 0, 0, 1},
		{"created", REPLY("201 Created", "{\"decision\":\"allow\"}"), REVIEW_ASK, 0, 0, 0,
			1},
		{"error", REPLY("500 No", "{\"decision\":\"allow\"}"), REVIEW_ASK, 0, 0, 0, 1},
		{"elsewhere",
			"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n{\"decision\":\"allow\"}",
			REVIEW_ASK, 0, 0, 0, 1},
		{"cut short",
			"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"decision\":\"allow\"}",
			REVIEW_ASK, 0, 0, 0, 1},
		{"hangs up", "", REVIEW_ASK, 0, 0, 0, 1},
		{"no HTTP", "220 mail.test ESMTP\r\n", REVIEW_ASK, 0, 0, 0, 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene *s = calloc(1, sizeof(*s));
		scene_begin(s, NULL, 5000);
		s->web.answer = rows[i].answer;
		ask(s, 7);
		run_until_ended(s, 1);
		struct reviewer_counts c = reviewer_counts(s->reviewer);
		ROW_CHECK(rows[i].name,
			c.allowed == rows[i].allowed && c.denied == rows[i].denied &&
				c.passed == rows[i].passed && c.failed == rows[i].failed,
			"%d %d %d %d", (int)c.allowed, (int)c.denied, (int)c.passed, (int)c.failed);
		ROW_CHECK(rows[i].name, s->reviewed == (rows[i].decision != REVIEW_ASK),
			"%u reviews", s->reviewed);
		ROW_CHECK(rows[i].name, s->review.decision == rows[i].decision, "%d",
			s->review.decision);
		ROW_CHECK(rows[i].name, !s->reviewed || s->question == 7, "question");
		scene_end(s);
		free(s);
	}
}

static void a_long_answer_is_none(void **state)
{
	static const char head[] = REPLY("200 OK", "{\"decision\":\"allow\",\"note\":\"");
	static char answer[sizeof(head) + LIMIT_REVIEW_BYTES];
	struct scene *s = calloc(1, sizeof(*s));

	(void)state;
	memset(answer, 'x', sizeof(answer) - 1);
	memcpy(answer, head, sizeof(head) - 1);
	memcpy(answer + sizeof(answer) - 3, "\"}", 3);
	scene_begin(s, NULL, 5000);
	s->web.answer = answer;
	ask(s, 7);
	run_until_ended(s, 1);
	assert_int_equal(reviewer_counts(s->reviewer).failed, 1);
	scene_end(s);
	free(s);
}

static void a_late_answer_is_none(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	(void)state;
	scene_begin(s, NULL, 100);
	ask(s, 7);
	run_until_ended(s, 1);
	assert_int_equal(s->web.whole, 1);
	assert_int_equal(reviewer_counts(s->reviewer).failed, 1);
	assert_int_equal(s->reviewed, 0);
	scene_end(s);
	free(s);
}

static void what_is_sent_is_the_question(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	char text[256];

	(void)state;
	scene_begin(s, NULL, 5000);
	ask(s, 0xa1);
	run_until_whole(s, 1);
	assert_int_equal(strncmp(s->web.requests[0].bytes, "POST /review HTTP/1.1\r\n", 23), 0);
	assert_string_equal(web_stub_field(&s->web, 0, "Content-Type", text), "application/json");
	assert_null(web_stub_field(&s->web, 0, "X-Sallyport-Signature", text));
	json_t *body = json_loads(web_stub_body(&s->web, 0), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(body, "id")), "q-00000000000000a1");
	assert_string_equal(json_string_value(json_object_get(body, "host")), "cdn.new.test");
	assert_int_equal(json_integer_value(json_object_get(body, "port")), 443);
	assert_string_equal(json_string_value(json_object_get(body, "identity")), "local");
	json_decref(body);
	web_stub_answer(&s->web, 0, ALLOW);
	run_until_ended(s, 1);
	assert_int_equal(s->question, 0xa1);
	scene_end(s);
	free(s);
}

/* ---- the secret ---------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static void a_question_is_signed(void **state)
{
	static const char secret[] = "0123456789abcdef";
	struct scene *s = calloc(1, sizeof(*s));
	char path[] = "/tmp/test_reviewer_XXXXXX", text[256], hex[SEAL_TEXT_SIZE];
	char *message, *end;
	struct seal seal;

	(void)state;
	close(mkstemp(path));
	write_file(path, "0123456789abcdef\n", 17);
	scene_begin(s, path, 5000);
	unlink(path);
	ask(s, 7);
	run_until_whole(s, 1);
	assert_non_null(web_stub_field(&s->web, 0, "X-Sallyport-Signature", text));
	assert_int_equal(strncmp(text, "t=", 2), 0);
	long long at = strtoll(text + 2, &end, 10);
	assert_true(llabs(at - (long long)time(NULL)) < 60);
	assert_int_equal(strncmp(end, ",v1=", 4), 0);
	int len = asprintf(&message, "%lld.%s", at, web_stub_body(&s->web, 0));
	assert_true(seal_keyed(slice_of(secret), slice_from(message, (size_t)len), &seal));
	seal_format(&seal, hex);
	assert_string_equal(end + 4, hex);
	free(message);
	scene_end(s);
	free(s);
}

/* ---- the queue ----------------------------------------------------------------------------- */

static void some_are_asked_at_once_and_the_others_wait(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	(void)state;
	scene_begin(s, NULL, 5000);
	for (uint64_t id = 1; id <= 5; id++)
		ask(s, id);
	run_until_whole(s, 2);
	/* Further turns begin nothing. */
	for (int i = 0; i < 5; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_int_equal(s->web.count, 2);
	web_stub_answer(&s->web, 0, ALLOW);
	run_until_whole(s, 3);
	s->web.answer = ALLOW;
	web_stub_answer(&s->web, 1, ALLOW);
	web_stub_answer(&s->web, 2, ALLOW);
	run_until_ended(s, 5);
	assert_int_equal(s->reviewed, 5);
	scene_end(s);
	free(s);
}

static void what_was_decided_elsewhere_is_dropped(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	(void)state;
	scene_begin(s, NULL, 5000);
	for (uint64_t id = 1; id <= 4; id++)
		ask(s, id);
	run_until_whole(s, 2);
	reviewer_forget(s->reviewer, 1); /* under way */
	reviewer_forget(s->reviewer, 3); /* waits */
	reviewer_forget(s->reviewer, 99);
	s->web.answer = ALLOW;
	web_stub_answer(&s->web, 1, ALLOW);
	run_until_ended(s, 4);
	struct reviewer_counts c = reviewer_counts(s->reviewer);
	assert_int_equal(c.asked, 4);
	assert_int_equal(c.forgotten, 2);
	assert_int_equal(c.allowed, 2);
	assert_int_equal(s->question, 4);
	scene_end(s);
	free(s);
}

static void beyond_the_queue_a_person_is_asked(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct question q = {.id = 1, .identity = "local"};

	(void)state;
	scene_begin(s, NULL, 5000);
	assert_int_equal(target_parse_authority(SLICE("a.test:443"), &q.target), REASON_NONE);
	for (; q.id <= LIMIT_REVIEWS; q.id++)
		assert_true(reviewer_ask(s->reviewer, &q));
	assert_false(reviewer_ask(s->reviewer, &q));
	/* One that is in it already takes no place. */
	q.id = 5;
	assert_true(reviewer_ask(s->reviewer, &q));
	struct reviewer_counts c = reviewer_counts(s->reviewer);
	assert_int_equal(c.asked, LIMIT_REVIEWS);
	assert_int_equal(c.crowded, 1);
	scene_end(s);
	free(s);
}

static void a_later_word_replaces_what_waits(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct question q = {.id = 7, .identity = "local"};

	(void)state;
	scene_begin(s, NULL, 5000);
	ask(s, 7);
	assert_int_equal(target_parse_authority(SLICE("a.test:443"), &q.target), REASON_NONE);
	q.context.justification = "the mirror of the build";
	assert_true(reviewer_ask(s->reviewer, &q));
	run_until_whole(s, 1);
	assert_non_null(strstr(web_stub_body(&s->web, 0), "the mirror of the build"));
	assert_int_equal(reviewer_counts(s->reviewer).asked, 1);
	scene_end(s);
	free(s);
}

static void nobody_there_means_a_person(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	char sentence[256];

	(void)state;
	scene_begin(s, NULL, 5000);
	struct reviewer *alone = reviewer_start(&(struct reviewer_options){.loop = &s->loop,
							.endpoint = "http://127.0.0.1:1/",
							.timeout_ms = 5000,
							.concurrency = 1,
							.on_reviewed = on_reviewed,
							.owner = s},
		sentence, sizeof(sentence));
	struct question q = {.id = 7, .identity = "local"};
	assert_int_equal(target_parse_authority(SLICE("a.test:443"), &q.target), REASON_NONE);
	assert_true(reviewer_ask(alone, &q));
	while (reviewer_counts(alone).failed == 0)
		uv_run(&s->loop, UV_RUN_ONCE);
	assert_int_equal(s->reviewed, 0);
	reviewer_stop(alone, NULL, NULL);
	scene_end(s);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_decides_or_asks_a_person),
		cmocka_unit_test(a_long_answer_is_none),
		cmocka_unit_test(a_late_answer_is_none),
		cmocka_unit_test(what_is_sent_is_the_question),
		cmocka_unit_test(a_question_is_signed),
		cmocka_unit_test(some_are_asked_at_once_and_the_others_wait),
		cmocka_unit_test(what_was_decided_elsewhere_is_dropped),
		cmocka_unit_test(beyond_the_queue_a_person_is_asked),
		cmocka_unit_test(a_later_word_replaces_what_waits),
		cmocka_unit_test(nobody_there_means_a_person),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
