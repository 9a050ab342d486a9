/* SPDX-License-Identifier: Apache-2.0 */
/* policy/allowed.h: the allow list read out, for whoever wants to see it. Costs a step for each entry
 * that it passes, of both lists: not for a judgement. */
#ifndef SALLYPORT_POLICY_ALLOWED_H
#define SALLYPORT_POLICY_ALLOWED_H

#include "policy/policy.h"

/* The first allow entry behind `entry`, in the order they were added; ENTRY_NONE asks for the first of
 * all, and is returned behind the last. policy_rule() says what it is. */
uint32_t policy_next_allowed(const struct policy *p, uint32_t entry);

#endif
