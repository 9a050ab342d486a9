/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rules.h"

#include "control/show.h"

#include <stdio.h>

/* What the document has at a path like "context.process.name", as JSON; "" when it is not there. */
static void at(const json_t *document, const char *path, char ret_text[512])
{
	char name[64];
	size_t len;

	while (document && path[0]) {
		len = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		document = json_object_get(document, name);
		path += len + (path[len] == '.');
	}
	len = document ? json_dumpb(document, ret_text, 511, JSON_ENCODE_ANY | JSON_COMPACT) : 0;
	ret_text[len] = '\0';
}

struct row {
	const char *path, *json;
};

static void check(const char *name, json_t *document, const struct row *rows, size_t count)
{
	char text[512];

	assert_non_null(document);
	for (size_t i = 0; i < count; i++) {
		at(document, rows[i].path, text);
		ROW_CHECK(rows[i].path, strcmp(text, rows[i].json) == 0, "%s: %s", name, text);
	}
	json_decref(document);
}

static void peer_bytes_are_harmless(void **state)
{
	static const struct {
		const char *name, *in, *json;
	} rows[] = {
		{"nothing", "", "null"},
		{"plain", "curl/8.5", "\"curl/8.5\""},
		{"CR LF", "a\r\nb", "\"a\\\\u{d}\\\\u{a}b\""},
		{"escape character", "\x1b[31mred", "\"\\\\u{1b}[31mred\""},
		{"U+202E",
			"a\xe2\x80\xae"
			"moc",
			"\"a\\\\u{202e}moc\""},
		{"invalid UTF-8", "\xff\xc0\x80", "\"\\\\xff\\\\xc0\\\\x80\""},
		{"cut UTF-8", "a\xe2\x80", "\"a\\\\xe2\\\\x80\""},
		{"good UTF-8",
			"b\xc3\xbc"
			"cher",
			"\"b\xc3\xbc"
			"cher\""},
		{"quote", "\"", "\"\\\"\""},
	};
	char text[512];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *shown = show_text(rows[i].in);
		at(shown, "", text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].json) == 0, "%s", text);
		json_decref(shown);
	}
	char longest[8192];
	memset(longest, '\x01', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	json_t *shown = show_text(longest);
	assert_true(json_string_length(shown) < 4096);
	json_decref(shown);
}

static struct question a_question(const char *authority)
{
	return (struct question){.id = 0x0123456789abcdef,
		.target = rules_target(authority),
		.identity = "local",
		.asked_ms = UINT64_C(1795258508123),
		.expires_ms = UINT64_C(1795259408123),
		.waiters = 3,
		.asks = 5};
}

static void a_pending_question_has_what_is_known(void **state)
{
	static const struct row rows[] = {
		{"id", "\"q-0123456789abcdef\""},
		{"state", "\"pending\""},
		{"identity", "\"local\""},
		{"session", "null"},
		{"host", "\"cdn.new.test\""},
		{"port", "443"},
		{"protocol", "\"https_connect\""},
		{"registrable", "\"new.test\""},
		{"unicode", "null"},
		{"subject_kind", "\"none\""},
		{"subject", "null"},
		{"asked_at", "\"2026-11-21T10:55:08.123Z\""},
		{"expires_at", "\"2026-11-21T11:10:08.123Z\""},
		{"decided_at", "null"},
		{"waiters", "3"},
		{"asks", "5"},
		{"context",
			"{\"method\":null,\"path_class\":null,\"path\":null,\"user_agent\":null,\"traceparent\":null,\"process\":null}"},
		{"justification", "null"},
		{"wider", "[\"*.new.test\",\"**.new.test\"]"},
		{"decision", "null"},
	};
	struct question q = a_question("cdn.new.test:443");
	(void)state;
	check("pending", show_question(&q, NULL), rows, COUNT(rows));
}

static void an_ended_question_has_its_decision(void **state)
{
	static const struct row rows[] = {
		{"state", "\"approved\""},
		{"session", "\"a\\\\u{a}b\""},
		{"protocol", "\"http\""},
		{"registrable", "\"xn--bcher-kva.de\""},
		{"unicode", "\"b\xc3\xbc"
			    "cher.de\""},
		{"decided_at", "\"2026-11-21T10:56:08.000Z\""},
		{"context.method", "\"GET\""},
		{"context.path_class", "\"/+/+.tgz\""},
		{"context.path", "\"/a/\\\\u{202e}\""},
		{"subject_kind", "\"search\""},
		{"subject", "\"how to\\\\u{a}<b>\""},
		{"context.user_agent", "\"x\\\\u{202e}\""},
		{"context.process", "{\"name\":\"npm\",\"command\":null,\"pid\":7}"},
		{"justification", "\"I \\\\u{1b}need it\""},
		{"decision.decision", "\"allow\""},
		{"decision.scope", "\"always\""},
		{"decision.pattern", "\"xn--bcher-kva.de:80\""},
		{"decision.decider", "\"admin\""},
		{"decision.note", "\"\""},
		{"decision.at", "\"2026-11-21T10:56:08.000Z\""},
		{"decision.grant", "\"g-0000000000000001\""},
	};
	struct question q = a_question("xn--bcher-kva.de:80");
	struct grant g = {.id = 1, .allow = true, .scope = GRANT_ALWAYS, .decider = "admin"};
	char sentence[256];
	(void)state;
	assert_true(pattern_parse(
		SLICE("xn--bcher-kva.de:80"), &g.pattern, sentence, sizeof(sentence)));
	q.state = QUESTION_APPROVED;
	q.protocol = QUESTION_HTTP;
	q.decided_ms = UINT64_C(1795258568000);
	q.subject_kind = SUBJECT_SEARCH;
	q.subject = "how to\n<b>";
	strcpy(q.session, "a\nb");
	q.context = (struct question_texts){.method = "GET",
		.path_class = "/+/+.tgz",
		.path = "/a/\xe2\x80\xae",
		.user_agent = "x\xe2\x80\xae",
		.process = "npm",
		.process_id = 7,
		.justification = "I \x1bneed it"};
	check("approved", show_question(&q, &g), rows, COUNT(rows));
}

static void addresses_have_no_domain(void **state)
{
	static const struct row rows[] = {
		{"host", "\"2600::1\""},
		{"registrable", "null"},
		{"unicode", "null"},
		{"wider", "[]"},
	};
	struct question q = a_question("[2600::1]:443");
	(void)state;
	check("address", show_question(&q, NULL), rows, COUNT(rows));
}

static void a_grant_is_whole(void **state)
{
	static const struct row everybody[] = {
		{"id", "\"g-0000000000000002\""},
		{"decision", "\"deny\""},
		{"scope", "\"ttl\""},
		{"pattern", "\"*.new.test:8000-8100\""},
		{"identity", "null"},
		{"session", "null"},
		{"protocol", "null"},
		{"created_at", "\"2026-11-21T10:55:08.123Z\""},
		{"expires_at", "\"2026-11-21T11:10:08.123Z\""},
		{"decider", "\"reviewer\""},
		{"note", "\"no \\\\u{a}thanks\""},
		{"question", "null"},
	};
	static const struct row one[] = {
		{"decision", "\"allow\""},
		{"identity", "\"10.0.0.7\""},
		{"session", "\"s-1\""},
		{"protocol", "\"raw\""},
		{"expires_at", "null"},
		{"question", "\"q-0000000000000009\""},
	};
	struct grant g = {.id = 2,
		.scope = GRANT_TTL,
		.made_ms = UINT64_C(1795258508123),
		.expires_ms = UINT64_C(1795259408123),
		.decider = "reviewer",
		.note = "no \nthanks"};
	char sentence[256];
	(void)state;
	assert_true(pattern_parse(
		SLICE("*.new.test:8000-8100"), &g.pattern, sentence, sizeof(sentence)));
	check("everybody", show_grant(&g), everybody, COUNT(everybody));
	g.allow = g.has_protocol = true;
	g.protocol = PORT_RAW;
	g.expires_ms = 0;
	g.question = 9;
	strcpy(g.identity, "10.0.0.7");
	strcpy(g.session, "s-1");
	check("one", show_grant(&g), one, COUNT(one));
}

static void rows_of_the_digest_are_decisions_and_ends(void **state)
{
	static const struct row decided[] = {
		{"at", "\"2026-11-21T10:55:08.123Z\""},
		{"decision", "\"ask\""},
		{"reason", "\"not_allowed\""},
		{"source", "\"decider\""},
		{"host", "\"a\\\\u{d}\\\\u{a}b\""},
		{"port", "443"},
		{"protocol", "\"https_connect\""},
		{"method", "\"CONNECT\""},
		{"client", "\"127.0.0.1:5000\""},
		{"identity", "\"local\""},
		{"session", "null"},
		{"rule", "{\"pattern\":\"*.a\\\\x0a\",\"file\":\"c.toml\",\"line\":3}"},
		{"grant", "\"g-0000000000000003\""},
		{"connection", "77"},
	};
	static const struct row closed[] = {
		{"client", "\"[2600::1]:5000\""},
		{"bytes_up", "10"},
		{"bytes_down", "20"},
		{"duration", "1.5"},
		{"reason", "\"approval_revoked\""},
		{"grant", "null"},
		{"host", "null"},
		{"port", "null"},
	};
	struct digest_row row = {.time_ms = UINT64_C(1795258508123),
		.name = EVENT_POLICY_DECISION,
		.decision = EVENT_ASK,
		.source = EVENT_DECIDER,
		.reason = REASON_NOT_ALLOWED,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.port = 443,
		.client_port = 5000,
		.rule_line = 3,
		.connection = 77,
		.grant = 3,
		.client = rules_address("127.0.0.1"),
		.host = "a\r\nb",
		.method = "CONNECT",
		.rule = "*.a\\x0a",
		.rule_file = "c.toml",
		.user = "local"};
	(void)state;
	check("decision", show_decision(&row), decided, COUNT(decided));
	row = (struct digest_row){.time_ms = 1,
		.reason = REASON_APPROVAL_REVOKED,
		.client = rules_address("2600::1"),
		.client_port = 5000,
		.bytes_up = 10,
		.bytes_down = 20,
		.duration_us = 1500000};
	check("closed", show_closed(&row), closed, COUNT(closed));
}

static void a_connection_may_have_no_host_yet(void **state)
{
	static const struct row rows[] = {
		{"id", "5"},
		{"host", "null"},
		{"port", "null"},
		{"protocol", "\"http\""},
		{"phase", "\"HEAD\""},
		{"client", "\"[::1]:9\""},
		{"identity", "\"local\""},
		{"since", "\"1970-01-01T00:00:01.000Z\""},
		{"grant", "null"},
	};
	const struct connection_row row = {.id = 5,
		.phase = "HEAD",
		.client = "::1",
		.client_port = 9,
		.identity = "local",
		.since_ms = 1000};
	(void)state;
	check("connection", show_connection(&row), rows, COUNT(rows));
}

/* Each allocation fails in turn: the answer is nothing or whole, and nothing leaks. */
static size_t allocations_left;

static void *scarce(size_t size)
{
	if (allocations_left == 0)
		return NULL;
	allocations_left--;
	return malloc(size);
}

static void without_memory_there_is_nothing(void **state)
{
	struct question q = a_question("cdn.xn--bcher-kva.de:443");
	struct grant g = {.id = 1, .decider = "admin"};
	json_t *shown = NULL;
	size_t most = 0;
	(void)state;
	q.context.process_id = 7;
	json_set_alloc_funcs(scarce, free);
	while (!shown && most < 10000) {
		allocations_left = most++;
		shown = show_question(&q, &g);
	}
	allocations_left = SIZE_MAX;
	assert_non_null(shown);
	assert_true(most > 50);
	json_decref(shown);
	json_set_alloc_funcs(malloc, free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_bytes_are_harmless),
		cmocka_unit_test(a_pending_question_has_what_is_known),
		cmocka_unit_test(an_ended_question_has_its_decision),
		cmocka_unit_test(addresses_have_no_domain),
		cmocka_unit_test(a_grant_is_whole),
		cmocka_unit_test(rows_of_the_digest_are_decisions_and_ends),
		cmocka_unit_test(a_connection_may_have_no_host_yet),
		cmocka_unit_test(without_memory_there_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
