/* SPDX-License-Identifier: Apache-2.0 */
/* One block of memory: the struct, the entries, the ids taken back, the slots of the hash table, the
 * texts. An entry is found by the literal part of its pattern (or its network) together with whom it
 * is for and its subject, so that a name that everybody asks for is no long list:
 *
 *   www.example.com, asked by "local" in session "s"
 *      "www.example.com" + everybody    "www.example.com" + local    "www.example.com" + local, s
 *      "example.com"     + everybody    …
 *      "com"             + everybody    … */
#include "policy/grants.h"

#include "policy/cover.h"
#include "policy/hash.h"
#include "policy/special.h"

#include <stdatomic.h>
#include <stdlib.h>

struct stored {
	uint64_t key;
	uint64_t id;
	uint64_t made_ms, expires_ms;
	struct cover cover;
	struct slice identity, session;
	struct subject subject;
	bool allow, of_session;
	enum port_protocol protocol; /* unless by_port */
	bool by_port;
};

struct grants {
	atomic_uint references;
	size_t count; /* of the list, once-grants too */
	size_t entry_count, revoked_count;
	uint64_t seed;
	uint64_t revoked_below_ms;
	uint64_t next_expiry_ms;
	uint64_t lengths[2][3]; /* bit n of [0] IPv4, [1] IPv6: a range with n bits */
	uint32_t mask; /* slots - 1 */
	struct stored *entries;
	uint64_t *revoked; /* ascending */
	uint32_t *slots; /* entry + 1, or 0 */
};

/* ---- building ---------------------------------------------------------------------------- */

static uint64_t audience(uint64_t seed, struct slice identity)
{
	return identity.len > 0 ? hash_bytes(seed ^ 1, identity.ptr, identity.len) : 0;
}

static uint64_t audience_of_session(uint64_t of_identity, struct slice session)
{
	return hash_bytes(of_identity ^ 2, session.ptr, session.len);
}

static uint64_t matter_of(uint64_t seed, const struct subject *s)
{
	if (s->kind == SUBJECT_NONE)
		return 0;
	return hash_bytes(seed ^ (3 + (uint64_t)s->kind), s->text.ptr, s->text.len);
}

/* Each of a session, of an identity and of everybody has its places for each subject. */
static uint64_t key_of(uint64_t place, uint64_t audience)
{
	return hash_end(place, audience, 0);
}

static uint64_t place_of_range(uint64_t seed, const struct address *network, unsigned bits)
{
	return hash_bytes(seed ^ ((uint64_t)network->family << 8 | bits),
		(const char *)network->bytes, network->family == 4 ? 4 : 16);
}

static uint64_t entry_key(const struct grants *g, const struct stored *e)
{
	uint64_t whom = audience(g->seed, e->identity);
	struct slice base = cover_base(&e->cover);
	uint64_t place = e->cover.kind == PATTERN_RANGE
				 ? place_of_range(g->seed, &e->cover.network, e->cover.prefix_bits)
				 : hash_bytes(g->seed, base.ptr, base.len);

	whom = e->of_session ? audience_of_session(whom, e->session) : whom;
	return key_of(place, whom ^ matter_of(g->seed, &e->subject));
}

/* Copies a text behind the ones before it. */
static struct slice keep(char **at, struct slice text)
{
	struct slice kept = slice_from(*at, text.len);

	if (text.len > 0)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

static void enter(struct grants *g, const struct grant *grant, char **texts)
{
	struct stored *e = &g->entries[g->entry_count++];

	*e = (struct stored){.id = grant->id,
		.made_ms = grant->made_ms,
		.expires_ms = grant->expires_ms,
		.cover = cover_of(&grant->pattern, grant->allow),
		.allow = grant->allow,
		.of_session = grant->scope == GRANT_SESSION,
		.protocol = grant->protocol,
		.by_port = !grant->has_protocol};
	e->cover.host = keep(texts, e->cover.host);
	e->identity = keep(texts, slice_of(grant->identity));
	e->session = keep(texts, slice_of(grant->session));
	e->subject = grant_subject(grant);
	e->subject.text = keep(texts, e->subject.text);
	e->key = entry_key(g, e);
	if (e->cover.kind == PATTERN_RANGE)
		g->lengths[e->cover.network.family == 6][e->cover.prefix_bits / 64] |=
			UINT64_C(1) << e->cover.prefix_bits % 64;
	if (e->expires_ms != 0 && (g->next_expiry_ms == 0 || e->expires_ms < g->next_expiry_ms))
		g->next_expiry_ms = e->expires_ms;
	uint32_t slot = (uint32_t)e->key & g->mask;
	while (g->slots[slot])
		slot = (slot + 1) & g->mask;
	g->slots[slot] = (uint32_t)g->entry_count;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static size_t text_size(const struct grant *g)
{
	return g->pattern.host_len + strlen(g->identity) + strlen(g->session) +
	       slice_of(g->subject).len;
}

/* A zeroed block with its parts in place. */
static struct grants *allocate(size_t entries, size_t revoked, size_t text, char **ret_texts)
{
	size_t slots = 4;

	while (slots < 2 * entries)
		slots *= 2;
	size_t size = sizeof(struct grants) + entries * sizeof(struct stored) +
		      revoked * sizeof(uint64_t) + slots * sizeof(uint32_t) + text;
	struct grants *g = calloc(1, size);
	if (!g)
		return NULL;
	atomic_init(&g->references, 1);
	g->entries = (void *)(g + 1);
	g->revoked = (void *)(g->entries + entries);
	g->slots = (void *)(g->revoked + revoked);
	g->mask = (uint32_t)slots - 1;
	*ret_texts = (void *)(g->slots + slots);
	return g;
}

struct grants *grants_new(const struct grant *const *list, size_t count, const uint64_t *revoked,
	size_t revoked_count, uint64_t revoked_below_ms)
{
	size_t entries = 0, text = 0;
	uint64_t seed = HASH_FACTOR_1;
	char *texts;

	for (size_t i = 0; i < count; i++) {
		if (list[i]->scope == GRANT_ONCE)
			continue;
		entries++;
		text += text_size(list[i]);
		/* Ids are random, so the layout is too. */
		seed ^= list[i]->id;
	}
	struct grants *g = allocate(entries, revoked_count, text, &texts);
	if (!g)
		return NULL;
	g->count = count;
	g->seed = seed;
	g->revoked_below_ms = revoked_below_ms;
	g->revoked_count = revoked_count;
	if (revoked_count > 0) {
		memcpy(g->revoked, revoked, revoked_count * sizeof(*revoked));
		qsort(g->revoked, revoked_count, sizeof(*g->revoked), compare_ids);
	}
	for (size_t i = 0; i < count; i++)
		if (list[i]->scope != GRANT_ONCE)
			enter(g, list[i], &texts);
	return g;
}

struct grants *grants_ref(struct grants *g)
{
	atomic_fetch_add_explicit(&g->references, 1, memory_order_relaxed);
	return g;
}

void grants_unref(struct grants *g)
{
	if (g && atomic_fetch_sub_explicit(&g->references, 1, memory_order_acq_rel) == 1)
		free(g);
}

size_t grants_count(const struct grants *g)
{
	return g->count;
}

uint64_t grants_next_expiry(const struct grants *g)
{
	return g->next_expiry_ms;
}

/* ---- looking up -------------------------------------------------------------------------- */

struct seek {
	const struct grants *grants;
	const struct claimant *who;
	const struct concern *about;
	uint64_t now_ms;
	uint64_t audiences[3]; /* everybody, the identity, its session; with the subject */
	const struct stored *denial, *allowance;
};

static bool is_for(const struct stored *e, const struct claimant *who)
{
	if (e->identity.len > 0 && !slice_equal(e->identity, who->identity))
		return false;
	return !e->of_session || slice_equal(e->session, who->session);
}

/* Grows with how much of the pattern is literal. */
static unsigned specificity(const struct stored *e)
{
	if (e->cover.kind == PATTERN_RANGE)
		return e->cover.prefix_bits;
	return 2u * (unsigned)cover_base(&e->cover).len + (e->cover.kind == PATTERN_NAME);
}

/* Of several that allow, the most specific says what may flow; of those, the latest decision. */
static bool goes_before(const struct stored *e, const struct stored *other)
{
	if (!other || specificity(e) != specificity(other))
		return !other || specificity(e) > specificity(other);
	return e->made_ms > other->made_ms;
}

static void consider(struct seek *s, const struct stored *e)
{
	if (e->expires_ms != 0 && e->expires_ms <= s->now_ms)
		return;
	if (!is_for(e, s->who) || !cover_target(&e->cover, s->about->target) ||
		!subject_equal(&e->subject, &s->about->subject))
		return;
	if (!e->allow)
		s->denial = e;
	else if (goes_before(e, s->allowance))
		s->allowance = e;
}

static void seek_place(struct seek *s, uint64_t place)
{
	const struct grants *g = s->grants;

	for (int i = 0; i < 3; i++) {
		uint64_t key = key_of(place, s->audiences[i]);
		for (uint32_t slot = (uint32_t)key & g->mask; g->slots[slot];
			slot = (slot + 1) & g->mask) {
			const struct stored *e = &g->entries[g->slots[slot] - 1];
			if (e->key == key)
				consider(s, e);
		}
	}
}

/* The name itself and each end of it behind a dot; "*" is in no grant. */
static void seek_name(struct seek *s, struct slice name)
{
	while (name.len > 0 && !s->denial) {
		seek_place(s, hash_bytes(s->grants->seed, name.ptr, name.len));
		name = slice_after(name, slice_find(name, '.') + 1);
	}
}

static struct address masked(const struct address *a, unsigned bits)
{
	struct address network = {.family = a->family};

	memcpy(network.bytes, a->bytes, bits / 8);
	if (bits % 8)
		network.bytes[bits / 8] = (uint8_t)(a->bytes[bits / 8] & (0xff00u >> bits % 8));
	return network;
}

static void seek_address(struct seek *s, const struct address *a)
{
	const uint64_t *lengths = s->grants->lengths[a->family == 6];

	for (unsigned bits = a->family == 4 ? 33 : 129; bits-- > 0 && !s->denial;) {
		if (!(lengths[bits / 64] >> bits % 64 & 1))
			continue;
		struct address network = masked(a, bits);
		seek_place(s, place_of_range(s->grants->seed, &network, bits));
	}
}

struct grants_found grants_find(const struct grants *g, const struct claimant *who,
	const struct concern *about, uint64_t now_ms)
{
	struct seek s = {.grants = g, .who = who, .about = about, .now_ms = now_ms};
	const struct target *target = about->target;

	if (!g || g->entry_count == 0)
		return (struct grants_found){0};
	s.audiences[1] = audience(g->seed, who->identity);
	s.audiences[2] = audience_of_session(s.audiences[1], who->session);
	for (int i = 0; i < 3; i++)
		s.audiences[i] ^= matter_of(g->seed, &about->subject);
	if (target->kind == TARGET_NAME) {
		seek_name(&s, target_host(target));
	} else {
		struct address plain = special_unmapped(&target->address);
		seek_address(&s, &plain);
	}
	const struct stored *e = s.denial ? s.denial : s.allowance;
	if (!e)
		return (struct grants_found){0};
	enum port_protocol usual = target->port == 80 ? PORT_HTTP : PORT_TLS;
	return (struct grants_found){true, e->allow, e->id, e->by_port ? usual : e->protocol};
}

static bool was_revoked(const struct grants *g, const struct grant_mark *mark)
{
	if (mark->made_ms < g->revoked_below_ms)
		return true;
	/* A zero-length array may have no address that bsearch accepts. */
	return g->revoked_count > 0 && bsearch(&mark->id, g->revoked, g->revoked_count,
					       sizeof(*g->revoked), compare_ids) != NULL;
}

bool grants_stands(const struct grants *g, const struct grant_mark *mark,
	const struct claimant *who, const struct concern *about, uint64_t now_ms)
{
	struct grants_found found = grants_find(g, who, about, now_ms);

	if (!g || found.found)
		return found.allow;
	return mark->once && !was_revoked(g, mark);
}
