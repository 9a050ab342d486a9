/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/cover.h"
#include "policy/desk_inside.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdlib.h>

/* A decision under way. */
struct deciding {
	struct desk *desk;
	const struct decision_ask *ask;
	struct decision_ground ground;
	struct sentence sentence;
};

/* ---- against other decisions ------------------------------------------------------------- */

static bool is_live(const struct grant *g, uint64_t now_ms)
{
	return g->expires_ms == 0 || g->expires_ms > now_ms;
}

/* Whom `outer` is for includes whom `inner` is for. */
static bool all_whom(const struct grant *outer, const struct grant *inner)
{
	if (outer->identity[0] && strcmp(outer->identity, inner->identity) != 0)
		return false;
	return outer->scope != GRANT_SESSION ||
	       (inner->scope == GRANT_SESSION && strcmp(outer->session, inner->session) == 0);
}

/* A denial under which the new grant would have no effect, or whoever asked would still be denied. */
static const struct grant *find_denial(const struct desk *d, const struct grant *g,
	const struct question *q, const struct shelved *replaced)
{
	const struct subject subject = grant_subject(g);
	struct cover inner = cover_of(&g->pattern, g->allow);

	for (const struct shelved *s = d->shelf.first; s; s = s->after) {
		struct cover outer = cover_of(&s->grant.pattern, s->grant.allow);
		const struct subject denied = grant_subject(&s->grant);
		if (s->grant.allow || s == replaced || !is_live(&s->grant, g->made_ms) ||
			!subject_equal(&denied, &subject))
			continue;
		if (all_whom(&s->grant, g) && cover_all(&outer, &inner))
			return &s->grant;
		if (!q)
			continue;
		const struct claimant who = {slice_of(q->identity), slice_of(q->session)};
		if (grant_covers(&s->grant, &who, &q->target, &subject))
			return &s->grant;
	}
	return NULL;
}

static enum desk_result check_others(
	const struct deciding *c, const struct grant *g, const struct shelved *replaced)
{
	char id[IDENT_SIZE], pattern[GRANT_PATTERN_SIZE];
	const struct desk *d = c->desk;
	const struct grant *denial =
		g->allow ? find_denial(d, g, c->ground.question, replaced) : NULL;

	if (denial) {
		ident_format('g', denial->id, id);
		grant_pattern_format(denial, pattern);
		return sentence_write(&c->sentence, DESK_CONFLICT,
			"The denial %s of %s covers this and comes first: revoke it before.", id,
			pattern);
	}
	if (d->shelf.count >= LIMIT_GRANTS && !replaced && !shelf_oldest_used(&d->shelf))
		return sentence_write(&c->sentence, DESK_FULL,
			"There are %d grants, as many as there may be: revoke some.", LIMIT_GRANTS);
	return DESK_OK;
}

static uint64_t new_grant_id(const struct desk *d)
{
	uint64_t id;

	do
		id = d->options.outlets.new_id(d->options.outlets.owner);
	while (id == 0 || shelf_find(&d->shelf, id));
	return id;
}

/* ---- carrying it out --------------------------------------------------------------------- */

static struct ruling ruling_by(const struct shelved *g, const struct question *q)
{
	enum port_protocol usual = q->target.port == 80 ? PORT_HTTP : PORT_TLS;

	return (struct ruling){.kind = g->grant.allow ? RULING_ALLOWED : RULING_DENIED,
		.question = q->id,
		.grant = {g->grant.id, g->grant.made_ms, g->grant.scope == GRANT_ONCE},
		.protocol = g->grant.has_protocol ? g->grant.protocol : usual};
}

static struct news decided(struct matter *m, const struct shelved *g, uint64_t waited_ms)
{
	return (struct news){.kind = NEWS_DECIDED,
		.question = &m->question,
		.grant = &g->grant,
		.actor = g->grant.decider,
		.now_ms = g->grant.made_ms,
		.waited_ms = waited_ms};
}

/* Ends the question in writing. False when it could not be kept: it is pending as before. */
static bool write_down(struct desk *d, struct matter *m, const struct shelved *g)
{
	struct news news = decided(m, g, desk_waited(d, m, g->grant.made_ms));

	m->question.state = g->grant.allow ? QUESTION_APPROVED : QUESTION_DENIED;
	m->question.decided_ms = g->grant.made_ms;
	m->question.grant = g->grant.id;
	if (desk_keep(d, &news))
		return true;
	m->question.state = QUESTION_PENDING;
	m->question.decided_ms = m->question.grant = 0;
	return false;
}

/* Tells of a question that was written down, and answers its waiters. A decision for one session
 * says nothing of the others that asked the same: they ask anew. */
static void carry_out(struct desk *d, struct matter *m, const struct shelved *g)
{
	struct news news = decided(m, g, desk_waited(d, m, g->grant.made_ms));
	struct ruling ruling = ruling_by(g, &m->question);
	struct ruling anew = {.kind = RULING_WITHDRAWN, .question = m->question.id};
	struct slice session = slice_of(g->grant.session);

	if (g->grant.allow)
		d->counts.approved++;
	else
		d->counts.denied++;
	desk_tell(d, &news);
	desk_answer(d, m, &ruling, g->grant.scope == GRANT_SESSION ? &session : NULL);
	desk_answer(d, m, &anew, NULL);
	docket_end(&d->docket, m);
}

/* The grant decides about whoever it covers, unless another one goes before it; the snapshot, which
 * has both, knows. */
static bool decides(const struct desk *d, const struct shelved *g, const struct claimant *who,
	const struct question *q)
{
	const struct concern about = question_concern(q);

	/* Most are not covered, and that is quickly said. */
	if (!grant_covers(&g->grant, who, &q->target, &about.subject))
		return false;
	struct grants_found found = grants_find(d->grants, who, &about, g->grant.made_ms);
	return found.found && found.allow == g->grant.allow;
}

/* Those who call themselves as the grant says are answered, whoever asked the question first. */
static void answer_session(struct desk *d, struct matter *m, const struct shelved *g)
{
	struct ruling ruling = ruling_by(g, &m->question);
	struct slice session = slice_of(g->grant.session);
	const struct claimant who = {slice_of(m->question.identity), session};
	uint32_t before = m->party.count;

	if (g->grant.scope != GRANT_SESSION || !decides(d, g, &who, &m->question))
		return;
	uint64_t waited_ms = desk_waited(d, m, g->grant.made_ms);
	m->longest_ms = waited_ms < UINT32_MAX ? (uint32_t)waited_ms : UINT32_MAX;
	desk_answer(d, m, &ruling, &session);
	if (m->party.count == before)
		return;
	struct news news = {
		.kind = NEWS_WAITERS, .question = &m->question, .now_ms = g->grant.made_ms};
	desk_tell(d, &news);
}

/* The new grant decides what else it covers. */
static void decide_others(struct desk *d, const struct shelved *g)
{
	struct matter *after;

	if (g->grant.scope == GRANT_ONCE)
		return;
	for (struct matter *m = d->docket.first; m; m = after) {
		const struct question *q = &m->question;
		const struct claimant who = {slice_of(q->identity), slice_of(q->session)};
		after = m->after;
		if (q->state != QUESTION_PENDING)
			continue;
		if (!decides(d, g, &who, q))
			answer_session(d, m, g);
		else if (write_down(d, m, g))
			carry_out(d, m, g);
	}
}

/* Puts the grant on the shelf in place of the one it replaces. */
static void put_on_shelf(struct desk *d, struct shelved *g, struct shelved *replaced)
{
	const struct question *asked = NULL;
	uint64_t hash = 0, now_ms = g->grant.made_ms;
	struct shelved *used = NULL;

	if (g->grant.scope == GRANT_ONCE) {
		asked = desk_question(d, g->grant.question);
		const struct concern about = question_concern(asked);
		g->protocol = asked->protocol;
		hash = docket_hash(&d->docket, slice_of(asked->identity), &about);
	}
	if (d->shelf.count >= LIMIT_GRANTS && !replaced)
		used = shelf_oldest_used(&d->shelf);
	shelf_put(&d->shelf, g, hash);
	if (g->used)
		shelf_use(&d->shelf, g, now_ms + d->options.session_ms);
	if (used)
		desk_end_grant(d, used, now_ms);
	if (!replaced)
		return;
	struct news news = {.kind = NEWS_REVOKED,
		.grant = &replaced->grant,
		.actor = g->grant.decider,
		.now_ms = now_ms};
	/* It went when the newer one was kept; this is for the record. */
	desk_keep(d, &news);
	shelf_take(&d->shelf, replaced);
	d->counts.revoked++;
	desk_tell(d, &news);
	free(replaced);
}

/* From the words of a decision to a grant that is not on the shelf yet. */
static enum desk_result prepare(
	const struct deciding *c, struct shelved **ret_grant, struct shelved **ret_replaced)
{
	struct desk *d = c->desk;
	struct grant g;
	enum desk_result result = decision_read(c->ask, &c->ground, &g, &c->sentence);

	if (result != DESK_OK)
		return result;
	struct shelved *replaced = shelf_find_same(&d->shelf, &g);
	result = check_others(c, &g, replaced);
	if (result != DESK_OK)
		return result;
	g.id = new_grant_id(d);
	*ret_grant = shelf_prepare(&d->shelf, &g);
	if (!*ret_grant)
		return sentence_write(&c->sentence, DESK_NOT_KEPT,
			"Memory is short, so nothing was decided: try again.");
	*ret_replaced = replaced;
	return DESK_OK;
}

static enum desk_result not_kept(const struct sentence *s, struct shelved *prepared)
{
	free(prepared);
	return sentence_write(s, DESK_NOT_KEPT,
		"The decision could not be written to disk, so nothing was decided.");
}

static enum desk_result check_pending(const struct matter *m, const struct sentence *s)
{
	if (!m)
		return sentence_write(s, DESK_NOT_FOUND, "There is no such question.");
	switch (m->question.state) {
	case QUESTION_PENDING:
		return DESK_OK;
	case QUESTION_APPROVED:
	case QUESTION_DENIED:
		return sentence_write(s, DESK_CONFLICT, "The question was %s already.",
			question_state_word(m->question.state));
	case QUESTION_EXPIRED:
		return sentence_write(s, DESK_GONE,
			"The question expired: nobody answered in time, and nobody waits any more.");
	case QUESTION_WITHDRAWN:
	case QUESTION_STATE_COUNT:
		break;
	}
	return sentence_write(s, DESK_GONE,
		"The question was withdrawn: nobody waits any more, or the rules decide now.");
}

static struct deciding deciding_of(struct desk *d, const struct decision_ask *ask,
	const struct policy *policy, uint64_t now_ms)
{
	return (struct deciding){.desk = d,
		.ask = ask,
		.ground = {.policy = policy,
			.now_ms = now_ms,
			.deny_ms = d->options.deny_ms,
			.session_ms = d->options.session_ms}};
}

enum desk_result desk_decide(struct desk *d, uint64_t question, const struct decision_ask *ask,
	const struct policy *policy, uint64_t now_ms, const struct grant **ret_grant,
	char *ret_sentence, size_t size)
{
	struct deciding c = deciding_of(d, ask, policy, now_ms);
	struct shelved *g = NULL, *replaced = NULL;

	c.sentence = (struct sentence){ret_sentence, size};
	desk_pass_time(d, now_ms);
	struct matter *m = docket_find_id(&d->docket, question);
	enum desk_result result = check_pending(m, &c.sentence);
	if (result != DESK_OK)
		return result;
	c.ground.question = &m->question;
	result = prepare(&c, &g, &replaced);
	if (result != DESK_OK)
		return result;
	g->used = g->grant.scope == GRANT_ONCE && m->party.count > 0;
	if (g->used)
		g->grant.expires_ms = 0;
	if (!write_down(d, m, g))
		return not_kept(&c.sentence, g);
	put_on_shelf(d, g, replaced);
	desk_regrant(d);
	carry_out(d, m, g);
	decide_others(d, g);
	*ret_grant = &g->grant;
	return DESK_OK;
}

enum desk_result desk_grant(struct desk *d, const struct claimant *who,
	const struct decision_ask *ask, const struct policy *policy, uint64_t now_ms,
	const struct grant **ret_grant, char *ret_sentence, size_t size)
{
	struct deciding c = deciding_of(d, ask, policy, now_ms);
	struct shelved *g = NULL, *replaced = NULL;

	c.ground.who = *who;
	c.sentence = (struct sentence){ret_sentence, size};
	desk_pass_time(d, now_ms);
	enum desk_result result = prepare(&c, &g, &replaced);
	if (result != DESK_OK)
		return result;
	const struct news news = {.kind = NEWS_GRANTED,
		.grant = &g->grant,
		.actor = g->grant.decider,
		.now_ms = now_ms};
	if (!desk_keep(d, &news))
		return not_kept(&c.sentence, g);
	put_on_shelf(d, g, replaced);
	desk_regrant(d);
	desk_tell(d, &news);
	decide_others(d, g);
	*ret_grant = &g->grant;
	return DESK_OK;
}

enum desk_result desk_revoke(struct desk *d, uint64_t grant, struct slice actor, uint64_t now_ms,
	char *ret_sentence, size_t size)
{
	const struct sentence sentence = {ret_sentence, size};
	char name[LIMIT_DECIDER_BYTES + 1];

	desk_pass_time(d, now_ms);
	struct shelved *g = shelf_find(&d->shelf, grant);
	if (!g)
		return sentence_write(
			&sentence, DESK_NOT_FOUND, "There is no such grant, or it has ended.");
	utf8_copy(actor, name, sizeof(name));
	const struct news news = {
		.kind = NEWS_REVOKED, .grant = &g->grant, .actor = name, .now_ms = now_ms};
	if (!desk_keep(d, &news))
		return not_kept(&sentence, NULL);
	shelf_take(&d->shelf, g);
	if (g->used)
		shelf_note_revoked(&d->shelf, &g->grant);
	d->counts.revoked++;
	desk_regrant(d);
	desk_tell(d, &news);
	free(g);
	return DESK_OK;
}
