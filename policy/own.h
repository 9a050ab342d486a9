/* SPDX-License-Identifier: Apache-2.0 */
/* policy/own.h: the proxy's own listeners and control endpoints, which it never dials. */
#ifndef SALLYPORT_POLICY_OWN_H
#define SALLYPORT_POLICY_OWN_H

#include "base/address.h"
#include "base/limits.h"

struct own {
	struct endpoint *endpoints; /* an unspecified address among them stands for loopback too */
	size_t count;
};

/* Adds endpoints; one with an unspecified address is joined by all addresses of this machine. Port
 * 0 is skipped. False without memory or beyond LIMIT_OWN_ENDPOINTS; what was there stays. A zeroed
 * struct is empty. */
bool own_add(struct own *o, const struct endpoint *endpoints, size_t count);
void own_done(struct own *o);

/* True when connecting to the address, or to an IPv4 address in it, would reach one of them. */
bool own_covers(const struct own *o, const struct address *a, uint16_t port);

#endif
