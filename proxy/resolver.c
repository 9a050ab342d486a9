/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/resolver.h"

#include "base/container.h"
#include "proxy/dns_cache.h"
#include "proxy/dns_pair.h"
#include "proxy/hosts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 25, BUCKETS = 256 };

/* What one caller waits for; in the list of its question. */
struct lookup {
	struct question *question;
	struct lookup *prev, *next;
	lookup_cb on_found;
	void *owner;
};

/* A name being resolved for any number of lookups.
 *
 *   ASKING --(both families, or one and its delay, or the deadline)--> READY --> TOLD
 *
 * ASKING it is in r->asking, where equal lookups join it; READY it waits in r->ready for its turn;
 * TOLD it has no lookups and stays only until both families replied, for the cache's sake. */
struct question {
	struct resolver *resolver;
	struct name_node node;
	struct question *prev, *next; /* all questions, oldest first */
	struct question *next_ready;
	struct lookup *lookups; /* in order; the last one's next is NULL */
	struct lookup *last;
	const struct answer *answer; /* from READY on */
	struct dns_pair pair;
	uint64_t asked_ns, deadline_ms;
	uint64_t release_ms; /* when one family's addresses have waited enough; 0: none has any */
	enum { QUESTION_ASKING, QUESTION_READY, QUESTION_TOLD } state;
	bool partial; /* READY came before both had replied */
	char host[LIMIT_NAME_BYTES + 1];
};

struct resolver {
	uv_timer_t timer; /* ticks while a question is open */
	struct metrics *metrics;
	struct dns_channel *channel;
	struct hosts *hosts;
	struct dns_cache cache;
	struct name_map asking;
	struct question *oldest, *newest;
	struct question *ready, *last_ready;
	const struct answer *lent; /* what resolver_cached handed out and nobody else holds */
	size_t question_count, lookup_count;
	uint32_t timeout_ms;
	uint8_t open; /* the timer and the channel, until each has closed */
	bool closing;
	void (*on_closed)(void *owner);
	void *owner;
};

static void turn(void *owner);

static void on_timer(uv_timer_t *timer)
{
	struct resolver *r = timer->data;

	dns_channel_tick(r->channel); /* and it calls turn */
}

/* At once while something is ready, in ticks while something is open, else not at all. */
static void schedule(struct resolver *r)
{
	if (r->ready)
		uv_timer_start(&r->timer, on_timer, 0, TICK_MS);
	else if (!r->oldest)
		uv_timer_stop(&r->timer);
	else if (!uv_is_active((uv_handle_t *)&r->timer))
		uv_timer_start(&r->timer, on_timer, TICK_MS, TICK_MS);
}

static struct slice host_of(const struct question *q)
{
	return q->node.name;
}

static struct question *question_new(struct resolver *r, struct slice host)
{
	struct question *q = r->question_count < LIMIT_LOOKUPS ? calloc(1, sizeof(*q)) : NULL;

	if (!q)
		return NULL;
	q->resolver = r;
	memcpy(q->host, host.ptr, host.len);
	q->node.name = slice_from(q->host, host.len);
	q->prev = r->newest;
	*(r->newest ? &r->newest->next : &r->oldest) = q;
	r->newest = q;
	r->question_count++;
	return q;
}

static void question_free(struct question *q)
{
	struct resolver *r = q->resolver;

	*(q->prev ? &q->prev->next : &r->oldest) = q->next;
	*(q->next ? &q->next->prev : &r->newest) = q->prev;
	r->question_count--;
	dns_pair_done(&q->pair);
	answer_unref(q->answer);
	free(q);
}

/* What DNS has said so far, kept in the cache too. The caller holds a reference. */
static const struct answer *conclude(struct question *q)
{
	const struct answer *answer = dns_pair_conclude(&q->pair);

	dns_cache_store(&q->resolver->cache, host_of(q), answer, uv_now(q->resolver->timer.loop));
	return answer;
}

static void set_ready(struct question *q, const struct answer *answer)
{
	struct resolver *r = q->resolver;

	q->answer = answer;
	q->state = QUESTION_READY;
	*(r->ready ? &r->last_ready->next_ready : &r->ready) = q;
	r->last_ready = q;
}

/* Nobody can join any more; lookups hear of it in the next turn. */
static void settle(struct question *q)
{
	struct resolver *r = q->resolver;

	name_map_remove(&r->asking, &q->node);
	metrics_observe(r->metrics, HISTOGRAM_DNS_US, (uv_hrtime() - q->asked_ns) / 1000);
	q->partial = q->pair.pending > 0;
	set_ready(q, conclude(q));
}

/* A question that was told and is owed nothing goes. What came too late for its lookups still makes
 * the cache whole. */
static void finish(struct question *q)
{
	if (q->partial)
		answer_unref(conclude(q));
	question_free(q);
}

static void on_reply(struct dns_pair *pair)
{
	struct question *q = CONTAINER(pair, struct question, pair);

	if (q->state == QUESTION_TOLD && pair->pending == 0)
		finish(q);
	else if (q->state == QUESTION_ASKING && pair->pending == 0)
		settle(q);
	else if (q->state == QUESTION_ASKING && pair->found)
		q->release_ms = uv_now(q->resolver->timer.loop) + LIMIT_RESOLUTION_DELAY_MS;
}

/* The first lookup of the question, no longer its own, or NULL. */
static struct lookup *pop_lookup(struct question *q)
{
	struct lookup *l = q->lookups;

	if (!l)
		return NULL;
	q->lookups = l->next;
	*(l->next ? &l->next->prev : &q->last) = NULL;
	q->resolver->lookup_count--;
	return l;
}

/* A callback may close the resolver and start and cancel lookups. */
static void tell(struct question *q)
{
	struct resolver *r = q->resolver;
	struct lookup *l;

	q->state = QUESTION_TOLD;
	while ((l = pop_lookup(q)) != NULL) {
		lookup_cb on_found = l->on_found;
		void *owner = l->owner;
		free(l);
		on_found(owner, q->answer);
	}
	if (!r->closing && q->pair.pending == 0)
		finish(q);
}

/* Settles what has waited long enough. */
static void expire(struct resolver *r)
{
	uint64_t now = uv_now(r->timer.loop);

	for (struct question *q = r->oldest; q; q = q->next) {
		bool released = q->release_ms > 0 && now >= q->release_ms;
		if (q->state == QUESTION_ASKING && (released || now >= q->deadline_ms))
			settle(q);
	}
}

/* Tells those that are ready now; callbacks may make more ready, for the next turn. */
static void turn(void *owner)
{
	struct resolver *r = owner;
	struct question *q = NULL, *end;

	expire(r);
	for (end = r->ready ? r->last_ready : NULL; q != end && !r->closing;) {
		q = r->ready;
		r->ready = q->next_ready;
		bool last = q == end;
		tell(q);
		if (last)
			break;
	}
	if (!r->closing)
		schedule(r);
}

/* An answer that needs no DNS, with a reference for the caller, or NULL. */
static const struct answer *known(struct resolver *r, struct slice host)
{
	struct address addresses[LIMIT_ADDRESSES];

	size_t count = hosts_find(r->hosts, host, uv_now(r->timer.loop), addresses);
	if (count > 0) {
		const struct answer *answer = answer_of_addresses(addresses, count);
		return answer ? answer : &answer_no_memory;
	}
	const struct answer *cached = dns_cache_find(&r->cache, host, uv_now(r->timer.loop));
	if (!cached)
		return NULL;
	metrics_count(r->metrics, COUNTER_DNS_CACHE_HITS, 1);
	return answer_ref(cached);
}

bool resolver_cached(struct resolver *r, struct slice host, const struct answer **ret_answer)
{
	answer_unref(r->lent);
	r->lent = known(r, host);
	if (r->lent)
		*ret_answer = r->lent;
	return r->lent != NULL;
}

static void ask(struct question *q)
{
	struct resolver *r = q->resolver;

	q->asked_ns = uv_hrtime();
	q->deadline_ms = uv_now(r->timer.loop) + r->timeout_ms;
	name_map_add(&r->asking, &q->node);
	metrics_count(r->metrics, COUNTER_DNS_QUERIES, 1);
	dns_pair_ask(&q->pair, r->channel, q->host, on_reply);
}

static void join(struct question *q, struct lookup *l)
{
	l->question = q;
	l->prev = q->last;
	*(q->last ? &q->last->next : &q->lookups) = l;
	q->last = l;
	q->resolver->lookup_count++;
}

struct lookup *lookup_start(struct resolver *r, struct slice host, lookup_cb on_found, void *owner)
{
	assert(!r->closing && host.len >= 1 && host.len <= LIMIT_NAME_BYTES);
	struct lookup *l = r->lookup_count < LIMIT_LOOKUPS ? calloc(1, sizeof(*l)) : NULL;
	if (!l)
		return NULL;
	l->on_found = on_found;
	l->owner = owner;
	struct name_node *node = name_map_find(&r->asking, host);
	if (node) {
		join(CONTAINER(node, struct question, node), l);
		return l;
	}
	struct question *q = question_new(r, host);
	if (!q) {
		free(l);
		return NULL;
	}
	join(q, l);
	const struct answer *answer = known(r, host);
	if (answer)
		set_ready(q, answer);
	else
		ask(q);
	schedule(r);
	return l;
}

void lookup_cancel(struct lookup *l)
{
	struct question *q = l->question;

	*(l->prev ? &l->prev->next : &q->lookups) = l->next;
	*(l->next ? &l->next->prev : &q->last) = l->prev;
	q->resolver->lookup_count--;
	free(l);
}

static void resolver_free(struct resolver *r)
{
	for (struct question *q = r->oldest, *next; q; q = next) {
		next = q->next;
		question_free(q);
	}
	answer_unref(r->lent);
	dns_cache_done(&r->cache);
	name_map_done(&r->asking);
	hosts_free(r->hosts);
	free(r);
}

static void on_part_closed(void *owner)
{
	struct resolver *r = owner;

	if (--r->open > 0)
		return;
	void (*on_closed)(void *) = r->on_closed;
	void *closed_owner = r->owner;
	resolver_free(r);
	on_closed(closed_owner);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_part_closed(handle->data);
}

void resolver_close(struct resolver *r, void (*on_closed)(void *owner), void *owner)
{
	r->closing = true;
	r->on_closed = on_closed;
	r->owner = owner;
	for (struct question *q = r->oldest; q; q = q->next)
		for (struct lookup *l = pop_lookup(q); l; l = pop_lookup(q))
			free(l);
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
	dns_channel_close(r->channel, on_part_closed);
}

struct resolver *resolver_new(uv_loop_t *loop, const struct resolver_options *options,
	struct metrics *metrics, char *ret_error, size_t error_size)
{
	struct resolver *r = calloc(1, sizeof(*r));
	struct dns_channel_options channel = {
		.servers = options->servers,
		.server_count = options->server_count,
		.resolv_conf = options->resolv_conf,
		.timeout_ms = options->timeout_ms,
		.on_turn = turn,
		.owner = r,
	};

	if (!r)
		goto no_memory;
	r->metrics = metrics;
	r->timeout_ms = options->timeout_ms;
	r->open = 2;
	r->hosts = hosts_new(options->hosts_file ? options->hosts_file : "/etc/hosts");
	if (!r->hosts || !dns_cache_init(&r->cache) || !name_map_init(&r->asking, BUCKETS))
		goto no_memory;
	r->channel = dns_channel_new(loop, &channel, ret_error, error_size);
	if (!r->channel)
		goto fail;
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	return r;
no_memory:
	snprintf(ret_error, error_size, "the resolver could not start: out of memory");
fail:
	if (r)
		resolver_free(r);
	return NULL;
}
