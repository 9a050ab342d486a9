/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/dns_channel.h: DNS questions to name servers over UDP and TCP: c-ares on a libuv loop.
 * Random ids and a fresh source port whenever the channel was idle; a truncated answer is asked
 * again over TCP; a server that fails or refuses gives way to the next. One name, one type, no
 * cache, no search domains, no EDNS. Source: RFC 1035 §4.2, RFC 5452 §4 and §9.
 * Owns: the c-ares channel and the watchers of its sockets. */
#ifndef SALLYPORT_PROXY_DNS_CHANNEL_H
#define SALLYPORT_PROXY_DNS_CHANNEL_H

#include "proxy/dns_reply.h"

#include <uv.h>

struct dns_channel; /* opaque */

/* One question; embedded in its owner, filled by it, and left alone until on_reply. */
struct dns_query {
	const char *host; /* canonical name, NUL-terminated */
	enum dns_type type;
	void (*on_reply)(void *owner, const struct dns_reply *reply);
	void *owner;
};

struct dns_channel_options {
	const struct endpoint *servers; /* the first LIMIT_NAME_SERVERS count; NULL: the system's */
	size_t server_count;
	const char *resolv_conf; /* where the system's are named; NULL: /etc/resolv.conf */
	uint32_t timeout_ms; /* one question is given up about then, retries included */
	void (*on_turn)(
		void *owner); /* after every turn of the loop that may have brought replies */
	void *owner; /* of on_turn */
};

/* NULL with a sentence in ret_error, also when there is no server to ask. Copies the servers. */
struct dns_channel *dns_channel_new(uv_loop_t *loop, const struct dns_channel_options *options,
	char *ret_error, size_t error_size);

/* on_reply runs once, perhaps before this returns, never after dns_channel_close. The reply is
 * borrowed. Neither on_reply may close the channel; on_turn may. */
void dns_channel_ask(struct dns_channel *c, struct dns_query *query);

/* Retries and gives up what is due. To be called every few tens of milliseconds while a question
 * is open; calls on_turn. */
void dns_channel_tick(struct dns_channel *c);

/* Open questions are forgotten. on_closed runs once, perhaps before this returns; the channel is
 * gone then. */
void dns_channel_close(struct dns_channel *c, void (*on_closed)(void *owner));

#endif
