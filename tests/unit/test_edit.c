/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/explain.h"
#include "tests/unit/edits.h"

#define API    RULE "\"api.example.com\"\n" PUT " }\n"
#define WILD   RULE "\"*.example.com\"\n" PUT " }\n"
#define PORT   RULE "\"api.example.com:8443\"\n" PUT " }\n"
#define HELD   RULE "\"api.example.com\"\n" PUT ", placeholder = \"held-outside\" }\n"
#define HELD_2 RULE "\"api.example.com\"\n" PUT ", placeholder = \"held-elsewhere\" }\n"
#define PATH   RULE "\"api.example.com\"\npaths = [\"/v1/\"]\n" PUT " }\n"
#define OPEN   RULE "\"api.example.com\"\n"
#define STRIP  RULE "\"api.example.com\"\nstrip_headers = [\"Cookie\", \"x-own\"]\n"
#define KEY    RULE "\"api.example.com\"\ninject = { header = \"x-key\", env = \"NONE\" }\n"
#define RUN    RULE "\"api.example.com\"\ninject = { header = \"x-run\", command = [\"none\"] }\n"
#define RUN_HELD                                                                                   \
	RULE "\"api.example.com\"\ninject = { header = \"x-run\", command = [\"none\"], placeholder = \"held-by-run\" }\n"
#define ASK    "[[network.rules]]\naction = \"hold\"\ndomain = \"api.example.com\"\n" PUT " }\n"
#define TUNNEL "[[network.rules]]\naction = \"tunnel\"\ndomain = \"api.example.com\"\n"
#define ME     "api.example.com:443"
/* "me:held-outside", "held-outside:x", "held-outside" and what they become. */
#define BASIC_PASSWORD "Basic bWU6aGVsZC1vdXRzaWRl"
#define BASIC_USER     "Basic aGVsZC1vdXRzaWRlOng="
#define BASIC_ALONE    "Basic aGVsZC1vdXRzaWRl"
#define MADE_PASSWORD  "Basic bWU6c2VjcmV0LTA="
#define MADE_USER      "Basic c2VjcmV0LTA6eA=="

struct row {
	const char *name, *rules, *requirements, *target, *path, *fields;
	const char *sent; /* what goes upstream; NULL: refused */
	enum reason reason;
};

static const struct row rows[] = {
	{"no rule", "", NULL, ME, "/", "A: b\n", "A: b\n", REASON_NONE},
	{"put in", API, NULL, ME, "/", "A: b\n", "A: b\nauthorization: Bearer secret-0\n",
		REASON_NONE},
	{"put in without any field", API, NULL, ME, "/", "", "authorization: Bearer secret-0\n",
		REASON_NONE},
	{"replaced, all of it", API, NULL, ME, "/", "AUTHORIZATION: x\nA: b\nauthorization: y\n",
		"A: b\nauthorization: Bearer secret-0\n", REASON_NONE},
	{"name in capitals", API, NULL, "API.Example.COM:443", "/", "",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"trailing dot", API, NULL, "api.example.com.:443", "/", "",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"another port, where none is said", API, NULL, "api.example.com:8443", "/", "",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"the port", PORT, NULL, "api.example.com:8443", "/", "",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"another port", PORT, NULL, ME, "/", "Authorization: x\n", "Authorization: x\n",
		REASON_NONE},
	{"longer at its end", API, NULL, "api.example.com.evil.test:443", "/", "", "", REASON_NONE},
	{"longer at its front", API, NULL, "xapi.example.com:443", "/", "", "", REASON_NONE},
	{"a name below", API, NULL, "x.api.example.com:443", "/", "", "", REASON_NONE},
	{"the name above", API, NULL, "example.com:443", "/", "", "", REASON_NONE},
	{"another top", API, NULL, "api.example.co:443", "/", "", "", REASON_NONE},
	{"with a hyphen", API, NULL, "api-example.com:443", "/", "", "", REASON_NONE},
	{"wildcard", WILD, NULL, "a.b.example.com:443", "/", "", "authorization: Bearer secret-0\n",
		REASON_NONE},
	{"wildcard and its own base", WILD, NULL, "example.com:443", "/", "", "", REASON_NONE},
	{"wildcard and a look-alike", WILD, NULL, "xexample.com:443", "/", "", "", REASON_NONE},
	{"wildcard, longer at its end", WILD, NULL, "a.example.com.evil.test:443", "/", "", "",
		REASON_NONE},
	{"its path", PATH, NULL, ME, "/v1/x?y", "", "authorization: Bearer secret-0\n",
		REASON_NONE},
	{"another path", PATH OPEN, NULL, ME, "/v2/x", "Authorization: x\n", "Authorization: x\n",
		REASON_NONE},
	{"a path with two readings", PATH OPEN, NULL, ME, "/v1/%2e%2e/x", "", "", REASON_NONE},
	{"stripped", STRIP, NULL, ME, "/", "cookie: x\nA: b\nX-OWN: y\nCookies: z\n",
		"A: b\nCookies: z\n", REASON_NONE},
	{"two fields", API KEY, NULL, ME, "/", "x-key: mine\n",
		"authorization: Bearer secret-0\nx-key: secret-1\n", REASON_NONE},
	{"two rules for one field", API WILD, NULL, ME, "/", "", "authorization: Bearer secret-0\n",
		REASON_NONE},
	{"requirements first", WILD, API, ME, "/", "", "authorization: Bearer secret-1\n",
		REASON_NONE},
	{"requirements strip, a file puts in", API,
		RULE "\"*\"\nstrip_headers = [\"authorization\"]\n", ME, "/", "Authorization: x\n",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"tunnel of the same file", API TUNNEL, NULL, ME, "/", "A: b\n", "A: b\n", REASON_NONE},
	{"tunnel of the other file", TUNNEL, API, ME, "/", "", "authorization: Bearer secret-0\n",
		REASON_NONE},
	{"held", ASK, NULL, ME, "/", "", "authorization: Bearer secret-0\n", REASON_NONE},
	{"held, and allowed without asking", ASK OPEN, NULL, ME, "/", "", "", REASON_NONE},
	{"held, and allowed with another", KEY ASK, NULL, ME, "/", "", "x-key: secret-0\n",
		REASON_NONE},
	{"held, and another path allowed", ASK PATH, NULL, ME, "/v2/", "",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"held by the other file", OPEN, ASK, ME, "/", "", "authorization: Bearer secret-0\n",
		REASON_NONE},
	{"nothing to have", RUN, NULL, ME, "/", "", NULL, REASON_CREDENTIAL_UNAVAILABLE},
	{"nothing to have, and not asked for", RUN_HELD, NULL, ME, "/", "A: b\n", "A: b\n",
		REASON_NONE},
	{"nothing to have for the placeholder", RUN_HELD, NULL, ME, "/", "X-Run: held-by-run\n",
		NULL, REASON_CREDENTIAL_UNAVAILABLE},
	{"placeholder", HELD, NULL, ME, "/", "Authorization: Bearer held-outside\n",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"placeholder alone", HELD, NULL, ME, "/", "Authorization: held-outside\n",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"placeholder in the second of two", HELD, NULL, ME, "/",
		"Authorization: x\nAuthorization: Bearer held-outside\n",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"placeholder as a password", HELD, NULL, ME, "/", "Authorization: " BASIC_PASSWORD "\n",
		"authorization: " MADE_PASSWORD "\n", REASON_NONE},
	{"placeholder as a user", HELD, NULL, ME, "/", "Authorization: " BASIC_USER "\n",
		"authorization: " MADE_USER "\n", REASON_NONE},
	{"placeholder in Basic without a colon", HELD, NULL, ME, "/",
		"Authorization: " BASIC_ALONE "\n", "authorization: Bearer secret-0\n",
		REASON_NONE},
	{"field without the placeholder", HELD, NULL, ME, "/", "Authorization: x\n",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"empty field", HELD, NULL, ME, "/", "Authorization: \n",
		"authorization: Bearer secret-0\n", REASON_NONE},
	{"without the field", HELD, NULL, ME, "/", "A: b\n", "A: b\n", REASON_NONE},
	{"the second placeholder chooses", HELD HELD_2, NULL, ME, "/",
		"Authorization: Bearer held-elsewhere\n", "authorization: Bearer secret-1\n",
		REASON_NONE},
	{"both placeholders", HELD HELD_2, NULL, ME, "/",
		"Authorization: held-outside\nAuthorization: held-elsewhere\n", NULL,
		REASON_CREDENTIAL_MISPLACED},
	{"to another host", HELD, NULL, "evil.test:443", "/",
		"Authorization: Bearer held-outside\n", NULL, REASON_CREDENTIAL_MISPLACED},
	{"to a look-alike", HELD, NULL, "api.example.com.evil.test:443", "/",
		"Authorization: Bearer held-outside\n", NULL, REASON_CREDENTIAL_MISPLACED},
	{"to another host, as Basic", HELD, NULL, "evil.test:443", "/",
		"Authorization: " BASIC_PASSWORD "\n", NULL, REASON_CREDENTIAL_MISPLACED},
	{"in another field", HELD, NULL, ME, "/", "X: held-outside\n", NULL,
		REASON_CREDENTIAL_MISPLACED},
	{"in a part of another field", HELD, NULL, ME, "/", "X: a=held-outside;\n", NULL,
		REASON_CREDENTIAL_MISPLACED},
	{"in a field that is left out", HELD STRIP, NULL, ME, "/", "Cookie: held-outside\n", NULL,
		REASON_CREDENTIAL_MISPLACED},
	{"in its field and in another", HELD, NULL, ME, "/",
		"Authorization: held-outside\nX: held-outside\n", NULL,
		REASON_CREDENTIAL_MISPLACED},
	{"in the path", HELD, NULL, ME, "/x/held-outside/y", "", NULL, REASON_CREDENTIAL_MISPLACED},
	{"in the query", HELD, NULL, ME, "/?key=held-outside", "", NULL,
		REASON_CREDENTIAL_MISPLACED},
	{"percent-encoded in part", HELD, NULL, ME, "/?key=%68eld-out%73ide", "", NULL,
		REASON_CREDENTIAL_MISPLACED},
	{"cut short", HELD, NULL, ME, "/?key=held-outsid", "", "", REASON_NONE},
	{"in capitals", HELD, NULL, ME, "/?key=HELD-OUTSIDE", "", "", REASON_NONE},
};

static void sent(const struct edit *e, const char *fields, char ret_text[512])
{
	struct slice rest = slice_of(fields), name, value;
	size_t len = 0;

	ret_text[0] = '\0';
	while (edits_line(&rest, &name, &value))
		if (edit_keeps(e, name))
			len += (size_t)snprintf(ret_text + len, 512 - len, "%.*s: %.*s\n",
				(int)name.len, name.ptr, (int)value.len, value.ptr);
	for (size_t i = 0; e && i < e->field_count; i++)
		len += (size_t)snprintf(ret_text + len, 512 - len, "%.*s: %.*s\n",
			(int)e->fields[i].name.len, e->fields[i].name.ptr,
			(int)e->fields[i].value.len, e->fields[i].value.ptr);
}

static void requests_are_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct edits e = {.target = rules_target(row->target)};
		struct request_view view = edits_view("GET", row->path, row->fields);
		struct edit *edit = NULL;
		uint32_t entry;
		char text[512];

		edits_open(&e, row->rules, row->requirements);
		enum reason reason = edit_judge(&e.place, &view, &entry);
		ROW_CHECK(row->name, reason == row->reason, "%s", reason_word(reason));
		ROW_CHECK(row->name, (entry == ENTRY_NONE) == (reason == REASON_NONE), "entry");
		reason = edit_new(&e.place, &view, &edit);
		ROW_CHECK(row->name, reason == row->reason, "sending: %s", reason_word(reason));
		sent(edit, row->fields, text);
		ROW_CHECK(row->name, !row->sent || strcmp(text, row->sent) == 0, "%s", text);
		edit_free(edit);
		edits_close(&e);
	}
}

/* What must not go out in plain view, goes nowhere. */
static void nothing_goes_without_tls(void **state)
{
	static const struct {
		const char *name, *rules, *fields;
		enum reason reason;
	} plain[] = {
		{"put in", API, "", REASON_CREDENTIAL_NEEDS_TLS},
		{"placeholder", HELD, "Authorization: held-outside\n", REASON_CREDENTIAL_NEEDS_TLS},
		{"without the field", HELD, "", REASON_NONE},
		{"strip alone", STRIP, "", REASON_NONE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(plain); i++) {
		struct edits e = {.target = rules_target("api.example.com:80")};
		struct request_view view = edits_view("GET", "/", plain[i].fields);
		uint32_t entry;
		edits_open(&e, plain[i].rules, NULL);
		e.place.verified = false;
		enum reason reason = edit_judge(&e.place, &view, &entry);
		ROW_CHECK(plain[i].name, reason == plain[i].reason, "%s", reason_word(reason));
		edits_close(&e);
	}
}

/* A CONNECT has nothing put into it, but carries no placeholder either. */
static void connects_are_looked_at(void **state)
{
	struct edits e = {.target = rules_target(ME)};
	struct request_view plain = edits_view("CONNECT", "", "A: b\n");
	struct request_view carrying = edits_view("CONNECT", "", "User-Agent: held-outside\n");
	uint32_t entry;

	(void)state;
	edits_open(&e, HELD, NULL);
	e.place.verified = false;
	assert_int_equal(edit_judge(&e.place, &plain, &entry), REASON_NONE);
	assert_int_equal(edit_judge(&e.place, &carrying, &entry), REASON_CREDENTIAL_MISPLACED);
	edits_close(&e);
}

/* Numbers of another policy's credentials mean other hosts. */
static void secrets_of_another_policy_do_not_count(void **state)
{
	struct edits e = {.target = rules_target(ME)}, other = {.target = e.target};
	struct request_view view = edits_view("GET", "/", "");
	uint32_t entry;

	(void)state;
	edits_open(&e, API, NULL);
	edits_open(&other, API, NULL);
	e.place.secrets = other.secrets;
	assert_int_equal(edit_judge(&e.place, &view, &entry), REASON_CREDENTIAL_UNAVAILABLE);
	e.place.secrets = NULL;
	assert_int_equal(edit_judge(&e.place, &view, &entry), REASON_CREDENTIAL_UNAVAILABLE);
	edits_close(&e);
	edits_close(&other);
}

static void more_rules_than_fit_refuse(void **state)
{
	static char text[(LIMIT_EDIT_RULES + 1) * 128];
	struct edits e = {.target = rules_target(ME)};
	struct request_view view = edits_view("GET", "/", "");
	uint32_t entry;

	(void)state;
	for (int more = 0; more <= 1; more++) {
		size_t len = 0;
		for (int i = 0; i < LIMIT_EDIT_RULES + more; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
				OPEN "strip_headers = [\"x-%d\"]\n", i);
		edits_open(&e, text, NULL);
		assert_int_equal(edit_judge(&e.place, &view, &entry),
			more ? REASON_CREDENTIAL_UNAVAILABLE : REASON_NONE);
		edits_close(&e);
	}
}

static void responses_are_searched(void **state)
{
	static const struct {
		const char *name, *fields, *value, *heard;
	} told[] = {
		{"nothing", "Authorization: held-outside\n", "hello", "hello"},
		{"empty", "Authorization: held-outside\n", "", ""},
		{"the secret", "Authorization: held-outside\n", "secret-0", "held-outside"},
		{"twice", "Authorization: held-outside\n", "<secret-0,secret-0>",
			"<held-outside,held-outside>"},
		{"all but the last", "Authorization: held-outside\n", "secret-", "secret-"},
		{"what was made of it", "Authorization: " BASIC_PASSWORD "\n",
			"x " MADE_PASSWORD "; secret-0", "x Basic held-outside; held-outside"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(told); i++) {
		struct edits e = {.target = rules_target(ME)};
		struct request_view view = edits_view("GET", "/", told[i].fields);
		struct slice value = slice_of(told[i].value), instead;
		char text[256] = "";
		struct edit *edit;
		size_t len = 0, at;

		edits_open(&e, HELD, NULL);
		assert_int_equal(edit_new(&e.place, &view, &edit), REASON_NONE);
		while (at = edit_find(edit, value, &len, &instead), at < value.len) {
			strncat(text, value.ptr, at);
			strncat(text, instead.ptr, instead.len);
			value = slice_after(value, at + len);
		}
		strncat(text, value.ptr, value.len);
		ROW_CHECK(told[i].name, strcmp(text, told[i].heard) == 0, "%s", text);
		edit_free(edit);
		edits_close(&e);
	}
	assert_int_equal(edit_find(NULL, SLICE("secret-0"), NULL, NULL), 8);
}

/* What `sallyport check` says, without any secret at hand. */
static void it_is_told_ahead(void **state)
{
	static const struct {
		const char *name, *rules, *url;
		enum reason reason;
		const char *says;
	} asked[] = {
		{"put in", API, "https://api.example.com/", REASON_NONE,
			"\"authorization\" comes from file \"/none\"."},
		{"with a placeholder", HELD, "https://api.example.com/", REASON_NONE,
			"\"authorization\" comes from file \"/none\", where it is sent."},
		{"left out", STRIP, "https://api.example.com/", REASON_NONE,
			"\"Cookie\" is left out. \"x-own\" is left out."},
		{"from a command", RUN, "https://api.example.com/", REASON_NONE,
			"\"x-run\" comes from command \"none\"."},
		{"in plain view", API, "http://api.example.com/", REASON_CREDENTIAL_NEEDS_TLS,
			"The rule is \"allow api.example.com\" (c.toml:3)."},
		{"misplaced", HELD, "https://api.example.com/held-outside",
			REASON_CREDENTIAL_MISPLACED,
			"The rule is \"allow api.example.com\" (c.toml:3)."},
		{"a look-alike", API, "https://api.example.com.evil.test/", REASON_NONE,
			"unless its entry names them."},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(asked); i++) {
		struct edits e = {.secrets = NULL};
		struct explanation told;
		char text[1024];
		snprintf(text, sizeof(text), "[network]\nallowed_domains = [\"*\"]\n%s",
			asked[i].rules);
		edits_open(&e, text, NULL);
		policy_explain_request(
			e.loaded.config->policy, SLICE("GET"), slice_of(asked[i].url), &told);
		ROW_CHECK(asked[i].name, told.verdict.reason == asked[i].reason, "%s",
			reason_word(told.verdict.reason));
		ROW_CHECK(asked[i].name, slice_ends(slice_of(told.text), slice_of(asked[i].says)),
			"%s", told.text);
		edits_close(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_changed),
		cmocka_unit_test(nothing_goes_without_tls),
		cmocka_unit_test(connects_are_looked_at),
		cmocka_unit_test(secrets_of_another_policy_do_not_count),
		cmocka_unit_test(more_rules_than_fit_refuse),
		cmocka_unit_test(responses_are_searched),
		cmocka_unit_test(it_is_told_ahead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
