/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/special.h"

struct range {
	struct address network;
	uint8_t bits;
};

/* clang-format off */
#define V4(a, b, c, d) {4, {a, b, c, d}}
#define V6(...) {6, {__VA_ARGS__}}
/* clang-format on */

static const struct range local_v4[] = {
	{V4(0, 0, 0, 0), 8}, /* this network, RFC 791 */
	{V4(10, 0, 0, 0), 8}, /* private, RFC 1918 */
	{V4(100, 64, 0, 0), 10}, /* shared (CGNAT), RFC 6598 */
	{V4(127, 0, 0, 0), 8}, /* loopback, RFC 1122 */
	{V4(169, 254, 0, 0), 16}, /* link-local and metadata services, RFC 3927 */
	{V4(172, 16, 0, 0), 12}, /* private */
	{V4(192, 0, 0, 0), 24}, /* IETF protocol assignments, RFC 6890 */
	{V4(192, 0, 2, 0), 24}, /* documentation, RFC 5737 */
	{V4(192, 88, 99, 0), 24}, /* 6to4 relays, RFC 7526 */
	{V4(192, 168, 0, 0), 16}, /* private */
	{V4(198, 18, 0, 0), 15}, /* benchmarking, RFC 2544 */
	{V4(198, 51, 100, 0), 24}, /* documentation */
	{V4(203, 0, 113, 0), 24}, /* documentation */
	{V4(224, 0, 0, 0), 4}, /* multicast, RFC 1112 */
	{V4(240, 0, 0, 0), 4}, /* reserved and broadcast, RFC 1112 */
};

/* Unspecified and loopback are 0.0.0.0 and 0.0.0.1 in compatible form: the embedding covers them.
 * Teredo lies in 2001::/23 but is judged by what it embeds. */
static const struct range local_v6[] = {
	{V6(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), 48}, /* local NAT64, RFC 8215 */
	{V6(0x01, 0x00), 64}, /* discard only, RFC 6666 */
	{V6(0x20, 0x01, 0x0d, 0xb8), 32}, /* documentation, RFC 3849 */
	{V6(0x3f, 0xff), 20}, /* documentation, RFC 9637 */
	{V6(0x5f, 0x00), 16}, /* segment routing, RFC 9602 */
	{V6(0xfc, 0x00), 7}, /* unique local, fd00:ec2::254 among them, RFC 4193 */
	{V6(0xfe, 0x80), 10}, /* link-local, RFC 4291 */
	{V6(0xfe, 0xc0), 10}, /* site-local, RFC 3879 */
	{V6(0xff, 0x00), 8}, /* multicast, RFC 4291 */
};
static const struct range protocol_assignments = {V6(0x20, 0x01), 23}; /* RFC 2928 */
static const struct range teredo = {V6(0x20, 0x01, 0x00, 0x00), 32};

/* Where an IPv4 address stands in an IPv6 one. RFC 6052 §2.2 leaves out byte 8. */
static const struct embedding {
	struct range range;
	uint8_t at[4];
	uint8_t mask; /* each byte is XORed with it */
} embeddings[] = {
	{{V6(0), 96}, {12, 13, 14, 15}, 0}, /* compatible */
	{{V6([10] = 0xff, 0xff), 96}, {12, 13, 14, 15}, 0}, /* mapped */
	{{V6([8] = 0xff, 0xff), 96}, {12, 13, 14, 15}, 0}, /* translated */
	{{V6(0x00, 0x64, 0xff, 0x9b), 96}, {12, 13, 14, 15}, 0}, /* NAT64 */
	{{V6(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), 48}, {6, 7, 9, 10}, 0}, /* local NAT64, by */
	{{V6(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), 48}, {7, 9, 10, 11}, 0}, /* the length that the */
	{{V6(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), 48}, {9, 10, 11, 12}, 0}, /* operator chose */
	{{V6(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), 48}, {12, 13, 14, 15}, 0},
	{{V6(0x20, 0x02), 16}, {2, 3, 4, 5}, 0}, /* 6to4 */
	{{V6(0x20, 0x01, 0x00, 0x00), 32}, {4, 5, 6, 7}, 0}, /* Teredo server */
	{{V6(0x20, 0x01, 0x00, 0x00), 32}, {12, 13, 14, 15}, 0xff}, /* Teredo client */
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool in_range(const struct address *a, const struct range *range)
{
	return address_in_prefix(a, &range->network, range->bits);
}

bool special_is_local_range(const struct address *a)
{
	const struct range *ranges = a->family == 4 ? local_v4 : local_v6;
	size_t count = a->family == 4 ? COUNT(local_v4) : COUNT(local_v6);

	for (size_t i = 0; i < count; i++)
		if (in_range(a, &ranges[i]))
			return true;
	return in_range(a, &protocol_assignments) && !in_range(a, &teredo);
}

size_t special_embedded(const struct address *a, struct address ret_v4[SPECIAL_EMBEDDED_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(embeddings); i++) {
		const struct embedding *e = &embeddings[i];
		if (!in_range(a, &e->range))
			continue;
		struct address v4 = {.family = 4};
		for (int j = 0; j < 4; j++)
			v4.bytes[j] = a->bytes[e->at[j]] ^ e->mask;
		ret_v4[count++] = v4;
	}
	return count;
}

bool special_is_local(const struct address *a)
{
	struct address v4[SPECIAL_EMBEDDED_MAX];

	if (special_is_local_range(a))
		return true;
	size_t count = special_embedded(a, v4);
	for (size_t i = 0; i < count; i++)
		if (special_is_local_range(&v4[i]))
			return true;
	return false;
}

struct address special_unmapped(const struct address *a)
{
	static const struct range mapped = {V6([10] = 0xff, 0xff), 96};
	struct address v4 = {.family = 4};

	if (!in_range(a, &mapped))
		return *a;
	memcpy(v4.bytes, a->bytes + 12, 4);
	return v4;
}

bool special_is_loopback(const struct address *a)
{
	static const struct range v4 = {V4(127, 0, 0, 0), 8};
	static const struct range v6 = {V6([15] = 1), 128};
	struct address plain = special_unmapped(a);

	return in_range(&plain, &v4) || in_range(&plain, &v6);
}

bool special_is_unspecified(const struct address *a)
{
	static const struct range v4 = {V4(0, 0, 0, 0), 32};
	static const struct range v6 = {V6(0), 128};
	struct address plain = special_unmapped(a);

	return in_range(&plain, &v4) || in_range(&plain, &v6);
}
