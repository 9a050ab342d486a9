/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/address_order.h: which address of a name to try first. Source: RFC 6724 §2.1 and §6,
 * without rules 3, 4 and 7, for which the kernel gives no facts, and without rule 9, which would
 * send every client to one server; §6 leaves that rule to better knowledge. So the addresses of
 * one family mostly stay as the server ordered them, which is how servers spread their load, and
 * the kernel is only asked (four system calls and about 5 us for an address; bench/micro_dns.c)
 * when an answer from DNS has both families, never for a cached one. */
#ifndef SALLYPORT_PROXY_ADDRESS_ORDER_H
#define SALLYPORT_PROXY_ADDRESS_ORDER_H

#include "base/address.h"

/* Orders `addresses` (at most LIMIT_ADDRESSES) in place. sources[i] is what the kernel would send
 * from to addresses[i], family 0 where it would not; it is moved along. */
void address_order(struct address *addresses, struct address *sources, size_t count);

/* Asks the kernel for the sources, then orders; nothing when only one family is there. */
void address_order_here(struct address *addresses, size_t count);

#endif
