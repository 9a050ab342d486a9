/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/library.h: the thread that has the store of search answers, and a worker's way to it. A worker
 * asks for a key and is told, in its own loop, what to do: answer with an entry, fetch and fill, or
 * say that there is none. Of all askers for one key, over all workers, one fetches and the others wait
 * for it; when it gives up, the next one does. Nothing here blocks a worker's loop.
 *
 *	loan_start ──► LOAN_HIT ─────────────────────────────► over
 *	     │    ├──► LOAN_MISS (may_fetch was false) ──────► over
 *	     │    ├──► LOAN_PASS (fetch, nothing is kept) ───► over
 *	     │    └──► LOAN_LEAD: fetch
 *	     │              loan_begin ──► loan_append … ────► loan_commit: over
 *	     │                 └─ 304: loan_validated, and a second on_news: HIT (or LEAD again)
 *	     └──── loan_cancel at any time: over; a leader's place goes to the next one
 *
 * Knows neither sessions nor policy. */
#ifndef SALLYPORT_PROXY_LIBRARY_H
#define SALLYPORT_PROXY_LIBRARY_H

#include "proxy/outbox.h"
#include "proxy/search_store.h"

struct library; /* opaque: the thread, its store, the fills under way */

/* Texts of the results in an answer, for people who look for them; search_results_read is one. In the
 * library's thread. Calls `each` per result; what it is handed is copied. p NULL: nothing is known. */
typedef void (*library_text_cb)(void *owner, const struct search_text *text);
typedef void (*library_extract_cb)(
	const struct provider *p, struct slice body, library_text_cb each, void *owner);

struct library_options {
	struct search_store_options store; /* path copied; owner is set here */
	uint32_t answer_bytes; /* bound for one answer, decoded */
	library_extract_cb extract; /* NULL: entries are found by their query alone */
};
/* Opens the store and starts the thread. NULL with a sentence in ret_notice; else a warning there, or "". */
struct library *library_start(const struct library_options *options, char *ret_notice, size_t size);
/* From the control thread, when every worker has closed its counter: keeps what was asked to be kept,
 * closes the store, joins the thread. NULL is fine. */
void library_stop(struct library *l);
/* Forgets every variant of a key, §4.4. Any thread; false: not now. */
bool library_forget(struct library *l, const uint8_t key[SEARCH_KEY_BYTES]);

/* Any thread. */
struct library_counts {
	uint64_t hits, stale_hits, misses, leads,
		waited; /* asks by how they ended; waited ones of them */
	uint64_t stored, validated, refused; /* fills: refused by storable_word */
	uint64_t given_up; /* by their leader */
	uint64_t fills, fill_bytes; /* under way now */
	uint64_t entries, bytes;
	uint64_t refused_by[STORABLE_COUNT];
};
void library_counts(const struct library *l, struct library_counts *ret_counts);

/* ---- one worker's side -------------------------------------------------------------------- */

/* Embedded in the worker, used by its thread only. */
struct counter {
	struct library *library; /* NULL: there is none; loan_start returns NULL */
	struct mailbox box;
	struct outbox outbox;
	size_t count; /* loans that are not over, or are to come back from the library */
	bool closing;
	void (*on_closed)(void *owner);
	void *owner;
};
/* 0, or a negative libuv error with nothing to undo. The library outlives the counter. Without a
 * library it takes no handle, and closing it is immediate. */
int counter_init(struct counter *c, struct library *library, uv_loop_t *loop);
/* Every loan is over or cancelled, and none is started after. on_closed runs once, from the loop when
 * the library has given back what is under way; without a library before this returns. */
void counter_close(struct counter *c, void (*on_closed)(void *owner), void *owner);
/* After on_closed and the loop's end. */
void counter_done(struct counter *c);

struct loan; /* opaque: one ask */

enum loan_news {
	LOAN_HIT, /* answer with the entry */
	LOAN_MISS, /* none, and may_fetch was false, or only-if-cached was said */
	LOAN_LEAD, /* fetch; entry, if there is one, is to be validated and may answer after an error
	              if after_error says so */
	LOAN_PASS, /* fetch for this client alone */
};
struct loan_told {
	enum loan_news news;
	struct search_entry *entry; /* borrowed: search_entry_ref keeps it; NULL without */
	uint32_t age_s; /* of the entry, for Age */
	bool stale; /* the entry is; a HIT may be */
	bool answer_first; /* LEAD: stale-while-revalidate; the client may be answered with the entry */
	bool after_error; /* LEAD: stale-if-error; the entry is better than a 5xx or no response */
	bool waited; /* another fetched it: Cache-Status "collapsed" */
};
/* From the worker's loop, never before loan_start returns, never after loan_cancel. After any news but
 * LEAD the loan is over: it is not to be cancelled, in the callback neither. */
typedef void (*loan_cb)(void *owner, const struct loan_told *told);

/* What is asked for. Borrowed during the call. */
struct loan_ask {
	const uint8_t *key; /* SEARCH_KEY_BYTES */
	struct policy *policy; /* knows the provider; the loan takes a reference. NULL is fine */
	struct slice provider, query, canonical;
	const struct field *fields; /* of the request */
	size_t field_count;
	struct freshness_rules rules; /* of the provider */
	bool may_fetch; /* by mode, or because somebody approved */
	bool again; /* after LOAN_MISS and an approval: it is counted as missed already */
};
/* NULL at LIMIT_LOANS, without memory or a library, and for fields beyond LIMIT_LOAN_BYTES: go on as after LOAN_PASS if it may
 * fetch, else as after LOAN_MISS. */
struct loan *loan_start(
	struct counter *c, const struct loan_ask *ask, loan_cb on_news, void *owner);
/* Over, before it was told, or while it leads; NULL is fine. `failed`: a leader's fetch failed or ended in 5xx, so that
 * those who wait may be answered with what is stale. */
void loan_cancel(struct loan *l, bool failed);

/* ---- of a leader -------------------------------------------------------------------------- */

/* The response's head came; asked_s: Unix time when the request was sent. STORABLE: append what
 * follows, then commit. Else the loan is over and those who wait are told LOAN_PASS. Not for 304. */
enum storable loan_begin(struct loan *l, const struct head *response, int64_t asked_s);
/* Content, without transfer coding, in its content coding. False: too much; the loan is over, and the
 * response goes on without it. */
bool loan_append(struct loan *l, struct slice content);
/* The response is complete. The loan is over; those who wait are told when it is on disk. */
void loan_commit(struct loan *l);
/* The head was a 304 to the entry's validators. on_news comes again. */
void loan_validated(struct loan *l, const struct head *response, int64_t asked_s);

#endif
