/* SPDX-License-Identifier: Apache-2.0 */
/* policy/special.h: addresses that are not of the public network, and IPv4 addresses that hide in
 * IPv6 ones.
 * Source: RFC 6890 with the IANA special-purpose registries, RFC 4291 §2.5.5 (mapped, compatible),
 * RFC 6052 and RFC 8215 (NAT64), RFC 3056 (6to4), RFC 4380 §4 (Teredo), RFC 2765 (translated). */
#ifndef SALLYPORT_POLICY_SPECIAL_H
#define SALLYPORT_POLICY_SPECIAL_H

#include "base/address.h"

enum { SPECIAL_EMBEDDED_MAX = 4 };

/* True for loopback, private, link-local, shared, unspecified, multicast, reserved, benchmarking
 * and documentation addresses, and for IPv6 addresses that embed such an IPv4 address. */
bool special_is_local(const struct address *a);

/* The same without looking inside IPv6 addresses. */
bool special_is_local_range(const struct address *a);

/* Every IPv4 address that the IPv6 address may stand for, 0..SPECIAL_EMBEDDED_MAX of them. */
size_t special_embedded(const struct address *a, struct address ret_v4[SPECIAL_EMBEDDED_MAX]);

/* The IPv4 address of an IPv4-mapped one, any other address as it is. */
struct address special_unmapped(const struct address *a);

/* 127.0.0.0/8 and ::1, also mapped. */
bool special_is_loopback(const struct address *a);
/* 0.0.0.0 and ::, also mapped: connecting to them reaches this machine. */
bool special_is_unspecified(const struct address *a);

#endif
