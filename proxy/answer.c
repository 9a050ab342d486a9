/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/answer.h"

#include <stdlib.h>

const struct answer answer_no_memory = {.reason = REASON_OUT_OF_MEMORY};

/* The heap form: the aliases' pointers, then their bytes, follow the answer in one block. */
struct answer_block {
	struct answer answer;
	const char *aliases[];
};

static struct answer_block *block_new(size_t alias_count, size_t alias_bytes)
{
	struct answer_block *block =
		calloc(1, sizeof(*block) + alias_count * sizeof(block->aliases[0]) + alias_bytes);

	if (block)
		block->answer.refs = 1;
	return block;
}

/* The most telling of two failures, or DNS_NO_DATA when there is no address and no failure. */
static enum dns_status worse(enum dns_status a, enum dns_status b)
{
	static const enum dns_status order[] = {DNS_NO_NAME, DNS_NO_MEMORY, DNS_FAULT, DNS_LATE};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return DNS_NO_DATA;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct answer *negative(const struct dns_reply *a, const struct dns_reply *aaaa)
{
	static const enum reason reasons[] = {
		[DNS_NO_DATA] = REASON_DNS_NOT_FOUND,
		[DNS_NO_NAME] = REASON_DNS_NOT_FOUND,
		[DNS_FAULT] = REASON_DNS_FAILED,
		[DNS_LATE] = REASON_DNS_TIMEOUT,
		[DNS_NO_MEMORY] = REASON_OUT_OF_MEMORY,
	};
	enum dns_status status = worse(a->status, aaaa->status);
	struct answer_block *block = block_new(0, 0);

	if (!block)
		return NULL;
	block->answer.reason = reasons[status];
	if (status == DNS_NO_NAME)
		block->answer.ttl_s = a->status == DNS_NO_NAME ? a->ttl_s : aaaa->ttl_s;
	else if (status == DNS_NO_DATA)
		block->answer.ttl_s = lesser(a->ttl_s, aaaa->ttl_s);
	else if (status != DNS_NO_MEMORY)
		block->answer.ttl_s = LIMIT_DNS_FAILURE_TTL_S;
	block->answer.ttl_s = lesser(block->answer.ttl_s, LIMIT_DNS_NEGATIVE_TTL_S);
	return &block->answer;
}

static uint32_t positive_ttl(const struct dns_reply *reply)
{
	switch (reply->status) {
	case DNS_FOUND:
		return lesser(reply->ttl_s, LIMIT_DNS_TTL_S);
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		return LIMIT_DNS_TTL_S;
	case DNS_FAULT:
	case DNS_LATE:
	case DNS_NO_MEMORY:
		break;
	}
	return LIMIT_DNS_NEGATIVE_TTL_S; /* ask again soon for the family that is missing */
}

static void take_addresses(struct answer *answer, const struct dns_reply *reply, size_t most)
{
	for (size_t i = 0; i < reply->address_count && i < most; i++)
		answer->addresses[answer->address_count++] = reply->addresses[i];
}

/* How many addresses one family may have beside `other`'s. */
static size_t share(const struct dns_reply *other)
{
	size_t half = LIMIT_ADDRESSES / 2;

	return LIMIT_ADDRESSES - (other->address_count < half ? other->address_count : half);
}

struct answer *answer_combine(const struct dns_reply *a, const struct dns_reply *aaaa)
{
	const struct dns_reply *both[] = {aaaa, a};
	/* The two chains are the same but for servers that answer by type. */
	bool same = a->alias_len == aaaa->alias_len &&
		    memcmp(a->aliases, aaaa->aliases, a->alias_len) == 0;
	size_t count = a->alias_count + (same ? 0 : aaaa->alias_count);

	if (a->status != DNS_FOUND && aaaa->status != DNS_FOUND)
		return negative(a, aaaa);
	struct answer_block *block = block_new(count, (size_t)a->alias_len + aaaa->alias_len);
	if (!block)
		return NULL;
	struct answer *answer = &block->answer;
	answer->ttl_s = lesser(positive_ttl(a), positive_ttl(aaaa));
	answer->aliases = block->aliases;
	char *text = (char *)&block->aliases[count];
	for (int i = 0; i < 2; i++) {
		take_addresses(answer, both[i], share(both[1 - i]));
		if (same && i == 0)
			continue;
		memcpy(text, both[i]->aliases, both[i]->alias_len);
		for (size_t j = 0; j < both[i]->alias_count; j++) {
			block->aliases[answer->alias_count++] = text;
			text += strlen(text) + 1;
		}
	}
	return answer;
}

struct answer *answer_of_addresses(const struct address *addresses, size_t count)
{
	struct answer_block *block = block_new(0, 0);

	if (!block)
		return NULL;
	memcpy(block->answer.addresses, addresses, count * sizeof(*addresses));
	block->answer.address_count = count;
	return &block->answer;
}

const struct answer *answer_ref(const struct answer *answer)
{
	if (answer->refs > 0)
		((struct answer *)answer)->refs++;
	return answer;
}

void answer_unref(const struct answer *answer)
{
	if (answer && answer->refs > 0 && --((struct answer *)answer)->refs == 0)
		free((struct answer *)answer);
}
