/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/resolver.h: names to addresses without blocking the loop, with a bounded cache that honours
 * TTLs and lets equal questions share one query. Absolute names only: the hosts file, then DNS,
 * no search domains. Source: RFC 1035 §4, RFC 2308 (negative answers), RFC 8305 §3 (both families
 * at once), order RFC 6724 §6.
 * Owns: one c-ares channel. Knows nothing of sessions or policy. */
#ifndef SALLYPORT_PROXY_RESOLVER_H
#define SALLYPORT_PROXY_RESOLVER_H

#include "base/address.h"
#include "base/limits.h"
#include "proxy/answer.h"
#include "telemetry/metrics.h"

#include <uv.h>

/* The answer is borrowed by the callback for its duration; answer_ref keeps it. */
typedef void (*lookup_cb)(void *owner, const struct answer *answer);

struct resolver;
struct lookup;

struct resolver_options {
	const struct endpoint *servers; /* NULL: the system's; at most LIMIT_NAME_SERVERS */
	size_t server_count;
	const char *resolv_conf; /* where the system's are named; NULL: /etc/resolv.conf */
	const char *hosts_file; /* NULL: /etc/hosts */
	uint32_t timeout_ms; /* for the whole lookup, retries included */
};

/* NULL with a sentence in ret_error (for instance: no name server is configured). Copies options;
 * the metrics must outlive the resolver. Counted: DNS_QUERIES once for each name asked of DNS (A
 * and AAAA together), DNS_CACHE_HITS, and how long asking took. */
struct resolver *resolver_new(uv_loop_t *loop, const struct resolver_options *options,
	struct metrics *metrics, char *ret_error, size_t error_size);

/* Cancels every lookup (their callbacks never run, the lookups are gone), closes the handles; waits
 * for nothing. on_closed runs once from the loop and the resolver is gone by then. May be called
 * from a callback. NULL is not fine. */
void resolver_close(struct resolver *r, void (*on_closed)(void *owner), void *owner);

/* Ask for the addresses of `host`.
 *   host   canonical name or address text, 1..253 bytes; copied. An address and `localhost` or a
 *          name below it answer themselves
 *   owner  must live until on_found runs or lookup_cancel returns
 * A family that is late is waited for LIMIT_RESOLUTION_DELAY_MS once the other has addresses.
 * Returns a lookup the resolver owns, or NULL at LIMIT_LOOKUPS or without memory.
 * on_found runs once, never before this returns, never after cancel; the lookup is gone then. */
struct lookup *lookup_start(struct resolver *r, struct slice host, lookup_cb on_found, void *owner);

/* An answer that needs no waiting: an address, localhost, the hosts file, a fresh cache entry;
 * false when there is none. Borrowed until the next call on the resolver and no longer than this
 * turn of the loop. Lets a session skip a turn. */
bool resolver_cached(struct resolver *r, struct slice host, const struct answer **ret_answer);

/* The callback never comes. What DNS answers is still kept in the cache. */
void lookup_cancel(struct lookup *l);

#endif
