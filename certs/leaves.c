/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/leaves.h"

#include <assert.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

/* One leaf in its bucket and in the order of use. */
struct entry {
	struct entry *next; /* in the bucket */
	struct entry *newer, *older;
	struct leaf *leaf;
	uint64_t hash;
	size_t len;
	char key[]; /* of leaf_name_key */
};

struct leaves {
	pthread_mutex_t lock; /* guards all that follows */
	struct mint *mint;
	struct entry **buckets;
	size_t mask; /* how many there are, less one */
	struct entry *newest, *oldest;
	uint64_t seed; /* what clients ask for shall not choose the bucket */
	uint32_t most;
	struct leaves_counts counts;
};

/* ---- the table ----------------------------------------------------------------------------- */

/* FNV-1a behind a secret beginning; the bound on entries bounds what a guess could cost. */
static uint64_t hash_of(const struct leaves *l, struct slice key)
{
	uint64_t h = l->seed;

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)key.ptr[i]) * 0x100000001b3;
	return h ^ h >> 32;
}

static struct entry *find(struct leaves *l, struct slice key, uint64_t hash)
{
	struct entry *e = l->buckets[hash & l->mask];

	while (e && !(e->hash == hash && slice_equal(slice_from(e->key, e->len), key)))
		e = e->next;
	return e;
}

static void unlink_use(struct leaves *l, struct entry *e)
{
	*(e->newer ? &e->newer->older : &l->newest) = e->older;
	*(e->older ? &e->older->newer : &l->oldest) = e->newer;
}

static void link_newest(struct leaves *l, struct entry *e)
{
	e->newer = NULL;
	e->older = l->newest;
	*(l->newest ? &l->newest->newer : &l->oldest) = e;
	l->newest = e;
}

/* Takes an entry out of the table; it is the caller's then. */
static void take_out(struct leaves *l, struct entry *e)
{
	struct entry **at = &l->buckets[e->hash & l->mask];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_use(l, e);
	l->counts.count--;
}

static void put_in(struct leaves *l, struct entry *e)
{
	struct entry **bucket = &l->buckets[e->hash & l->mask];

	e->next = *bucket;
	*bucket = e;
	link_newest(l, e);
	l->counts.count++;
}

static void entry_free(struct entry *e)
{
	if (e)
		leaf_unref(e->leaf);
	free(e);
}

/* Empties the table; returns what was in it, linked by `next`. */
static struct entry *drain(struct leaves *l)
{
	struct entry *all = NULL;

	while (l->oldest) {
		struct entry *e = l->oldest;
		take_out(l, e);
		e->next = all;
		all = e;
	}
	return all;
}

static void free_all(struct entry *all)
{
	while (all) {
		struct entry *next = all->next;
		entry_free(all);
		all = next;
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

struct leaves *leaves_new(
	struct authority *issuer, int64_t lifetime_s, uint32_t most, struct trouble *ret_trouble)
{
	struct leaves *l = calloc(1, sizeof(*l));
	size_t buckets = 16;

	assert(most >= 1 && most <= LIMIT_LEAVES);
	while (buckets < most)
		buckets *= 2;
	if (l)
		l->buckets = calloc(buckets, sizeof(struct entry *));
	if (!l || !l->buckets || pthread_mutex_init(&l->lock, NULL) != 0) {
		trouble_set(ret_trouble, "out of memory");
		goto fail;
	}
	l->mask = buckets - 1;
	l->most = most;
	l->mint = mint_new(issuer, lifetime_s, ret_trouble);
	if (l->mint && RAND_bytes((unsigned char *)&l->seed, sizeof(l->seed)) == 1)
		return l;
	if (l->mint)
		trouble_set_openssl(ret_trouble, "no random bytes");
	mint_unref(l->mint);
	pthread_mutex_destroy(&l->lock);
fail:
	if (l)
		free(l->buckets);
	free(l);
	return NULL;
}

void leaves_free(struct leaves *l)
{
	if (!l)
		return;
	free_all(drain(l));
	mint_unref(l->mint);
	pthread_mutex_destroy(&l->lock);
	free(l->buckets);
	free(l);
}

bool leaves_set_issuer(
	struct leaves *l, struct authority *issuer, int64_t lifetime_s, struct trouble *ret_trouble)
{
	struct mint *fresh = mint_new(issuer, lifetime_s, ret_trouble);

	if (!fresh)
		return false;
	pthread_mutex_lock(&l->lock);
	struct mint *old = l->mint;
	struct entry *dropped = drain(l);
	l->mint = fresh;
	pthread_mutex_unlock(&l->lock);
	free_all(dropped);
	mint_unref(old);
	return true;
}

struct leaves_counts leaves_counts(struct leaves *l)
{
	pthread_mutex_lock(&l->lock);
	struct leaves_counts counts = l->counts;
	pthread_mutex_unlock(&l->lock);
	return counts;
}

/* ---- getting ------------------------------------------------------------------------------- */

/* A fresh one from the table, or NULL with a reference to the mint that makes one. */
static struct leaf *look_up(
	struct leaves *l, struct slice key, uint64_t hash, int64_t now_s, struct mint **ret_mint)
{
	struct leaf *found = NULL;

	pthread_mutex_lock(&l->lock);
	struct entry *e = find(l, key, hash);
	if (e && leaf_is_fresh(e->leaf, now_s)) {
		unlink_use(l, e);
		link_newest(l, e);
		found = leaf_ref(e->leaf);
		l->counts.found++;
	} else {
		*ret_mint = mint_ref(l->mint);
	}
	pthread_mutex_unlock(&l->lock);
	return found;
}

/* Without memory for an entry the leaf is used once and not kept. */
static struct entry *entry_of(struct leaf *leaf, struct slice key, uint64_t hash)
{
	struct entry *e = malloc(sizeof(*e) + key.len);

	if (!e)
		return NULL;
	*e = (struct entry){.leaf = leaf_ref(leaf), .hash = hash, .len = key.len};
	memcpy(e->key, key.ptr, key.len);
	return e;
}

/* Keeps what was minted, unless the issuer changed meanwhile. An older one of the same name goes, and
 * the one used longest ago beyond the bound. */
static void keep(struct leaves *l, struct entry *fresh, const struct mint *mint)
{
	struct entry *same = NULL, *oldest = NULL;

	pthread_mutex_lock(&l->lock);
	l->counts.minted++;
	if (fresh && l->mint == mint) {
		same = find(l, slice_from(fresh->key, fresh->len), fresh->hash);
		if (same)
			take_out(l, same);
		if (l->counts.count == l->most) {
			oldest = l->oldest;
			take_out(l, oldest);
			l->counts.evicted++;
		}
		put_in(l, fresh);
		fresh = NULL;
	}
	pthread_mutex_unlock(&l->lock);
	entry_free(fresh);
	entry_free(same);
	entry_free(oldest);
}

struct leaf *leaves_get(
	struct leaves *l, const struct leaf_name *name, int64_t now_s, struct trouble *ret_trouble)
{
	struct mint *mint = NULL;
	struct slice key;
	char bytes[LEAF_KEY_SIZE];
	struct leaf *leaf = NULL;
	uint64_t hash;

	/* No entry has an empty key; minting says what is wrong. */
	key = slice_from(bytes, leaf_name_is_good(name) ? leaf_name_key(name, bytes) : 0);
	hash = hash_of(l, key);
	leaf = look_up(l, key, hash, now_s, &mint);
	if (leaf)
		return leaf;
	leaf = mint_leaf(mint, name, now_s, ret_trouble);
	if (leaf) {
		keep(l, entry_of(leaf, key, hash), mint);
	} else {
		pthread_mutex_lock(&l->lock);
		l->counts.failed++;
		pthread_mutex_unlock(&l->lock);
	}
	mint_unref(mint);
	return leaf;
}
