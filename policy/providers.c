/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/providers.h"

#include "base/escape.h"
#include "policy/hash.h"
#include "policy/special.h"
#include "policy/suffix.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SEED = 0x5345, /* few entries, which the operator chose: the layout is no secret */
};

void providers_done(struct providers *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->list[i]);
	free(set->list);
	free(set->hosts);
	free(set->buckets);
	*set = (struct providers){0};
}

/* ---- growing ------------------------------------------------------------------------------- */

static bool is_wildcard(const struct pattern *p)
{
	return p->kind == PATTERN_BELOW || p->kind == PATTERN_FROM;
}

static const char *unfit(const struct pattern *p)
{
	unsigned whole = p->network.family == 4 ? 32 : 128;

	if (p->kind == PATTERN_ANY || p->kind == PATTERN_HOLE)
		return "is too wide for a provider: write a name, or \"*.\" before one";
	if (p->kind == PATTERN_RANGE && p->prefix_bits < whole)
		return "is a range: write single addresses, or names";
	if (is_wildcard(p) && suffix_is_public(pattern_base(p).ptr))
		return "covers names that anybody may register: write the names that are meant";
	return NULL;
}

static bool parse_host(
	struct slice host, struct pattern *ret_pattern, char *ret_sentence, size_t size)
{
	char shown[120];

	if (!pattern_parse(host, ret_pattern, ret_sentence, size))
		return false;
	const char *wrong = unfit(ret_pattern);
	if (!wrong)
		return true;
	escape_text(host, shown, sizeof(shown));
	snprintf(ret_sentence, size, "\"%s\" %s", shown, wrong);
	return false;
}

bool providers_check_host(struct slice host, char *ret_sentence, size_t size)
{
	struct pattern pattern;

	return parse_host(host, &pattern, ret_sentence, size);
}

/* Copies a text behind the struct; measured first with `at` NULL. */
static const char *pack(char *at, size_t *used, const char *text)
{
	size_t len = slice_of(text).len + 1;
	const char *copy = at ? memcpy(at + *used, text, len) : NULL;

	*used += len;
	return copy;
}

static size_t pack_all(struct provider *copy, char *at, const struct provider *p)
{
	size_t used = 0;

	*copy = *p;
	copy->name = pack(at, &used, p->name);
	copy->hosts = pack(at, &used, p->hosts);
	copy->paths = pack(at, &used, p->paths);
	copy->query = pack(at, &used, p->query);
	copy->secrets = pack(at, &used, p->secrets);
	copy->ignored = pack(at, &used, p->ignored);
	copy->shown = pack(at, &used, p->shown);
	copy->defaults = pack(at, &used, p->defaults);
	copy->list = pack(at, &used, p->list);
	copy->title = pack(at, &used, p->title);
	copy->url = pack(at, &used, p->url);
	copy->snippet = pack(at, &used, p->snippet);
	if (p->file)
		copy->file = pack(at, &used, p->file);
	return used;
}

static bool store(struct providers *set, const struct provider *p)
{
	struct provider **grown = realloc(set->list, (set->count + 1) * sizeof(*grown));
	struct provider measured;

	if (!grown)
		return false;
	set->list = grown;
	size_t size = sizeof(measured) + pack_all(&measured, NULL, p);
	struct provider *copy = malloc(size);
	if (!copy)
		return false;
	pack_all(copy, (char *)(copy + 1), p);
	set->list[set->count++] = copy;
	set->bytes += size + sizeof(*grown);
	return true;
}

static enum providers_result add_hosts(
	struct providers *set, const struct provider *p, char *ret_sentence, size_t size)
{
	struct slice rest = slice_of(p->hosts);

	for (size_t i = 0; rest.len > 0; i++) {
		struct slice host = provider_word(&rest);
		struct provider_host *grown =
			realloc(set->hosts, (set->host_count + 1) * sizeof(*grown));
		if (!grown)
			return PROVIDERS_NO_MEMORY;
		set->hosts = grown;
		struct provider_host *at = &set->hosts[set->host_count];
		*at = (struct provider_host){.provider = (uint32_t)set->count};
		if (!parse_host(host, &at->pattern, ret_sentence, size))
			return PROVIDERS_REFUSED;
		if (i == LIMIT_PROVIDER_HOSTS) {
			snprintf(ret_sentence, size,
				"more than %d hosts: write a second provider for the rest",
				LIMIT_PROVIDER_HOSTS);
			return PROVIDERS_REFUSED;
		}
		set->host_count++;
	}
	return PROVIDERS_DONE;
}

enum providers_result providers_add(
	struct providers *set, const struct provider *p, char *ret_sentence, size_t size)
{
	size_t hosts = set->host_count;

	enum providers_result result = add_hosts(set, p, ret_sentence, size);
	if (result == PROVIDERS_DONE && !store(set, p))
		result = PROVIDERS_NO_MEMORY;
	if (result != PROVIDERS_DONE)
		set->host_count = hosts;
	return result;
}

static uint32_t *bucket(const struct providers *set, struct slice base)
{
	return &set->buckets[hash_bytes(SEED, base.ptr, base.len) & set->bucket_mask];
}

bool providers_finish(struct providers *set)
{
	size_t size = 16;

	while (size < set->host_count * 4)
		size *= 2;
	set->buckets = calloc(size, sizeof(*set->buckets));
	if (!set->buckets)
		return false;
	set->bucket_mask = size - 1;
	for (size_t i = 0; i < set->host_count; i++) {
		struct provider_host *h = &set->hosts[i];
		/* All addresses are in the chain of the empty name. */
		uint32_t *at = bucket(set, pattern_base(&h->pattern));
		h->next = *at;
		*at = (uint32_t)i + 1;
	}
	set->bytes += size * sizeof(*set->buckets) + set->host_count * sizeof(*set->hosts);
	return true;
}

/* ---- looking ------------------------------------------------------------------------------- */

static bool covers_port(const struct pattern *p, uint16_t port)
{
	return p->has_ports ? port >= p->port_first && port <= p->port_last
			    : port == 80 || port == 443;
}

/* `base` is the end of the host that begins at `start`, or empty for an address. */
static bool covers(const struct pattern *p, const struct target *t, struct slice base, size_t start)
{
	struct address plain;

	if (!covers_port(p, t->port))
		return false;
	if (t->kind == TARGET_ADDRESS) {
		plain = special_unmapped(&t->address);
		return p->kind == PATTERN_RANGE && address_equal(&p->network, &plain);
	}
	if (p->kind == PATTERN_RANGE || !slice_equal(pattern_base(p), base))
		return false;
	return start == 0 ? p->kind != PATTERN_BELOW : p->kind != PATTERN_NAME;
}

void providers_visit(const struct providers *set, const struct target *t,
	bool (*visit)(void *owner, uint32_t provider), void *owner)
{
	struct slice host = t->kind == TARGET_ADDRESS ? SLICE("") : target_host(t);
	size_t start = 0;

	if (set->host_count == 0)
		return;
	do {
		struct slice base = slice_after(host, start);
		for (uint32_t i = *bucket(set, base); i > 0; i = set->hosts[i - 1].next)
			if (covers(&set->hosts[i - 1].pattern, t, base, start) &&
				!visit(owner, set->hosts[i - 1].provider))
				return;
		start += slice_find(base, '.') + 1;
	} while (start < host.len);
}

static bool on_first(void *owner, uint32_t provider)
{
	(void)provider;
	*(bool *)owner = true;
	return false;
}

bool providers_cover(const struct providers *set, const struct target *t)
{
	bool covered = false;

	providers_visit(set, t, on_first, &covered);
	return covered;
}
