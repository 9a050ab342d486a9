/* SPDX-License-Identifier: Apache-2.0 */
/* control/wishes.h: the unlisted hosts that somebody wanted, how often, and what was said to it: from
 * the history of questions to entries for the allow list. What anybody denied is never suggested, and
 * when there is too much to remember that, nothing wider than a single name is. */
#ifndef SALLYPORT_CONTROL_WISHES_H
#define SALLYPORT_CONTROL_WISHES_H

#include "policy/desk.h"

#include <jansson.h>

/* Hosts and wide denials that are remembered; asks that make an undecided host worth listing; names
 * below one domain that make a wildcard of them. */
enum { WISHES_HOSTS = 1024, WISHES_DENIALS = 256, WISHES_ASKS = 3, WISHES_SIBLINGS = 3 };

struct wish {
	struct target target;
	uint64_t asks;
	bool approved, denied;
	bool raw; /* approved for any protocol: the entry has to say so */
};

struct wishes {
	struct wish hosts[WISHES_HOSTS];
	size_t count;
	struct pattern denials[WISHES_DENIALS]; /* wider than one host */
	size_t denial_count;
	bool hosts_full, denials_full; /* something was not remembered */
};

/* NULL without memory; free with free(). */
struct wishes *wishes_new(void);

/* One question, pending or ended; `decision` is the grant that ended it, or NULL. */
void wishes_add(struct wishes *w, const struct question *q, const struct grant *decision);
/* A host was asked for so often, as another source counts. */
void wishes_asked(struct wishes *w, const struct target *t, uint64_t asks, bool denied);
/* A decision made ahead of time; an allowing one says nothing. */
void wishes_decided(struct wishes *w, const struct grant *g);

/* {"allowed_domains": […], "toml": "…"}: hosts that were approved, or asked for WISHES_ASKS times, and
 * that the policy has on no list. Patterns in the first, in the second the text to paste, with
 * comments that name what a wildcard stands for. A new reference, NULL without memory. */
json_t *wishes_suggest(const struct wishes *w, const struct policy *p);

#endif
