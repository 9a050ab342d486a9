/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/desk_inside.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdlib.h>

/* ---- beginning and end ------------------------------------------------------------------- */

struct desk *desk_new(const struct desk_options *options)
{
	struct desk *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->options = *options;
	for (int i = 0; i < 2; i++)
		d->key.word[i] = options->outlets.new_id(options->outlets.owner);
	docket_init(&d->docket, &d->key);
	shelf_init(&d->shelf, &d->key);
	return d;
}

void desk_free(struct desk *d)
{
	if (!d)
		return;
	lobby_done(&d->lobby);
	docket_done(&d->docket);
	shelf_done(&d->shelf);
	grants_unref(d->grants);
	free(d);
}

void desk_configure(struct desk *d, const struct desk_options *options)
{
	const struct desk_outlets outlets = d->options.outlets;

	d->options = *options;
	d->options.outlets = outlets;
}

bool desk_restore_question(struct desk *d, const struct question *q)
{
	bool pending = q->state == QUESTION_PENDING;

	if (docket_find_id(&d->docket, q->id) || (pending && d->docket.pending == LIMIT_QUESTIONS))
		return false;
	/* Two may be for the same, when the end of the older one could not be kept: it ends by time. */
	struct matter *m = docket_enter(&d->docket, q);
	if (!m)
		return false;
	m->question.waiters = 0;
	/* Whoever waited was cut off and did not leave of his own. */
	m->question.told_pending |= pending;
	docket_trim(&d->docket);
	return true;
}

/* What an unused once-grant is for, from its question or else its port. */
static uint64_t once_hash(const struct desk *d, struct shelved *g)
{
	const struct question *q = desk_question(d, g->grant.question);
	const struct pattern *p = &g->grant.pattern;
	struct target t = {.kind = TARGET_NAME, .port = p->port_first};
	struct concern about = {.target = &t, .subject = grant_subject(&g->grant)};

	g->protocol = p->port_first == 80 ? QUESTION_HTTP : QUESTION_CONNECT;
	if (q) {
		g->protocol = q->protocol;
		about = question_concern(q);
		return docket_hash(&d->docket, slice_of(q->identity), &about);
	}
	if (p->kind == PATTERN_RANGE) {
		t.host_len = (uint8_t)address_format(&p->network, t.host);
	} else {
		t.host_len = (uint8_t)p->host_len;
		memcpy(t.host, p->host, p->host_len);
	}
	about.protocol = g->protocol;
	return docket_hash(&d->docket, slice_of(g->grant.identity), &about);
}

bool desk_restore_grant(struct desk *d, const struct grant *g)
{
	if (shelf_find(&d->shelf, g->id) || d->shelf.count == LIMIT_GRANTS)
		return false;
	struct shelved *s = shelf_prepare(&d->shelf, g);
	if (!s)
		return false;
	s->used = g->scope == GRANT_ONCE && g->expires_ms == 0;
	shelf_put(&d->shelf, s, s->used ? 0 : once_hash(d, s));
	if (s->used)
		shelf_use(&d->shelf, s, 1);
	grants_unref(d->grants);
	d->grants = NULL;
	return true;
}

/* ---- asking ------------------------------------------------------------------------------ */

/* Somebody who asks, and what for. */
struct ask {
	uint64_t waiter;
	const struct claimant *who;
	const struct concern *about;
	uint64_t now_ms;
};

/* A live grant decides, or a once-grant that nobody has used. */
static bool find_decided(struct desk *d, const struct ask *a, struct ruling *ret_ruling)
{
	const struct target *target = a->about->target;
	struct grants_found found = grants_find(d->grants, a->who, a->about, a->now_ms);
	struct shelved *g;

	if (found.found) {
		g = shelf_find(&d->shelf, found.id);
		*ret_ruling = (struct ruling){found.allow ? RULING_ALLOWED : RULING_DENIED,
			g->grant.question, {g->grant.id, g->grant.made_ms, false}, found.protocol};
		return true;
	}
	uint64_t hash = docket_hash(&d->docket, a->who->identity, a->about);
	g = shelf_find_once(&d->shelf, hash, a->who->identity, a->about);
	if (!g)
		return false;
	/* Used up in writing before anybody goes by it, so that a restart does not grant it again. */
	const struct news news = {
		.kind = NEWS_GRANT_ENDED, .grant = &g->grant, .now_ms = a->now_ms};
	if (!desk_keep(d, &news))
		return false;
	shelf_use(&d->shelf, g, a->now_ms + d->options.session_ms);
	enum port_protocol usual = target->port == 80 ? PORT_HTTP : PORT_TLS;
	*ret_ruling = (struct ruling){RULING_ALLOWED, g->grant.question,
		{g->grant.id, g->grant.made_ms, true},
		g->grant.has_protocol ? g->grant.protocol : usual};
	return true;
}

static bool is_full(const struct desk *d, const struct ask *a, const struct matter *m)
{
	const struct desk_options *o = &d->options;
	const struct asker *asker = docket_asker(&d->docket, a->who->identity);

	if (d->lobby.count >= o->waiters || (asker && asker->waiters >= o->waiters_identity))
		return true;
	if (m)
		return m->party.count >= o->waiters_question;
	return d->docket.pending >= o->questions ||
	       (asker && asker->questions >= o->questions_identity);
}

static struct matter *open_question(
	struct desk *d, const struct ask *a, const struct question_context *context)
{
	const struct subject *subject = &a->about->subject;
	char text[LIMIT_SUBJECT_BYTES + 1];
	struct question q = {.protocol = a->about->protocol,
		.target = *a->about->target,
		.subject_kind = subject->kind,
		.asked_ms = a->now_ms,
		.expires_ms = a->now_ms + d->options.pending_ms};

	if (subject->kind != SUBJECT_NONE) {
		memcpy(text, subject->text.ptr, subject->text.len);
		text[subject->text.len] = '\0';
		q.subject = text;
	}
	if (context)
		q.context = question_texts_of(context);
	do
		q.id = d->options.outlets.new_id(d->options.outlets.owner);
	while (q.id == 0 || docket_find_id(&d->docket, q.id));
	memcpy(q.identity, a->who->identity.ptr, a->who->identity.len);
	memcpy(q.session, a->who->session.ptr, a->who->session.len);
	return docket_enter(&d->docket, &q);
}

static bool enter_waiter(struct desk *d, const struct ask *a, struct matter *m)
{
	const struct guest guest = {.number = a->waiter,
		.session = desk_session_hash(d, a->who->session),
		.since_ms = a->now_ms,
		.asked = m};

	if (!lobby_enter(&d->lobby, &m->party, &guest))
		return false;
	m->asker->waiters++;
	m->question.asks++;
	m->question.waiters = m->party.count;
	return true;
}

static enum desk_asked hold(struct desk *d, const struct ask *a,
	const struct question_context *context, struct ruling *ret_ruling)
{
	struct matter *m = docket_find(&d->docket, a->who->identity, a->about);
	bool is_new = !m;

	if (is_full(d, a, m)) {
		d->counts.refused++;
		return DESK_TOO_MANY;
	}
	if (is_new)
		m = open_question(d, a, context);
	if (!m)
		return DESK_NO_MEMORY;
	if (!enter_waiter(d, a, m)) {
		if (is_new)
			docket_drop(&d->docket, m);
		return DESK_NO_MEMORY;
	}
	const struct news news = {.kind = is_new ? NEWS_ASKED : NEWS_WAITERS,
		.question = &m->question,
		.now_ms = a->now_ms};
	if (is_new) {
		d->counts.asked++;
		desk_keep(d, &news);
	}
	desk_tell(d, &news);
	*ret_ruling = (struct ruling){.question = m->question.id};
	return DESK_HELD;
}

enum desk_asked desk_ask(struct desk *d, uint64_t waiter, const struct claimant *who,
	const struct concern *about, const struct question_context *context, uint64_t now_ms,
	struct ruling *ret_ruling)
{
	char identity[LIMIT_IDENTITY_BYTES + 1], session[LIMIT_SESSION_BYTES + 1];
	const struct claimant known = {
		slice_from(identity, utf8_copy(who->identity, identity, sizeof(identity))),
		slice_from(session, utf8_copy(who->session, session, sizeof(session)))};
	const struct ask ask = {waiter, &known, about, now_ms};

	assert(known.identity.len > 0 && waiter != 0 && subject_is_valid(&about->subject));
	desk_pass_time(d, now_ms);
	/* Its number is in use anew, so it left, and the word of it was lost. */
	desk_leave(d, waiter, false, now_ms);
	/* Without the snapshot a denial might be overlooked. */
	if (!desk_grants(d))
		return DESK_NO_MEMORY;
	if (find_decided(d, &ask, ret_ruling))
		return DESK_ANSWERED;
	return hold(d, &ask, context, ret_ruling);
}

void desk_leave(struct desk *d, uint64_t waiter, bool told, uint64_t now_ms)
{
	struct guest *guest = lobby_find(&d->lobby, waiter);

	if (!guest)
		return;
	struct matter *m = guest->asked;
	uint64_t waited_ms = now_ms > guest->since_ms ? now_ms - guest->since_ms : 0;
	if (waited_ms > m->longest_ms)
		m->longest_ms = waited_ms < UINT32_MAX ? (uint32_t)waited_ms : UINT32_MAX;
	lobby_leave(&d->lobby, &m->party, waiter);
	m->asker->waiters--;
	m->question.waiters = m->party.count;
	m->question.told_pending |= told;
	const struct news news = {.kind = NEWS_WAITERS, .question = &m->question, .now_ms = now_ms};
	desk_tell(d, &news);
}

/* ---- what is said of a question ---------------------------------------------------------- */

static void tell_context(struct desk *d, const struct matter *m, uint64_t now_ms)
{
	const struct news news = {.kind = NEWS_CONTEXT, .question = &m->question, .now_ms = now_ms};

	desk_keep(d, &news);
	desk_tell(d, &news);
}

enum desk_result desk_justify(struct desk *d, uint64_t question, struct slice identity,
	struct slice text, uint64_t now_ms)
{
	desk_pass_time(d, now_ms);
	struct matter *m = docket_find_id(&d->docket, question);
	if (!m || !slice_equal(slice_of(m->question.identity), identity))
		return DESK_NOT_FOUND;
	if (m->question.state != QUESTION_PENDING)
		return DESK_GONE;
	struct question_context said;
	struct question_texts texts = m->question.context;
	texts.justification = NULL;
	if (utf8_copy(text, said.justification, sizeof(said.justification)) > 0)
		texts.justification = said.justification;
	if (!docket_describe(m, &texts))
		return DESK_NOT_KEPT;
	tell_context(d, m, now_ms);
	return DESK_OK;
}

void desk_set_process(struct desk *d, uint64_t question, const char *process, const char *command,
	uint32_t process_id, uint64_t now_ms)
{
	struct matter *m = docket_find_id(&d->docket, question);

	if (!m || m->question.state != QUESTION_PENDING)
		return;
	struct question_context found = {.process_id = process_id};
	utf8_copy(slice_of(process), found.process, sizeof(found.process));
	utf8_copy(slice_of(command), found.command, sizeof(found.command));
	struct question_texts texts = m->question.context, behind = question_texts_of(&found);
	texts.process = behind.process;
	texts.command = behind.command;
	texts.process_id = process_id;
	if (docket_describe(m, &texts))
		tell_context(d, m, now_ms);
}

/* ---- looking ----------------------------------------------------------------------------- */

struct grants *desk_snapshot(const struct desk *d)
{
	return d->grants ? grants_ref(d->grants) : shelf_snapshot(&d->shelf);
}

const struct question *desk_question(const struct desk *d, uint64_t id)
{
	const struct matter *m = docket_find_id(&d->docket, id);

	return m ? &m->question : NULL;
}

const struct grant *desk_find_grant(const struct desk *d, uint64_t id)
{
	const struct shelved *g = shelf_find(&d->shelf, id);

	return g ? &g->grant : NULL;
}

void desk_each_question(const struct desk *d, enum question_state state,
	bool (*each)(void *owner, const struct question *q), void *owner)
{
	for (const struct matter *m = d->docket.first; m; m = m->after) {
		if (state != QUESTION_STATE_COUNT && m->question.state != state)
			continue;
		if (!each(owner, &m->question))
			return;
	}
}

void desk_each_grant(
	const struct desk *d, bool (*each)(void *owner, const struct grant *g), void *owner)
{
	for (const struct shelved *g = d->shelf.first; g; g = g->after)
		if (!each(owner, &g->grant))
			return;
}

struct desk_counts desk_counts(const struct desk *d)
{
	struct desk_counts counts = d->counts;

	counts.pending = d->docket.pending;
	counts.waiters = d->lobby.count;
	counts.grants = d->shelf.count;
	return counts;
}
