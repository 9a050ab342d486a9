/* SPDX-License-Identifier: Apache-2.0 */
/* control/decide.h: from the body of a request to a decision that the desk can be asked to make, and
 * from the desk's refusals to problems. Whoever may not decide for ever is told so here. */
#ifndef SALLYPORT_CONTROL_DECIDE_H
#define SALLYPORT_CONTROL_DECIDE_H

#include "control/call.h"
#include "policy/desk.h"

/* The body of approve and deny, for a question of `identity`. False: the call was answered. The
 * slices of *ret_ask live as long as the call. */
bool decide_read_answer(
	struct call *call, bool allow, const char *identity, struct decision_ask *ret_ask);

/* The body of POST /v1/grants. *ret_identity is empty for everybody. Same returns. */
bool decide_read_grant(struct call *call, struct decision_ask *ret_ask, struct slice *ret_identity);

/* Answers with what the desk said, when it is not DESK_OK. */
void decide_problem(struct call *call, enum desk_result result, const char *sentence);

#endif
