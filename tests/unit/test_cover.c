/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/cover.h"
#include "tests/unit/rules.h"

/* Labels, ports, addresses and edges of each. */
static const char *const patterns[] = {"a.example", "a.example:443", "a.example:8000-8100",
	"a.example:*", "*.a.example", "**.a.example", "*.example.test", "**.b.a.example",
	"x*.a.example", "*x.a.example", "xy*yx.a.example", "x*.a.example:8443", "8.8.8.8",
	"8.8.8.0/24", "8.8.0.0/16:53", "0.0.0.0/0", "[2001:4860::1]", "[2001:4860::]/32",
	"[::ffff:8.8.8.8]", "128.0.0.0/1:*"};
static const char *const targets[] = {"a.example:443", "a.example:80", "a.example:8000",
	"a.example:7999", "a.example:8100", "a.example:8101", "b.a.example:443",
	"c.b.a.example:443", "xa.example:443", "x.a.example:443", "xx.a.example:443",
	"xyyx.a.example:443", "xyx.a.example:443", "xy.b.yx.a.example:443", "x.b.a.example:443",
	"x.a.example:8443", "a.example.test:443", "example:443", "8.8.8.8:443", "8.8.8.9:443",
	"8.8.9.0:53", "8.9.0.0:53", "128.1.2.3:22", "127.255.255.255:22", "[::ffff:8.8.8.8]:443",
	"[2001:4860::1]:443", "[2001:4860:ffff::]:80", "[2001:4861::]:80"};

static struct pattern parsed(const char *text)
{
	char sentence[512] = "";
	struct pattern p;

	ROW_CHECK(text, pattern_parse(slice_of(text), &p, sentence, sizeof(sentence)), "%s",
		sentence);
	return p;
}

/* Local addresses aside, which no grant reaches, the list and the cover are of one mind. */
static void covers_what_a_list_covers(void **state)
{
	unsigned covered = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct pattern pattern = parsed(patterns[i]);
		struct cover allow = cover_of(&pattern, true), deny = cover_of(&pattern, false);
		struct policy *list[2] = {
			rules_policy(patterns[i], "", NULL), rules_policy("", patterns[i], NULL)};
		for (size_t j = 0; j < COUNT(targets); j++) {
			struct target t = rules_target(targets[j]);
			bool allowed = policy_judge(list[0], &t).decision == DECISION_ALLOW;
			bool denied = policy_judge(list[1], &t).reason == REASON_DENIED;
			ROW_CHECK(
				patterns[i], cover_target(&allow, &t) == allowed, "%s", targets[j]);
			ROW_CHECK(patterns[i], cover_target(&deny, &t) == denied, "not %s",
				targets[j]);
			covered += allowed;
		}
		policy_unref(list[0]);
		policy_unref(list[1]);
	}
	assert_true(covered > 30);
}

static void what_is_held_by_another_covers_no_more(void **state)
{
	unsigned held = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(patterns) * COUNT(patterns); i++) {
		const char *names[] = {
			patterns[i / COUNT(patterns)], patterns[i % COUNT(patterns)]};
		struct pattern p[] = {parsed(names[0]), parsed(names[1])};
		struct cover outer = cover_of(&p[0], true), inner = cover_of(&p[1], true);
		if (!cover_all(&outer, &inner))
			continue;
		held++;
		for (size_t j = 0; j < COUNT(targets); j++) {
			struct target t = rules_target(targets[j]);
			ROW_CHECK(names[0], !cover_target(&inner, &t) || cover_target(&outer, &t),
				"%s holds %s but not %s", names[0], names[1], targets[j]);
		}
	}
	assert_true(held > COUNT(patterns));
}

static void patterns_hold_each_other(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool held;
	} rows[] = {
		{"a.example", "a.example", true},
		{"a.example", "b.example", false},
		{"*.example", "a.example", true},
		{"*.a.example", "a.example", false},
		{"**.a.example", "a.example", true},
		{"*.a.example", "*.a.example", true},
		{"*.a.example", "**.a.example", false},
		{"**.a.example", "*.a.example", true},
		{"*.a.example", "**.b.a.example", true},
		{"*.a.example", "x*.a.example", true},
		{"x*.a.example", "*.a.example", false},
		{"x*.a.example", "xy*.a.example", true},
		{"xy*.a.example", "x*.a.example", false},
		{"*y.a.example", "*xy.a.example", true},
		{"x*.a.example", "x.a.example", true},
		{"x*.b.example", "x*.a.example", false},
		{"*.a.example", "*.ba.example", false},
		{"*", "**.a.example", true},
		{"**.a.example", "*", false},
		{"10.0.0.0/8", "10.1.0.0/16", true},
		{"10.1.0.0/16", "10.0.0.0/8", false},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"0.0.0.0/0", "[2001:db8::1]", false},
		{"**.a.example", "10.0.0.1", false},
		{"a.example", "a.example:443", true},
		{"a.example:443", "a.example", false},
		{"a.example", "a.example:442-443", false},
		{"a.example:80-443", "a.example", true},
		{"a.example:81-443", "a.example", false},
		{"a.example:*", "a.example:8000-8100", true},
		{"a.example:8000-8100", "a.example:8000-8101", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern p[] = {parsed(rows[i].outer), parsed(rows[i].inner)};
		struct cover outer = cover_of(&p[0], true), inner = cover_of(&p[1], true);
		ROW_CHECK(rows[i].outer, cover_all(&outer, &inner) == rows[i].held, "%s",
			rows[i].inner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(covers_what_a_list_covers),
		cmocka_unit_test(what_is_held_by_another_covers_no_more),
		cmocka_unit_test(patterns_hold_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
