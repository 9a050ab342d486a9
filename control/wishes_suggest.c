/* SPDX-License-Identifier: Apache-2.0 */
/* From wishes to entries of an allow list: sorted so that what one owner registered stands together,
 * with a wildcard for many names of one. */
#include "control/wishes.h"

#include "base/buffer.h"
#include "control/show.h"
#include "policy/cover.h"
#include "policy/suffix.h"

#include <stdlib.h>

/* The longest text to paste, bytes; and names that one comment lists, the rest as a number. */
enum { TOML_BYTES = 256 * 1024, LISTED = 20, ENTRY_SIZE = LIMIT_NAME_BYTES + 12 };

struct draft {
	const struct wishes *wishes;
	const struct wish *chosen[WISHES_HOSTS];
	size_t count;
	json_t *patterns;
	struct buffer toml;
};

static struct slice domain_of(const struct target *t)
{
	const char *registrable = t->kind == TARGET_NAME ? suffix_registrable(t->host) : NULL;

	return registrable ? slice_of(registrable) : target_host(t);
}

static bool is_below(struct slice host, struct slice domain)
{
	return host.len > domain.len + 1 && slice_ends(host, domain) &&
	       host.ptr[host.len - domain.len - 1] == '.';
}

/* An entry without a port means these two, with the protocols they have by themselves. */
static bool is_ordinary(const struct wish *wish)
{
	return (wish->target.port == 80 || wish->target.port == 443) && !wish->raw;
}

static bool is_denied(const struct wishes *w, const struct wish *wish)
{
	for (size_t i = 0; i < w->denial_count; i++) {
		struct cover denied = cover_of(&w->denials[i], false);
		if (cover_target(&denied, &wish->target))
			return true;
	}
	/* Without all the denials nobody knows. */
	return wish->denied || w->denials_full;
}

static bool is_worth_listing(
	const struct wishes *w, const struct wish *wish, const struct policy *p)
{
	struct verdict v = policy_judge(p, &wish->target);

	if (v.decision == DECISION_ALLOW || v.reason != REASON_NOT_ALLOWED)
		return false;
	return (wish->approved || wish->asks >= WISHES_ASKS) && !is_denied(w, wish);
}

static int compare_slices(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.ptr, b.ptr, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare(const void *left, const void *right)
{
	const struct wish *a = *(const struct wish *const *)left;
	const struct wish *b = *(const struct wish *const *)right;
	int order = compare_slices(domain_of(&a->target), domain_of(&b->target));

	if (order == 0)
		order = compare_slices(target_host(&a->target), target_host(&b->target));
	return order != 0 ? order : a->target.port - b->target.port;
}

/* Nothing below the domain was denied, as far as anybody remembers. */
static bool may_fold(const struct wishes *w, struct slice domain)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->hosts[i].denied && is_below(target_host(&w->hosts[i].target), domain))
			return false;
	for (size_t i = 0; i < w->denial_count; i++) {
		struct slice base = pattern_base(&w->denials[i]);
		if (slice_equal(base, domain) || is_below(base, domain))
			return false;
	}
	return !w->hosts_full && !w->denials_full;
}

static bool folds(const struct wish *wish, struct slice domain)
{
	return is_ordinary(wish) && is_below(target_host(&wish->target), domain);
}

/* One name on ports 80 and 443 is one. */
static bool repeats(const struct wish *const *chosen, size_t at)
{
	return at > 0 && is_ordinary(chosen[at]) && is_ordinary(chosen[at - 1]) &&
	       slice_equal(target_host(&chosen[at]->target), target_host(&chosen[at - 1]->target));
}

static void put_entry(struct draft *d, const char *pattern, bool raw)
{
	show_append(&d->patterns, json_string(pattern));
	if (raw)
		buffer_format(&d->toml, "    { domain = \"%s\", protocol = \"raw\" },\n", pattern);
	else
		buffer_format(&d->toml, "    \"%s\",\n", pattern);
}

static void put_exact(struct draft *d, const struct wish *wish)
{
	const struct target *t = &wish->target;
	char text[ENTRY_SIZE];

	target_format(t, text, sizeof(text));
	/* Without ":80" and ":443". */
	if (t->port == 80 || t->port == 443)
		*strrchr(text, ':') = '\0';
	put_entry(d, text, wish->raw);
}

static void put_wildcard(
	struct draft *d, struct slice domain, const struct wish *const *group, size_t count)
{
	char pattern[ENTRY_SIZE];
	size_t listed = 0;

	buffer_format(&d->toml, "    #");
	for (size_t i = 0; i < count; i++) {
		if (!folds(group[i], domain) || repeats(group, i))
			continue;
		if (listed++ < LISTED)
			buffer_format(
				&d->toml, "%s %s", listed > 1 ? "," : "", group[i]->target.host);
	}
	if (listed > LISTED)
		buffer_format(&d->toml, " and %zu more", listed - LISTED);
	buffer_format(&d->toml, "\n");
	snprintf(pattern, sizeof(pattern), "*.%.*s", (int)domain.len, domain.ptr);
	put_entry(d, pattern, false);
}

/* All that one owner registered. */
static void put_group(struct draft *d, const struct wish *const *group, size_t count)
{
	struct slice domain = domain_of(&group[0]->target);
	size_t siblings = 0;

	for (size_t i = 0; i < count; i++)
		siblings += folds(group[i], domain) && !repeats(group, i);
	bool fold = siblings >= WISHES_SIBLINGS && may_fold(d->wishes, domain);
	for (size_t i = 0; i < count; i++)
		if (!(fold && folds(group[i], domain)) && !repeats(group, i))
			put_exact(d, group[i]);
	if (fold)
		put_wildcard(d, domain, group, count);
}

static void choose(struct draft *d, const struct policy *p)
{
	const struct wishes *w = d->wishes;

	for (size_t i = 0; i < w->count; i++)
		if (is_worth_listing(w, &w->hosts[i], p))
			d->chosen[d->count++] = &w->hosts[i];
	/* The field is a member of a larger one, and so never NULL. */
	qsort(d->chosen, d->count, sizeof(d->chosen[0]), compare);
}

static void put_groups(struct draft *d)
{
	size_t end;

	for (size_t start = 0; start < d->count; start = end) {
		struct slice domain = domain_of(&d->chosen[start]->target);
		for (end = start + 1; end < d->count; end++)
			if (!slice_equal(domain_of(&d->chosen[end]->target), domain))
				break;
		put_group(d, d->chosen + start, end - start);
	}
}

json_t *wishes_suggest(const struct wishes *w, const struct policy *p)
{
	struct draft d = {.wishes = w, .patterns = json_array()};
	json_t *shown = json_object();

	buffer_init(&d.toml, TOML_BYTES);
	choose(&d, p);
	if (d.count > 0) {
		buffer_append(&d.toml, SLICE("allowed_domains = [\n"));
		put_groups(&d);
		buffer_append(&d.toml, SLICE("]\n"));
	}
	struct slice text = buffer_bytes(&d.toml);
	show_put(&shown, "allowed_domains", d.patterns);
	show_put(&shown, "toml",
		d.toml.failed ? NULL : json_stringn(text.len ? text.ptr : "", text.len));
	buffer_done(&d.toml);
	return shown;
}
