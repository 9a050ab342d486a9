/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/special.h"

#include <endian.h>

/* The first bits of an address that make a range, as numbers: comparing those is all that there is
 * to it. IPv4 stands in the upper half of `high`. */
struct range {
	uint64_t high, low;
	uint8_t bits;
};

/* clang-format off */
#define V4(a, b, c, d, bits) {(uint64_t)(a) << 56 | (uint64_t)(b) << 48 | (uint64_t)(c) << 40 | (uint64_t)(d) << 32, 0, bits}
#define V6(high, low, bits) {UINT64_C(high), UINT64_C(low), bits}
/* clang-format on */

static const struct range local_v4[] = {
	V4(0, 0, 0, 0, 8), /* this network, RFC 791 */
	V4(10, 0, 0, 0, 8), /* private, RFC 1918 */
	V4(100, 64, 0, 0, 10), /* shared (CGNAT), RFC 6598 */
	V4(127, 0, 0, 0, 8), /* loopback, RFC 1122 */
	V4(169, 254, 0, 0, 16), /* link-local and metadata services, RFC 3927 */
	V4(172, 16, 0, 0, 12), /* private */
	V4(192, 0, 0, 0, 24), /* IETF protocol assignments, RFC 6890 */
	V4(192, 0, 2, 0, 24), /* documentation, RFC 5737 */
	V4(192, 88, 99, 0, 24), /* 6to4 relays, RFC 7526 */
	V4(192, 168, 0, 0, 16), /* private */
	V4(198, 18, 0, 0, 15), /* benchmarking, RFC 2544 */
	V4(198, 51, 100, 0, 24), /* documentation */
	V4(203, 0, 113, 0, 24), /* documentation */
	V4(224, 0, 0, 0, 4), /* multicast, RFC 1112 */
	V4(240, 0, 0, 0, 4), /* reserved and broadcast, RFC 1112 */
};

/* Unspecified and loopback are 0.0.0.0 and 0.0.0.1 in compatible form: the embedding covers them.
 * Teredo lies in 2001::/23 but is judged by what it embeds. */
static const struct range local_v6[] = {
	V6(0x0064ff9b00010000, 0x0, 48), /* local NAT64, RFC 8215 */
	V6(0x0100000000000000, 0x0, 64), /* discard only, RFC 6666 */
	V6(0x20010db800000000, 0x0, 32), /* documentation, RFC 3849 */
	V6(0x3fff000000000000, 0x0, 20), /* documentation, RFC 9637 */
	V6(0x5f00000000000000, 0x0, 16), /* segment routing, RFC 9602 */
	V6(0xfc00000000000000, 0x0, 7), /* unique local, fd00:ec2::254 among them, RFC 4193 */
	V6(0xfe80000000000000, 0x0, 10), /* link-local, RFC 4291 */
	V6(0xfec0000000000000, 0x0, 10), /* site-local, RFC 3879 */
	V6(0xff00000000000000, 0x0, 8), /* multicast, RFC 4291 */
};
static const struct range protocol_assignments = V6(0x2001000000000000, 0x0, 23); /* RFC 2928 */
static const struct range teredo = V6(0x2001000000000000, 0x0, 32);

/* Where an IPv4 address stands in an IPv6 one. RFC 6052 §2.2 leaves out byte 8. */
static const struct embedding {
	struct range range;
	uint8_t at[4];
	uint8_t mask; /* each byte is XORed with it */
} embeddings[] = {
	{V6(0x0000000000000000, 0x0, 96), {12, 13, 14, 15}, 0}, /* compatible */
	{V6(0x0000000000000000, 0xffff00000000, 96), {12, 13, 14, 15}, 0}, /* mapped */
	{V6(0x0000000000000000, 0xffff000000000000, 96), {12, 13, 14, 15}, 0}, /* translated */
	{V6(0x0064ff9b00000000, 0x0, 96), {12, 13, 14, 15}, 0}, /* NAT64 */
	{V6(0x0064ff9b00010000, 0x0, 48), {6, 7, 9, 10}, 0}, /* local NAT64, by */
	{V6(0x0064ff9b00010000, 0x0, 48), {7, 9, 10, 11}, 0}, /* the length that the */
	{V6(0x0064ff9b00010000, 0x0, 48), {9, 10, 11, 12}, 0}, /* operator chose */
	{V6(0x0064ff9b00010000, 0x0, 48), {12, 13, 14, 15}, 0},
	{V6(0x2002000000000000, 0x0, 16), {2, 3, 4, 5}, 0}, /* 6to4 */
	{V6(0x2001000000000000, 0x0, 32), {4, 5, 6, 7}, 0}, /* Teredo server */
	{V6(0x2001000000000000, 0x0, 32), {12, 13, 14, 15}, 0xff}, /* Teredo client */
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* An address as numbers, like struct range. */
struct words {
	uint64_t high, low;
};

static struct words words_of(const struct address *a)
{
	struct words w;

	memcpy(&w, a->bytes, sizeof(w));
	return (struct words){be64toh(w.high), be64toh(w.low)};
}

static bool in_range(struct words a, const struct range *range)
{
	if (range->bits <= 64)
		return (a.high ^ range->high) >> (64 - range->bits) == 0;
	return a.high == range->high && (a.low ^ range->low) >> (128 - range->bits) == 0;
}

bool special_is_local_range(const struct address *a)
{
	const struct range *ranges = a->family == 4 ? local_v4 : local_v6;
	size_t count = a->family == 4 ? COUNT(local_v4) : COUNT(local_v6);
	struct words words = words_of(a);

	for (size_t i = 0; i < count; i++)
		if (in_range(words, &ranges[i]))
			return true;
	return a->family == 6 && in_range(words, &protocol_assignments) &&
	       !in_range(words, &teredo);
}

size_t special_embedded(const struct address *a, struct address ret_v4[SPECIAL_EMBEDDED_MAX])
{
	struct words words = words_of(a);
	size_t count = 0;

	if (a->family != 6)
		return 0;
	for (size_t i = 0; i < COUNT(embeddings); i++) {
		const struct embedding *e = &embeddings[i];
		if (!in_range(words, &e->range))
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
	static const struct range mapped = V6(0, 0xffff00000000, 96);
	struct address v4 = {.family = 4};

	if (a->family != 6 || !in_range(words_of(a), &mapped))
		return *a;
	memcpy(v4.bytes, a->bytes + 12, 4);
	return v4;
}

bool special_is_loopback(const struct address *a)
{
	static const struct range v4 = V4(127, 0, 0, 0, 8);
	static const struct range v6 = V6(0, 1, 128);
	struct address plain = special_unmapped(a);

	return in_range(words_of(&plain), plain.family == 4 ? &v4 : &v6);
}

bool special_is_unspecified(const struct address *a)
{
	struct address plain = special_unmapped(a);
	struct words words = words_of(&plain);

	return words.high == 0 && words.low == 0;
}
