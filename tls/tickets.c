/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tickets.h"

#include "base/limits.h"

#include <assert.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct ticket {
	struct ticket *newer, *older; /* of all */
	struct ticket *next; /* of its bucket, newer ones first */
	SSL_SESSION *session;
	int64_t end_s;
	uint16_t port;
	uint8_t name_len;
	char name[]; /* name_len bytes */
};

void tickets_init(struct tickets *t)
{
	*t = (struct tickets){0};
}

/* FNV-1a. Names come from clients, but no chain is longer than LIMIT_TICKETS. */
static struct ticket **bucket_of(struct tickets *t, struct slice name, uint16_t port)
{
	uint32_t hash = 2166136261u ^ port;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.ptr[i]) * 16777619u;
	return &t->buckets[(hash ^ hash >> 16) % TICKET_BUCKETS];
}

static struct slice name_of(const struct ticket *k)
{
	return slice_from(k->name, k->name_len);
}

static bool is_for(const struct ticket *k, struct slice name, uint16_t port)
{
	return k->port == port && slice_equal(name_of(k), name);
}

static void unlink_from_list(struct tickets *t, struct ticket *k)
{
	*(k->newer ? &k->newer->older : &t->first) = k->older;
	*(k->older ? &k->older->newer : &t->last) = k->newer;
}

static void link_first(struct tickets *t, struct ticket *k)
{
	k->newer = NULL;
	k->older = t->first;
	*(t->first ? &t->first->newer : &t->last) = k;
	t->first = k;
}

static void drop(struct tickets *t, struct ticket *k)
{
	struct ticket **link = bucket_of(t, name_of(k), k->port);

	while (*link != k)
		link = &(*link)->next;
	*link = k->next;
	unlink_from_list(t, k);
	t->count--;
	SSL_SESSION_free(k->session);
	free(k);
}

void tickets_done(struct tickets *t)
{
	while (t->last)
		drop(t, t->last);
}

/* The chain has newer ones first, so the last that is for this name and port is the oldest. */
static void make_room(struct tickets *t, struct slice name, uint16_t port)
{
	struct ticket *oldest = NULL;
	size_t count = 0;

	for (struct ticket *k = *bucket_of(t, name, port); k; k = k->next)
		if (is_for(k, name, port)) {
			oldest = k;
			count++;
		}
	if (count >= LIMIT_TICKETS_TARGET)
		drop(t, oldest);
	else if (t->count >= LIMIT_TICKETS)
		drop(t, t->last);
}

void tickets_put(
	struct tickets *t, struct slice name, uint16_t port, SSL_SESSION *session, int64_t end_s)
{
	assert(name.len <= LIMIT_NAME_BYTES);
	make_room(t, name, port);
	struct ticket *k = malloc(sizeof(*k) + name.len);
	if (!k)
		return;
	struct ticket **bucket = bucket_of(t, name, port);
	*k = (struct ticket){.next = *bucket,
		.session = session,
		.end_s = end_s,
		.port = port,
		.name_len = (uint8_t)name.len};
	memcpy(k->name, name.ptr, name.len);
	SSL_SESSION_up_ref(session);
	*bucket = k;
	link_first(t, k);
	t->count++;
}

SSL_SESSION *tickets_take(struct tickets *t, struct slice name, uint16_t port, int64_t now_s)
{
	struct ticket *k = *bucket_of(t, name, port);

	while (k && !is_for(k, name, port))
		k = k->next;
	if (!k)
		return NULL;
	/* One that is over, or was spoilt by a fatal alert since, goes; the next may be good. */
	if (k->end_s <= now_s || !SSL_SESSION_is_resumable(k->session)) {
		drop(t, k);
		return tickets_take(t, name, port, now_s);
	}
	SSL_SESSION *session = k->session;
	SSL_SESSION_up_ref(session);
	if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION) {
		drop(t, k);
	} else {
		unlink_from_list(t, k);
		link_first(t, k);
	}
	return session;
}
