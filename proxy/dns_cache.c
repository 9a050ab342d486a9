/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dns_cache.h"

#include "base/container.h"

#include <stdlib.h>

enum { BUCKETS = 1024 };

struct cached {
	struct name_node node;
	struct cached *newer, *older;
	const struct answer *answer;
	uint64_t expires_ms;
	char host[];
};

bool dns_cache_init(struct dns_cache *c)
{
	*c = (struct dns_cache){0};
	return name_map_init(&c->names, BUCKETS);
}

static void unlink_entry(struct dns_cache *c, struct cached *entry)
{
	*(entry->newer ? &entry->newer->older : &c->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &c->oldest) = entry->newer;
}

static void link_newest(struct dns_cache *c, struct cached *entry)
{
	entry->newer = NULL;
	entry->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = entry;
	c->newest = entry;
}

static void forget(struct dns_cache *c, struct cached *entry)
{
	name_map_remove(&c->names, &entry->node);
	unlink_entry(c, entry);
	c->count--;
	answer_unref(entry->answer);
	free(entry);
}

void dns_cache_done(struct dns_cache *c)
{
	while (c->newest)
		forget(c, c->newest);
	name_map_done(&c->names);
}

static struct cached *entry_of(struct dns_cache *c, struct slice host)
{
	struct name_node *node = name_map_find(&c->names, host);

	return node ? CONTAINER(node, struct cached, node) : NULL;
}

const struct answer *dns_cache_find(struct dns_cache *c, struct slice host, uint64_t now_ms)
{
	struct cached *entry = entry_of(c, host);

	if (!entry)
		return NULL;
	if (now_ms >= entry->expires_ms) {
		forget(c, entry);
		return NULL;
	}
	if (entry != c->newest) {
		unlink_entry(c, entry);
		link_newest(c, entry);
	}
	return entry->answer;
}

void dns_cache_store(
	struct dns_cache *c, struct slice host, const struct answer *answer, uint64_t now_ms)
{
	struct cached *entry = entry_of(c, host);

	if (entry)
		forget(c, entry);
	if (answer->ttl_s == 0)
		return;
	if (c->count == LIMIT_DNS_CACHE)
		forget(c, c->oldest);
	entry = malloc(sizeof(*entry) + host.len);
	if (!entry)
		return;
	memcpy(entry->host, host.ptr, host.len);
	entry->node.name = slice_from(entry->host, host.len);
	entry->answer = answer_ref(answer);
	entry->expires_ms = now_ms + (uint64_t)answer->ttl_s * 1000;
	name_map_add(&c->names, &entry->node);
	link_newest(c, entry);
	c->count++;
}
