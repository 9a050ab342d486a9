/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/drill.h: drives a real desk by steps of four bytes and keeps a plain model beside it:
 * lists that are walked, patterns that are compared as text, a ledger that is copies. What the desk
 * says is held against the model while it is said, and all that can be seen of it after each step. */
#ifndef SALLYPORT_TESTS_DRILL_H
#define SALLYPORT_TESTS_DRILL_H

#include "tests/unit/drill_world.h"

enum {
	DRILL_WAITERS = 12,
	DRILL_QUESTIONS = 128, /* and grants: a run ends there */
	DRILL_CONNECTIONS = 16,
};

enum drill_action {
	DRILL_ASK, /* a: waiter, b: who, c: what */
	DRILL_LEAVE, /* a: waiter */
	DRILL_TOLD, /* a: waiter */
	DRILL_ALLOW, /* a: which question, b: scope, whom, ttl, c: pattern */
	DRILL_DENY, /* the same */
	DRILL_GRANT, /* ahead of time. a: allow and who, b, c: the same */
	DRILL_REVOKE, /* a: which grant */
	DRILL_TICK, /* a: how much time passes, b: whether the desk is told */
	DRILL_RULES, /* a: which policy */
	DRILL_KEEP, /* a: bit n: the nth keeping from now on fails */
	DRILL_JUSTIFY, /* a: which question, b: who */
	DRILL_TIMES, /* a: which times are configured */
	DRILL_RESTART, /* the process ends, the next one reads the ledger */
	DRILL_ACTIONS,
};
struct drill_step {
	uint8_t action, a, b, c;
};

struct drill_waiter {
	bool waiting;
	uint64_t question;
	struct world_ask ask;
};
struct drill_question {
	uint64_t id, expires_ms;
	enum question_state state;
	struct world_ask ask;
	bool told;
	bool stuck; /* a decision that covers it could not be kept for it */
	struct question *stored; /* in the ledger: pending, or of an unused once-grant; else NULL */
};
struct drill_grant {
	uint64_t id, made_ms, expires_ms, question;
	bool allow, live, used, revoked;
	enum grant_scope scope;
	uint64_t ends_ms; /* a used once-grant */
	char pattern[48], identity[16], session[4];
	uint8_t subject;
	struct world_ask ask; /* ONCE: of its question */
	struct grant *stored; /* live in the ledger; NULL when it is not */
};
struct drill_connection {
	struct grant_mark mark;
	struct world_ask ask;
};

struct drill {
	struct desk *desk;
	struct desk_options options;
	uint64_t now_ms, ids;
	unsigned policy;
	unsigned keep_mask;
	const char *fault; /* the first thing that was wrong, NULL while all is well */
	enum drill_action doing;
	unsigned said; /* outlets that ran in this step, apart from keep */
	bool full; /* nothing more fits into the model */
	bool unwatched; /* go without drill_check */
	unsigned question_count, grant_count, connection_count;
	struct drill_waiter waiters[DRILL_WAITERS]; /* number n is [n - 1] */
	struct drill_question questions[DRILL_QUESTIONS];
	struct drill_grant grants[DRILL_QUESTIONS];
	struct drill_connection connections[DRILL_CONNECTIONS];
	unsigned ended[QUESTION_STATE_COUNT]; /* how questions ended */
	unsigned ruled[RULING_WITHDRAWN + 1]; /* rulings by kind */
};

struct drill *drill_new(void);
void drill_free(struct drill *d);

/* One step and a look at everything. False when something was wrong or the drill is full. */
bool drill_do(struct drill *d, struct drill_step step);
/* All of `bytes`, four by four, in a drill of its own. Returns the fault, NULL when all was well. */
const char *drill_run(const uint8_t *bytes, size_t len);

/* ---- inside ------------------------------------------------------------------------------ */

#define DRILL_TEXT(x) #x
#define DRILL_LINE(x) DRILL_TEXT(x)
#define WANT(d, what)                                                                              \
	do {                                                                                       \
		if (!(what) && !(d)->fault)                                                        \
			(d)->fault = __FILE__ ":" DRILL_LINE(__LINE__) ": " #what;                 \
	} while (0)

/* drill_model.c: the outlets of the desk, and what the model knows. */
void drill_connect(struct drill *d);
struct drill_question *drill_question(struct drill *d, uint64_t id);
struct drill_grant *drill_grant(struct drill *d, uint64_t id);
/* A live grant that covers the ask, other than ONCE; a denial first. NULL when there is none. */
struct drill_grant *drill_find(struct drill *d, const struct world_ask *ask);
void drill_forget_question(struct drill_question *q);
void drill_forget_grant(struct drill_grant *g);
/* The desk gave the ruling to a waiter. */
void drill_ruled(struct drill *d, struct drill_waiter *w, const struct ruling *ruling);

/* drill_check.c: everything that can be seen of the desk against the model. */
void drill_check(struct drill *d);

#endif
