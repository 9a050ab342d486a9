/* SPDX-License-Identifier: Apache-2.0 */
/* policy/breadth.h: how wide a grant may be: never as wide as what anybody may register under, nor a
 * whole top level, nor a large part of the address space. Source: shared design §4. */
#ifndef SALLYPORT_POLICY_BREADTH_H
#define SALLYPORT_POLICY_BREADTH_H

#include "policy/pattern.h"
#include "policy/target.h"

/* NULL when the pattern is narrow enough; else the end of a sentence that begins with the pattern.
 *   asked  what it was widened from, NULL for a pattern of its own; no public suffix may stand
 *          between the two */
const char *breadth_fault(const struct pattern *p, const struct target *asked);

/* A target that the pattern covers, to judge by; false when there is none. */
bool breadth_example(const struct pattern *p, struct target *ret_target);

#endif
