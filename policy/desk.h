/* SPDX-License-Identifier: Apache-2.0 */
/* policy/desk.h: the approval desk: questions, who waits for them, decisions, grants. A state machine
 * without sockets, clocks, threads or files: what happens comes in as calls with the time, what
 * follows goes out through outlets, synchronously, before the call returns. One thread.
 *
 *             ask ─► PENDING ─┬─ decide allow ─► APPROVED ─► grant
 *                      │      ├─ decide deny ──► DENIED ───► grant (a sticky no for deny_ttl)
 *           pending TTL│      └─ a decision on another question or ahead of time that covers it: same
 *        ┌─────────────┴───────────┐
 *        ▼ somebody waits, or      ▼ all left of their own,
 *     EXPIRED  was told to retry WITHDRAWN  or the rules decide the name now
 *
 * Every transition is kept (outlet `keep`) before anyone is answered; when keeping fails nothing has
 * happened. Source: shared design §5. */
#ifndef SALLYPORT_POLICY_DESK_H
#define SALLYPORT_POLICY_DESK_H

#include "policy/decision.h"
#include "policy/ruling.h"

struct desk; /* opaque */

struct desk_options {
	uint32_t pending_ms, deny_ms, session_ms;
	/* Bounds; beyond: DESK_TOO_MANY. */
	uint32_t waiters, waiters_identity, waiters_question, questions, questions_identity;
	struct desk_outlets outlets; /* copied */
};

/* ---- the desk ------------------------------------------------------------------------------ */

struct desk *desk_new(const struct desk_options *options); /* NULL without memory */
void desk_free(struct desk *d); /* NULL is fine; nobody is answered */
/* New times and bounds from now on; the outlets stay. */
void desk_configure(struct desk *d, const struct desk_options *options);

/* Before the first ask: what an earlier process left, in the order it came about, questions first.
 * Copied; silent (no outlet runs). False without memory or beyond the bounds. Questions come back
 * without waiters, as if somebody was told to retry; ended ones are taken too. A once-grant that was
 * used (expires_ms 0) ends at the next tick, for its connections ended with the process; the
 * question of an unused one says what protocol it is for, else its port does. Call
 * desk_rules_changed afterwards: the rules may be others than before. */
bool desk_restore_question(struct desk *d, const struct question *q);
bool desk_restore_grant(struct desk *d, const struct grant *g);

enum desk_asked {
	DESK_HELD, /* wait for the outlet `answer`; *ret_ruling.question is set */
	DESK_ANSWERED, /* *ret_ruling holds it; nobody waits */
	DESK_TOO_MANY, /* a bound was met: 429 */
	DESK_NO_MEMORY,
};
/* Somebody wants to go where the lists say nothing, or to do there what a rule asks about.
 *   waiter   the caller's number, unique among those waiting, not 0; one that waits already is taken
 *            to have left
 *   context  of this waiter, may be NULL; kept when the question is new */
enum desk_asked desk_ask(struct desk *d, uint64_t waiter, const struct claimant *who,
	const struct concern *about, const struct question_context *context, uint64_t now_ms,
	struct ruling *ret_ruling);

/* The waiter left: `told` when it was answered "still pending" after its hold timeout, else of its
 * own. A number that does not wait is ignored (its answer is on the way). */
void desk_leave(struct desk *d, uint64_t waiter, bool told, uint64_t now_ms);

/* Decide a pending question. `policy` is the current one: what it denies cannot be approved.
 * *ret_grant is set with DESK_OK (valid until the next call); ret_sentence gets one sentence for
 * every other result, peer bytes escaped. Other pending questions that the new grant covers are
 * decided with it (scope other than once). */
enum desk_result desk_decide(struct desk *d, uint64_t question, const struct decision_ask *ask,
	const struct policy *policy, uint64_t now_ms, const struct grant **ret_grant,
	char *ret_sentence, size_t size);

/* Decide ahead of time. `pattern` is required; scope TTL or ALWAYS, or SESSION with `who`.
 *   who  whom it is for; identity empty: everybody
 * Replaces a grant with the same pattern, identity, session and subject. */
enum desk_result desk_grant(struct desk *d, const struct claimant *who,
	const struct decision_ask *ask, const struct policy *policy, uint64_t now_ms,
	const struct grant **ret_grant, char *ret_sentence, size_t size);

enum desk_result desk_revoke(struct desk *d, uint64_t grant, struct slice actor, uint64_t now_ms,
	char *ret_sentence, size_t size);

/* The agent's reason for a pending question of its own identity; cut, valid UTF-8 assured by the
 * caller. NOT_FOUND for somebody else's, GONE when decided. */
enum desk_result desk_justify(struct desk *d, uint64_t question, struct slice identity,
	struct slice text, uint64_t now_ms);
/* What was found out later about the process behind the first waiter. */
void desk_set_process(struct desk *d, uint64_t question, const char *process, const char *command,
	uint32_t process_id, uint64_t now_ms);

/* The rules were replaced: pending questions that they decide now are withdrawn. */
void desk_rules_changed(struct desk *d, const struct policy *policy, uint64_t now_ms);

/* Time passes: expires questions and grants. Returns the Unix time of the next expiry, 0: none. */
uint64_t desk_tick(struct desk *d, uint64_t now_ms);

/* A new snapshot for the workers, one reference for the caller. NULL without memory: the old one
 * must not be used on for allowing; hand out an empty one, or try again. */
struct grants *desk_snapshot(const struct desk *d);

/* ---- looking ------------------------------------------------------------------------------- */

/* By id, or NULL. Decided ones stay for a while (LIMIT_DECIDED newest). Borrowed until the next call
 * that changes the desk. */
const struct question *desk_question(const struct desk *d, uint64_t id);
const struct grant *desk_find_grant(const struct desk *d, uint64_t id);

/* In order of asking, oldest first; of one state, or all for QUESTION_STATE_COUNT. `each` returns
 * false to stop and must not change the desk. */
void desk_each_question(const struct desk *d, enum question_state state,
	bool (*each)(void *owner, const struct question *q), void *owner);
/* Live grants, oldest first. */
void desk_each_grant(
	const struct desk *d, bool (*each)(void *owner, const struct grant *g), void *owner);

struct desk_counts {
	uint32_t pending, waiters, grants;
	uint64_t asked, approved, denied, expired, withdrawn, revoked,
		refused; /* since the start */
};
struct desk_counts desk_counts(const struct desk *d);

/* Patterns a decider may widen to without reaching the public suffix boundary, narrowest first:
 * for cdn.a.example.com "*.a.example.com", "**.a.example.com", "*.example.com", "**.example.com";
 * for example.com itself "**.example.com". Of a deep name the two narrowest and the widest. None
 * for addresses. Returns how many, at most `size`. */
enum { DESK_WIDER = 6 };
size_t desk_wider(const struct target *target, char ret_patterns[][PATTERN_HOST_SIZE], size_t size);

#endif
