/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/desks.h: a desk whose outlets write down what comes out, in words:
 *
 *   asked local a.example:443        a question, and the other news
 *   keep asked                       kept, before that; "keep-not decided" when refused
 *   allow 1,2                        rulings by waiter; "deny", "expire", "anew"
 *   regrant */
#ifndef SALLYPORT_TESTS_DESKS_H
#define SALLYPORT_TESTS_DESKS_H

#include "policy/desk.h"
#include "tests/unit/rules.h"

enum { DESK_LOG_SIZE = 16 * 1024, DESK_START_MS = 1000000 };

struct desk_log {
	struct desk *desk;
	struct policy *policy;
	char text[DESK_LOG_SIZE];
	bool keep_fails;
	uint64_t last_id;
	char sentence[512];
	const struct grant *grant; /* the last decision's */
	struct subject subject; /* of the asks from now on */
};

/* Asks are held (unlisted = "hold"); 20 waiters and 10 questions, 50 and 5 for an identity; the times
 * are the defaults. */
void desks_init(struct desk_log *l, const char *allow, const char *deny);
void desks_done(struct desk_log *l);

/* What came out since the last look must be just this. */
void desks_expect(struct desk_log *l, const char *text);

/* `who` is "identity" or "identity/session". The last question or grant made has the id last_id. */
enum desk_asked desks_ask(struct desk_log *l, uint64_t waiter, const char *who, const char *target,
	uint64_t after_ms);
enum desk_result desks_decide(
	struct desk_log *l, uint64_t question, struct decision_ask ask, uint64_t after_ms);
/* For an identity (with session "s"), "" for everybody. */
enum desk_result desks_grant(
	struct desk_log *l, const char *identity, struct decision_ask ask, uint64_t after_ms);
enum desk_result desks_revoke(struct desk_log *l, uint64_t grant, uint64_t after_ms);

#endif
