/* SPDX-License-Identifier: Apache-2.0 */
/* What searches cost: a host that is no provider's, which every tunnel pays where modes are set, one
 * that is, and a whole request read to its key. */
#include "tests/fuzz/searches.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LOOKS = 10000000, READS = 200000 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct policy *build(void)
{
	static const struct policy_settings settings = {.searches = {.set = true, .cached = true}};
	struct policy_builder *b = policy_builder_new();
	struct fault fault;

	for (size_t i = 0; b && provider_builtin(i); i++)
		if (!policy_builder_add_provider(b, provider_builtin(i), &fault))
			exit(1);
	return b ? policy_builder_finish(b, &settings) : NULL;
}

static void look(const struct policy *p, const char *host)
{
	struct target t;
	unsigned found = 0;

	if (target_parse_authority(slice_of(host), &t) != REASON_NONE)
		exit(1);
	double before = now_ns();
	for (int i = 0; i < LOOKS; i++)
		found += policy_searches(p, &t);
	printf("search, look for %-32s %7.1f ns%s\n", host, (now_ns() - before) / LOOKS,
		found > 0 ? " (a provider's)" : "");
}

static void read(const char *name, const char *line, const char *content)
{
	struct search s;

	double before = now_ns();
	for (int i = 0; i < READS; i++) {
		if (searches_read(slice_of(line), slice_of(content), &s) != SEARCH_OK)
			exit(1);
		search_done(&s);
	}
	printf("search, read %-36s %7.0f ns\n", name, (now_ns() - before) / READS);
}

int main(void)
{
	struct policy *p = build();

	if (!p)
		return 1;
	look(p, "www.example.com:443");
	look(p, "a.b.c.d.static.cdn.example.com:443");
	look(p, "api.search.brave.com:443");
	read("GET",
		"GET https://api.search.brave.com/res/v1/web/search?q=how+to+tie+a+knot&count=10",
		"");
	read("GET, not ASCII",
		"GET https://api.search.brave.com/res/v1/web/search?q=%C3%BCber+u%CC%88ber&count=10",
		"");
	read("POST JSON", "POST https://api.tavily.com/search",
		"{\"query\":\"how to tie a knot\",\"max_results\":5,\"topic\":\"news\",\"days\":3}");
	policy_unref(p);
	return 0;
}
