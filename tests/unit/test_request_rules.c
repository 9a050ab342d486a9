/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/requests.h"
#include "tests/unit/configs.h"
#include "tests/unit/rules.h"

#define HOLD  "action = \"hold\"\n"
#define RULE  "[[network.rules]]\n"
#define ALLOW "action = \"allow\"\n"
#define DENY  "action = \"deny\"\n"
/* Reading a repository, and no more. */
#define FETCH                                                                                      \
	RULE "domain = \"git.test\"\nmethods = [\"GET\"]\npaths = [\"/**/info/refs\"]\n"           \
	     "query = { service = \"git-upload-pack\" }\n" ALLOW RULE                              \
	     "domain = \"git.test\"\nmethods = [\"POST\"]\npaths = [\"/**/git-upload-pack\"]\n" ALLOW
/* Packages in, none out. */
#define INSTALL                                                                                    \
	RULE "domain = \"npm.test\"\nmethods = [\"GET\", \"HEAD\"]\n" ALLOW RULE                   \
	     "domain = \"npm.test\"\nmethods = [\"POST\"]\npaths = [\"/-/npm/v1/security/\"]\n" ALLOW
#define NO_ADMIN RULE "domain = \"a.test\"\npaths = [\"/admin/\", \"/x/*/y\"]\n" DENY
#define JSON     RULE "domain = \"a.test\"\nheaders = { content-type = \"application/json\" }\n"
#define HOLD_POST                                                                                  \
	RULE "domain = \"a.test\"\nmethods = [\"POST\"]\npaths = [\"/repos/\", \"/x/*/y\"]\n" HOLD
#define TUNNEL    RULE "domain = \"a.test\"\naction = \"tunnel\"\n"
#define READ_ONLY RULE "domain = \"a.test\"\nmethods = [\"GET\"]\n" ALLOW

/* Fields as lines "Name: value". */
static struct slice field_of(const void *owner, struct slice name, size_t nth)
{
	for (struct slice rest = slice_of(owner); rest.len > 0;) {
		struct slice line = slice_first(rest, slice_find(rest, '\n'));
		size_t colon = slice_find(line, ':');
		rest = slice_after(rest, line.len + 1);
		if (slice_equal_nocase(slice_first(line, colon), name) && nth-- == 0)
			return slice_after(line, colon + 1);
	}
	return slice_from(NULL, 0);
}

struct row {
	const char *name, *config, *requirements, *method, *target, *path, *fields;
	enum reason reason;
	uint32_t line; /* of the rule that refuses, 0 when none does */
};

static void check_row(const struct row *row)
{
	const struct request_view view = {
		slice_of(row->method), slice_of(row->path), field_of, row->fields, NULL};
	struct target t = rules_target(row->target);
	struct loaded l;
	char config[2048];

	snprintf(config, sizeof(config),
		"[network]\nallowed_domains = [\"*\", \"192.31.196.1\", { domain = \"raw.a.test:22\", protocol = \"raw\" }]\n%s",
		row->config);
	load(&l, config, row->requirements);
	ROW_CHECK(row->name, l.config, "%s", l.fault);
	const struct policy *p = l.config->policy;
	struct verdict named = policy_judge(p, &t);
	ROW_CHECK(row->name, named.decision == DECISION_ALLOW, "not listed");
	struct verdict v = policy_judge_request(p, &t, &view, &named);
	ROW_CHECK(row->name, v.reason == row->reason, "%s", reason_word(v.reason));
	ROW_CHECK(row->name, (v.decision == DECISION_DENY) == (row->reason != REASON_NONE),
		"decision");
	struct rule rule = policy_rule(p, v.entry);
	ROW_CHECK(row->name, row->reason == REASON_NONE || rule.line == row->line, "%s:%u",
		rule.file, rule.line);
	config_free(l.config);
}

static void requests_are_judged(void **state)
{
	/* The rules of a configuration begin in line 3. */
	static const struct row rows[] = {
		{"no rules", "", NULL, "PUT", "a.test:80", "/", "", REASON_NONE, 0},
		{"another host", FETCH, NULL, "PUT", "b.test:80", "/", "", REASON_NONE, 0},
		{"name below", FETCH, NULL, "PUT", "x.git.test:80", "/", "", REASON_NONE, 0},
		{"fetch, references", FETCH, NULL, "GET", "git.test:80",
			"/o/r.git/info/refs?service=git-upload-pack", "", REASON_NONE, 0},
		{"fetch, objects", FETCH, NULL, "POST", "git.test:80", "/o/r.git/git-upload-pack",
			"", REASON_NONE, 0},
		{"push, references", FETCH, NULL, "GET", "git.test:80",
			"/o/r.git/info/refs?service=git-receive-pack", "", REASON_RULE_NOT_ALLOWED,
			3},
		{"push, objects", FETCH, NULL, "POST", "git.test:80", "/o/r.git/git-receive-pack",
			"", REASON_RULE_NOT_ALLOWED, 3},
		{"both services", FETCH, NULL, "GET", "git.test:80",
			"/o/info/refs?service=git-upload-pack&service=git-receive-pack", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"service in capitals beside", FETCH, NULL, "GET", "git.test:80",
			"/o/info/refs?service=git-upload-pack&SERVICE=git-receive-pack", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"service behind a semicolon", FETCH, NULL, "GET", "git.test:80",
			"/o/info/refs?x=1;service=git-receive-pack&service=git-upload-pack", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"service encoded", FETCH, NULL, "GET", "git.test:80",
			"/o/info/refs?%73ervice=git%2Dupload-pack", "", REASON_NONE, 0},
		{"another parameter beside", FETCH, NULL, "GET", "git.test:80",
			"/o/info/refs?a&b=1&service=git-upload-pack&c=", "", REASON_NONE, 0},
		{"no service", FETCH, NULL, "GET", "git.test:80", "/o/info/refs", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"push dressed up", FETCH, NULL, "POST", "git.test:80",
			"/o/git-receive-pack/../git-upload-pack", "", REASON_PATH_AMBIGUOUS, 9},
		{"install", INSTALL, NULL, "GET", "npm.test:80", "/left-pad", "", REASON_NONE, 0},
		{"install of a scoped package", INSTALL, NULL, "GET", "npm.test:80", "/@s%2fname",
			"", REASON_NONE, 0},
		{"audit", INSTALL, NULL, "POST", "npm.test:80",
			"/-/npm/v1/security/advisories/bulk", "", REASON_NONE, 0},
		{"publish", INSTALL, NULL, "PUT", "npm.test:80", "/left-pad", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"log in", INSTALL, NULL, "POST", "npm.test:80", "/-/v1/login", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"path denied", NO_ADMIN, NULL, "GET", "a.test:80", "/admin/x", "",
			REASON_RULE_DENIED, 3},
		{"second path denied", NO_ADMIN, NULL, "GET", "a.test:80", "/x/1/y", "",
			REASON_RULE_DENIED, 3},
		{"path not denied", NO_ADMIN, NULL, "GET", "a.test:80", "/administer", "",
			REASON_NONE, 0},
		{"denied in another case", NO_ADMIN, NULL, "GET", "a.test:80", "/ADMIN/x", "",
			REASON_RULE_DENIED, 3},
		{"denied with parameters", NO_ADMIN, NULL, "GET", "a.test:80", "/admin;a=b/x", "",
			REASON_RULE_DENIED, 3},
		{"denied with dots", NO_ADMIN, NULL, "GET", "a.test:80", "/x/../admin/x", "",
			REASON_PATH_AMBIGUOUS, 3},
		{"denied with encoded dots", NO_ADMIN, NULL, "GET", "a.test:80",
			"/x/%2e%2e/admin/x", "", REASON_PATH_AMBIGUOUS, 3},
		{"denied with an encoded slash", NO_ADMIN, NULL, "GET", "a.test:80", "/admin%2fx",
			"", REASON_PATH_AMBIGUOUS, 3},
		{"denied with two slashes", NO_ADMIN, NULL, "GET", "a.test:80", "//admin/x", "",
			REASON_PATH_AMBIGUOUS, 3},
		{"denied with a backslash", NO_ADMIN, NULL, "GET", "a.test:80", "/x\\..\\admin", "",
			REASON_PATH_AMBIGUOUS, 3},
		{"denied, encoded twice", NO_ADMIN, NULL, "GET", "a.test:80", "/%2561dmin/x", "",
			REASON_PATH_AMBIGUOUS, 3},
		{"denied, encoded letter", NO_ADMIN, NULL, "GET", "a.test:80", "/%61dmin/x", "",
			REASON_PATH_AMBIGUOUS, 3},
		{"no path stands for the root", RULE "domain = \"a.test\"\npaths = [\"/\"]\n" DENY,
			NULL, "GET", "a.test:80", "?a=b", "", REASON_RULE_DENIED, 3},
		{"OPTIONS * has no path", NO_ADMIN, NULL, "OPTIONS", "a.test:80", "", "",
			REASON_NONE, 0},
		{"OPTIONS * is not among paths",
			RULE "domain = \"a.test\"\npaths = [\"/a/\"]\n" ALLOW, NULL, "OPTIONS",
			"a.test:80", "", "", REASON_RULE_NOT_ALLOWED, 3},
		{"ambiguous where no rule looks", READ_ONLY, NULL, "GET", "a.test:80", "/a/../b",
			"", REASON_NONE, 0},
		{"method in small letters", READ_ONLY, NULL, "get", "a.test:80", "/", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"method behind a field", READ_ONLY, NULL, "GET", "a.test:80", "/",
			"X-HTTP-Method-Override:DELETE", REASON_RULE_NOT_ALLOWED, 3},
		{"denied method behind a field",
			RULE "domain = \"a.test\"\nmethods = [\"DELETE\"]\n" DENY, NULL, "POST",
			"a.test:80", "/", "x-http-method:DELETE", REASON_RULE_DENIED, 3},
		{"deny wins over allow", READ_ONLY NO_ADMIN, NULL, "GET", "a.test:80", "/admin/",
			"", REASON_RULE_DENIED, 7},
		{"allowed beside a deny", NO_ADMIN READ_ONLY, NULL, "GET", "a.test:80", "/x", "",
			REASON_NONE, 0},
		{"field", JSON ALLOW, NULL, "POST", "a.test:80", "/",
			"Content-Type: application/json", REASON_NONE, 0},
		{"field with parameters", JSON ALLOW, NULL, "POST", "a.test:80", "/",
			"content-type: Application/JSON ; charset=utf-8", REASON_NONE, 0},
		{"field with another value", JSON ALLOW, NULL, "POST", "a.test:80", "/",
			"content-type: text/plain", REASON_RULE_NOT_ALLOWED, 3},
		{"field twice, one of them good", JSON ALLOW, NULL, "POST", "a.test:80", "/",
			"content-type: text/plain\ncontent-type: application/json",
			REASON_RULE_NOT_ALLOWED, 3},
		{"field twice, one of them denied", JSON DENY, NULL, "POST", "a.test:80", "/",
			"content-type: text/plain\ncontent-type: application/json",
			REASON_RULE_DENIED, 3},
		{"field in a list, denied", JSON DENY, NULL, "POST", "a.test:80", "/",
			"content-type: text/plain, application/json", REASON_RULE_DENIED, 3},
		{"field missing", JSON ALLOW, NULL, "POST", "a.test:80", "/", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"field missing, not denied", JSON DENY, NULL, "POST", "a.test:80", "/", "",
			REASON_NONE, 0},
		{"field must be there",
			RULE "domain = \"a.test\"\nheaders = { x-why = true }\n" ALLOW, NULL, "GET",
			"a.test:80", "/", "X-Why: so", REASON_NONE, 0},
		{"parameter denied in any spelling",
			RULE "domain = \"a.test\"\nquery = { q = [\"a b\", \"c\"] }\n" DENY, NULL,
			"GET", "a.test:80", "/?Q=A+b", "", REASON_RULE_DENIED, 3},
		{"parameter denied behind a semicolon",
			RULE "domain = \"a.test\"\nquery = { q = \"c\" }\n" DENY, NULL, "GET",
			"a.test:80", "/?x;q=c", "", REASON_RULE_DENIED, 3},
		{"tunnel hides the layer's own rules", TUNNEL READ_ONLY, NULL, "PUT", "a.test:80",
			"/", "", REASON_NONE, 0},
		{"tunnel hides no requirement", TUNNEL, "[network]\n" READ_ONLY, "PUT", "a.test:80",
			"/", "", REASON_RULE_NOT_ALLOWED, 2},
		{"stricter of two, local", READ_ONLY, "[network]\n" NO_ADMIN, "PUT", "a.test:80",
			"/", "", REASON_RULE_NOT_ALLOWED, 3},
		{"stricter of two, required", READ_ONLY, "[network]\n" NO_ADMIN, "GET", "a.test:80",
			"/admin/", "", REASON_RULE_DENIED, 2},
		{"a local allow opens nothing", RULE "domain = \"a.test\"\n" ALLOW,
			"[network]\n" NO_ADMIN, "GET", "a.test:80", "/admin/", "",
			REASON_RULE_DENIED, 2},
		{"every port", READ_ONLY, NULL, "PUT", "a.test:80", "/", "",
			REASON_RULE_NOT_ALLOWED, 3},
		{"another port", RULE "domain = \"a.test:8080\"\n" DENY, NULL, "GET", "a.test:80",
			"/", "", REASON_NONE, 0},
		{"wildcard", RULE "domain = \"*.a.test\"\n" DENY, NULL, "GET", "x.y.a.test:80", "/",
			"", REASON_RULE_DENIED, 3},
		{"wildcard's base", RULE "domain = \"*.a.test\"\n" DENY, NULL, "GET", "a.test:80",
			"/", "", REASON_NONE, 0},
		{"wildcard from", RULE "domain = \"**.a.test\"\n" DENY, NULL, "GET", "a.test:80",
			"/", "", REASON_RULE_DENIED, 3},
		{"hole", RULE "domain = \"api-*.a.test\"\n" DENY, NULL, "GET", "api-1.a.test:80",
			"/", "", REASON_RULE_DENIED, 3},
		{"hole across labels", RULE "domain = \"api-*.a.test\"\n" DENY, NULL, "GET",
			"api-1.b.a.test:80", "/", "", REASON_NONE, 0},
		{"any", RULE "domain = \"*\"\n" DENY, NULL, "GET", "a.test:80", "/", "",
			REASON_RULE_DENIED, 3},
		{"any, address", RULE "domain = \"*\"\n" DENY, NULL, "GET", "192.31.196.1:80", "/",
			"", REASON_RULE_DENIED, 3},
		{"range", RULE "domain = \"192.31.196.0/23\"\n" DENY, NULL, "GET",
			"192.31.196.1:80", "/", "", REASON_RULE_DENIED, 3},
		{"range beside", RULE "domain = \"192.31.196.2/31\"\n" DENY, NULL, "GET",
			"192.31.196.1:80", "/", "", REASON_NONE, 0},
		{"several domains", RULE "domain = [\"b.test\", \"a.test\"]\n" DENY, NULL, "GET",
			"a.test:80", "/", "", REASON_RULE_DENIED, 3},
		{"CONNECT that is looked into", READ_ONLY, NULL, "CONNECT", "a.test:443", "", "",
			REASON_NONE, 0},
		{"CONNECT where nobody can look", READ_ONLY, NULL, "CONNECT", "raw.a.test:22", "",
			"", REASON_NONE, 0},
		{"CONNECT where nobody can look, and rules", RULE "domain = \"*.a.test\"\n" ALLOW,
			NULL, "CONNECT", "raw.a.test:22", "", "", REASON_RULE_NOT_ALLOWED, 3},
		{"CONNECT to plain HTTP", READ_ONLY, NULL, "CONNECT", "a.test:80", "", "",
			REASON_NONE, 0},
		{"CONNECT by a tunnel rule", TUNNEL, NULL, "CONNECT", "a.test:443", "", "",
			REASON_NONE, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(&rows[i]);
}

/* Where somebody is asked, what about; "" where nobody is. */
static void what_is_held_is_asked_about(void **state)
{
	static const struct {
		const char *name, *config, *requirements, *method, *path, *fields, *subject;
		enum reason reason;
	} rows[] = {
		{"fits", HOLD_POST, NULL, "POST", "/repos/a/b?c", "", "POST /repos/",
			REASON_RULE_HELD},
		{"the second path", HOLD_POST, NULL, "POST", "/x/1/y", "", "POST /x/*/y",
			REASON_RULE_HELD},
		{"another method", HOLD_POST, NULL, "GET", "/repos/a", "", "", REASON_NONE},
		{"another path", HOLD_POST, NULL, "POST", "/repo", "", "", REASON_NONE},
		{"nothing slips past by its case", HOLD_POST, NULL, "POST", "/Repos/a", "",
			"POST /repos/", REASON_RULE_HELD},
		{"nor by a field", HOLD_POST, NULL, "GET", "/repos/a", "x-http-method:POST",
			"GET+POST /repos/", REASON_RULE_HELD},
		{"a field that means another", HOLD_POST, NULL, "POST", "/repos/a",
			"x-http-method:a b", "POST+a%20b /repos/", REASON_RULE_HELD},
		{"nor by a second reading", HOLD_POST, NULL, "POST", "/a/../repos/a", "", "",
			REASON_PATH_AMBIGUOUS},
		{"every method", RULE "domain = \"a.test\"\n" HOLD, NULL, "PURGE", "/a", "",
			"PURGE /", REASON_RULE_HELD},
		{"conditions",
			RULE
			"domain = \"a.test\"\nquery = { b = \"1\", \"a=\" = [\"x y\", \"z\"] }\nheaders = { accept = true }\n" HOLD,
			NULL, "GET", "/?b=1&a%3D=z", "Accept:x",
			"GET / query b=1&a%3D=x%20y|z headers accept", REASON_RULE_HELD},
		{"deny before hold",
			HOLD_POST RULE "domain = \"a.test\"\npaths = [\"/repos/x\"]\n" DENY, NULL,
			"POST", "/repos/x", "", "", REASON_RULE_DENIED},
		{"allow before hold",
			HOLD_POST RULE "domain = \"a.test\"\npaths = [\"/repos/x\"]\n" ALLOW, NULL,
			"POST", "/repos/x", "", "", REASON_NONE},
		{"hold before not allowed", HOLD_POST READ_ONLY, NULL, "POST", "/repos/x", "",
			"POST /repos/", REASON_RULE_HELD},
		{"beside what is allowed only what fits exactly", HOLD_POST READ_ONLY, NULL, "POST",
			"/Repos/x", "", "", REASON_RULE_NOT_ALLOWED},
		{"a local allow does not answer for the requirements",
			RULE "domain = \"a.test\"\n" ALLOW, "[network]\n" HOLD_POST, "POST",
			"/repos/x", "", "POST /repos/", REASON_RULE_HELD},
		{"a required allow does not answer for the local rule", HOLD_POST,
			"[network]\n" RULE "domain = \"a.test\"\n" ALLOW, "POST", "/repos/x", "",
			"POST /repos/", REASON_RULE_HELD},
		{"a local denial stays one", RULE "domain = \"a.test\"\n" DENY,
			"[network]\n" HOLD_POST, "POST", "/repos/x", "", "", REASON_RULE_DENIED},
		{"of two the requirements' asks", RULE "domain = \"a.test\"\n" HOLD,
			"[network]\n" HOLD_POST, "POST", "/repos/x", "", "POST /repos/",
			REASON_RULE_HELD},
		{"a tunnel rule sets it aside", HOLD_POST TUNNEL, NULL, "POST", "/repos/x", "", "",
			REASON_NONE},
	};
	struct target t = rules_target("a.test:80");
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct request_view view = {slice_of(rows[i].method), slice_of(rows[i].path),
			field_of, rows[i].fields, NULL};
		char config[2048], got[LIMIT_SUBJECT_BYTES + 1];
		struct loaded l;
		snprintf(config, sizeof(config), "[network]\nallowed_domains = [\"*\"]\n%s",
			rows[i].config);
		load(&l, config, rows[i].requirements);
		ROW_CHECK(rows[i].name, l.config, "%s", l.fault);
		const struct policy *p = l.config->policy;
		struct verdict named = policy_judge(p, &t);
		struct verdict v = policy_judge_request(p, &t, &view, &named);
		ROW_CHECK(rows[i].name, v.reason == rows[i].reason, "%s", reason_word(v.reason));
		ROW_CHECK(rows[i].name, policy_is_held(&v) == (v.reason == REASON_RULE_HELD),
			"not asked about");
		if (policy_is_held(&v)) {
			struct buffer text;
			buffer_init(&text, LIMIT_SUBJECT_BYTES);
			assert_true(policy_held_subject(p, v.entry, &view, &text));
			snprintf(got, sizeof(got), "%.*s", (int)text.len, text.ptr);
			ROW_CHECK(rows[i].name, strcmp(got, rows[i].subject) == 0, "%s", got);
			ROW_CHECK(rows[i].name, policy_asks(p, &t, buffer_bytes(&text)), "unknown");
			ROW_CHECK(rows[i].name, !policy_asks(p, &t, slice_from(got, text.len - 1)),
				"known when cut");
			buffer_done(&text);
		}
		config_free(l.config);
	}
}

static void without_anybody_to_ask_it_is_refused(void **state)
{
	const struct request_view view = {SLICE("POST"), SLICE("/repos/a"), NULL, NULL, NULL};
	struct target t = rules_target("a.test:80");
	struct loaded l;
	(void)state;
	load(&l,
		"listen.control = []\n[network]\nunlisted = \"deny\"\nallowed_domains = [\"*\"]\n" HOLD_POST,
		NULL);
	assert_non_null(l.config);
	struct verdict named = policy_judge(l.config->policy, &t);
	struct verdict v = policy_judge_request(l.config->policy, &t, &view, &named);
	assert_int_equal(v.decision, DECISION_DENY);
	assert_int_equal(v.reason, REASON_RULE_HELD);
	config_free(l.config);
}

static void tunnels_are_inspected_where_rules_ask(void **state)
{
	static const struct {
		const char *name, *config, *requirements, *target;
		bool inspects, any;
	} rows[] = {
		{"no rules", "", NULL, "a.test:443", false, false},
		{"covered", READ_ONLY, NULL, "a.test:443", true, true},
		{"not covered", READ_ONLY, NULL, "b.test:443", false, true},
		{"tunnel alone", TUNNEL, NULL, "a.test:443", false, false},
		{"tunnel over a rule", READ_ONLY TUNNEL, NULL, "a.test:443", false, true},
		{"tunnel under a requirement", TUNNEL, "[network]\n" READ_ONLY, "a.test:443", true,
			true},
		{"tunnel over a local rule", READ_ONLY, "[network]\n" TUNNEL, "a.test:443", true,
			true},
		{"tunnel in limited mode", "mode = \"limited\"\n" TUNNEL, NULL, "a.test:443", true,
			true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t = rules_target(rows[i].target);
		struct loaded l;
		char config[1024];
		snprintf(config, sizeof(config), "[network]\n%s", rows[i].config);
		load(&l, config, rows[i].requirements);
		ROW_CHECK(rows[i].name, l.config, "%s", l.fault);
		ROW_CHECK(rows[i].name, policy_inspects(l.config->policy, &t) == rows[i].inspects,
			"inspects");
		ROW_CHECK(
			rows[i].name, policy_inspects_any(l.config->policy) == rows[i].any, "any");
		config_free(l.config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_judged),
		cmocka_unit_test(what_is_held_is_asked_about),
		cmocka_unit_test(without_anybody_to_ask_it_is_refused),
		cmocka_unit_test(tunnels_are_inspected_where_rules_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
