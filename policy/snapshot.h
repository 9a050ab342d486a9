/* SPDX-License-Identifier: Apache-2.0 */
/* policy/snapshot.h: what is inside a struct policy; for builder.c, which makes it, and policy.c,
 * which judges by it. */
#ifndef SALLYPORT_POLICY_SNAPSHOT_H
#define SALLYPORT_POLICY_SNAPSHOT_H

#include "policy/own.h"
#include "policy/providers.h"
#include "policy/request_rules.h"
#include "policy/ruleset.h"
#include "policy/search.h"

#include <stdatomic.h>

struct policy {
	atomic_uint references;
	uint64_t generation;
	enum policy_mode mode;
	enum policy_unlisted unlisted;
	bool nobody_answers;
	bool allow_local_binding;
	struct own own;
	struct ruleset rules;
	struct request_rules requests;
	struct providers providers;
	struct search_modes searches;
};

#endif
