/* SPDX-License-Identifier: Apache-2.0 */
/* policy/grant.h: a decision that is remembered: who may (or may not) reach what, until when, by
 * whose word. Values only. Source: shared design §5. */
#ifndef SALLYPORT_POLICY_GRANT_H
#define SALLYPORT_POLICY_GRANT_H

#include "policy/pattern.h"
#include "policy/policy.h"
#include "policy/question.h"

enum grant_scope {
	GRANT_ONCE, /* the connections waiting now; or, if none waits, the next one while the question's TTL runs */
	GRANT_SESSION, /* one identity and session, at most session_ttl */
	GRANT_TTL,
	GRANT_ALWAYS,
	GRANT_SCOPE_COUNT
};

struct grant {
	uint64_t id; /* random, never 0 */
	bool allow;
	enum grant_scope scope;
	struct pattern pattern; /* ports always set for a decision on a question */
	bool has_protocol;
	enum port_protocol
		protocol; /* what may flow in a tunnel; without: by port, as for allow entries */
	char identity[LIMIT_IDENTITY_BYTES + 1]; /* "" for everybody */
	char session[LIMIT_SESSION_BYTES + 1]; /* GRANT_SESSION: which; else "" */
	enum subject_kind subject_kind;
	const char *subject; /* of whoever holds the grant; NULL: it is about the host itself */
	uint64_t question; /* 0: decided ahead of time */
	uint64_t made_ms; /* Unix time */
	uint64_t expires_ms; /* 0: never (GRANT_ALWAYS) */
	char decider[LIMIT_DECIDER_BYTES + 1]; /* name of the token, "reviewer", "sallyport" */
	char note[LIMIT_NOTE_BYTES + 1];
};

/* "once", "session", "ttl", "always". */
const char *grant_scope_word(enum grant_scope scope);
/* False when the word is none. */
bool grant_scope_parse(struct slice word, enum grant_scope *ret_scope);

/* The pattern as in a list, with its ports: "*.example.com:443". NUL-terminated. */
enum { GRANT_PATTERN_SIZE = PATTERN_HOST_SIZE + 16 };
size_t grant_pattern_format(const struct grant *g, char ret_text[GRANT_PATTERN_SIZE]);

/* Borrows from the grant. */
struct subject grant_subject(const struct grant *g);

/* Pattern and identity (and session, for GRANT_SESSION) cover the ask, and the subject is the same
 * (NULL: the host itself); time is not looked at. */
bool grant_covers(const struct grant *g, const struct claimant *who, const struct target *target,
	const struct subject *subject);

#endif
