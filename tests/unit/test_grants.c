/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/grants.h"
#include "tests/unit/rules.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOW = 1000000, GRANTS_MOST = 16 };

/* "allow *.x.example:443", then words: "for=IDENTITY", "in=SESSION", "until=MS", "raw". */
static struct grant grant_of(const char *text, uint64_t id)
{
	struct grant g = {.id = id, .made_ms = id, .scope = GRANT_TTL, .expires_ms = NOW + 1000};
	char copy[200], sentence[512] = "";
	char *rest;

	snprintf(copy, sizeof(copy), "%s", text);
	g.allow = strcmp(strtok_r(copy, " ", &rest), "allow") == 0;
	const char *pattern = strtok_r(NULL, " ", &rest);
	ROW_CHECK(text, pattern_parse(slice_of(pattern), &g.pattern, sentence, sizeof(sentence)),
		"%s", sentence);
	for (char *word; (word = strtok_r(NULL, " ", &rest));) {
		if (strncmp(word, "for=", 4) == 0)
			snprintf(g.identity, sizeof(g.identity), "%s", word + 4);
		if (strncmp(word, "in=", 3) == 0) {
			g.scope = GRANT_SESSION;
			snprintf(g.session, sizeof(g.session), "%s", word + 3);
		}
		if (strncmp(word, "until=", 6) == 0)
			g.expires_ms = strtoull(word + 6, NULL, 10);
		if (strcmp(word, "once") == 0)
			g.scope = GRANT_ONCE;
		if (strcmp(word, "raw") == 0) {
			g.has_protocol = true;
			g.protocol = PORT_RAW;
		}
	}
	return g;
}

/* One grant per line; ids 1, 2, … */
static struct grants *grants_of(const char *text, const uint64_t *revoked, size_t revoked_count)
{
	static struct grant made[GRANTS_MOST];
	const struct grant *list[GRANTS_MOST];
	size_t count = 0;
	char line[200];

	for (struct slice rest = slice_of(text); rest.len > 0; count++) {
		struct slice first = slice_first(rest, slice_find(rest, '\n'));
		assert_true(count < GRANTS_MOST && first.len < sizeof(line));
		snprintf(line, sizeof(line), "%.*s", (int)first.len, first.ptr);
		made[count] = grant_of(line, count + 1);
		list[count] = &made[count];
		rest = slice_after(rest, first.len + 1);
	}
	struct grants *g = grants_new(list, count, revoked, revoked_count, 0);
	assert_non_null(g);
	assert_int_equal(grants_count(g), count);
	return g;
}

struct row {
	const char *name, *grants, *identity, *session, *ask;
	uint64_t id; /* 0: nothing is found */
};

static void find_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct grants *g = grants_of(row->grants, NULL, 0);
		const struct claimant who = {slice_of(row->identity), slice_of(row->session)};
		struct target t = rules_target(row->ask);
		const struct concern about = {.target = &t};
		struct grants_found found = grants_find(g, &who, &about, NOW);
		ROW_CHECK(row->name, found.found == (row->id != 0), "id %llu",
			(unsigned long long)found.id);
		ROW_CHECK(row->name, found.id == row->id, "id %llu", (unsigned long long)found.id);
		grants_unref(g);
	}
}

static void patterns_are_found(void **state)
{
	static const struct row rows[] = {
		{"name", "allow a.example", "local", "", "a.example:443", 1},
		{"name, not below", "allow a.example", "local", "", "b.a.example:443", 0},
		{"without ports: not others", "allow a.example", "local", "", "a.example:8443", 0},
		{"deny without ports: all", "deny a.example", "local", "", "a.example:8443", 1},
		{"range of ports", "allow a.example:1-99", "local", "", "a.example:99", 1},
		{"behind the range", "allow a.example:1-99", "local", "", "a.example:100", 0},
		{"below", "allow *.a.example", "local", "", "c.b.a.example:443", 1},
		{"below, not the apex", "allow *.a.example", "local", "", "a.example:443", 0},
		{"from, apex", "allow **.a.example", "local", "", "a.example:443", 1},
		{"label boundary", "allow **.a.example", "local", "", "ba.example:443", 0},
		{"hole", "allow api-*.a.example", "local", "", "api-1.a.example:443", 1},
		{"hole, other", "allow api-*.a.example", "local", "", "apx-1.a.example:443", 0},
		{"address", "allow 8.8.8.8", "local", "", "8.8.8.8:443", 1},
		{"address, mapped", "allow 8.8.8.8", "local", "", "[::ffff:808:808]:443", 1},
		{"mapped, address", "allow [::ffff:8.8.8.8]", "local", "", "8.8.8.8:443", 1},
		{"range", "allow 8.8.0.0/16", "local", "", "8.8.255.255:443", 1},
		{"behind the range", "allow 8.8.0.0/16", "local", "", "8.9.0.0:443", 0},
		{"odd prefix", "allow 8.8.8.0/23", "local", "", "8.8.9.1:443", 1},
		{"IPv6 range", "allow [2001:4860::]/32", "local", "", "[2001:4860::5]:443", 1},
		{"any address is no name", "allow 0.0.0.0/0", "local", "", "a.example:443", 0},
		{"* is in no grant", "allow *", "local", "", "a.example:443", 0},
		{"none at all", "", "local", "", "a.example:443", 0},
	};
	(void)state;
	find_rows(rows, COUNT(rows));
}

static void whom_a_grant_is_for(void **state)
{
	static const struct row rows[] = {
		{"identity", "allow a.example for=local", "local", "x", "a.example:443", 1},
		{"other identity", "allow a.example for=local", "local2", "", "a.example:443", 0},
		{"shorter identity", "allow a.example for=local", "loca", "", "a.example:443", 0},
		{"session", "allow a.example for=local in=s", "local", "s", "a.example:443", 1},
		{"other session", "allow a.example for=local in=s", "local", "t", "a.example:443",
			0},
		{"no session said", "allow a.example for=local in=s", "local", "", "a.example:443",
			0},
		{"session of another", "allow a.example for=local in=s", "10.0.0.1", "s",
			"a.example:443", 0},
		{"the session without name", "allow a.example for=local in=", "local", "",
			"a.example:443", 1},
		{"is not the one with", "allow a.example for=local in=", "local", "s",
			"a.example:443", 0},
		{"once-grants are not found", "allow a.example for=local once", "local", "",
			"a.example:443", 0},
	};
	(void)state;
	find_rows(rows, COUNT(rows));
}

static void which_of_several_is_found(void **state)
{
	static const struct row rows[] = {
		{"denial first", "allow a.example\ndeny *.example", "local", "", "a.example:443",
			2},
		{"narrow denial first", "allow *.example\ndeny a.example", "local", "",
			"a.example:443", 2},
		{"denial of the session", "allow a.example\ndeny a.example for=local in=s", "local",
			"s", "a.example:443", 2},
		{"denial of another session", "allow a.example\ndeny a.example for=local in=s",
			"local", "t", "a.example:443", 1},
		{"denial of another port", "allow a.example\ndeny a.example:80", "local", "",
			"a.example:443", 1},
		{"denied range, allowed address", "allow 8.8.8.8\ndeny 8.0.0.0/8", "local", "",
			"8.8.8.8:443", 2},
		{"more specific", "allow a.b.example\nallow *.b.example\nallow *.example", "local",
			"", "a.b.example:443", 1},
		{"of the same, the newest", "allow a.example\nallow a.example:443", "local", "",
			"a.example:443", 2},
		{"expires now", "allow a.example until=1000000", "local", "", "a.example:443", 0},
		{"expires a moment later", "allow a.example until=1000001", "local", "",
			"a.example:443", 1},
		{"denial that expired", "deny a.example until=1000000\nallow *.example", "local",
			"", "a.example:443", 2},
		{"never expires", "allow a.example until=0", "local", "", "a.example:443", 1},
	};
	(void)state;
	find_rows(rows, COUNT(rows));
}

static void what_may_flow(void **state)
{
	static const struct {
		const char *name, *grants, *ask;
		enum port_protocol protocol;
	} rows[] = {
		{"by port: TLS", "allow a.example:*", "a.example:8443", PORT_TLS},
		{"by port: HTTP", "allow a.example:*", "a.example:80", PORT_HTTP},
		{"as the grant says", "allow a.example:* raw", "a.example:80", PORT_RAW},
		{"as the narrower one says", "allow a.example:*\nallow *.example:* raw",
			"a.example:22", PORT_TLS},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct grants *g = grants_of(rows[i].grants, NULL, 0);
		const struct claimant who = {SLICE("local"), SLICE("")};
		struct target t = rules_target(rows[i].ask);
		const struct concern about = {.target = &t};
		ROW_CHECK(rows[i].name,
			grants_find(g, &who, &about, NOW).protocol == rows[i].protocol, "protocol");
		grants_unref(g);
	}
}

static void what_stands_and_what_does_not(void **state)
{
	static const struct {
		const char *name, *grants;
		struct grant_mark mark;
		bool stands;
	} rows[] = {
		{"its grant", "allow a.example", {1, 1, false}, true},
		{"another grant", "allow a.example", {77, 1, false}, true},
		{"no grant", "allow b.example", {77, 1, false}, false},
		{"denied", "allow a.example\ndeny *.example", {1, 1, false}, false},
		{"once", "", {77, 500, true}, true},
		{"once, taken back", "", {40, 500, true}, false},
		{"once, taken back, and another grant", "allow a.example", {40, 500, true}, true},
		{"once, denied", "deny a.example", {77, 500, true}, false},
		{"once, denied for a while that is over", "deny a.example until=5", {77, 500, true},
			true},
	};
	static const uint64_t revoked[] = {50, 40, 60};
	const struct claimant who = {SLICE("local"), SLICE("")};
	struct target t = rules_target("a.example:443");
	const struct concern about = {.target = &t};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct grants *g = grants_of(rows[i].grants, revoked, COUNT(revoked));
		ROW_CHECK(rows[i].name,
			grants_stands(g, &rows[i].mark, &who, &about, NOW) == rows[i].stands,
			"stands");
		grants_unref(g);
	}
	/* What the bounded list forgot counts by its age. */
	struct grants *g = grants_new(NULL, 0, revoked, 1, 501);
	assert_false(grants_stands(g, &(struct grant_mark){77, 500, true}, &who, &about, NOW));
	assert_true(grants_stands(g, &(struct grant_mark){77, 501, true}, &who, &about, NOW));
	assert_false(grants_stands(NULL, &(struct grant_mark){77, 501, true}, &who, &about, NOW));
	assert_false(grants_find(NULL, &who, &about, NOW).found);
	grants_unref(g);
}

static void the_next_end_is_known(void **state)
{
	struct grants *g = grants_of("allow a.example until=0\nallow b.example until=900\n"
				     "deny c.example until=800\nallow d.example once until=5",
		NULL, 0);
	(void)state;
	assert_int_equal(grants_next_expiry(g), 800);
	struct grants *same = grants_ref(g);
	grants_unref(g);
	assert_int_equal(grants_next_expiry(same), 800);
	grants_unref(same);
	g = grants_of("allow a.example until=0", NULL, 0);
	assert_int_equal(grants_next_expiry(g), 0);
	grants_unref(g);
}

/* As many as there may be, each for a name or identity of its own: just the right one is found. */
static void many_grants_are_told_apart(void **state)
{
	enum { MANY = LIMIT_GRANTS };
	struct grant *made = calloc(MANY, sizeof(*made));
	const struct grant **list = calloc(MANY, sizeof(*list));
	char text[100], identity[32];
	(void)state;
	assert_non_null(made);
	assert_non_null(list);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text),
			i % 2 ? "allow shared.example for=10.0.%u.%u" : "allow *.n%u-%u.example",
			i / 256, i % 256);
		made[i] = grant_of(text, i + 1);
		list[i] = &made[i];
	}
	struct grants *g = grants_new(list, MANY, NULL, 0, 0);
	assert_non_null(g);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(identity, sizeof(identity), i % 2 ? "10.0.%u.%u" : "local", i / 256,
			i % 256);
		snprintf(text, sizeof(text), i % 2 ? "shared.example:443" : "a.n%u-%u.example:443",
			i / 256, i % 256);
		const struct claimant who = {slice_of(identity), SLICE("")};
		struct target t = rules_target(text);
		const struct concern about = {.target = &t};
		ROW_CHECK(text, grants_find(g, &who, &about, NOW).id == i + 1, "%s", identity);
	}
	grants_unref(g);
	free(list);
	free(made);
}

static void ids_and_words(void **state)
{
	char text[IDENT_SIZE];
	enum grant_scope scope;
	(void)state;
	ident_format('q', 0x0123456789abcdef, text);
	assert_string_equal(text, "q-0123456789abcdef");
	assert_true(ident_parse('q', slice_of(text)) == 0x0123456789abcdef);
	static const char *const bad[] = {"", "q-", "g-0123456789abcdef", "q-0123456789abcde",
		"q-0123456789abcdef0", "q-0123456789ABCDEF", "q_0123456789abcdef",
		"q-0123456789abcdeg", "q-0000000000000000"};
	for (size_t i = 0; i < COUNT(bad); i++)
		ROW_CHECK(bad[i], ident_parse('q', slice_of(bad[i])) == 0, "parsed");
	for (int i = 0; i < GRANT_SCOPE_COUNT; i++) {
		assert_true(
			grant_scope_parse(slice_of(grant_scope_word((enum grant_scope)i)), &scope));
		assert_int_equal(scope, i);
	}
	assert_false(grant_scope_parse(SLICE("forever"), &scope));
	assert_false(grant_scope_parse(SLICE(""), &scope));
	assert_string_equal(question_state_word(QUESTION_WITHDRAWN), "withdrawn");
	assert_string_equal(question_protocol_word(QUESTION_CONNECT), "https_connect");
	assert_string_equal(question_protocol_word(QUESTION_HTTP), "http");
}

/* What is written can be read again, and means the same. */
static void patterns_are_written_as_they_are_read(void **state)
{
	static const char *const rows[] = {"a.example", "a.example:443", "*.a.example:8000-8100",
		"**.a.example:*", "x*y.a.example:1", "8.8.8.8:443", "8.8.0.0/16", "8.8.0.0/16:53",
		"[2001:db8::1]:443", "[2001:db8::]/32:443"};
	char text[GRANT_PATTERN_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct grant g = {.allow = true};
		char sentence[512] = "";
		ROW_CHECK(rows[i],
			pattern_parse(slice_of(rows[i]), &g.pattern, sentence, sizeof(sentence)),
			"%s", sentence);
		assert_int_equal(grant_pattern_format(&g, text), strlen(rows[i]));
		assert_string_equal(text, rows[i]);
	}
}

/* A decision is for its subject, byte for byte, and for the host itself when it has none. */
static void a_subject_is_not_another(void **state)
{
	static const struct {
		const char *name;
		enum subject_kind kind;
		const char *text;
		uint64_t id;
	} rows[] = {
		{"the host", SUBJECT_NONE, NULL, 1},
		{"a request", SUBJECT_REQUEST, "POST /in/", 2},
		{"a longer one", SUBJECT_REQUEST, "POST /in/x", 0},
		{"a shorter one", SUBJECT_REQUEST, "POST /in", 0},
		{"another case", SUBJECT_REQUEST, "post /in/", 0},
		{"a search of the same text", SUBJECT_SEARCH, "POST /in/", 3},
		{"denied for all names below", SUBJECT_REQUEST, "DELETE /", 4},
		{"a search of another", SUBJECT_SEARCH, "DELETE /", 0},
	};
	static const struct {
		const char *text, *subject;
		enum subject_kind kind;
	} made[] = {
		{"allow a.example", NULL, SUBJECT_NONE},
		{"allow a.example", "POST /in/", SUBJECT_REQUEST},
		{"allow *.example", "POST /in/", SUBJECT_SEARCH},
		{"deny *.example", "DELETE /", SUBJECT_REQUEST},
		{"allow a.example", "DELETE /", SUBJECT_REQUEST},
	};
	struct grant grants[COUNT(made)];
	const struct grant *list[COUNT(made)];
	const struct claimant who = {SLICE("local"), SLICE("")};
	struct target t = rules_target("a.example:443");
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		grants[i] = grant_of(made[i].text, i + 1);
		grants[i].subject_kind = made[i].kind;
		grants[i].subject = made[i].subject;
		list[i] = &grants[i];
	}
	struct grants *g = grants_new(list, COUNT(list), NULL, 0, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct concern about = {
			.target = &t, .subject = subject_of(rows[i].kind, rows[i].text)};
		const struct grant_mark mark = {rows[i].id, rows[i].id, false};
		struct grants_found found = grants_find(g, &who, &about, NOW);
		ROW_CHECK(rows[i].name, found.id == rows[i].id, "id %llu",
			(unsigned long long)found.id);
		ROW_CHECK(rows[i].name, found.allow == (found.found && found.id < 4), "allow");
		ROW_CHECK(rows[i].name, grants_stands(g, &mark, &who, &about, NOW) == found.allow,
			"stands");
	}
	grants_unref(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_found),
		cmocka_unit_test(whom_a_grant_is_for),
		cmocka_unit_test(which_of_several_is_found),
		cmocka_unit_test(what_may_flow),
		cmocka_unit_test(what_stands_and_what_does_not),
		cmocka_unit_test(the_next_end_is_known),
		cmocka_unit_test(many_grants_are_told_apart),
		cmocka_unit_test(ids_and_words),
		cmocka_unit_test(patterns_are_written_as_they_are_read),
		cmocka_unit_test(a_subject_is_not_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
