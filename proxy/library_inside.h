/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/library_inside.h: what library and counters share: the loan, which goes to and fro between
 * them and is at each time one thread's to write to.
 *
 *	worker                                        library
 *	loan_start ───────── ASK ───────────────────►
 *	           ◄──────── TOLD ───────────────────  any news but LEAD: the worker frees it
 *	LEAD:
 *	loan_validated ───── VALIDATED ─────────────►  and TOLD again
 *	loan_commit ──────── STORE ─────────────────►  the library frees it
 *	loan_begin, _append  REFUSED ───────────────►  the library frees it
 *	loan_cancel ──────── GAVE_UP ───────────────►  the library frees it
 *	not told yet:
 *	loan_cancel ──────── LEAVE ─────────────────►  (the loan's second parcel)
 *	           ◄──────── LEFT ───────────────────  the worker frees it; what is TOLD before is
 *	                                               passed over */
#ifndef SALLYPORT_PROXY_LIBRARY_INSIDE_H
#define SALLYPORT_PROXY_LIBRARY_INSIDE_H

#include "proxy/library.h"

enum parcel_kind {
	PARCEL_ASK,
	PARCEL_LEAVE,
	PARCEL_STORE,
	PARCEL_REFUSED,
	PARCEL_GAVE_UP,
	PARCEL_VALIDATED,
	PARCEL_FORGET,
	PARCEL_STOP,
	PARCEL_TOLD,
	PARCEL_LEFT,
};

struct loan {
	struct parcel parcel, leaving;
	struct library *library;
	/* of the worker */
	struct counter *counter;
	loan_cb on_news;
	void *owner;
	bool cancelled;
	bool is_here; /* the parcel is with the worker: told, and it leads */
	/* as asked; written before it is sent first */
	uint8_t key[SEARCH_KEY_BYTES];
	struct policy *policy; /* a reference, or NULL */
	struct slice provider, query, canonical;
	struct slice asked_fields; /* "Name: value\r\n" each, without secrets */
	struct freshness_rules rules;
	struct freshness_request request;
	bool may_fetch, again;
	/* what the library says; the entry is a reference */
	struct loan_told told;
	/* of the leader's response, until it is sent back */
	struct freshness_times times;
	struct freshness freshness;
	struct buffer fields; /* as kept */
	struct buffer body; /* in its content coding */
	struct buffer coding; /* the one that is to be undone; empty: none */
	size_t counted; /* of the library's fill_bytes */
	enum storable refused;
	bool failed;
	/* of the library: among those who wait for the same fill */
	struct fill *fill; /* leads it or waits for it; NULL: neither */
	struct loan *next;
	char text[]; /* what the slices above are of */
};

/* Any thread; gives fill_bytes back. */
void loan_free(struct loan *l);

struct library_tally {
	atomic_uint_fast64_t hits, stale_hits, misses, leads, waited, stored, validated, given_up,
		fills, fill_bytes, entries, bytes;
	atomic_uint_fast64_t refused_by[STORABLE_COUNT];
};

struct fill;

struct library {
	uv_loop_t loop;
	uv_thread_t thread;
	struct mailbox box;
	struct outbox outbox;
	uv_timer_t timer;
	struct parcel stop;
	struct search_store *store;
	struct library_options options;
	struct fill **fills; /* by key */
	struct library_tally tally;
	int64_t complained_s; /* about the store */
	bool busy; /* the timer runs soon */
};

/* What came from a worker. */
void library_on_ask(struct library *l, struct loan *loan);
void library_on_leave(struct library *l, struct loan *loan);
void library_on_store(struct library *l, struct loan *leader);
void library_on_refused(struct library *l, struct loan *leader);
void library_on_gave_up(struct library *l, struct loan *leader);
void library_on_validated(struct library *l, struct loan *leader);

/* Puts the answer of a leader into the store. */
enum storable library_shelve(struct library *l, struct loan *loan);
/* New times and fields for the entry that the leader had validated. False: it is not that one, or it
 * is gone. */
bool library_revalidate(struct library *l, struct loan *loan);

/* The digest by which a variant of kept fields is told apart, for this request. False: none. */
bool library_variant(
	struct slice kept, struct slice asked_fields, uint8_t ret_variant[ENTRY_VARIANT_BYTES]);

#endif
