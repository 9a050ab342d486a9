/* SPDX-License-Identifier: Apache-2.0 */
/* tls/tickets.h: what upstreams gave to resume a handshake by, under the name and port it was proved
 * for. Owns its tickets; bounded by LIMIT_TICKETS and, for each name and port, LIMIT_TICKETS_TARGET:
 * the one used longest ago goes. One thread. Source: RFC 8446 §4.6.1, RFC 5077. */
#ifndef SALLYPORT_TLS_TICKETS_H
#define SALLYPORT_TLS_TICKETS_H

#include "base/slice.h"

#include <openssl/ssl.h>

enum { TICKET_BUCKETS = 256 };

struct ticket;

/* A list from the latest to the one used longest ago, and chains by name and port. */
struct tickets {
	struct ticket *first, *last;
	struct ticket *buckets[TICKET_BUCKETS];
	size_t count;
};

/* Embedded; takes no memory. */
void tickets_init(struct tickets *t);
void tickets_done(struct tickets *t);

/* Keeps `session` until `end_s` (seconds since 1970), by a reference of its own; without memory it
 * is not kept. name: at most LIMIT_NAME_BYTES, copied. */
void tickets_put(
	struct tickets *t, struct slice name, uint16_t port, SSL_SESSION *session, int64_t end_s);

/* One for this name and port that is still good at `now_s`, the latest; NULL when there is none. The
 * reference is the caller's. One of TLS 1.3 is not given twice (RFC 8446 §C.4). */
SSL_SESSION *tickets_take(struct tickets *t, struct slice name, uint16_t port, int64_t now_s);

#endif
