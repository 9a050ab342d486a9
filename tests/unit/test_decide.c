/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/calls.h"

#include "control/decide.h"

#include <stdio.h>

/* Bodies that say something: "allow ttl pattern everybody ttl_ms protocol note". */
static void said(const struct decision_ask *a, char *ret_text, size_t size)
{
	static const char *const protocols[] = {"tls", "http", "raw"};

	snprintf(ret_text, size, "%s %s %.*s %s %llu %s %.*s", a->allow ? "allow" : "deny",
		grant_scope_word(a->scope), (int)(a->pattern.len ? a->pattern.len : 1),
		a->pattern.len ? a->pattern.ptr : "-", a->everybody ? "everybody" : "own",
		(unsigned long long)a->ttl_ms, a->has_protocol ? protocols[a->protocol] : "-",
		(int)(a->note.len ? a->note.len : 1), a->note.len ? a->note.ptr : "-");
}

static void answers_mean_what_they_say(void **state)
{
	static const struct {
		const char *name;
		bool allow;
		const char *body, *means;
	} rows[] = {
		{"no content, yes", true, NULL, "allow once - own 0 - -"},
		{"no content, no", false, NULL, "deny ttl - own 0 - -"},
		{"nothing said", true, "{}", "allow once - own 0 - -"},
		{"all null", true,
			"{\"scope\":null,\"pattern\":null,\"ttl\":null,\"identity\":null,\"protocol\":null,\"note\":null}",
			"allow once - own 0 - -"},
		{"once", true, "{\"scope\":\"once\"}", "allow once - own 0 - -"},
		{"session", true, "{\"scope\":\"session\"}", "allow session - own 0 - -"},
		{"session for a while", true, "{\"scope\":\"session\",\"ttl\":60}",
			"allow session - own 60000 - -"},
		{"a while", true, "{\"scope\":\"ttl\",\"ttl\":3600}",
			"allow ttl - own 3600000 - -"},
		{"a while, scope left out", true, "{\"ttl\":3600}", "allow ttl - own 3600000 - -"},
		{"always", true, "{\"scope\":\"always\"}", "allow always - own 0 - -"},
		{"no for a while", false, "{\"ttl\":1}", "deny ttl - own 1000 - -"},
		{"no, scope ttl without one", false, "{\"scope\":\"ttl\"}", "deny ttl - own 0 - -"},
		{"no for ever", false, "{\"scope\":\"always\"}", "deny always - own 0 - -"},
		{"longest", true, "{\"ttl\":31622400}", "allow ttl - own 31622400000 - -"},
		{"everybody", true, "{\"identity\":\"*\",\"ttl\":9}",
			"allow ttl - everybody 9000 - -"},
		{"own identity by name", true, "{\"identity\":\"local\"}",
			"allow once - own 0 - -"},
		{"wider", true, "{\"pattern\":\"*.a.test\",\"scope\":\"always\"}",
			"allow always *.a.test own 0 - -"},
		{"protocol", true, "{\"protocol\":\"raw\"}", "allow once - own 0 raw -"},
		{"note", true,
			"{\"note\":\"b\xc3\xbc"
			"cher\"}",
			"allow once - own 0 - b\xc3\xbc"
			"cher"},
	};
	char text[512];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct decision_ask ask;
		struct called c;
		called_init(&c, NULL, "", rows[i].body);
		bool ok = decide_read_answer(&c.call, rows[i].allow, "local", &ask);
		ROW_CHECK(rows[i].name, ok, "%s", called_member(&c, "detail"));
		said(&ask, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].means) == 0, "%s", text);
		assert_true(slice_equal(ask.decider, SLICE("admin")));
		called_done(&c);
	}
}

static void faults_say_what_to_write(void **state)
{
	static const struct {
		const char *name;
		bool allow;
		const char *body;
		unsigned status;
		const char *says;
	} rows[] = {
		{"unknown member", true, "{\"scop\":\"once\"}", 400, "\"scop\" is unknown"},
		{"unknown beside good ones", true, "{\"scope\":\"once\",\"x\":null}", 400,
			"\"x\" is unknown"},
		{"unknown, with controls", true, "{\"a\\u001b\\u202e\":1}", 400,
			"\"a\\u{1b}\\u{202e}\" is unknown"},
		{"known ones are named", true, "{\"x\":1}", 400,
			"\"protocol\", \"pattern\", \"ttl\", \"note\", \"scope\" or \"identity\""},
		{"scope of another type", true, "{\"scope\":1}", 400, "\"once\", \"session\""},
		{"unknown scope", true, "{\"scope\":\"forever\"}", 422, "\"ttl\" or \"always\""},
		{"scope in upper case", true, "{\"scope\":\"ONCE\"}", 422, "unknown word"},
		{"pattern of another type", true, "{\"pattern\":[]}", 400, "write it in quotes"},
		{"empty pattern", true, "{\"pattern\":\"\"}", 422, "is empty"},
		{"ttl as text", true, "{\"ttl\":\"60\"}", 400, "without quotes"},
		{"ttl with a fraction", true, "{\"ttl\":1.5}", 400, "whole number"},
		{"ttl 0", true, "{\"ttl\":0}", 422, "from 1 to 31622400"},
		{"ttl below 0", true, "{\"ttl\":-1}", 422, "from 1 to 31622400"},
		{"ttl one too long", true, "{\"ttl\":31622401}", 422, "from 1 to 31622400"},
		{"ttl far too long", true, "{\"ttl\":9223372036854775807}", 422, "31622400"},
		{"ttl with once", true, "{\"scope\":\"once\",\"ttl\":60}", 422, "\"once\" has no"},
		{"ttl with always", true, "{\"scope\":\"always\",\"ttl\":60}", 422,
			"\"always\" has no"},
		{"scope ttl without one", true, "{\"scope\":\"ttl\"}", 422, "how many seconds"},
		{"another identity", true, "{\"identity\":\"10.0.0.1\"}", 422, "for everybody"},
		{"unknown protocol", true, "{\"protocol\":\"quic\"}", 422,
			"\"tls\", \"http\" or \"raw\""},
		{"protocol of a denial", false, "{\"protocol\":\"raw\"}", 422,
			"leave \"protocol\" out"},
		{"note of another type", true, "{\"note\":{}}", 400, "\"note\" is not a text"},
		{"note of two lines", true, "{\"note\":\"a\\nb\"}", 422, "control character"},
		{"first fault stays", true, "{\"scope\":1,\"ttl\":\"x\",\"y\":1}", 400, "\"ttl\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct decision_ask ask = {.ttl_ms = 77};
		struct called c;
		called_init(&c, NULL, "", rows[i].body);
		bool ok = decide_read_answer(&c.call, rows[i].allow, "local", &ask);
		ROW_CHECK(rows[i].name, !ok && c.answer.count == 1, "%d", ok);
		ROW_CHECK(rows[i].name, c.answer.status == rows[i].status, "%u", c.answer.status);
		ROW_CHECK(rows[i].name, strstr(called_member(&c, "detail"), rows[i].says), "%s",
			called_member(&c, "detail"));
		ROW_CHECK(rows[i].name, ask.ttl_ms == 77, "half done");
		assert_string_equal(called_member(&c, "code"), "bad_request");
		called_done(&c);
	}
}

static void notes_have_an_end(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		bool ok;
	} rows[] = {{"longest", LIMIT_NOTE_BYTES, true}, {"one more", LIMIT_NOTE_BYTES + 1, false}};
	char body[600];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct decision_ask ask;
		struct called c;
		char note[LIMIT_NOTE_BYTES + 2] = "";
		memset(note, 'n', rows[i].len);
		snprintf(body, sizeof(body), "{\"note\":\"%s\"}", note);
		called_init(&c, NULL, "", body);
		bool ok = decide_read_answer(&c.call, true, "local", &ask);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "%d", ok);
		ROW_CHECK(rows[i].name, ok || c.answer.status == 422, "%u", c.answer.status);
		called_done(&c);
	}
}

static void only_an_admin_decides_for_ever(void **state)
{
	static const struct {
		const char *name, *body;
		enum role role;
		bool ok;
	} rows[] = {
		{"approver for a while", "{\"ttl\":60}", ROLE_APPROVER, true},
		{"approver for ever", "{\"scope\":\"always\"}", ROLE_APPROVER, false},
		{"admin for ever", "{\"scope\":\"always\"}", ROLE_ADMIN, true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct decision_ask ask;
		struct called c;
		called_init(&c, NULL, "", rows[i].body);
		c.call.role = rows[i].role;
		bool ok = decide_read_answer(&c.call, true, "local", &ask);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "%d", ok);
		ROW_CHECK(rows[i].name, ok || c.answer.status == 403, "%u", c.answer.status);
		called_done(&c);
	}
}

static void grants_are_read_ahead_of_time(void **state)
{
	static const struct {
		const char *name, *body;
		unsigned status; /* 0: good */
		const char *says; /* what it means, or a part of the sentence */
		const char *identity;
	} rows[] = {
		{"a while", "{\"decision\":\"allow\",\"pattern\":\"a.test\",\"ttl\":60}", 0,
			"allow ttl a.test everybody 60000 - -", ""},
		{"for one",
			"{\"decision\":\"allow\",\"pattern\":\"a.test\",\"ttl\":60,\"identity\":\"local\"}",
			0, "allow ttl a.test own 60000 - -", "local"},
		{"for everybody by star",
			"{\"decision\":\"allow\",\"pattern\":\"a.test\",\"ttl\":60,\"identity\":\"*\"}",
			0, "allow ttl a.test everybody 60000 - -", ""},
		{"always",
			"{\"decision\":\"allow\",\"pattern\":\"a.test:22\",\"scope\":\"always\",\"protocol\":\"raw\"}",
			0, "allow always a.test:22 everybody 0 raw -", ""},
		{"a denial needs no ttl", "{\"decision\":\"deny\",\"pattern\":\"a.test\"}", 0,
			"deny ttl a.test everybody 0 - -", ""},
		{"no content", NULL, 422, "Write a \"decision\"", ""},
		{"no decision", "{\"pattern\":\"a.test\",\"ttl\":60,\"protocol\":\"tls\"}", 422,
			"Write a \"decision\"", ""},
		{"other decision", "{\"decision\":\"ask\",\"pattern\":\"a.test\"}", 422,
			"\"allow\" or \"deny\"", ""},
		{"no pattern", "{\"decision\":\"deny\"}", 422, "Write a \"pattern\"", ""},
		{"no ttl", "{\"decision\":\"allow\",\"pattern\":\"a.test\"}", 422,
			"how many seconds", ""},
		{"once", "{\"decision\":\"allow\",\"pattern\":\"a.test\",\"scope\":\"once\"}", 422,
			"\"ttl\" or \"always\"", ""},
		{"unknown member",
			"{\"decision\":\"deny\",\"pattern\":\"a.test\",\"session\":\"x\"}", 400,
			"\"session\" is unknown", ""},
	};
	char text[512];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct decision_ask ask;
		struct slice identity = SLICE("untouched");
		struct called c;
		called_init(&c, NULL, "", rows[i].body);
		bool ok = decide_read_grant(&c.call, &ask, &identity);
		ROW_CHECK(rows[i].name, ok == (rows[i].status == 0), "%s",
			called_member(&c, "detail"));
		if (ok) {
			said(&ask, text, sizeof(text));
			ROW_CHECK(rows[i].name, strcmp(text, rows[i].says) == 0, "%s", text);
			ROW_CHECK(rows[i].name, slice_equal(identity, slice_of(rows[i].identity)),
				"%.*s", (int)identity.len, identity.ptr);
		} else {
			ROW_CHECK(rows[i].name, c.answer.status == rows[i].status, "%u",
				c.answer.status);
			ROW_CHECK(rows[i].name, strstr(called_member(&c, "detail"), rows[i].says),
				"%s", called_member(&c, "detail"));
		}
		called_done(&c);
	}
}

static void refusals_of_the_desk_have_a_status(void **state)
{
	static const struct {
		enum desk_result result;
		unsigned status;
		const char *code;
	} rows[] = {
		{DESK_NOT_FOUND, 404, "not_found"},
		{DESK_CONFLICT, 409, "already_decided"},
		{DESK_GONE, 410, "gone"},
		{DESK_REFUSED_PATTERN, 422, "bad_pattern"},
		{DESK_REFUSED_BY_POLICY, 409, "refused_by_policy"},
		{DESK_FULL, 429, "too_many"},
		{DESK_NOT_KEPT, 503, "not_stored"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct called c;
		called_init(&c, NULL, "", NULL);
		decide_problem(&c.call, rows[i].result, "A sentence.");
		ROW_CHECK(rows[i].code, c.answer.status == rows[i].status, "%u", c.answer.status);
		assert_string_equal(called_member(&c, "code"), rows[i].code);
		called_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_mean_what_they_say),
		cmocka_unit_test(faults_say_what_to_write),
		cmocka_unit_test(notes_have_an_end),
		cmocka_unit_test(only_an_admin_decides_for_ever),
		cmocka_unit_test(grants_are_read_ahead_of_time),
		cmocka_unit_test(refusals_of_the_desk_have_a_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
