/* SPDX-License-Identifier: Apache-2.0 */
/* policy/decision.h: what a decider may decide: from the words of a decision to a grant, or to a
 * sentence that says why not. Source: shared design §4 and §5. */
#ifndef SALLYPORT_POLICY_DECISION_H
#define SALLYPORT_POLICY_DECISION_H

#include "policy/grant.h"

struct decision_ask {
	bool allow;
	enum grant_scope scope;
	/* Empty: the question's exact host and port; else as in an allow list, without ports it gets
	 * the question's. GRANT_ONCE: the exact host only. */
	struct slice pattern;
	enum subject_kind subject_kind; /* ahead of time only: a question has its own */
	const char *subject; /* likewise; NULL for SUBJECT_NONE */
	bool everybody; /* not only the question's identity; not for ONCE and SESSION */
	/* GRANT_TTL: 1 s..366 d. SESSION: at most session_ttl; 0: just that. A denial that is not
	 * ALWAYS lasts ttl_ms, or deny_ttl when 0; for ONCE that is as for TTL. */
	uint64_t ttl_ms;
	bool has_protocol;
	enum port_protocol protocol;
	struct slice decider; /* not empty; cut to LIMIT_DECIDER_BYTES */
	struct slice note; /* cut to LIMIT_NOTE_BYTES */
};

enum desk_result {
	DESK_OK,
	DESK_NOT_FOUND, /* no such question or grant */
	DESK_CONFLICT, /* decided already, another way or the same; sentence says how */
	DESK_GONE, /* expired or withdrawn */
	DESK_REFUSED_PATTERN, /* malformed, too broad, or does not cover the question */
	DESK_REFUSED_BY_POLICY, /* the deny list or the local rule covers it: a grant would have no effect */
	DESK_FULL, /* LIMIT_GRANTS */
	DESK_NOT_KEPT, /* the outlet `keep` said no, or memory is short: nothing has happened */
};

/* Where the sentence goes. */
struct sentence {
	char *text;
	size_t size;
};
enum desk_result sentence_write(const struct sentence *s, enum desk_result result,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What a decision is made upon. */
struct decision_ground {
	const struct question *question; /* NULL: ahead of time */
	struct claimant who; /* ahead of time: identity empty for everybody */
	const struct policy *policy;
	uint64_t now_ms;
	uint32_t deny_ms, session_ms;
};

/* Fills *ret_grant but for its id. Does not look at other grants. */
enum desk_result decision_read(const struct decision_ask *ask, const struct decision_ground *ground,
	struct grant *ret_grant, const struct sentence *ret_sentence);

/* The rules leave it to deciders: whether the target may be reached, or what the subject says of it. */
bool decision_is_open(
	const struct policy *policy, const struct target *target, const struct subject *subject);

#endif
