/* SPDX-License-Identifier: Apache-2.0 */
/* A request that a rule holds, at a name that may be reached: a live grant for just that lets it go,
 * else the client waits for somebody's decision. What was given is for this one request. */
#include "policy/requests.h"
#include "proxy/session_steps.h"

#include <stdlib.h>

/* What a rule asks about the current request. */
struct consent {
	bool given;
	struct grant_mark grant; /* by which, once given */
	size_t len;
	char subject[];
};

static struct subject subject_in(const struct consent *c)
{
	return (struct subject){SUBJECT_REQUEST, slice_from(c->subject, c->len)};
}

bool session_asks_request(const struct session *s)
{
	return s->consent && !s->consent->given;
}

struct subject session_subject(const struct session *s)
{
	return session_asks_request(s) ? subject_in(s->consent)
				       : (struct subject){.kind = SUBJECT_NONE};
}

void session_forget_consent(struct session *s)
{
	const struct grant_mark same = s->grant;

	if (!s->consent)
		return;
	free(s->consent);
	s->consent = NULL;
	session_go_by(s, &same);
}

static struct concern concern_of(const struct session *s)
{
	return (struct concern){
		&s->target, s->connect ? QUESTION_CONNECT : QUESTION_HTTP, subject_in(s->consent)};
}

/* What the rule that holds the request asks about. False when that is too long, or without memory. */
static bool write_subject(const struct session *s, struct buffer *ret_text)
{
	const struct request_view view =
		request_view_of(message_head(s->exchange->request), session_path(s));

	return policy_held_subject(s->worker->settings.policy, s->held, &view, ret_text);
}

bool session_asks_the_same(const struct session *s)
{
	struct buffer text;

	if (s->held == ENTRY_NONE || !s->consent)
		return false;
	buffer_init(&text, LIMIT_SUBJECT_BYTES);
	bool same = write_subject(s, &text) &&
		    slice_equal(buffer_bytes(&text), subject_in(s->consent).text);
	buffer_done(&text);
	return same;
}

static bool begin_consent(struct session *s)
{
	struct buffer text;

	session_forget_consent(s);
	buffer_init(&text, LIMIT_SUBJECT_BYTES);
	if (write_subject(s, &text))
		s->consent = malloc(sizeof(*s->consent) + text.len);
	if (s->consent) {
		*s->consent = (struct consent){.len = text.len};
		memcpy(s->consent->subject, buffer_bytes(&text).ptr, text.len);
	}
	buffer_done(&text);
	return s->consent != NULL;
}

void session_give_consent(struct session *s, const struct grant_mark *grant)
{
	const struct grant_mark same = s->grant;

	s->consent->given = true;
	s->consent->grant = *grant;
	session_go_by(s, &same);
}

bool session_has_consent(const struct session *s)
{
	return s->held == ENTRY_NONE || (s->consent && s->consent->given);
}

uint64_t session_consent_grant(const struct session *s)
{
	return s->consent && s->consent->given ? s->consent->grant.id : 0;
}

bool session_consent_stands(const struct session *s)
{
	char identity[LIMIT_IDENTITY_BYTES + 1];

	if (!s->consent || !s->consent->given)
		return true;
	const struct claimant who = session_claimant(s, identity);
	const struct concern about = concern_of(s);
	return grants_stands(
		s->worker->grants, &s->consent->grant, &who, &about, session_unix_ms());
}

static enum phase deny_held(struct session *s, enum reason reason, enum decision_source source)
{
	const struct verdict verdict = {
		.decision = DECISION_DENY, .reason = reason, .source = source, .entry = s->held};

	return session_deny(s, &verdict);
}

enum phase session_consult_request(struct session *s)
{
	char identity[LIMIT_IDENTITY_BYTES + 1];
	const struct claimant who = session_claimant(s, identity);

	if (!begin_consent(s))
		return deny_held(s, REASON_RULE_HELD, SOURCE_BASELINE_POLICY);
	const struct concern about = concern_of(s);
	struct grants_found found = grants_find(s->worker->grants, &who, &about, session_unix_ms());
	if (!found.found)
		return session_ask_desk(s);
	if (!found.allow)
		return deny_held(s, REASON_APPROVAL_DENIED, SOURCE_DECIDER);
	session_give_consent(s, &(struct grant_mark){.id = found.id});
	return session_admit(s);
}
