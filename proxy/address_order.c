/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/address_order.h"

#include "base/limits.h"

#include <assert.h>
#include <netinet/in.h>
#include <unistd.h>

/* RFC 6724 §2.1; the longest prefix that matches counts, so longer ones stand first. */
static const struct {
	uint8_t prefix[16];
	uint8_t bits, precedence, label;
} policies[] = {
	{{[15] = 1}, 128, 50, 0}, /* ::1 */
	{{[10] = 0xff, 0xff}, 96, 35, 4}, /* IPv4 */
	{{0}, 96, 1, 3}, /* IPv4-compatible */
	{{0x20, 0x01, 0, 0}, 32, 5, 5}, /* Teredo */
	{{0x20, 0x02}, 16, 30, 2}, /* 6to4 */
	{{0x3f, 0xfe}, 16, 1, 12}, /* 6bone */
	{{0xfe, 0xc0}, 10, 1, 11}, /* site-local */
	{{0xfc}, 7, 3, 13}, /* unique local */
	{{0}, 0, 40, 1},
};

enum scope { SCOPE_LINK = 2, SCOPE_SITE = 5, SCOPE_GLOBAL = 14 };

/* An address with what the rules compare. */
struct candidate {
	struct address address, source;
	bool usable, scope_matches, label_matches;
	int precedence, scope;
};

/* IPv4 counts as IPv4-mapped, RFC 6724 §2. */
static struct address widened(const struct address *a)
{
	struct address wide = {.family = 6, .bytes = {[10] = 0xff, 0xff}};

	if (a->family != 4)
		return *a;
	memcpy(&wide.bytes[12], a->bytes, 4);
	return wide;
}

static size_t policy_of(const struct address *wide)
{
	struct address network = {.family = 6};
	size_t i = 0;

	for (;; i++) {
		memcpy(network.bytes, policies[i].prefix, sizeof(network.bytes));
		if (address_in_prefix(wide, &network, policies[i].bits))
			return i;
	}
}

/* RFC 6724 §3.1 and §3.2. */
static int scope_of(const struct address *a)
{
	const uint8_t *b = a->bytes;

	if (a->family == 4)
		return b[0] == 127 || (b[0] == 169 && b[1] == 254) ? SCOPE_LINK : SCOPE_GLOBAL;
	if (b[0] == 0xff)
		return b[1] & 0x0f;
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return SCOPE_LINK;
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0xc0)
		return SCOPE_SITE;
	/* Loopback counts as link-local. */
	return policy_of(a) == 0 ? SCOPE_LINK : SCOPE_GLOBAL;
}

static struct candidate candidate_of(const struct address *address, const struct address *source)
{
	struct candidate c = {.address = *address, .source = *source};
	struct address wide = widened(address);
	size_t policy = policy_of(&wide);

	c.precedence = policies[policy].precedence;
	c.scope = scope_of(address);
	c.usable = source->family != 0;
	if (!c.usable)
		return c;
	wide = widened(source);
	c.label_matches = policies[policy_of(&wide)].label == policies[policy].label;
	c.scope_matches = scope_of(source) == c.scope;
	return c;
}

/* RFC 6724 §6: the first rule that tells them apart. Equal ones keep their order (rule 10). */
static bool goes_before(const struct candidate *a, const struct candidate *b)
{
	if (a->usable != b->usable) /* 1 */
		return a->usable;
	if (a->scope_matches != b->scope_matches) /* 2 */
		return a->scope_matches;
	if (a->label_matches != b->label_matches) /* 5 */
		return a->label_matches;
	if (a->precedence != b->precedence) /* 6 */
		return a->precedence > b->precedence;
	return a->scope < b->scope; /* 8 */
}

void address_order(struct address *addresses, struct address *sources, size_t count)
{
	struct candidate sorted[LIMIT_ADDRESSES];

	assert(count <= LIMIT_ADDRESSES);
	for (size_t i = 0; i < count; i++) {
		struct candidate c = candidate_of(&addresses[i], &sources[i]);
		size_t at = i;
		for (; at > 0 && goes_before(&c, &sorted[at - 1]); at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = c;
	}
	for (size_t i = 0; i < count; i++) {
		addresses[i] = sorted[i].address;
		sources[i] = sorted[i].source;
	}
}

/* Connecting a datagram socket sends nothing; it makes the kernel choose a route and a source. */
static struct address source_for(const struct address *address)
{
	struct sockaddr_storage at;
	socklen_t len = address_to_sockaddr(address, 53, &at);
	struct address source = {0};
	uint16_t port;

	int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd < 0)
		return source;
	if (connect(fd, (struct sockaddr *)&at, len) == 0 &&
		getsockname(fd, (struct sockaddr *)&at, &len) == 0)
		source = address_from_sockaddr((struct sockaddr *)&at, &port);
	close(fd);
	return source;
}

void address_order_here(struct address *addresses, size_t count)
{
	struct address sources[LIMIT_ADDRESSES];
	size_t i = 1;

	while (i < count && addresses[i].family == addresses[0].family)
		i++;
	if (i >= count)
		return;
	for (i = 0; i < count; i++)
		sources[i] = source_for(&addresses[i]);
	address_order(addresses, sources, count);
}
