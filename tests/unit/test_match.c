/* SPDX-License-Identifier: Apache-2.0 */
/* The index against a plain search: thousands of random patterns over a few labels and addresses,
 * and as many random questions, must come to the same decision by an equally specific entry. */
#include "tests/unit/rules.h"

#include <stdio.h>
#include <stdlib.h>

enum { ENTRIES = 2000, QUESTIONS = 1500, NAME_SIZE = 80, TEXT_SIZE = 128 };

struct sample {
	char text[TEXT_SIZE];
	enum policy_list list;
	bool has_ports;
	unsigned first, last;
};

static struct sample samples[ENTRIES];
static uint32_t random_state;

static uint32_t below(uint32_t bound)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % bound;
}

static void random_name(char *ret_text, unsigned most)
{
	static const char *const labels[] = {"a", "b", "ab", "ba", "aab", "longer-label", "x1"};
	size_t len = 0;

	for (unsigned left = 1 + below(most); left > 0; left--)
		len += (size_t)snprintf(ret_text + len, NAME_SIZE - len, "%s%s", len ? "." : "",
			labels[below(COUNT(labels))]);
}

static void random_address(char *ret_text)
{
	if (below(2))
		snprintf(ret_text, NAME_SIZE, "192.31.%u.%u", below(3), below(6));
	else
		snprintf(ret_text, NAME_SIZE, "[2600::%x:%x]", below(3), below(6));
}

/* The same networks, cut to where all behind is zero. */
static void random_range(char *ret_text)
{
	static const char *const ranges[] = {"192.31.1.0/24", "192.31.0.0/16", "192.0.0.0/4",
		"192.31.2.4/30", "192.31.0.0/23", "[2600::1:0]/112", "[2600::]/64",
		"[2600::2:4]/126", "0.0.0.0/0", "::/0"};

	if (below(8))
		random_address(ret_text);
	else
		snprintf(ret_text, NAME_SIZE, "%s", ranges[below(COUNT(ranges))]);
}

static void random_pattern(struct sample *s)
{
	static const char *const before[] = {
		"", "", "*.", "**.", "a*.", "*b.", "a*b.", "aa*.", "*-label.", "lon*el."};
	char host[NAME_SIZE];

	s->list = below(2) ? LIST_ALLOW : LIST_DENY;
	s->has_ports = below(3) == 0;
	s->first = below(2) ? 443 : 80;
	s->last = s->first + below(3);
	if (below(3)) {
		random_name(host, 4);
		snprintf(s->text, sizeof(s->text), "%s%s", before[below(COUNT(before))], host);
	} else {
		random_range(s->text);
	}
	if (s->list == LIST_ALLOW && below(500) == 0)
		memcpy(s->text, "*", 2);
	if (s->has_ports) {
		size_t len = strlen(s->text);
		snprintf(s->text + len, sizeof(s->text) - len, ":%u-%u", s->first, s->last);
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* How specific a match is, 0 for none, by reading the pattern as a person would. */
static unsigned plain_name_rank(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');
	const char *base = strchr(pattern, '.');
	size_t name_len = strlen(name);
	unsigned dots = 0;

	if (strcmp(pattern, "*") == 0)
		return strchr(name, '.') != NULL;
	if (!star)
		return strcmp(pattern, name) == 0 ? 1000 : 0;
	for (const char *c = base; c && *c; c++)
		dots += *c == '.';
	if (strncmp(pattern, "**.", 3) == 0 && strcmp(pattern + 3, name) == 0)
		return 999;
	if (!base || !ends_with(name, base))
		return 0;
	if (star == pattern && (star[1] == '.' || star[1] == '*'))
		return name_len > strlen(base) ? dots * 2 + 1 : 0;
	size_t label = name_len - strlen(base);
	size_t prefix = (size_t)(star - pattern), suffix = (size_t)(base - star) - 1;
	bool matches = !memchr(name, '.', label) && label >= prefix + suffix &&
		       strncmp(name, pattern, prefix) == 0 &&
		       strncmp(name + label - suffix, star + 1, suffix) == 0;
	return matches ? dots * 2 + 2 : 0;
}

static unsigned plain_address_rank(const char *pattern, const struct address *a)
{
	struct slice text = slice_of(pattern);
	struct address network;
	unsigned bits;

	if (text.ptr[0] == '[')
		text = slice_from(text.ptr + 1, text.len - 1);
	size_t end = 0;
	while (end < text.len && text.ptr[end] != ']' && text.ptr[end] != '/')
		end++;
	const char *slash = strchr(pattern, '/');
	if (!address_parse_ipv4(slice_first(text, end), &network) &&
		!address_parse_ipv6(slice_first(text, end), &network))
		return 0;
	bits = slash ? (unsigned)strtoul(slash + 1, NULL, 10) : network.family == 4 ? 32 : 128;
	return address_in_prefix(a, &network, bits) ? bits + 1 : 0;
}

static unsigned plain_rank(const char *pattern, const struct target *t)
{
	char host[TEXT_SIZE];

	snprintf(host, sizeof(host), "%s", pattern);
	char *ports = strrchr(host, ':');
	if (ports && strchr(ports, '-') && !strchr(ports, ']'))
		*ports = '\0';
	bool is_range = strchr(host, '/') || host[0] == '[' || ends_with(host, "0") ||
			(host[0] >= '0' && host[0] <= '9');
	if (t->kind == TARGET_ADDRESS)
		return is_range ? plain_address_rank(host, &t->address) : 0;
	return is_range ? 0 : plain_name_rank(host, t->host);
}

/* The plain search. *ret_rank is that of the entry that decides. */
static enum reason plain_judge(const struct target *t, unsigned *ret_rank)
{
	unsigned deny = 0, allow = 0, other = 0;

	for (size_t i = 0; i < ENTRIES; i++) {
		const struct sample *s = &samples[i];
		unsigned rank = plain_rank(s->text, t);
		bool covers = s->has_ports
				      ? t->port >= s->first && t->port <= s->last
				      : s->list == LIST_DENY || t->port == 443 || t->port == 80;
		unsigned *best = s->list == LIST_DENY ? &deny : covers ? &allow : &other;
		if ((s->list == LIST_ALLOW || covers) && rank > *best)
			*best = rank;
	}
	*ret_rank = deny ? deny : allow ? allow : other;
	if (deny)
		return REASON_DENIED;
	return allow ? REASON_NONE : other ? REASON_PORT_NOT_ALLOWED : REASON_NOT_ALLOWED;
}

static void random_authority(char *ret_text, size_t size)
{
	static const unsigned ports[] = {80, 443, 444, 81, 22};
	char host[NAME_SIZE];

	if (below(3))
		random_name(host, 5);
	else
		random_address(host);
	snprintf(ret_text, size, "%s:%u", host, ports[below(COUNT(ports))]);
}

static void check_seed(uint32_t seed, uint32_t entries)
{
	struct policy_builder *b = policy_builder_new();
	char text[TEXT_SIZE];

	random_state = seed;
	memset(samples, 0, sizeof(samples));
	for (uint32_t i = 0; i < entries; i++) {
		random_pattern(&samples[i]);
		struct entry e = {.list = samples[i].list,
			.pattern = slice_of(samples[i].text),
			.line = i,
			.public_suffix = true};
		rules_add(b, &e);
	}
	struct policy *p = rules_finish(b, NULL);
	for (uint32_t i = 0; i < QUESTIONS; i++) {
		unsigned want_rank;
		random_authority(text, sizeof(text));
		struct target t = rules_target(text);
		enum reason want = plain_judge(&t, &want_rank);
		struct verdict v = policy_judge(p, &t);
		ROW_CHECK(text, v.reason == want, "%s, not %s", reason_word(v.reason),
			reason_word(want));
		if (v.entry == ENTRY_NONE)
			continue;
		const char *rule = policy_rule(p, v.entry).pattern;
		ROW_CHECK(text, plain_rank(rule, &t) == want_rank, "by %s", rule);
	}
	policy_unref(p);
}

static void the_index_agrees_with_a_plain_search(void **state)
{
	(void)state;
	check_seed(1, 0);
	check_seed(2, 5);
	check_seed(3, 50);
	check_seed(4, 400);
	check_seed(5, ENTRIES);
}

static void deep_names_are_found_at_every_depth(void **state)
{
	char name[LIMIT_NAME_BYTES + 5], ask[LIMIT_NAME_BYTES + 5];
	size_t len = 0;
	(void)state;
	/* 127 labels of one letter: the most that there can be. */
	for (int i = 0; i < LIMIT_NAME_LABELS; i++) {
		name[len++] = (char)('a' + i % 26);
		name[len++] = '.';
	}
	len--;
	memcpy(ask, name, len);
	memcpy(ask + len, ":443", 5);
	struct target t = rules_target(ask);
	for (size_t start = 0; start < len; start += 2) {
		for (int wildcard = 0; wildcard < 2; wildcard++) {
			char pattern[LIMIT_NAME_BYTES + 3] = "*.";
			memcpy(pattern + 2, name + start, len - start);
			pattern[len - start + 2] = '\0';
			struct policy_builder *b = policy_builder_new();
			struct entry e = {.list = LIST_DENY,
				.pattern = slice_of(pattern + (wildcard ? 0 : 2))};
			rules_add(b, &e);
			struct policy *p = rules_finish(b, NULL);
			bool denied = policy_judge(p, &t).reason == REASON_DENIED;
			ROW_CHECK(pattern, denied == (wildcard ? start > 0 : start == 0), "%d",
				wildcard);
			policy_unref(p);
		}
	}
}

/* Every length of a name, so that each way of loading its words is taken; and its look-alikes. */
static void names_of_every_length(void **state)
{
	(void)state;
	for (size_t len = 1; len <= LIMIT_LABEL_BYTES; len++) {
		char name[2 * LIMIT_LABEL_BYTES + 8], ask[2 * LIMIT_LABEL_BYTES + 16];
		memset(name, 'a', len);
		memcpy(name + len, ".t", 3);
		struct policy *p = rules_policy(name, "", NULL);
		for (size_t at = 0; at <= len; at++) {
			snprintf(ask, sizeof(ask), "%s:443", name);
			ask[at == len ? 0 : at] = at == len ? 'a' : 'b';
			struct target t = rules_target(ask);
			bool allowed = policy_judge(p, &t).decision == DECISION_ALLOW;
			ROW_CHECK(ask, allowed == (at == len), "%zu", at);
		}
		policy_unref(p);
	}
}

static void equal_entries_are_kept_once(void **state)
{
	static const char *const same[] = {"a.test", "A.TEST.", "*.a.test", "*.a.test",
		"10.0.0.0/8", "10.0.0.0/8", "*", "*", "a-*.test", "a-*.test", "a.test:22",
		"a.test:22"};
	struct policy_builder *b = policy_builder_new();
	struct slice range = SLICE("10.0.0.0/8");
	(void)state;
	for (size_t i = 0; i < COUNT(same); i++)
		rules_add_list(b, LIST_ALLOW, same[i]);
	struct entry other = {.list = LIST_ALLOW, .pattern = SLICE("a.test"), .has_protocol = true};
	rules_add(b, &other);
	other.addresses = &range;
	other.address_count = 1;
	rules_add(b, &other);
	rules_add_list(b, LIST_DENY, "a.test");
	struct policy *p = rules_finish(b, NULL);
	struct policy_counts counts = policy_counts(p);
	assert_int_equal(counts.allow, COUNT(same) / 2 + 2);
	assert_int_equal(counts.deny, 1);
	assert_true(counts.bytes > 100);
	policy_unref(p);
}

static void one_name_has_so_many_entries(void **state)
{
	static const char *const hosts[] = {"a.test", "*", "10.0.0.1", "a-*.test"};
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct policy_builder *b = policy_builder_new();
		char text[32];
		struct entry e = {.list = LIST_ALLOW};
		struct fault fault = {.text = ""};
		for (int port = 1; port <= LIMIT_NAME_ENTRIES; port++) {
			snprintf(text, sizeof(text), "%s:%d", hosts[i], port);
			e.pattern = slice_of(text);
			rules_add(b, &e);
		}
		snprintf(text, sizeof(text), "%s:%d", hosts[i], LIMIT_NAME_ENTRIES + 1);
		e.pattern = slice_of(text);
		assert_false(policy_builder_add(b, &e, &fault));
		assert_non_null(strstr(fault.text, "is one too many"));
		struct policy *p = rules_finish(b, NULL);
		assert_int_equal(policy_counts(p).allow, LIMIT_NAME_ENTRIES);
		policy_unref(p);
	}
}

static void rules_have_file_and_line(void **state)
{
	struct policy_builder *b = policy_builder_new();
	char file[32];
	struct entry e = {.list = LIST_DENY, .line = 7};
	struct fault fault;
	(void)state;
	for (int i = 0; i < LIMIT_PATTERN_FILES; i++) {
		snprintf(file, sizeof(file), "file %d", i);
		e.file = slice_of(file);
		e.pattern = i == 40 ? SLICE("B.test:22") : SLICE("a.test");
		rules_add(b, &e);
	}
	e.file = SLICE("one more");
	assert_false(policy_builder_add(b, &e, &fault));
	struct policy *p = rules_finish(b, NULL);
	struct target t = rules_target("b.test:22");
	struct rule rule = policy_rule(p, policy_judge(p, &t).entry);
	assert_string_equal(rule.pattern, "B.test:22");
	assert_string_equal(rule.file, "file 40");
	assert_int_equal(rule.line, 7);
	assert_null(policy_rule(p, ENTRY_NONE).pattern);
	policy_unref(p);
}

static void snapshots_are_counted(void **state)
{
	struct policy *a = rules_policy("a.test", "", NULL);
	struct policy *b = rules_policy("a.test", "", NULL);
	(void)state;
	assert_true(policy_generation(b) > policy_generation(a));
	assert_ptr_equal(policy_ref(a), a);
	policy_unref(a);
	assert_int_equal(policy_counts(a).allow, 1);
	policy_unref(a);
	policy_unref(b);
	policy_unref(NULL);
	policy_builder_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_agrees_with_a_plain_search),
		cmocka_unit_test(deep_names_are_found_at_every_depth),
		cmocka_unit_test(names_of_every_length),
		cmocka_unit_test(equal_entries_are_kept_once),
		cmocka_unit_test(one_name_has_so_many_entries),
		cmocka_unit_test(rules_have_file_and_line),
		cmocka_unit_test(snapshots_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
