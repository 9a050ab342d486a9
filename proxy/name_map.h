/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/name_map.h: host names to the objects that embed a name_node. Owns its buckets, nothing
 * else. The hash is keyed with a number drawn once per process, so that a peer cannot choose names
 * that meet; what is kept in a map is bounded by its owner, so that the worst is bounded too. */
#ifndef SALLYPORT_PROXY_NAME_MAP_H
#define SALLYPORT_PROXY_NAME_MAP_H

#include "base/slice.h"

struct name_node {
	struct name_node *next; /* in the bucket */
	struct slice name; /* the owner's bytes, canonical */
	uint32_t hash;
};

struct name_map {
	struct name_node **buckets;
	size_t size; /* a power of two */
};

uint32_t name_hash(struct slice name);

/* size is rounded up to a power of two. False without memory: nothing to undo. */
bool name_map_init(struct name_map *m, size_t size);
/* Forgets the nodes, which stay their owners'. Safe on a zeroed map. */
void name_map_done(struct name_map *m);

/* NULL when there is none. */
struct name_node *name_map_find(const struct name_map *m, struct slice name);
/* node->name is set and not in the map yet; the node stays where it is until removed. */
void name_map_add(struct name_map *m, struct name_node *node);
/* The node is in the map. */
void name_map_remove(struct name_map *m, struct name_node *node);

#endif
