/* SPDX-License-Identifier: Apache-2.0 */
/* policy/question.h: what somebody is asked to decide: may this identity reach this host, or do there
 * what the subject says? All waiters with the same identity, target, protocol class and subject share
 * one question. Values only; the desk owns them. Source: shared design §5. */
#ifndef SALLYPORT_POLICY_QUESTION_H
#define SALLYPORT_POLICY_QUESTION_H

#include "policy/subject.h"
#include "policy/target.h"

/* What would flow: a tunnel, or requests in plain view. */
enum question_protocol { QUESTION_CONNECT, QUESTION_HTTP };

/* pending -> one of the others, once. The words of the API and the events. */
enum question_state {
	QUESTION_PENDING,
	QUESTION_APPROVED,
	QUESTION_DENIED,
	QUESTION_EXPIRED, /* the pending TTL passed while somebody waited or was told to retry */
	QUESTION_WITHDRAWN, /* every waiter had left of its own when it passed, or the rules decide now */
	QUESTION_STATE_COUNT
};

/* What somebody wants. Borrowed. */
struct concern {
	const struct target *target;
	enum question_protocol protocol;
	struct subject subject; /* SUBJECT_NONE: to reach the target */
};

/* Who asks. `identity` is what the kernel vouches for (the client's address, "local" for
 * loopback); `session` is what the client calls itself (user name of Proxy-Authorization), empty
 * when it says nothing. Borrowed. */
struct claimant {
	struct slice identity; /* 1..LIMIT_IDENTITY_BYTES */
	struct slice session; /* 0..LIMIT_SESSION_BYTES, any bytes */
};

/* What is known of the connection that asked first; all best effort, all peer bytes, empty when
 * unknown. Fixed size, NUL-terminated, cut at a whole UTF-8 character. */
struct question_context {
	char method[16];
	char path_class
		[64]; /* shape of the path, never the path: "/", "/+", "/+/+.tgz"; requests only */
	char path[256]; /* of a request that a rule with record_path asks about, without query */
	char user_agent[192];
	char traceparent[56];
	char process[64]; /* name behind a local client's socket, by its inode; unverified */
	char command[256]; /* its command line, arguments joined by spaces */
	uint32_t process_id; /* 0: unknown */
	char justification[LIMIT_JUSTIFICATION_BYTES +
			   1]; /* the agent's own words, "" when it gave none */
};

/* The same as texts of just their length, borrowed; NULL where nothing is known. What a question
 * carries: tens of thousands may wait, and most of what fits into a context is rarely there. */
enum { QUESTION_TEXT_COUNT = 8 };
struct question_texts {
	union {
		struct {
			const char *method, *path_class, *path, *user_agent, *traceparent, *process,
				*command, *justification;
		};
		const char *all[QUESTION_TEXT_COUNT];
	};
	uint32_t process_id;
};
struct question_texts question_texts_of(const struct question_context *context);

struct question {
	uint64_t id; /* random, never 0 */
	enum question_state state;
	enum question_protocol protocol;
	struct target target;
	char identity[LIMIT_IDENTITY_BYTES + 1];
	char session[LIMIT_SESSION_BYTES + 1]; /* of the first waiter */
	struct question_texts context; /* of whoever holds the question */
	const char *subject; /* likewise; NULL: the host itself is what is asked about */
	uint64_t asked_ms; /* Unix time */
	uint64_t expires_ms; /* asked + pending_ttl */
	uint64_t decided_ms; /* end of pending; 0 before */
	uint64_t grant; /* the decision's; 0: none */
	uint32_t waiters; /* now */
	uint32_t asks; /* waiters ever */
	bool told_pending; /* a waiter was answered 503 approval_pending */
	enum subject_kind subject_kind;
};

/* Borrows from the question. */
struct subject question_subject(const struct question *q);
struct concern question_concern(const struct question *q);

/* "pending", "approved", "denied", "expired", "withdrawn". */
const char *question_state_word(enum question_state state);
/* "https_connect", "http": as in events. */
const char *question_protocol_word(enum question_protocol protocol);

/* Ids as people and URLs have them: one letter ('q' for questions, 'g' for grants), '-', 16 hex
 * digits. */
enum { IDENT_SIZE = 19 };
void ident_format(char letter, uint64_t id, char ret_text[IDENT_SIZE]);
/* 0 when the text is none of this letter. */
uint64_t ident_parse(char letter, struct slice text);

#endif
