/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/desks.h"

/* A decision on one question: what becomes of it. */
struct row {
	const char *name, *asked, *pattern;
	enum grant_scope scope;
	enum desk_result result;
	const char *says; /* the grant's pattern, or a part of the sentence */
};

static void decide_rows(const struct row *rows, size_t count, bool allow)
{
	char pattern[GRANT_PATTERN_SIZE];

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct decision_ask ask = {.allow = allow,
			.scope = row->scope,
			.pattern = slice_of(row->pattern),
			.ttl_ms = row->scope == GRANT_TTL ? 3600000 : 0};
		struct desk_log l;
		desks_init(&l, "listed.example", "*.denied.example");
		ROW_CHECK(
			row->name, desks_ask(&l, 1, "local/s", row->asked, 0) == DESK_HELD, "held");
		enum desk_result result = desks_decide(&l, l.last_id, ask, 1);
		ROW_CHECK(row->name, result == row->result, "%d: %s", result, l.sentence);
		if (result == DESK_OK) {
			grant_pattern_format(l.grant, pattern);
			ROW_CHECK(row->name, strcmp(pattern, row->says) == 0, "%s", pattern);
		} else {
			ROW_CHECK(row->name, strstr(l.sentence, row->says), "%s", l.sentence);
			ROW_CHECK(row->name, desk_counts(l.desk).pending == 1, "pending");
		}
		desks_done(&l);
	}
}

static void what_may_be_approved(void **state)
{
	static const struct row rows[] = {
		{"exact", "a.b.example:443", "", GRANT_ONCE, DESK_OK, "a.b.example:443"},
		{"exact, written out", "a.b.example:443", "A.b.Example.", GRANT_ONCE, DESK_OK,
			"a.b.example:443"},
		{"exact, with its port", "a.b.example:444", "a.b.example:444", GRANT_ALWAYS,
			DESK_OK, "a.b.example:444"},
		{"other port", "a.b.example:444", "a.b.example:443", GRANT_ALWAYS,
			DESK_REFUSED_PATTERN, "does not cover a.b.example:444"},
		{"more ports", "a.b.example:444", "a.b.example:*", GRANT_ALWAYS, DESK_OK,
			"a.b.example:*"},
		{"wider", "a.b.example:443", "*.b.example", GRANT_SESSION, DESK_OK,
			"*.b.example:443"},
		{"wider, with the apex", "a.b.example:443", "**.b.example", GRANT_TTL, DESK_OK,
			"**.b.example:443"},
		{"a hole", "a-1.b.example:443", "a-*.b.example", GRANT_TTL, DESK_OK,
			"a-*.b.example:443"},
		{"a hole elsewhere", "a-1.b.example:443", "b-*.b.example", GRANT_TTL,
			DESK_REFUSED_PATTERN, "does not cover"},
		{"another name", "a.b.example:443", "c.b.example", GRANT_TTL, DESK_REFUSED_PATTERN,
			"does not cover"},
		{"the apex is not below", "b.example:443", "*.b.example", GRANT_TTL,
			DESK_REFUSED_PATTERN, "does not cover"},
		{"once is exact", "a.b.example:443", "*.b.example", GRANT_ONCE,
			DESK_REFUSED_PATTERN, "once means just that"},
		{"once is one port", "a.b.example:443", "a.b.example:1-500", GRANT_ONCE,
			DESK_REFUSED_PATTERN, "once means just that"},
		{"top level", "a.b.example:443", "*.example", GRANT_TTL, DESK_REFUSED_PATTERN,
			"reaches a public suffix or a whole top level"},
		{"public suffix", "a.b.com:443", "*.com", GRANT_TTL, DESK_REFUSED_PATTERN,
			"reaches a public suffix"},
		{"below it", "a.b.com:443", "*.b.com", GRANT_TTL, DESK_OK, "*.b.com:443"},
		{"public suffix of two labels", "a.b.co.uk:443", "**.co.uk", GRANT_TTL,
			DESK_REFUSED_PATTERN, "reaches a public suffix"},
		{"private suffix", "a.github.io:443", "*.github.io", GRANT_TTL,
			DESK_REFUSED_PATTERN, "reaches a public suffix"},
		{"hole at a private suffix", "a-1.github.io:443", "a-*.github.io", GRANT_TTL,
			DESK_REFUSED_PATTERN, "reaches a public suffix"},
		{"below a private suffix", "x.a.github.io:443", "*.a.github.io", GRANT_TTL, DESK_OK,
			"*.a.github.io:443"},
		{"over a private suffix", "x.s3.amazonaws.com:443", "*.amazonaws.com", GRANT_TTL,
			DESK_REFUSED_PATTERN, "reaches a public suffix"},
		{"over a wildcard of suffixes", "x.y.kawasaki.jp:443", "*.kawasaki.jp", GRANT_TTL,
			DESK_REFUSED_PATTERN, "reaches a public suffix"},
		{"everything", "a.b.example:443", "*", GRANT_TTL, DESK_REFUSED_PATTERN,
			"covers every name"},
		{"a hole at the root", "a.b.example:443", "a*", GRANT_TTL, DESK_REFUSED_PATTERN,
			"covers every name"},
		{"malformed", "a.b.example:443", "*.*.example", GRANT_TTL, DESK_REFUSED_PATTERN,
			"\"*.*.example\""},
		{"escaped", "a.b.example:443", "\x1b[2J", GRANT_TTL, DESK_REFUSED_PATTERN,
			"\\x1b[2J"},
		{"address", "8.8.8.8:443", "", GRANT_ALWAYS, DESK_OK, "8.8.8.8:443"},
		{"mapped address", "[::ffff:8.8.8.8]:443", "", GRANT_ALWAYS, DESK_OK,
			"8.8.8.8:443"},
		{"IPv6 address", "[2001:4860::1]:443", "", GRANT_ONCE, DESK_OK,
			"[2001:4860::1]:443"},
		{"range", "8.8.8.8:443", "8.8.8.0/24", GRANT_TTL, DESK_OK, "8.8.8.0/24:443"},
		{"widest range", "8.8.8.8:443", "8.0.0.0/8", GRANT_TTL, DESK_OK, "8.0.0.0/8:443"},
		{"too wide a range", "8.8.8.8:443", "8.0.0.0/7", GRANT_TTL, DESK_REFUSED_PATTERN,
			"too large a part of the address space"},
		{"too wide a range of IPv6", "[2001:4860::1]:443", "[2000::]/15", GRANT_TTL,
			DESK_REFUSED_PATTERN, "too large a part of the address space"},
		{"a name is no address", "8.8.8.8:443", "a.b.example", GRANT_TTL,
			DESK_REFUSED_PATTERN, "does not cover"},
		{"denied", "a.denied.example:443", "", GRANT_ONCE, DESK_REFUSED_BY_POLICY,
			"by \"*.denied.example\" (rules:1)"},
		{"listed on another port", "listed.example:8443", "", GRANT_ONCE,
			DESK_REFUSED_BY_POLICY, "by \"listed.example\" (rules:1)"},
		{"local", "10.0.0.1:443", "", GRANT_ONCE, DESK_REFUSED_BY_POLICY, "local_address"},
		{"this machine", "localhost:443", "", GRANT_ONCE, DESK_REFUSED_BY_POLICY,
			"local_address"},
		{"single label", "intranet:443", "", GRANT_ONCE, DESK_REFUSED_BY_POLICY,
			"not_allowed"},
	};
	(void)state;
	decide_rows(rows, COUNT(rows), true);
}

static void what_may_be_denied(void **state)
{
	static const struct row rows[] = {
		{"exact", "a.b.example:443", "", GRANT_ONCE, DESK_OK, "a.b.example:443"},
		{"wider", "a.b.example:443", "**.b.example:*", GRANT_ALWAYS, DESK_OK,
			"**.b.example:*"},
		{"too wide", "a.b.example:443", "*.example", GRANT_ONCE, DESK_REFUSED_PATTERN,
			"reaches a public suffix or a whole top level"},
		{"denied already", "a.denied.example:443", "", GRANT_ONCE, DESK_OK,
			"a.denied.example:443"},
	};
	(void)state;
	decide_rows(rows, COUNT(rows), false);
}

/* A decision ahead of time. */
struct ahead {
	const char *name;
	bool allow;
	const char *pattern, *identity;
	enum grant_scope scope;
	uint64_t ttl_ms;
	enum desk_result result;
	const char *says;
};

static void what_may_be_decided_ahead_of_time(void **state)
{
	static const struct ahead rows[] = {
		{"name", true, "a.b.example", "", GRANT_ALWAYS, 0, DESK_OK, "a.b.example"},
		{"name and port", true, "a.b.example:22", "local", GRANT_TTL, 1000, DESK_OK,
			"a.b.example:22"},
		{"shortest", true, "a.b.example", "", GRANT_TTL, 999, DESK_REFUSED_PATTERN,
			"no valid time"},
		{"longest", true, "a.b.example", "", GRANT_TTL, UINT64_C(31622400000), DESK_OK,
			"a.b.example"},
		{"too long", true, "a.b.example", "", GRANT_TTL, UINT64_C(31622400001),
			DESK_REFUSED_PATTERN, "no valid time"},
		{"no time", true, "a.b.example", "", GRANT_TTL, 0, DESK_REFUSED_PATTERN,
			"no valid time"},
		{"denied for the usual time", false, "a.b.example", "", GRANT_TTL, 0, DESK_OK,
			"a.b.example"},
		{"denied for too long", false, "a.b.example", "", GRANT_TTL, UINT64_C(31622400001),
			DESK_REFUSED_PATTERN, "no valid time"},
		{"no pattern", true, "", "", GRANT_ALWAYS, 0, DESK_REFUSED_PATTERN,
			"The pattern is missing"},
		{"once", true, "a.b.example", "local", GRANT_ONCE, 0, DESK_REFUSED_PATTERN,
			"nothing to decide for once"},
		{"a session", true, "a.b.example", "local", GRANT_SESSION, 0, DESK_OK,
			"a.b.example"},
		{"everybody's session", true, "a.b.example", "", GRANT_SESSION, 0,
			DESK_REFUSED_PATTERN, "is for one identity"},
		{"wildcard", true, "*.b.example", "", GRANT_ALWAYS, 0, DESK_OK, "*.b.example"},
		{"top level", true, "*.test", "", GRANT_ALWAYS, 0, DESK_REFUSED_PATTERN,
			"whole top level"},
		{"public suffix", true, "**.github.io", "", GRANT_ALWAYS, 0, DESK_REFUSED_PATTERN,
			"public suffix"},
		{"a wildcard of suffixes", true, "*.kawasaki.jp", "", GRANT_ALWAYS, 0,
			DESK_REFUSED_PATTERN, "public suffix"},
		{"local address", true, "10.0.0.1", "", GRANT_ALWAYS, 0, DESK_REFUSED_BY_POLICY,
			"10.0.0.1:443 is refused (local_address)"},
		{"local range", true, "192.168.0.0/16:80", "", GRANT_ALWAYS, 0,
			DESK_REFUSED_BY_POLICY, "192.168.0.0:80 is refused (local_address)"},
		{"this machine", true, "localhost:8080", "", GRANT_ALWAYS, 0,
			DESK_REFUSED_BY_POLICY, "localhost:8080 is refused (local_address)"},
		{"below this machine's name", true, "*.a.localhost", "", GRANT_ALWAYS, 0,
			DESK_REFUSED_BY_POLICY, "local_address"},
		{"single label", true, "intranet", "", GRANT_ALWAYS, 0, DESK_REFUSED_BY_POLICY,
			"not_allowed"},
		{"denied name", true, "a.denied.example", "", GRANT_ALWAYS, 0,
			DESK_REFUSED_BY_POLICY, "by \"*.denied.example\" (rules:1)"},
		{"denied wildcard", true, "*.denied.example", "", GRANT_ALWAYS, 0,
			DESK_REFUSED_BY_POLICY, "by \"*.denied.example\" (rules:1)"},
		{"denied hole", true, "a-*.denied.example", "", GRANT_ALWAYS, 0,
			DESK_REFUSED_BY_POLICY, "by \"*.denied.example\" (rules:1)"},
		{"more than what is denied", true, "**.denied.example", "", GRANT_ALWAYS, 0,
			DESK_OK, "**.denied.example"},
		{"to deny what is listed", false, "listed.example", "", GRANT_ALWAYS, 0,
			DESK_REFUSED_BY_POLICY, "is allowed by \"listed.example\" (rules:1)"},
		{"to deny it elsewhere", false, "listed.example:22", "", GRANT_ALWAYS, 0, DESK_OK,
			"listed.example:22"},
		{"to allow what is listed", true, "listed.example", "", GRANT_ALWAYS, 0, DESK_OK,
			"listed.example"},
	};
	char pattern[GRANT_PATTERN_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct ahead *row = &rows[i];
		struct decision_ask ask = {.allow = row->allow,
			.scope = row->scope,
			.pattern = slice_of(row->pattern),
			.ttl_ms = row->ttl_ms};
		struct desk_log l;
		desks_init(&l, "listed.example", "*.denied.example");
		enum desk_result result = desks_grant(&l, row->identity, ask, 0);
		ROW_CHECK(row->name, result == row->result, "%d: %s", result, l.sentence);
		if (result == DESK_OK) {
			grant_pattern_format(l.grant, pattern);
			ROW_CHECK(row->name, strcmp(pattern, row->says) == 0, "%s", pattern);
		} else {
			ROW_CHECK(row->name, strstr(l.sentence, row->says), "%s", l.sentence);
		}
		desks_done(&l);
	}
}

/* Nobody can be asked: grants have no effect, and so there are none. */
static void nothing_is_granted_where_nobody_is_asked(void **state)
{
	const struct decision_ask ask = {
		.allow = true, .scope = GRANT_ALWAYS, .pattern = SLICE("a.b.example")};
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	policy_unref(l.policy);
	l.policy = rules_policy("", "", &(struct policy_settings){.unlisted = UNLISTED_DENY});
	assert_int_equal(desks_grant(&l, "", ask, 0), DESK_REFUSED_BY_POLICY);
	desks_done(&l);
}

static void how_long_decisions_last(void **state)
{
	static const struct {
		const char *name;
		bool allow;
		enum grant_scope scope;
		uint64_t ttl_ms, lasts_ms; /* 0: for ever */
		enum grant_scope becomes;
	} rows[] = {
		{"session", true, GRANT_SESSION, 0, 28800000, GRANT_SESSION},
		{"shorter session", true, GRANT_SESSION, 5000, 5000, GRANT_SESSION},
		{"no longer than a session", true, GRANT_SESSION, 28800001, 28800000,
			GRANT_SESSION},
		{"for a while", true, GRANT_TTL, 5000, 5000, GRANT_TTL},
		{"for ever", true, GRANT_ALWAYS, 5000, 0, GRANT_ALWAYS},
		{"no", false, GRANT_ONCE, 0, 600000, GRANT_TTL},
		{"no, for longer", false, GRANT_ONCE, 3600000, 3600000, GRANT_TTL},
		{"no, in this session", false, GRANT_SESSION, 0, 600000, GRANT_SESSION},
		{"never", false, GRANT_ALWAYS, 0, 0, GRANT_ALWAYS},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct decision_ask ask = {
			.allow = rows[i].allow, .scope = rows[i].scope, .ttl_ms = rows[i].ttl_ms};
		struct desk_log l;
		desks_init(&l, "", "");
		desks_ask(&l, 1, "local/s", "a.example:443", 0);
		ROW_CHECK(rows[i].name, desks_decide(&l, l.last_id, ask, 7) == DESK_OK, "%s",
			l.sentence);
		uint64_t ends_ms = rows[i].lasts_ms ? DESK_START_MS + 7 + rows[i].lasts_ms : 0;
		ROW_CHECK(rows[i].name, l.grant->expires_ms == ends_ms, "%llu",
			(unsigned long long)l.grant->expires_ms);
		ROW_CHECK(rows[i].name, l.grant->scope == rows[i].becomes, "%d", l.grant->scope);
		ROW_CHECK(rows[i].name, strcmp(l.grant->identity, "local") == 0, "identity");
		desks_done(&l);
	}
}

static void a_decision_may_be_for_everybody(void **state)
{
	struct decision_ask ask = {.allow = true, .scope = GRANT_ALWAYS, .everybody = true};
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:443", 0);
	uint64_t question = l.last_id;
	ask.scope = GRANT_ONCE;
	assert_int_equal(desks_decide(&l, question, ask, 1), DESK_REFUSED_PATTERN);
	ask.scope = GRANT_SESSION;
	assert_int_equal(desks_decide(&l, question, ask, 1), DESK_REFUSED_PATTERN);
	ask.scope = GRANT_ALWAYS;
	assert_int_equal(desks_decide(&l, question, ask, 1), DESK_OK);
	assert_string_equal(l.grant->identity, "");
	assert_int_equal(desks_ask(&l, 2, "10.9.9.9", "a.example:443", 2), DESK_ANSWERED);
	desks_done(&l);
}

static void who_decides_and_why_is_cut_and_kept(void **state)
{
	char decider[80], note[600];
	struct decision_ask ask = {.allow = true,
		.scope = GRANT_ALWAYS,
		.has_protocol = true,
		.protocol = PORT_RAW,
		.decider = {decider, sizeof(decider)},
		.note = {note, sizeof(note)}};
	const struct grant *g;
	char sentence[200];
	struct desk_log l;
	(void)state;
	memset(decider, 'd', sizeof(decider));
	memset(note, 'n', sizeof(note));
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:22", 0);
	assert_int_equal(desk_decide(l.desk, l.last_id, &ask, l.policy, DESK_START_MS, &g, sentence,
				 sizeof(sentence)),
		DESK_OK);
	assert_int_equal(strlen(g->decider), LIMIT_DECIDER_BYTES);
	assert_int_equal(strlen(g->note), LIMIT_NOTE_BYTES);
	assert_true(g->has_protocol && g->protocol == PORT_RAW);
	desks_done(&l);
}

static void what_a_decider_may_widen_to(void **state)
{
	static const struct {
		const char *target, *wider;
	} rows[] = {
		{"cdn.a.example.com:443",
			"*.a.example.com **.a.example.com *.example.com **.example.com "},
		{"a.example.com:443", "*.example.com **.example.com "},
		{"example.com:443", "**.example.com "},
		{"com:443", ""},
		{"a.example:443", "**.a.example "},
		{"example:443", ""},
		{"x.a.github.io:443", "*.a.github.io **.a.github.io "},
		{"a.github.io:443", "**.a.github.io "},
		{"github.io:443", ""},
		{"a.b.co.uk:443", "*.b.co.uk **.b.co.uk "},
		{"x.y.s3.amazonaws.com:443", "*.y.s3.amazonaws.com **.y.s3.amazonaws.com "},
		{"1.2.3.4.a.example.com:443",
			"*.2.3.4.a.example.com **.2.3.4.a.example.com *.3.4.a.example.com "
			"**.3.4.a.example.com *.example.com **.example.com "},
		{"8.8.8.8:443", ""},
		{"[2001:4860::1]:443", ""},
	};
	char wider[DESK_WIDER][PATTERN_HOST_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t = rules_target(rows[i].target);
		size_t count = desk_wider(&t, wider, DESK_WIDER);
		struct slice rest = slice_of(rows[i].wider);
		for (size_t n = 0; n < count; n++) {
			size_t len = strlen(wider[n]);
			ROW_CHECK(rows[i].target, slice_starts(rest, slice_of(wider[n])), "%s",
				wider[n]);
			rest = slice_after(rest, len + 1);
			/* Each of them may be decided with. */
			struct decision_ask ask = {.allow = true,
				.scope = GRANT_ALWAYS,
				.pattern = slice_of(wider[n])};
			struct desk_log l;
			desks_init(&l, "", "");
			desks_ask(&l, 1, "local", rows[i].target, 0);
			ROW_CHECK(rows[i].target, desks_decide(&l, l.last_id, ask, 1) == DESK_OK,
				"%s", l.sentence);
			desks_done(&l);
		}
		ROW_CHECK(rows[i].target, rest.len == 0, "missing: %s", rest.ptr);
		assert_int_equal(desk_wider(&t, wider, 1), count > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_approved),
		cmocka_unit_test(what_may_be_denied),
		cmocka_unit_test(what_may_be_decided_ahead_of_time),
		cmocka_unit_test(nothing_is_granted_where_nobody_is_asked),
		cmocka_unit_test(how_long_decisions_last),
		cmocka_unit_test(a_decision_may_be_for_everybody),
		cmocka_unit_test(who_decides_and_why_is_cut_and_kept),
		cmocka_unit_test(what_a_decider_may_widen_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
