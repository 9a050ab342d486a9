/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules about requests cost: a target that no rule covers, one with two rules whose paths
 * are compared, and one with a hundred rules, all of which have to be looked at. */
#include "policy/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 1000000, HOSTS = 1000, MANY = 100 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void add(struct policy_builder *b, const char *domain, const char *path)
{
	const struct slice domains[] = {slice_of(domain)}, paths[] = {slice_of(path)};
	static const struct slice methods[] = {{"GET", 3}, {"HEAD", 4}};
	const struct request_rule rule = {.domains = domains,
		.domain_count = 1,
		.methods = methods,
		.method_count = 2,
		.paths = paths,
		.path_count = 1,
		.file = {"bench", 5}};
	struct fault fault;

	if (!policy_builder_add_rule(b, &rule, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		exit(1);
	}
}

static struct policy *build(void)
{
	static const struct policy_settings settings;
	struct policy_builder *b = policy_builder_new();
	char text[64];

	for (int i = 0; b && i < HOSTS; i++) {
		snprintf(text, sizeof(text), "host%d.example.com", i);
		add(b, text, "/**/info/refs");
		add(b, text, "/repos/*/issues");
	}
	for (int i = 0; b && i < MANY; i++) {
		snprintf(text, sizeof(text), "/path/%d/**/end", i);
		add(b, "many.example.com", text);
	}
	return b ? policy_builder_finish(b, &settings) : NULL;
}

static void measure(const struct policy *p, const char *name, const char *host)
{
	static const struct request_view view = {.method = {"GET", 3},
		.path = {"/octo/hello.git/info/refs?service=git-upload-pack", 49}};
	const struct verdict named = {.decision = DECISION_ALLOW, .entry = ENTRY_NONE};
	struct target t;
	unsigned allowed = 0;

	if (target_parse_authority(slice_of(host), &t) != REASON_NONE)
		exit(1);
	double before = now_ns();
	for (int i = 0; i < ROUNDS; i++)
		allowed += policy_judge_request(p, &t, &view, &named).decision == DECISION_ALLOW;
	printf("judge_request, %-12s %6.0f ns%s\n", name, (now_ns() - before) / ROUNDS,
		allowed == 0 ? " (refused)" : "");
}

int main(void)
{
	struct policy *p = build();

	if (!p)
		return 1;
	measure(p, "no rule", "www.example.net:443");
	measure(p, "two rules", "host500.example.com:443");
	measure(p, "hundred", "many.example.com:443");
	policy_unref(p);
	return 0;
}
