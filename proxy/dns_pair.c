/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dns_pair.h"

#include "proxy/address_order.h"

#include <stdlib.h>

static void on_half(void *owner, const struct dns_reply *reply)
{
	struct dns_half *half = owner;
	size_t size = offsetof(struct dns_reply, aliases) + reply->alias_len;

	half->replied = true;
	half->reply = malloc(size);
	if (half->reply)
		memcpy(half->reply, reply, size);
	half->pair->found |= half->reply && reply->status == DNS_FOUND;
	half->pair->pending--;
	half->pair->on_reply(half->pair);
}

void dns_pair_ask(struct dns_pair *pair, struct dns_channel *channel, const char *host,
	void (*on_reply)(struct dns_pair *pair))
{
	static const enum dns_type types[DNS_HALVES] = {DNS_A, DNS_AAAA};

	*pair = (struct dns_pair){.on_reply = on_reply, .pending = DNS_HALVES};
	for (int i = 0; i < DNS_HALVES; i++) {
		struct dns_half *half = &pair->halves[i];
		half->pair = pair;
		half->query = (struct dns_query){host, types[i], on_half, half};
	}
	/* The second may end the pair. */
	dns_channel_ask(channel, &pair->halves[0].query);
	dns_channel_ask(channel, &pair->halves[1].query);
}

void dns_pair_done(struct dns_pair *pair)
{
	for (int i = 0; i < DNS_HALVES; i++)
		free(pair->halves[i].reply);
}

static const struct dns_reply *said(const struct dns_half *half)
{
	static const struct dns_reply late = {.status = DNS_LATE};
	static const struct dns_reply no_memory = {.status = DNS_NO_MEMORY};

	if (half->reply)
		return half->reply;
	return half->replied ? &no_memory : &late;
}

const struct answer *dns_pair_conclude(const struct dns_pair *pair)
{
	struct answer *answer = answer_combine(said(&pair->halves[0]), said(&pair->halves[1]));

	if (!answer)
		return &answer_no_memory;
	address_order_here(answer->addresses, answer->address_count);
	return answer;
}
