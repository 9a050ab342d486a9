/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/resolver_net.h: a resolver on a loop with a name server that follows a script, and
 * lookups that remember what they heard. */
#ifndef SALLYPORT_TESTS_RESOLVER_NET_H
#define SALLYPORT_TESTS_RESOLVER_NET_H

#include "proxy/resolver.h"
#include "tests/unit/dns_stub.h"

enum { TIMEOUT_MS = 600, SLOW_MS = 400 };

struct net {
	uv_loop_t loop;
	uv_timer_t clock; /* so that no turn of the loop waits for long */
	struct dns_stub stub;
	struct metrics metrics;
	struct resolver *resolver;
	char hosts[64];
	bool closed;
};

struct heard {
	struct net *net;
	int count;
	const struct answer *answer;
	uint64_t at_ms;
	struct lookup *cancel; /* what the callback cancels */
	bool close; /* the callback closes the resolver */
	const char *again; /* the callback asks for this */
};

/* Set-up and tear-down of a cmocka test whose state is a struct net; the latter checks that nothing
 * is left on the loop. */
int net_set_up(void **state);
int net_tear_down(void **state);

/* Closes the resolver and opens another that asks these servers. */
void net_ask(struct net *net, const struct endpoint *servers, size_t server_count);
void net_on_closed(void *owner);

/* The lookup_cb of a struct heard. */
void net_on_found(void *owner, const struct answer *answer);

/* Runs the loop until `heard` has heard `count` times. */
void net_wait(struct heard *heard, int count);

/* One lookup from start to end. Returns the milliseconds it took; the caller unrefs the answer. */
uint64_t net_look_up(struct net *net, const char *host, struct heard *ret_heard);

#endif
