/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "control/review.h"
#include "control/reviewer.h"

#include <stdio.h>
#include <stdlib.h>

#define FAULT false, REVIEW_ASK, GRANT_ONCE, 0, NULL, NULL

static void an_answer_means_one_thing_or_a_person_is_asked(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
		enum review_decision decision;
		enum grant_scope scope;
		uint64_t ttl_ms;
		const char *pattern, *note;
	} rows[] = {
		{"ask", "{\"decision\":\"ask\"}", true, REVIEW_ASK, 0, 0, "", ""},
		{"ask, whatever else", "{\"decision\":\"ask\",\"scope\":7}", true, REVIEW_ASK, 0, 0,
			"", ""},
		{"allow is once", "{\"decision\":\"allow\"}", true, REVIEW_ALLOW, GRANT_ONCE, 0, "",
			""},
		{"allow for the session", "{\"decision\":\"allow\",\"scope\":\"session\"}", true,
			REVIEW_ALLOW, GRANT_SESSION, 0, "", ""},
		{"allow for a time",
			"{\"decision\":\"allow\",\"scope\":\"ttl\",\"ttl\":60,\"pattern\":\"*.a.test\",\"note\":\"f\xc3\xbcr\"}",
			true, REVIEW_ALLOW, GRANT_TTL, 60000, "*.a.test", "f\xc3\xbcr"},
		{"shortest time", "{\"decision\":\"allow\",\"scope\":\"ttl\",\"ttl\":1}", true,
			REVIEW_ALLOW, GRANT_TTL, 1000, "", ""},
		{"shorter", "{\"decision\":\"allow\",\"scope\":\"ttl\",\"ttl\":0.999}", FAULT},
		{"longest time", "{\"decision\":\"allow\",\"scope\":\"ttl\",\"ttl\":31622400}",
			true, REVIEW_ALLOW, GRANT_TTL, 31622400000, "", ""},
		{"longer", "{\"decision\":\"allow\",\"scope\":\"ttl\",\"ttl\":31622401}", FAULT},
		{"beyond any number", "{\"decision\":\"deny\",\"ttl\":1e300}", FAULT},
		{"no time", "{\"decision\":\"allow\",\"scope\":\"ttl\"}", FAULT},
		{"time as text", "{\"decision\":\"deny\",\"ttl\":\"60\"}", FAULT},
		{"time for once", "{\"decision\":\"allow\",\"ttl\":60}", FAULT},
		{"deny lasts its usual time", "{\"decision\":\"deny\"}", true, REVIEW_DENY,
			GRANT_TTL, 0, "", ""},
		{"deny for a time", "{\"decision\":\"deny\",\"ttl\":2.5}", true, REVIEW_DENY,
			GRANT_TTL, 2500, "", ""},
		{"allow for ever", "{\"decision\":\"allow\",\"scope\":\"always\"}", FAULT},
		{"deny for ever", "{\"decision\":\"deny\",\"scope\":\"always\"}", FAULT},
		{"scope of no kind", "{\"decision\":\"allow\",\"scope\":\"week\"}", FAULT},
		{"empty scope", "{\"decision\":\"allow\",\"scope\":\"\"}", FAULT},
		{"nulls are nothing",
			"{\"decision\":\"allow\",\"scope\":null,\"ttl\":null,\"pattern\":null,\"note\":null}",
			true, REVIEW_ALLOW, GRANT_ONCE, 0, "", ""},
		{"further members", "{\"decision\":\"allow\",\"confidence\":0.7}", true,
			REVIEW_ALLOW, GRANT_ONCE, 0, "", ""},
		{"capitals", "{\"decision\":\"Allow\"}", FAULT},
		{"yes", "{\"decision\":true}", FAULT},
		{"no decision", "{\"scope\":\"once\"}", FAULT},
		{"null decision", "{\"decision\":null}", FAULT},
		{"two decisions", "{\"decision\":\"deny\",\"decision\":\"allow\"}", FAULT},
		{"pattern of another type", "{\"decision\":\"allow\",\"pattern\":[]}", FAULT},
		{"note of another type", "{\"decision\":\"allow\",\"note\":{}}", FAULT},
		{"NUL inside", "{\"decision\":\"allow\",\"pattern\":\"a.test\\u0000.evil.test\"}",
			FAULT},
		{"no UTF-8", "{\"decision\":\"allow\",\"note\":\"\xff\"}", FAULT},
		{"text around", "Sure: {\"decision\":\"allow\"}", FAULT},
		{"text behind", "{\"decision\":\"allow\"} ok", FAULT},
		{"array", "[{\"decision\":\"allow\"}]", FAULT},
		{"a word", "\"allow\"", FAULT},
		{"empty", "", FAULT},
		{"half", "{\"decision\":\"allow\"", FAULT},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct review r;
		const char *fault = NULL;
		bool ok = review_parse(slice_of(rows[i].text), &r, &fault);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d %s", ok, fault ? fault : "");
		ROW_CHECK(rows[i].name, (fault == NULL) == ok, "a fault is told");
		ROW_CHECK(rows[i].name, r.decision == rows[i].decision, "decision %d", r.decision);
		if (!ok || r.decision == REVIEW_ASK)
			continue;
		ROW_CHECK(rows[i].name, r.scope == rows[i].scope, "scope %d", r.scope);
		ROW_CHECK(rows[i].name, r.ttl_ms == rows[i].ttl_ms, "ttl %llu",
			(unsigned long long)r.ttl_ms);
		ROW_CHECK(rows[i].name, strcmp(r.pattern, rows[i].pattern) == 0, "%s", r.pattern);
		ROW_CHECK(rows[i].name, strcmp(r.note, rows[i].note) == 0, "%s", r.note);
	}
}

static void long_texts_are_bounded(void **state)
{
	static const struct {
		const char *name;
		size_t pattern, note;
		bool ok;
		size_t note_kept;
	} rows[] = {
		{"longest pattern", LIMIT_PATTERN_BYTES, 0, true, 0},
		{"one more", LIMIT_PATTERN_BYTES + 1, 0, false, 0},
		{"longest note", 1, LIMIT_NOTE_BYTES, true, LIMIT_NOTE_BYTES},
		{"one more is cut", 1, LIMIT_NOTE_BYTES + 1, true, LIMIT_NOTE_BYTES},
	};
	char text[3 * 1024];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct review r;
		const char *fault;
		char pattern[LIMIT_PATTERN_BYTES + 2], note[LIMIT_NOTE_BYTES + 2];
		memset(pattern, 'p', sizeof(pattern));
		memset(note, 'n', sizeof(note));
		snprintf(text, sizeof(text),
			"{\"decision\":\"deny\",\"pattern\":\"%.*s\",\"note\":\"%.*s\"}",
			(int)rows[i].pattern, pattern, (int)rows[i].note, note);
		bool ok = review_parse(slice_of(text), &r, &fault);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d", ok);
		ROW_CHECK(rows[i].name, !ok || strlen(r.pattern) == rows[i].pattern, "pattern");
		ROW_CHECK(rows[i].name, strlen(r.note) == rows[i].note_kept, "note");
	}
}

static void a_review_becomes_a_decision_for_who_asked(void **state)
{
	struct review r = {.decision = REVIEW_ALLOW, .scope = GRANT_TTL, .ttl_ms = 5000};
	struct decision_ask ask;

	(void)state;
	review_to_ask(&r, &ask);
	assert_true(ask.allow);
	assert_false(ask.everybody);
	assert_false(ask.has_protocol);
	assert_int_equal(ask.pattern.len, 0);
	assert_int_equal(ask.ttl_ms, 5000);
	assert_true(slice_equal(ask.decider, SLICE("reviewer")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_means_one_thing_or_a_person_is_asked),
		cmocka_unit_test(long_texts_are_bounded),
		cmocka_unit_test(a_review_becomes_a_decision_for_who_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
