/* SPDX-License-Identifier: Apache-2.0 */
/* policy/match.h: which entries of a ruleset cover a name or an address on a port. No memory is
 * taken and nothing changes; the cost grows with the labels of the name. */
#ifndef SALLYPORT_POLICY_MATCH_H
#define SALLYPORT_POLICY_MATCH_H

#include "policy/ruleset.h"

/* The best of several entries: the most specific pattern, then the fewest ports, then the first. */
struct candidate {
	uint32_t place; /* ENTRY_NONE when there is none */
	uint32_t span; /* ports covered */
	uint16_t rank; /* grows with how much of the pattern is literal; 0 for "*" */
};

struct matches {
	struct candidate deny; /* covers the port, and no exception of it does */
	struct candidate allow; /* covers the port */
	struct candidate other_port; /* allows the host, on other ports */
};

/* Fills all of *ret. The host is canonical and not an address. */
void match_name(const struct ruleset *rs, struct slice host, uint16_t port, struct matches *ret);

/* The same for an address, which is compared as it is: embedded forms are the caller's affair. */
void match_address(
	const struct ruleset *rs, const struct address *a, uint16_t port, struct matches *ret);

/* The first allow entry that covers the name and port and whose `addresses` hold the address;
 * ENTRY_NONE when there is none. */
uint32_t match_named_range(
	const struct ruleset *rs, struct slice host, uint16_t port, const struct address *a);

#endif
