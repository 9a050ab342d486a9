/* SPDX-License-Identifier: Apache-2.0 */
/* policy/secrets.h: the secrets of all credentials of a policy, as they were when the set was made.
 * Filled by the control thread, immutable and shared by reference from then on; it goes to the workers
 * beside the policy, whose credentials it has by number, so that a secret can change without it. */
#ifndef SALLYPORT_POLICY_SECRETS_H
#define SALLYPORT_POLICY_SECRETS_H

#include "policy/secret.h"

struct secrets; /* opaque */

/* A set of so many empty places for the policy of this generation, with one reference. NULL without
 * memory. */
struct secrets *secrets_new(size_t count, uint64_t generation);

/* Before the set is shared. Takes a reference of its own; NULL leaves the place empty. */
void secrets_put(struct secrets *set, size_t place, struct secret *s);

/* Lives as long as the set; NULL for an empty place, without a set, and in a set that is another
 * policy's: numbers mean something else there. */
struct secret *secrets_at(const struct secrets *set, uint64_t generation, size_t place);

struct secrets *secrets_ref(struct secrets *set);
void secrets_unref(struct secrets *set); /* NULL is fine */

#endif
