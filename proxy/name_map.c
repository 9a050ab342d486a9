/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/name_map.h"

#include <stdlib.h>
#include <uv.h>

static uv_once_t key_once = UV_ONCE_INIT;
static uint64_t key;

static void key_draw(void)
{
	/* Without randomness the time still differs from process to process. */
	if (uv_random(NULL, NULL, &key, sizeof(key), 0, NULL) != 0)
		key = uv_hrtime();
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

uint32_t name_hash(struct slice name)
{
	uint64_t word;

	uv_once(&key_once, key_draw);
	uint64_t hash = mix(key, name.len);
	while (name.len >= sizeof(word)) {
		memcpy(&word, name.ptr, sizeof(word));
		hash = mix(hash, word);
		name = slice_after(name, sizeof(word));
	}
	word = 0;
	if (name.len > 0)
		memcpy(&word, name.ptr, name.len);
	hash = mix(hash, word);
	return (uint32_t)(hash ^ hash >> 32);
}

bool name_map_init(struct name_map *m, size_t size)
{
	size_t power = 16;

	while (power < size)
		power *= 2;
	m->buckets = calloc(power, sizeof(struct name_node *));
	m->size = m->buckets ? power : 0;
	return m->buckets != NULL;
}

void name_map_done(struct name_map *m)
{
	free(m->buckets);
	*m = (struct name_map){0};
}

static struct name_node **bucket(const struct name_map *m, uint32_t hash)
{
	return &m->buckets[hash & (m->size - 1)];
}

struct name_node *name_map_find(const struct name_map *m, struct slice name)
{
	uint32_t hash = name_hash(name);

	for (struct name_node *node = *bucket(m, hash); node; node = node->next)
		if (node->hash == hash && slice_equal(node->name, name))
			return node;
	return NULL;
}

void name_map_add(struct name_map *m, struct name_node *node)
{
	node->hash = name_hash(node->name);
	struct name_node **head = bucket(m, node->hash);
	node->next = *head;
	*head = node;
}

void name_map_remove(struct name_map *m, struct name_node *node)
{
	struct name_node **at = bucket(m, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
}
