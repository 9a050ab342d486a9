/* SPDX-License-Identifier: Apache-2.0 */
/* policy/subject.h: what of a host a question is about, when it is not the host itself: requests of one
 * kind, or the words of a search. A decision is for its subject only: leave to reach a name says
 * nothing of what a rule holds there, nor the other way round. */
#ifndef SALLYPORT_POLICY_SUBJECT_H
#define SALLYPORT_POLICY_SUBJECT_H

#include "base/limits.h"
#include "base/slice.h"

enum subject_kind {
	SUBJECT_NONE, /* the host itself */
	SUBJECT_REQUEST, /* requests that a rule with action = "hold" asks about: "POST /repos/" */
	SUBJECT_SEARCH, /* a search of the web; the text is what would leave */
	SUBJECT_KIND_COUNT
};

/* Valid UTF-8 without NUL, 1..LIMIT_SUBJECT_BYTES; empty for SUBJECT_NONE. Peer bytes: whoever shows it
 * escapes it. Borrowed. */
struct subject {
	enum subject_kind kind;
	struct slice text;
};

/* From a stored text; NULL stands for "". */
static inline struct subject subject_of(enum subject_kind kind, const char *text)
{
	return (struct subject){kind, slice_of(text)};
}

/* Every byte counts. NULL is the host itself. */
bool subject_equal(const struct subject *a, const struct subject *b);

/* The text is what a subject of the kind may have. */
bool subject_is_valid(const struct subject *s);

/* "none", "request", "search". */
const char *subject_kind_word(enum subject_kind kind);

#endif
