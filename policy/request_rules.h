/* SPDX-License-Identifier: Apache-2.0 */
/* policy/request_rules.h: all rules about requests of a snapshot. Grows while a policy is built, is
 * only read afterwards; judging takes no memory, and finds the rules of a target by its labels.
 *
 * Order, for each layer by itself: a tunnel rule: the layer says nothing; a deny rule that fits; a deny
 * rule that cannot tell; an allow rule that fits; an allow rule that cannot tell; a hold rule that fits
 * as an allow rule would; a hold rule that cannot tell; any allow rule: what none of them allows is
 * denied; a hold rule that fits as a deny rule would; else the layer says nothing. Cannot tell: all but
 * the path fits, and the path has a second reading. The stricter of the layers counts: deny before
 * hold before allow; of two that hold the requirements' asks. */
#ifndef SALLYPORT_POLICY_REQUEST_RULES_H
#define SALLYPORT_POLICY_REQUEST_RULES_H

#include "base/reason.h"
#include "policy/pattern.h"
#include "policy/request_rule.h"
#include "policy/request_view.h"
#include "policy/target.h"

struct stored_rule {
	struct request_rule
		rule; /* every slice in it points into `block` and has a NUL behind it */
	void *block; /* conditions, slices, bytes */
	size_t bytes; /* of the block */
	const char *text; /* in the block */
	uint32_t credential; /* its number among those of the set; of a rule that injects */
};

/* One pattern of one rule. */
struct rule_scope {
	struct pattern pattern;
	uint32_t rule;
};

struct request_rules {
	struct stored_rule *rules; /* in the order they were added */
	struct rule_scope *scopes; /* names by their base, then all others */
	size_t rule_count, rule_size, scope_count, scope_size;
	size_t named; /* how many scopes are found by their base; set by request_rules_finish */
	size_t bytes; /* memory of the rules' parts */
	size_t edit_count; /* rules that strip or inject */
	size_t credential_count;
	uint32_t credentials[LIMIT_CREDENTIALS]; /* the rule of each */
};

struct edit_rules {
	uint32_t rules[LIMIT_EDIT_RULES];
	size_t count;
};

enum request_rules_result {
	REQUEST_RULES_DONE,
	REQUEST_RULES_REFUSED, /* the sentence says why */
	REQUEST_RULES_NO_MEMORY,
};

#define REQUEST_RULE_NONE UINT32_MAX

/* A zeroed struct is an empty set. */
void request_rules_done(struct request_rules *set);

/* Copies a rule. Refused when a part of it is malformed or the same rule is there already. */
enum request_rules_result request_rules_add(
	struct request_rules *set, const struct request_rule *r, char *ret_sentence, size_t size);

/* Ends the growing. */
void request_rules_finish(struct request_rules *set);

size_t request_rules_size(const struct request_rules *set);

/* The order of the scopes' bases: <0, 0, >0. */
int request_rules_compare(struct slice a, struct slice b);

/* Who is told of each rule that covers the target, of some more than once. */
struct rule_visitor {
	void (*visit)(void *owner, const struct stored_rule *s, uint32_t rule);
	void *owner;
};
void request_rules_visit(
	const struct request_rules *set, const struct target *t, const struct rule_visitor *v);

/* Some rule other than a tunnel rule covers the target, and no tunnel rule of the same layer does.
 * *ret_rule is the first of them, or NONE; may be NULL. */
bool request_rules_cover(
	const struct request_rules *set, const struct target *t, uint32_t *ret_rule);

/* Any rule is there that may look into something. */
bool request_rules_any(const struct request_rules *set);

/* REASON_NONE, RULE_DENIED, RULE_NOT_ALLOWED, RULE_HELD or PATH_AMBIGUOUS. *ret_rule is the rule that decided, or
 * NONE when no rule had a say; of RULE_NOT_ALLOWED the first that allows something else. */
enum reason request_rules_judge(const struct request_rules *set, const struct target *t,
	const struct request_view *v, uint32_t *ret_rule);

/* The rules that change the fields of a request that is allowed: that cover the target, fit beyond
 * doubt and let it pass, which rules that hold do only where none allows it without asking; those of the requirements first, then in the order of the file. At most LIMIT_EDIT_RULES;
 * false when there are more. */
bool request_rules_edits(const struct request_rules *set, const struct target *t,
	const struct request_view *v, struct edit_rules *ret_rules);

/* A hold rule that covers the target, and is not set aside by a tunnel rule, asks about the text
 * (policy/request_subject.h); NULL: about any. */
bool request_rules_ask(
	const struct request_rules *set, const struct target *t, const struct slice *text);

/* What a rule says, in a few words: `deny "github.com" POST "/x"`; escaped, lives as long as the set. */
const char *request_rules_text(const struct request_rules *set, uint32_t rule);
/* Where it stands. */
const char *request_rules_file(const struct request_rules *set, uint32_t rule, uint32_t *ret_line);

#endif
