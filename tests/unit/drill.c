/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/drill.h"

#include <stdlib.h>

static const struct {
	uint32_t pending_ms, deny_ms, session_ms;
} times[] = {{900000, 600000, 28800000}, {60000, 0, 100000}, {2000000, 3000, 28800000}};

static const uint32_t steps_ms[] = {0, 1, 1000, 30000, 0, 1, 1000, 30000, 1000, 60000, 600000,
	900000, 1000, 60000, 3600000, 28800000};

static void set_times(struct drill *d, unsigned n)
{
	d->options.pending_ms = times[n % 3].pending_ms;
	d->options.deny_ms = times[n % 3].deny_ms;
	d->options.session_ms = times[n % 3].session_ms;
}

struct drill *drill_new(void)
{
	struct drill *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->now_ms = 1000000;
	d->options = (struct desk_options){.waiters = 9,
		.waiters_identity = 7,
		.waiters_question = 4,
		.questions = 7,
		.questions_identity = 5};
	set_times(d, 0);
	drill_connect(d);
	d->desk = desk_new(&d->options);
	if (!d->desk)
		abort();
	return d;
}

void drill_free(struct drill *d)
{
	desk_free(d->desk);
	for (unsigned i = 0; i < d->question_count; i++)
		drill_forget_question(&d->questions[i]);
	for (unsigned i = 0; i < d->grant_count; i++)
		drill_forget_grant(&d->grants[i]);
	free(d);
}

/* ---- asking ------------------------------------------------------------------------------ */

static bool is_unused_once(
	const struct drill *d, const struct drill_grant *g, const struct world_ask *ask)
{
	return g->live && g->scope == GRANT_ONCE && !g->used && g->expires_ms > d->now_ms &&
	       g->ask.identity == ask->identity && g->ask.target == ask->target &&
	       g->ask.protocol == ask->protocol && g->ask.subject == ask->subject;
}

static struct drill_grant *find_once(struct drill *d, const struct world_ask *ask)
{
	for (unsigned i = 0; i < d->grant_count; i++)
		if (is_unused_once(d, &d->grants[i], ask))
			return &d->grants[i];
	return NULL;
}

/* Whether the bounds leave room, among what has not run out. */
static bool has_room(const struct drill *d, const struct world_ask *ask)
{
	unsigned questions = 0, own_questions = 0, waiters = 0, own = 0, same = 0;
	bool known = false;

	for (unsigned i = 0; i < d->question_count; i++) {
		const struct drill_question *q = &d->questions[i];
		if (q->state != QUESTION_PENDING || q->expires_ms <= d->now_ms)
			continue;
		bool is_same = q->ask.identity == ask->identity && q->ask.target == ask->target &&
			       q->ask.protocol == ask->protocol && q->ask.subject == ask->subject;
		questions++;
		own_questions += q->ask.identity == ask->identity;
		known |= is_same;
		for (int w = 0; w < DRILL_WAITERS; w++) {
			if (!d->waiters[w].waiting || d->waiters[w].question != q->id)
				continue;
			waiters++;
			own += q->ask.identity == ask->identity;
			same += is_same;
		}
	}
	if (waiters >= d->options.waiters || own >= d->options.waiters_identity)
		return false;
	if (known)
		return same < d->options.waiters_question;
	return questions < d->options.questions && own_questions < d->options.questions_identity;
}

static void ask(struct drill *d, struct drill_step s)
{
	struct drill_waiter *w = &d->waiters[s.a % DRILL_WAITERS];
	struct ruling ruling = {.question = 0};

	if (w->waiting)
		return;
	w->ask = world_ask(s.b, s.c);
	const struct claimant who = world_claimant(&w->ask);
	const struct drill_grant *covering = drill_find(d, &w->ask);
	struct drill_grant *once = covering ? NULL : find_once(d, &w->ask);
	bool room = has_room(d, &w->ask);
	const struct concern about = world_concern(&w->ask);
	enum desk_asked asked = desk_ask(
		d->desk, (uint64_t)(w - d->waiters) + 1, &who, &about, NULL, d->now_ms, &ruling);
	if (once && asked == DESK_ANSWERED) {
		WANT(d, !once->stored);
		once->used = true;
		once->ends_ms = d->now_ms + d->options.session_ms;
		WANT(d, ruling.grant.id == once->id && ruling.grant.once);
	} else if (once) {
		/* Using it up could not be kept. */
		WANT(d, once->stored);
	} else if (covering) {
		WANT(d, asked == DESK_ANSWERED);
		WANT(d, (ruling.kind == RULING_ALLOWED) == covering->allow);
	} else {
		WANT(d, asked == (room ? DESK_HELD : DESK_TOO_MANY));
	}
	w->question = ruling.question;
	w->waiting = asked == DESK_HELD;
	if (asked == DESK_ANSWERED)
		drill_ruled(d, w, &ruling);
}

static void leave(struct drill *d, struct drill_step s)
{
	struct drill_waiter *w = &d->waiters[s.a % DRILL_WAITERS];
	struct drill_question *q = w->waiting ? drill_question(d, w->question) : NULL;

	desk_leave(d->desk, (uint64_t)(w - d->waiters) + 1, s.action == DRILL_TOLD, d->now_ms);
	WANT(d, w->waiting || d->said == 0);
	w->waiting = false;
	if (q)
		q->told |= s.action == DRILL_TOLD;
}

/* ---- deciding ---------------------------------------------------------------------------- */

static struct decision_ask decision_of(bool allow, struct drill_step s)
{
	return (struct decision_ask){.allow = allow,
		.scope = (enum grant_scope)(s.b % GRANT_SCOPE_COUNT),
		.pattern = slice_of(world_pattern(s.c)),
		.everybody = s.b & 4,
		.ttl_ms = s.b & 8 ? 60000
			  : allow ? 3600000
				  : 0,
		.decider = SLICE("ann"),
		.note = SLICE("because")};
}

static void check_result(struct drill *d, enum desk_result result, const char *sentence,
	const struct grant *g, const struct decision_ask *ask)
{
	WANT(d, (result == DESK_OK) == (sentence[0] == '\0'));
	WANT(d, result == DESK_OK || d->said == 0);
	if (result != DESK_OK || d->full)
		return;
	WANT(d, g && desk_find_grant(d->desk, g->id) == g && drill_grant(d, g->id)->live);
	WANT(d, g->allow == ask->allow && strcmp(g->note, "because") == 0);
	WANT(d, g->scope == ask->scope || (!ask->allow && ask->scope == GRANT_ONCE));
	WANT(d, !ask->everybody == (g->identity[0] != '\0'));
}

static void decide(struct drill *d, struct drill_step s)
{
	const struct decision_ask ask = decision_of(s.action == DRILL_ALLOW, s);
	/* Mostly the newest questions. */
	unsigned back = s.a % 8u;
	struct drill_question *q =
		back < d->question_count ? &d->questions[d->question_count - 1 - back] : NULL;
	const struct grant *g = NULL;
	char sentence[256] = "";

	/* What is over by now ends first, so that what is said below is the decision's. */
	desk_tick(d->desk, d->now_ms);
	bool pending = q && q->state == QUESTION_PENDING;
	/* After a restart only the ledger knows of ended ones. */
	bool known = q && desk_question(d->desk, q->id);
	bool open = q && world_rules(d->policy, &q->ask) != DECISION_DENY;
	bool named = q && (s.c % WORLD_PATTERNS == 0 ||
				  world_covers(world_pattern(s.c), true, world_target(&q->ask)));
	d->said = 0;
	enum desk_result result = desk_decide(d->desk, q ? q->id : 77, &ask,
		world_policy(d->policy), d->now_ms, &g, sentence, sizeof(sentence));
	check_result(d, result, sentence, g, &ask);
	if (!q || !known)
		WANT(d, result == DESK_NOT_FOUND);
	else if (!pending)
		WANT(d, result == DESK_CONFLICT || result == DESK_GONE);
	else
		WANT(d, result != DESK_NOT_FOUND && result != DESK_GONE && result != DESK_FULL);
	if (pending && named && s.c % WORLD_PATTERNS == 0 && ask.allow && !open)
		WANT(d, result == DESK_REFUSED_BY_POLICY || result == DESK_REFUSED_PATTERN);
	WANT(d, result != DESK_OK || (pending && (open || !ask.allow)));
	WANT(d, result != DESK_OK || q->state == (ask.allow ? QUESTION_APPROVED : QUESTION_DENIED));
	WANT(d, (result == DESK_OK) == (q && pending && q->state != QUESTION_PENDING));
}

static void grant(struct drill *d, struct drill_step s)
{
	struct decision_ask ask = decision_of(s.a & 1, s);
	uint8_t about = s.c / WORLD_PATTERNS % WORLD_SUBJECTS;
	struct world_ask who = world_ask(s.a >> 1, 0);
	struct claimant claimant = world_claimant(&who);
	const struct grant *g = NULL;
	char sentence[256] = "";

	ask.subject_kind = world_subject(about).kind;
	ask.subject = world_subject(about).text.ptr;
	desk_tick(d->desk, d->now_ms);
	d->said = 0;
	enum desk_result result = desk_grant(d->desk, &claimant, &ask, world_policy(d->policy),
		d->now_ms, &g, sentence, sizeof(sentence));
	check_result(d, result, sentence, g, &ask);
	WANT(d, result != DESK_OK || (g->question == 0 && drill_grant(d, g->id)->subject == about));
	WANT(d, result != DESK_OK || ask.scope != GRANT_ONCE || !ask.allow);
}

static void revoke(struct drill *d, struct drill_step s)
{
	unsigned back = s.a % 8u;
	struct drill_grant *g =
		back < d->grant_count ? &d->grants[d->grant_count - 1 - back] : NULL;
	char sentence[256] = "";

	desk_tick(d->desk, d->now_ms);
	bool live = g && g->live;
	d->said = 0;
	enum desk_result result = desk_revoke(
		d->desk, g ? g->id : 77, SLICE("ann"), d->now_ms, sentence, sizeof(sentence));
	if (!live)
		WANT(d, result == DESK_NOT_FOUND);
	else
		WANT(d, result == DESK_OK || (result == DESK_NOT_KEPT && d->said == 0 && g->live));
	WANT(d, result != DESK_OK || (g->revoked && !g->stored));
}

/* ---- what else happens ------------------------------------------------------------------- */

/* The earliest end of anything, as the model knows it. */
static uint64_t next_end(const struct drill *d)
{
	uint64_t next_ms = UINT64_MAX;

	for (unsigned i = 0; i < d->question_count; i++)
		if (d->questions[i].state == QUESTION_PENDING &&
			d->questions[i].expires_ms < next_ms)
			next_ms = d->questions[i].expires_ms;
	for (unsigned i = 0; i < d->grant_count; i++) {
		const struct drill_grant *g = &d->grants[i];
		uint64_t ends_ms = g->used ? g->ends_ms : g->expires_ms;
		if (g->live && ends_ms != 0 && ends_ms < next_ms)
			next_ms = ends_ms;
	}
	return next_ms == UINT64_MAX ? 0 : next_ms;
}

static void tick(struct drill *d, struct drill_step s)
{
	d->now_ms += steps_ms[s.a % (sizeof(steps_ms) / sizeof(steps_ms[0]))];
	if (s.b % 2)
		return;
	uint64_t next_ms = desk_tick(d->desk, d->now_ms);
	WANT(d, next_ms == next_end(d));
	WANT(d, next_ms == 0 || next_ms > d->now_ms);
}

static void justify(struct drill *d, struct drill_step s)
{
	unsigned back = s.a % 8u;
	struct world_ask who = world_ask(s.b, 0);
	struct drill_question *q =
		back < d->question_count ? &d->questions[d->question_count - 1 - back] : NULL;

	desk_tick(d->desk, d->now_ms);
	enum desk_result result = desk_justify(d->desk, q ? q->id : 77,
		world_claimant(&who).identity, SLICE("for the build"), d->now_ms);
	if (!q || !desk_question(d->desk, q->id) || q->ask.identity != who.identity)
		WANT(d, result == DESK_NOT_FOUND);
	else
		WANT(d, result == (q->state == QUESTION_PENDING ? DESK_OK : DESK_GONE));
}

/* kill -9: what was not kept is gone, what was kept is there again. */
static void restart(struct drill *d)
{
	desk_free(d->desk);
	d->desk = desk_new(&d->options);
	if (!d->desk)
		abort();
	memset(d->waiters, 0, sizeof(d->waiters));
	d->connection_count = 0;
	for (unsigned i = 0; i < d->question_count; i++) {
		struct drill_question *q = &d->questions[i];
		if (q->stored) {
			q->told = true;
			WANT(d, desk_restore_question(d->desk, q->stored));
		}
		if (q->stored && q->stored->state == QUESTION_PENDING)
			q->state = QUESTION_PENDING;
		else if (q->state == QUESTION_PENDING)
			q->state = QUESTION_STATE_COUNT;
	}
	for (unsigned i = 0; i < d->grant_count; i++) {
		struct drill_grant *g = &d->grants[i];
		g->live = g->stored != NULL;
		if (g->used)
			g->ends_ms = 1;
		if (g->stored)
			WANT(d, desk_restore_grant(d->desk, g->stored));
	}
	desk_tick(d->desk, d->now_ms);
}

static void act(struct drill *d, struct drill_step s)
{
	switch (d->doing) {
	case DRILL_ASK:
		ask(d, s);
		break;
	case DRILL_LEAVE:
	case DRILL_TOLD:
		leave(d, s);
		break;
	case DRILL_ALLOW:
	case DRILL_DENY:
		decide(d, s);
		break;
	case DRILL_GRANT:
		grant(d, s);
		break;
	case DRILL_REVOKE:
		revoke(d, s);
		break;
	case DRILL_TICK:
		tick(d, s);
		break;
	case DRILL_RULES:
		d->policy = s.a % WORLD_POLICIES;
		desk_rules_changed(d->desk, world_policy(d->policy), d->now_ms);
		break;
	case DRILL_KEEP:
		d->keep_mask = s.a;
		break;
	case DRILL_JUSTIFY:
		justify(d, s);
		break;
	case DRILL_TIMES:
		set_times(d, s.a);
		desk_configure(d->desk, &d->options);
		break;
	case DRILL_RESTART:
		restart(d);
		break;
	case DRILL_ACTIONS:
		break;
	}
}

bool drill_do(struct drill *d, struct drill_step step)
{
	d->doing = (enum drill_action)(step.action % DRILL_ACTIONS);
	step.action = (uint8_t)d->doing;
	d->said = 0;
	act(d, step);
	if (!d->full && !d->unwatched)
		drill_check(d);
	return !d->fault && !d->full;
}

const char *drill_run(const uint8_t *bytes, size_t len)
{
	struct drill *d = drill_new();

	for (; len >= 4; bytes += 4, len -= 4)
		if (!drill_do(d, (struct drill_step){bytes[0], bytes[1], bytes[2], bytes[3]}))
			break;
	const char *fault = d->fault;
	drill_free(d);
	return fault;
}
