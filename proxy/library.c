/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/library.h"

#include "base/container.h"
#include "proxy/fill.h"
#include "proxy/search_list.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	/* While hits are to be written, and else for what is too old. */
	BUSY_MS = 250,
	IDLE_MS = 60 * 1000,
};

/* A key to be forgotten. */
struct oblivion {
	struct parcel parcel;
	uint8_t key[SEARCH_KEY_BYTES];
};

static void on_forget(struct library *l, struct oblivion *o)
{
	const struct search_filter filter = {.key = o->key};
	uint64_t after = 0;
	size_t gone;

	search_purge(l->store, &filter, &after, &gone);
	free(o);
}

/* ---- the thread --------------------------------------------------------------------------- */

static void measure(struct library *l)
{
	struct search_statistics found;

	if (search_store_statistics(l->store, &found) != SEARCH_STORE_OK)
		return;
	atomic_store(&l->tally.entries, found.entries);
	atomic_store(&l->tally.bytes, found.bytes);
}

static void on_timer(uv_timer_t *timer)
{
	struct library *l = CONTAINER(timer, struct library, timer);
	bool more = search_store_flush(l->store);

	more = search_store_expire(l->store, (int64_t)time(NULL)) || more;
	if (!more)
		measure(l);
	l->busy = more;
	uv_timer_start(timer, on_timer, more ? BUSY_MS : IDLE_MS, 0);
}

/* What was asked may have left something to be written. */
static void wake_soon(struct library *l)
{
	if (!l->busy)
		uv_timer_start(&l->timer, on_timer, BUSY_MS, 0);
	l->busy = true;
}

static void on_closed(void *owner)
{
	(void)owner; /* the loop ends by itself now */
}

static void on_stop(struct library *l)
{
	mailbox_close(&l->box, on_closed);
	uv_close((uv_handle_t *)&l->timer, NULL);
	outbox_close(&l->outbox);
}

static void on_parcel(void *owner, void *message)
{
	struct library *l = owner;
	struct parcel *p = message;

	switch ((enum parcel_kind)p->kind) {
	case PARCEL_ASK:
		library_on_ask(l, p->of);
		break;
	case PARCEL_LEAVE:
		library_on_leave(l, p->of);
		break;
	case PARCEL_STORE:
		library_on_store(l, p->of);
		break;
	case PARCEL_REFUSED:
		library_on_refused(l, p->of);
		break;
	case PARCEL_GAVE_UP:
		library_on_gave_up(l, p->of);
		break;
	case PARCEL_VALIDATED:
		library_on_validated(l, p->of);
		break;
	case PARCEL_FORGET:
		on_forget(l, p->of);
		break;
	case PARCEL_STOP:
		on_stop(l);
		return;
	case PARCEL_TOLD:
	case PARCEL_LEFT:
		break; /* go the other way */
	}
	wake_soon(l);
}

static void library_run(void *argument)
{
	struct library *l = argument;

	uv_run(&l->loop, UV_RUN_DEFAULT);
}

/* ---- begin and end ------------------------------------------------------------------------ */

static void library_free(struct library *l)
{
	search_store_close(l->store);
	fill_table_free(l->fills);
	free(l);
}

static bool begin(struct library *l)
{
	l->fills = fill_table_new();
	if (!l->fills || uv_loop_init(&l->loop) != 0)
		return false;
	/* Each loan is in it at most twice; what finds no room is offered again. */
	if (mailbox_init(&l->box, &l->loop, 4 * LIMIT_LOANS, on_parcel, l) != 0) {
		uv_loop_close(&l->loop);
		return false;
	}
	outbox_init(&l->outbox, &l->loop, NULL, NULL);
	uv_timer_init(&l->loop, &l->timer);
	measure(l);
	uv_timer_start(&l->timer, on_timer, IDLE_MS, 0);
	return true;
}

struct library *library_start(const struct library_options *options, char *ret_notice, size_t size)
{
	struct library *l = calloc(1, sizeof(*l));

	snprintf(ret_notice, size, "out of memory");
	if (!l)
		return NULL;
	l->options = *options;
	l->options.store.owner = true;
	l->store = search_store_open(&l->options.store, ret_notice, size);
	l->options.store.path = NULL; /* the store has its own */
	if (!l->store) {
		library_free(l);
		return NULL;
	}
	if (!begin(l)) {
		snprintf(ret_notice, size, "out of memory");
		library_free(l);
		return NULL;
	}
	if (uv_thread_create(&l->thread, library_run, l) == 0)
		return l;
	snprintf(ret_notice, size, "no thread can be started for the store of search answers");
	on_stop(l);
	uv_run(&l->loop, UV_RUN_DEFAULT);
	uv_loop_close(&l->loop);
	mailbox_done(&l->box);
	library_free(l);
	return NULL;
}

void library_stop(struct library *l)
{
	if (!l)
		return;
	l->stop.kind = PARCEL_STOP;
	/* Its box is as good as empty: every counter has closed. */
	while (!mailbox_post(&l->box, &l->stop))
		uv_sleep(1);
	uv_thread_join(&l->thread);
	uv_loop_close(&l->loop);
	mailbox_done(&l->box);
	library_free(l);
}

bool library_forget(struct library *l, const uint8_t key[SEARCH_KEY_BYTES])
{
	struct oblivion *o = calloc(1, sizeof(*o));

	if (!o)
		return false;
	o->parcel.kind = PARCEL_FORGET;
	o->parcel.of = o;
	memcpy(o->key, key, sizeof(o->key));
	if (mailbox_post(&l->box, &o->parcel))
		return true;
	free(o);
	return false;
}

void library_counts(const struct library *l, struct library_counts *ret_counts)
{
	const struct library_tally *t = &l->tally;

	*ret_counts = (struct library_counts){
		.hits = atomic_load(&t->hits),
		.stale_hits = atomic_load(&t->stale_hits),
		.misses = atomic_load(&t->misses),
		.leads = atomic_load(&t->leads),
		.waited = atomic_load(&t->waited),
		.stored = atomic_load(&t->stored),
		.validated = atomic_load(&t->validated),
		.given_up = atomic_load(&t->given_up),
		.fills = atomic_load(&t->fills),
		.fill_bytes = atomic_load(&t->fill_bytes),
		.entries = atomic_load(&t->entries),
		.bytes = atomic_load(&t->bytes),
	};
	for (size_t i = 0; i < STORABLE_COUNT; i++) {
		ret_counts->refused_by[i] = atomic_load(&t->refused_by[i]);
		ret_counts->refused += ret_counts->refused_by[i];
	}
}
