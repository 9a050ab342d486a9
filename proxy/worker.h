/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/worker.h: one thread with one loop: its listening sockets, its resolver, its sessions.
 * Workers share nothing mutable: rules and settings reach them by mailbox as a snapshot. */
#ifndef SALLYPORT_PROXY_WORKER_H
#define SALLYPORT_PROXY_WORKER_H

#include "base/limits.h"
#include "base/mailbox.h"
#include "policy/grants.h"
#include "policy/policy.h"
#include "policy/secrets.h"
#include "proxy/hold.h"
#include "proxy/listener.h"
#include "proxy/pool.h"
#include "proxy/relay.h"
#include "proxy/resolver.h"
#include "telemetry/metrics.h"
#include "telemetry/ring.h"

struct inspection;

/* What a reload replaces, by value; policy, secrets and inspection are references that the holder
 * owns. */
struct settings {
	struct policy *policy;
	struct secrets *secrets; /* of the policy's credentials; NULL: it has none */
	struct inspection *inspection; /* NULL: no tunnel is looked into */
	uint32_t head_ms; /* a request head, from its first byte or the accept */
	uint32_t keepalive_ms; /* between requests; also how long an upstream connection is kept */
	uint32_t hello_ms; /* the first bytes of a tunnel */
	uint32_t dns_ms;
	uint32_t connect_ms;
	uint32_t response_ms; /* no progress of a request or its response */
	uint32_t idle_ms; /* no byte through a tunnel */
	uint32_t hold_ms; /* for somebody to decide about a target on no list */
	uint32_t sessions; /* most sessions of one worker; beyond: 503 */
};

struct session;
struct census_part;
struct inspector;

/* The lists that the sessions of a worker are on, each on one: when a grant comes or goes only those
 * that go by one are looked at, however many wait or go by the rules. */
enum { SESSIONS_BY_RULES, SESSIONS_BY_GRANT, SESSIONS_LISTS };

struct worker {
	uv_loop_t loop;
	uv_thread_t thread;
	struct mailbox inbox;
	struct poller *poller;
	struct resolver *resolver;
	struct listener listeners[LIMIT_LISTENERS];
	size_t listener_count;
	uv_timer_t tick; /* once a second: pool, accept after a pause, the end of a drain */
	struct settings settings;
	struct grants *grants; /* NULL: none */
	struct hold hold;
	struct inspector *inspector; /* of the inspection of the settings; NULL without it */
	struct pool pool;
	int64_t pooled; /* its connections, as the gauge has them */
	struct session *sessions[SESSIONS_LISTS];
	size_t session_count;
	uint64_t next_connection; /* id of the next session; unique in the process */
	uint64_t drain_end_ms; /* loop time; 0: not draining */
	_Atomic bool stopping; /* everything is being closed; nothing needs to be told any more */
	_Atomic bool ended; /* the thread is about to return */
	const char *via; /* our Via token */
	struct ring *ring;
	struct metrics metrics;
	struct relay_ground ground;
	char hello_scratch[LIMIT_HELLO_BYTES];
};

struct worker_options {
	unsigned index;
	const int *listen_fds; /* the worker's from now on, also when starting fails */
	size_t listen_count;
	const struct resolver_options *resolver;
	const struct settings *settings; /* copied; takes a policy reference of its own */
	const char *via; /* outlives the worker */
	struct ring *ring; /* outlives the worker; written by it alone */
	struct mailbox *clerk; /* outlives the worker; NULL: nobody decides */
};

/* Starts the thread. NULL with a sentence in ret_error. */
struct worker *worker_start(
	const struct worker_options *options, char *ret_error, size_t error_size);

/* From the control thread. New rules and settings for new requests; live tunnels that lost their
 * permission end. Takes a policy reference of its own. False when the worker's mailbox is full; one
 * that has ended needs no rules, as with the orders below. */
bool worker_reload(struct worker *w, const struct settings *settings);

/* Other secrets for the same policy, a reference of the worker's own. False as above. */
bool worker_rekey(struct worker *w, struct secrets *secrets);

/* The grants that count from now on, a reference of the worker's own; live connections that lost
 * theirs end. False when it cannot be told now: try again. */
bool worker_regrant(struct worker *w, struct grants *grants);

/* News of the approval desk for waiters of this worker; the notice is the worker's in any case. */
void worker_notice(struct worker *w, struct notice *notice);

/* Has the part filled and posted to the clerk. False: it is still the caller's. */
bool worker_census(struct worker *w, struct census_part *part);

/* Stop accepting; finish what runs within `within_ms`, then close it. 0 closes at once. */
bool worker_drain(struct worker *w, uint32_t within_ms);

/* True once the last session is gone and everything is closed; worker_join does not wait then. */
bool worker_has_ended(const struct worker *w);

/* Waits for the thread to end (after worker_drain) and frees the worker. */
void worker_join(struct worker *w);

/* For the session: its memory and descriptors are free again. */
void worker_session_gone(struct worker *w);

/* The pool took or gave a connection, or let some go. */
void worker_count_pool(struct worker *w);

static inline bool worker_is_draining(const struct worker *w)
{
	return w->drain_end_ms != 0;
}

#endif
