/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/resolver.h: names to addresses without blocking the loop, with a bounded cache that honours
 * TTLs and lets equal questions share one query. Absolute names only: the hosts file, then DNS,
 * no search domains. Source: RFC 1035 §4, RFC 2308 (negative answers), order RFC 6724 §6.
 * Owns: one c-ares channel. Knows nothing of sessions or policy. */
#ifndef SALLYPORT_PROXY_RESOLVER_H
#define SALLYPORT_PROXY_RESOLVER_H

#include "base/address.h"
#include "base/limits.h"
#include "base/reason.h"
#include "telemetry/metrics.h"

#include <uv.h>

/* What a lookup found; borrowed by the callback for its duration. */
struct answer {
	enum reason reason; /* NONE, DNS_NOT_FOUND, DNS_FAILED, DNS_TIMEOUT, OUT_OF_MEMORY */
	size_t address_count;
	struct address addresses[LIMIT_ADDRESSES]; /* in the order to try (RFC 6724) */
	size_t alias_count;
	const char *const *aliases; /* every CNAME target on the way, as DNS gave it */
};

typedef void (*lookup_cb)(void *owner, const struct answer *answer);

struct resolver;
struct lookup;

struct resolver_options {
	const struct endpoint *servers; /* NULL: the system's */
	size_t server_count;
	const char *hosts_file; /* NULL: /etc/hosts */
	uint32_t timeout_ms; /* for the whole lookup, retries included */
};

/* NULL with a sentence in ret_error (for instance: no name server is configured). Copies options. */
struct resolver *resolver_new(uv_loop_t *loop, const struct resolver_options *options,
	struct metrics *metrics, char *ret_error, size_t error_size);

/* Cancels every lookup (their callbacks never run), closes the handles; on_closed runs once from
 * the loop and the resolver is gone by then. */
void resolver_close(struct resolver *r, void (*on_closed)(void *owner), void *owner);

/* Ask for the addresses of `host`.
 *   host   canonical name, 1..253 bytes; copied
 *   owner  must live until on_found runs or lookup_cancel returns
 * Returns a lookup the resolver owns, or NULL at LIMIT_LOOKUPS or without memory.
 * on_found runs once, never before this returns, never after cancel; the lookup is gone then. */
struct lookup *lookup_start(struct resolver *r, struct slice host, lookup_cb on_found, void *owner);

/* A fresh cache entry, without waiting; false when there is none. Borrowed until the next call on
 * the resolver. Lets a session skip a turn of the loop. */
bool resolver_cached(struct resolver *r, struct slice host, const struct answer **ret_answer);

/* The callback never comes. */
void lookup_cancel(struct lookup *l);

#endif
