/* SPDX-License-Identifier: Apache-2.0 */
/* A target on no list: a live grant lets it in, else the client waits for somebody's decision, and
 * nothing of it is upstream before that, no DNS query either. And what grants and rules take away
 * from connections that are under way. */
#include "policy/requests.h"
#include "proxy/audit.h"
#include "proxy/claim.h"
#include "proxy/context.h"
#include "proxy/session_steps.h"

#include <stdlib.h>
#include <time.h>

uint64_t session_unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct claimant session_claimant(const struct session *s, char identity[LIMIT_IDENTITY_BYTES + 1])
{
	struct claimant who = {.session = slice_of(s->claim)};

	who.identity = slice_from(identity, claim_identity(&s->peer.address, identity));
	return who;
}

static void allow_by(struct session *s, const struct grant_mark *grant, enum port_protocol protocol)
{
	session_go_by(s, grant);
	/* A grant opens a name; it does not keep anybody from looking where a rule wants to. */
	if (protocol == PORT_RAW && policy_inspects(s->worker->settings.policy, &s->target))
		protocol = PORT_TLS;
	s->verdict = (struct verdict){.decision = DECISION_ALLOW,
		.source = SOURCE_DECIDER,
		.protocol = protocol,
		.entry = ENTRY_NONE};
}

static void deny_for(struct session *s, enum reason reason, enum decision_source source)
{
	s->verdict = (struct verdict){.decision = DECISION_DENY,
		.reason = reason,
		.source = source,
		.entry = session_asks_request(s) ? s->held : ENTRY_NONE};
}

/* To reach the target. */
static struct concern concern_of(const struct session *s)
{
	return (struct concern){
		.target = &s->target, .protocol = s->connect ? QUESTION_CONNECT : QUESTION_HTTP};
}

/* ---- grants ------------------------------------------------------------------------------- */

/* The grant that the session goes by still holds. Requests inside a tunnel go by the tunnel's. */
static bool stands(const struct session *s)
{
	char identity[LIMIT_IDENTITY_BYTES + 1];
	const struct claimant who = session_claimant(s, identity);
	const struct concern about = concern_of(s);

	return s->grant.id != 0 &&
	       grants_stands(s->worker->grants, &s->grant, &who, &about, session_unix_ms());
}

/* The step "live grant" of the order of judgement. False when there is none. */
bool session_find_grant(struct session *s)
{
	char identity[LIMIT_IDENTITY_BYTES + 1];
	const struct claimant who = session_claimant(s, identity);

	if (s->inside && stands(s)) {
		const struct grant_mark same = s->grant;
		allow_by(s, &same, s->verdict.protocol);
		return true;
	}
	session_go_by(s, NULL);
	const struct concern about = concern_of(s);
	struct grants_found found = grants_find(s->worker->grants, &who, &about, session_unix_ms());
	if (!found.found)
		return false;
	if (found.allow)
		allow_by(s, &(struct grant_mark){.id = found.id}, found.protocol);
	else
		deny_for(s, REASON_APPROVAL_DENIED, SOURCE_DECIDER);
	return true;
}

/* A tunnel that was opened before the rules wanted to see inside. */
static bool is_unseen(const struct session *s)
{
	return s->phase == PHASE_RELAY && !s->inspected && !s->inside &&
	       s->verdict.protocol != PORT_HTTP &&
	       policy_inspects(s->worker->settings.policy, &s->target);
}

/* A verdict of the present rules and grants, for a target that was let in before. */
static void judge_anew(struct session *s)
{
	enum port_protocol protocol = s->verdict.protocol;

	s->verdict = policy_judge(s->worker->settings.policy, &s->target);
	if (s->verdict.decision == DECISION_DENY)
		return;
	if (is_unseen(s)) {
		deny_for(s, REASON_MODE_LIMITED, SOURCE_MODE_GUARD);
		return;
	}
	if (!session_consent_stands(s)) {
		deny_for(s, REASON_APPROVAL_REVOKED, SOURCE_DECIDER);
		return;
	}
	if (s->verdict.decision == DECISION_ALLOW) {
		session_go_by(s, NULL);
		return;
	}
	bool granted = s->grant.id != 0;
	const struct grant_mark same = s->grant;
	if (stands(s))
		allow_by(s, &same, protocol);
	else if (granted || !session_find_grant(s)) /* what a list let in, a grant may keep */
		deny_for(s, granted ? REASON_APPROVAL_REVOKED : REASON_NOT_ALLOWED,
			granted ? SOURCE_DECIDER : SOURCE_BASELINE_POLICY);
}

bool session_lost_permission(struct session *s)
{
	struct address ignored;
	struct verdict refusal;

	s->rules_changed = true;
	judge_anew(s);
	if (s->verdict.decision != DECISION_ALLOW || !s->link)
		return s->verdict.decision != DECISION_ALLOW;
	return session_judge_addresses(s, &s->link_address, 1, &ignored, &refusal) == 0;
}

/* ---- the wait ----------------------------------------------------------------------------- */

static void end_wait(struct session *s)
{
	s->waiter = NULL;
	if (s->for_agent)
		return;
	metrics_gauge(&s->worker->metrics, GAUGE_HELD, -1);
	metrics_observe(&s->worker->metrics, HISTOGRAM_HELD_US, (uv_hrtime() - s->head_ns) / 1000);
}

void session_leave_desk(struct session *s, bool told)
{
	if (!s->waiter)
		return;
	waiter_cancel(s->waiter, told);
	end_wait(s);
}

static void on_news(void *owner, enum hold_news news, const struct ruling *ruling)
{
	struct session *s = owner;

	if (news != HOLD_ASKED)
		end_wait(s);
	s->news = news;
	s->ruling = ruling;
	session_post(s, SESSION_RULED);
	s->ruling = NULL;
}

/* What the head tells to whoever decides; a CONNECT has no path. */
static char *said_of(const struct session *s)
{
	struct question_context context;
	struct slice path = {NULL, 0};

	if (!s->connect || s->inside)
		path = session_path(s);
	context_fill(&context, message_head(s->exchange->request), path);
	if (session_asks_request(s) && policy_records_path(s->worker->settings.policy, s->held))
		context_show_path(&context, path);
	return context_pack(&context);
}

/* False without memory. */
static bool put_subject(struct petition *p, const struct session *s)
{
	const struct subject subject = session_subject(s);

	p->subject_kind = subject.kind;
	if (subject.kind == SUBJECT_NONE)
		return true;
	p->subject = strndup(subject.text.ptr, subject.text.len);
	return p->subject != NULL;
}

static struct petition *petition_of(const struct session *s)
{
	struct petition *p = calloc(1, sizeof(*p));
	char identity[LIMIT_IDENTITY_BYTES + 1];

	if (!p || !put_subject(p, s)) {
		petition_free(p);
		return NULL;
	}
	const struct claimant who = session_claimant(s, identity);
	memcpy(p->identity, who.identity.ptr, who.identity.len);
	if (who.session.len > 0)
		memcpy(p->session, who.session.ptr, who.session.len);
	p->context = said_of(s);
	p->target = s->target;
	p->protocol = s->connect ? QUESTION_CONNECT : QUESTION_HTTP;
	p->client = s->peer;
	listener_local(s->client->fd, &p->local);
	return p;
}

/* All that is still needed of a CONNECT is in the session; tens of thousands may wait. What came with
 * it or before it stays. */
static void lay_down_exchange(struct session *s)
{
	const struct exchange *x = s->exchange;

	if (!x || !s->connect || s->inside)
		return;
	message_next(x->request);
	if (x->client_in.len > 0 || x->bytes_up > 0 || x->bytes_down > 0)
		return;
	exchange_free(s->exchange);
	s->exchange = NULL;
}

/* Before anything but waiting on. */
static bool take_up_exchange(struct session *s)
{
	if (!s->exchange)
		s->exchange = exchange_new(s->worker->via);
	return s->exchange != NULL;
}

enum phase session_ask_desk(struct session *s)
{
	/* An upstream connection of the request before need not wait with it. */
	session_unlink(s, true);
	struct petition *p = petition_of(s);
	s->waiter = p ? waiter_start(&s->worker->hold, p, on_news, s) : NULL;
	if (!s->waiter)
		return session_deny_by_state(s, REASON_TOO_MANY_QUESTIONS);
	metrics_gauge(&s->worker->metrics, GAUGE_HELD, 1);
	lay_down_exchange(s);
	return PHASE_HOLD;
}

enum phase session_consult(struct session *s)
{
	session_forget_consent(s);
	if (!session_find_grant(s))
		return session_ask_desk(s);
	return s->verdict.decision == DECISION_ALLOW ? session_admit(s)
						     : session_deny(s, &s->verdict);
}

enum phase session_go_on(struct session *s)
{
	switch (s->verdict.decision) {
	case DECISION_ALLOW:
		return session_admit(s);
	case DECISION_DENY:
		return session_deny(s, &s->verdict);
	case DECISION_ASK:
		break;
	}
	if (!policy_is_held(&s->verdict))
		return session_consult(s);
	/* The lists let the name through. */
	s->verdict = policy_judge(s->worker->settings.policy, &s->target);
	return session_admit(s);
}

static enum phase refuse_for(struct session *s, enum reason reason)
{
	deny_for(s, reason, SOURCE_DECIDER);
	return session_deny(s, &s->verdict);
}

/* Whether the name may be reached by now; what somebody decided about a request comes after that. */
static void judge_name(struct session *s, const struct ruling *ruling)
{
	const struct grant_mark same = s->grant;

	if (s->verdict.decision != DECISION_ASK || policy_is_held(&s->verdict))
		return;
	if (ruling && !session_asks_request(s))
		allow_by(s, &ruling->grant, ruling->protocol);
	else if (session_asks_request(s) && stands(s))
		allow_by(s, &same, s->target.port == 80 ? PORT_HTTP : PORT_TLS);
}

/* The rules have the first word and the last: they may have changed while somebody decided. */
static enum phase judge_waiting(struct session *s, const struct ruling *ruling)
{
	session_judge_request(s);
	judge_name(s, ruling);
	bool about_name = s->verdict.decision == DECISION_ASK && !policy_is_held(&s->verdict);
	bool about_request = !about_name && session_asks_the_same(s);
	if (s->waiter && s->verdict.decision != DECISION_DENY &&
		(about_request || (about_name && !session_asks_request(s))))
		return PHASE_HOLD;
	session_leave_desk(s, false);
	if (ruling && about_request && session_asks_request(s))
		session_give_consent(s, &ruling->grant);
	return session_go_on(s);
}

static enum phase take_ruling(struct session *s, const struct ruling *ruling)
{
	switch (ruling->kind) {
	case RULING_ALLOWED:
		return judge_waiting(s, ruling);
	case RULING_DENIED:
		return refuse_for(s, REASON_APPROVAL_DENIED);
	case RULING_EXPIRED:
		return refuse_for(s, REASON_APPROVAL_EXPIRED);
	case RULING_WITHDRAWN:
		break;
	}
	return judge_waiting(s, NULL);
}

static enum phase note_asked(struct session *s)
{
	s->question = s->ruling->question;
	audit_asked(s);
	metrics_count(&s->worker->metrics, COUNTER_HELD, 1);
	return PHASE_HOLD;
}

/* The waiter is gone. */
static enum phase take_ruled(struct session *s)
{
	s->question = s->ruling->question;
	return s->news == HOLD_RULED ? take_ruling(s, s->ruling)
				     : session_deny_by_state(s, REASON_TOO_MANY_QUESTIONS);
}

/* Nobody said no: the question stays, and the client may ask again. */
static enum phase still_pending(struct session *s)
{
	session_leave_desk(s, true);
	deny_for(s, REASON_APPROVAL_PENDING, SOURCE_BASELINE_POLICY);
	s->verdict.decision = DECISION_ASK;
	return session_deny(s, &s->verdict);
}

static enum phase deny_without_memory(struct session *s)
{
	deny_for(s, REASON_OUT_OF_MEMORY, SOURCE_PROXY_STATE);
	audit_decision(s, &s->verdict);
	return session_finish(s, REASON_OUT_OF_MEMORY);
}

static enum phase end_waiting(struct session *s, unsigned events)
{
	if (events & SESSION_RULED)
		return take_ruled(s);
	if (events & SESSION_DRAIN) {
		session_leave_desk(s, false);
		return session_deny_by_state(s, REASON_DRAINING);
	}
	return events & SESSION_POLICY ? judge_waiting(s, NULL) : still_pending(s);
}

/* The client's end counts whatever it sent before: nobody is there to read an answer. */
enum phase session_step_hold(struct session *s, unsigned events)
{
	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (s->client->hung_up)
		return session_finish(s, REASON_CLIENT_CLOSED);
	if (events & SESSION_RULED && s->news == HOLD_ASKED)
		return note_asked(s);
	if (!(events & (SESSION_RULED | SESSION_DRAIN | SESSION_POLICY | SESSION_DEADLINE)))
		return PHASE_HOLD;
	if (!take_up_exchange(s))
		return deny_without_memory(s);
	enum phase next = end_waiting(s, events);
	if (next == PHASE_HOLD)
		lay_down_exchange(s);
	return next;
}
