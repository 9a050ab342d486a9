/* SPDX-License-Identifier: Apache-2.0 */
/* base/address.h: an IP address as bytes, to and from text and sockaddr.
 * Source: RFC 4291 §2.2, RFC 5952 (text form), RFC 6943 §3.1.1 (strict dotted quad).
 * Knows nothing of what an address may be used for: that is policy/. */
#ifndef SALLYPORT_BASE_ADDRESS_H
#define SALLYPORT_BASE_ADDRESS_H

#include "base/slice.h"
#include <sys/socket.h>

enum { ADDRESS_TEXT_SIZE = 46 }; /* longest IPv6 text and its NUL */

struct address {
	uint8_t family; /* 4, 6, or 0 for none */
	uint8_t bytes[16]; /* network order; IPv4 uses the first four, the rest are zero */
};

/* An address and a port: where to listen, ask or dial. */
struct endpoint {
	struct address address;
	uint16_t port;
};

/* Strict dotted quad: four decimal numbers 0..255, no leading zero, nothing else.
 * False leaves *ret_address untouched. */
bool address_parse_ipv4(struct slice text, struct address *ret_address);

/* IPv6 without brackets and without a zone, RFC 4291 §2.2 forms 1 to 3. */
bool address_parse_ipv6(struct slice text, struct address *ret_address);

/* Writes the canonical text (dotted quad, or RFC 5952 without brackets) and its NUL.
 * Returns its length. */
size_t address_format(const struct address *a, char ret_text[ADDRESS_TEXT_SIZE]);

bool address_equal(const struct address *a, const struct address *b);

/* True when the first prefix_bits bits of both agree and the families do. */
bool address_in_prefix(
	const struct address *a, const struct address *network, unsigned prefix_bits);

/* To and from the kernel's form. Returns the sockaddr's length; address_from_sockaddr yields
 * family 0 for anything but AF_INET and AF_INET6, and port 0 with it. An IPv4-mapped peer of a
 * dual-stack socket comes out as IPv4. */
socklen_t address_to_sockaddr(
	const struct address *a, uint16_t port, struct sockaddr_storage *ret_sockaddr);
struct address address_from_sockaddr(const struct sockaddr *sa, uint16_t *ret_port);

#endif
