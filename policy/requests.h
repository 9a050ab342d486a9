/* SPDX-License-Identifier: Apache-2.0 */
/* policy/requests.h: the part of a policy that is about requests: which of them go to a target that the
 * lists let through, and whether a tunnel is looked into for that. */
#ifndef SALLYPORT_POLICY_REQUESTS_H
#define SALLYPORT_POLICY_REQUESTS_H

#include "base/buffer.h"
#include "policy/policy.h"
#include "policy/request_rule.h"
#include "policy/request_view.h"

/* Judge a request to the target by the rules about requests, which narrow what the lists allow and
 * open nothing: *named, or denied with REASON_RULE_DENIED, RULE_NOT_ALLOWED, RULE_HELD or PATH_AMBIGUOUS
 * and the rule as the entry, or DECISION_ASK with RULE_HELD and the rule (policy_is_held): somebody has
 * to approve it, after the name where `named` asks already. A CONNECT to a PORT_RAW is denied when rules cover the target: nobody can look
 * inside.
 *   named  an allowing or asking verdict */
struct verdict policy_judge_request(const struct policy *p, const struct target *t,
	const struct request_view *r, const struct verdict *named);

/* The verdict is a rule's that asks about the request. */
static inline bool policy_is_held(const struct verdict *v)
{
	return v->decision == DECISION_ASK && v->reason == REASON_RULE_HELD;
}
/* What that rule asks about, as question.subject has it. False when it is too long to be asked about,
 * or without memory: nobody can approve it then.
 *   entry  of such a verdict of this policy on the same request */
bool policy_held_subject(const struct policy *p, uint32_t entry, const struct request_view *r,
	struct buffer *ret_text);
/* Some rule asks about requests to the target. */
bool policy_holds(const struct policy *p, const struct target *t);
/* There are rules that ask. */
bool policy_holds_any(const struct policy *p);
/* Some rule asks about the text at the target. */
bool policy_asks(const struct policy *p, const struct target *t, struct slice text);
/* The path may stand in records of a verdict with this entry. */
bool policy_records_path(const struct policy *p, uint32_t entry);

/* A tunnel of TLS to the target, if it is allowed, is looked into: limited mode or a rule wants it. */
bool policy_inspects(const struct policy *p, const struct target *t);
/* There may be such targets. */
bool policy_inspects_any(const struct policy *p);

/* The credentials that rules put into requests, by number. *ret_rule is where one stands; may be NULL. */
size_t policy_credential_count(const struct policy *p);
const struct credential *policy_credential(
	const struct policy *p, size_t number, struct rule *ret_rule);

/* As policy_builder_add, for a rule about requests. */
bool policy_builder_add_rule(
	struct policy_builder *b, const struct request_rule *rule, struct fault *ret_fault);

#endif
