/* SPDX-License-Identifier: Apache-2.0 */
/* policy/providers.h: all providers of a snapshot, found by host. Grows while a policy is built, is
 * only read afterwards; looking takes no memory, and costs a hash for each label of the name. */
#ifndef SALLYPORT_POLICY_PROVIDERS_H
#define SALLYPORT_POLICY_PROVIDERS_H

#include "policy/pattern.h"
#include "policy/provider.h"
#include "policy/target.h"

struct provider_host {
	struct pattern pattern;
	uint32_t provider;
	uint32_t next; /* of the same hash: index + 1, or 0 */
};

struct providers {
	struct provider **list; /* own ones first; each a block of its own */
	struct provider_host *hosts;
	uint32_t *buckets; /* index + 1 of a host; a power of two of them, NULL before the end */
	size_t count, host_count, bucket_mask;
	size_t bytes; /* memory of all of it */
};

enum providers_result {
	PROVIDERS_DONE,
	PROVIDERS_REFUSED, /* the sentence says why */
	PROVIDERS_NO_MEMORY,
};

/* A zeroed struct is an empty set. */
void providers_done(struct providers *set);

/* Copies a provider. Refused when a host is no pattern that may be one, or there are too many. */
enum providers_result providers_add(
	struct providers *set, const struct provider *p, char *ret_sentence, size_t size);

/* Ends the growing. False without memory. */
bool providers_finish(struct providers *set);

/* False with a sentence when the text is no host of a provider: a name, "*." or "**." below a public
 * suffix, or an address; ports are fine. */
bool providers_check_host(struct slice host, char *ret_sentence, size_t size);

/* Some provider is at the target. */
bool providers_cover(const struct providers *set, const struct target *t);

/* Tells `visit` of each provider at the target, some more than once, until it returns false. */
void providers_visit(const struct providers *set, const struct target *t,
	bool (*visit)(void *owner, uint32_t provider), void *owner);

#endif
