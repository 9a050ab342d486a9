/* SPDX-License-Identifier: Apache-2.0 */
/* control/review.h: what a reviewer answered, judged as a whole: a decision that means exactly one
 * thing, or none, and then a person is asked. Bytes in, values out. Source: docs/reviewer.md. */
#ifndef SALLYPORT_CONTROL_REVIEW_H
#define SALLYPORT_CONTROL_REVIEW_H

#include "policy/grant.h"

enum review_decision { REVIEW_ASK, REVIEW_ALLOW, REVIEW_DENY };

struct review {
	enum review_decision decision;
	enum grant_scope scope; /* of ALLOW and DENY; never GRANT_ALWAYS */
	uint64_t ttl_ms; /* 0: not said (only for DENY and scopes other than GRANT_TTL) */
	char pattern[LIMIT_PATTERN_BYTES + 1]; /* "": the exact name; not judged yet */
	char note[LIMIT_NOTE_BYTES + 1]; /* valid UTF-8, cut at a character */
};

/* Parses one answer. False with a sentence (static) when it is not what docs/reviewer.md says, or when
 * it decides for ever, which is a person's business; *ret_review asks a person then. */
bool review_parse(struct slice answer, struct review *ret_review, const char **ret_fault);

#endif
