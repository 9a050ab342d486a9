/* SPDX-License-Identifier: Apache-2.0 */
/* Every order of events, up to a depth: 3 waiters, 2 identities, 2 hosts, 2 sessions; each decision in
 * each scope, revocation, leaving, time, failing disks, new rules, restarts. Breadth first through the
 * real desk, which is driven anew along the path to each state; states that look alike are visited
 * once. In every state all that the drill knows is checked, and at the end which event brings about
 * what: exactly what desk.h draws. SALLYPORT_DEPTH=n goes deeper. */
#include "policy/keyed_hash.h"
#include "tests/unit/drill.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>

/* A sanitizer makes it slower, and looks for something else. */
#ifdef __SANITIZE_ADDRESS__
enum { DEPTH = 4 };
#else
enum { DEPTH = 5 };
#endif
enum { DEPTH_WHOLE = 5, DEPTH_MOST = 8, WAITERS = 3, CHOICES = 64 };

struct path {
	uint8_t len;
	struct drill_step steps[DEPTH_MOST];
};

/* ---- what may happen next ---------------------------------------------------------------- */

struct choices {
	size_t count;
	struct drill_step steps[CHOICES];
};

static void offer(struct choices *c, enum drill_action action, uint8_t a, uint8_t b, uint8_t c_byte)
{
	assert_true(c->count < CHOICES);
	c->steps[c->count++] = (struct drill_step){(uint8_t)action, a, b, c_byte};
}

/* Waiters are alike: the first idle one asks. */
static void offer_waiters(const struct drill *d, struct choices *c)
{
	bool idle_seen = false;

	for (uint8_t w = 0; w < (uint8_t)WAITERS; w++) {
		if (d->waiters[w].waiting) {
			offer(c, DRILL_LEAVE, w, 0, 0);
			offer(c, DRILL_TOLD, w, 0, 0);
			continue;
		}
		if (idle_seen)
			continue;
		idle_seen = true;
		/* local, 10.0.0.1, and local in session "s". */
		for (uint8_t who = 0; who < 3; who++)
			for (uint8_t host = 0; host < 2; host++)
				offer(c, DRILL_ASK, w, who, host);
	}
}

/* Scopes with the question's own pattern; for a while with a wider one, for everybody. */
static void offer_decisions(struct choices *c, uint8_t back)
{
	for (uint8_t scope = 0; scope < (uint8_t)GRANT_SCOPE_COUNT; scope++) {
		offer(c, DRILL_ALLOW, back, scope, 0);
		offer(c, DRILL_DENY, back, scope, 0);
	}
	offer(c, DRILL_ALLOW, back, GRANT_TTL | 4, 1);
	offer(c, DRILL_DENY, back, GRANT_TTL | 4, 1);
}

static void list_choices(const struct drill *d, struct choices *c)
{
	unsigned offered = 0;

	c->count = 0;
	offer_waiters(d, c);
	for (unsigned back = 0; back < d->question_count && back < 8; back++)
		if (d->questions[d->question_count - 1 - back].state == QUESTION_PENDING &&
			offered++ < 2)
			offer_decisions(c, (uint8_t)back);
	for (unsigned back = 0; back < d->grant_count && back < 8; back++)
		if (d->grants[d->grant_count - 1 - back].live)
			offer(c, DRILL_REVOKE, (uint8_t)back, 0, 0);
	offer(c, DRILL_GRANT, 1, GRANT_ALWAYS | 4, 1);
	offer(c, DRILL_GRANT, 0, GRANT_ALWAYS | 4, 1);
	offer(c, DRILL_TICK, 6, 0, 0); /* past the pending TTL */
	offer(c, DRILL_TICK, 10, 0, 0); /* past deny_ttl */
	offer(c, DRILL_RULES, d->policy ? 0 : 2, 0, 0);
	if (d->keep_mask == 0) {
		offer(c, DRILL_KEEP, 1, 0, 0); /* the next keeping fails */
		offer(c, DRILL_KEEP, 2, 0, 0); /* the one after it */
	}
	offer(c, DRILL_RESTART, 0, 0, 0);
}

/* ---- states that look alike -------------------------------------------------------------- */

struct canvas {
	size_t len;
	uint64_t words[512];
};

static void put(struct canvas *c, uint64_t word)
{
	assert_true(c->len < COUNT(c->words));
	c->words[c->len++] = word;
}

static uint64_t until(const struct drill *d, uint64_t at_ms)
{
	return at_ms > d->now_ms ? at_ms - d->now_ms : 0;
}

static uint64_t ask_word(const struct world_ask *ask)
{
	return (uint64_t)ask->identity << 24 | ask->session << 16 | ask->target << 8 |
	       ask->protocol;
}

static void put_questions(const struct drill *d, struct canvas *c)
{
	for (unsigned i = 0; i < d->question_count; i++) {
		const struct drill_question *q = &d->questions[i];
		if (q->state != QUESTION_PENDING && !q->stored)
			continue;
		put(c, q->state | ask_word(&q->ask) << 8);
		put(c, until(d, q->expires_ms));
		put(c, q->told | q->stuck << 1 | (q->stored != NULL) << 2);
		for (int w = 0; w < WAITERS; w++)
			if (d->waiters[w].waiting && d->waiters[w].question == q->id)
				put(c, 1 + ask_word(&d->waiters[w].ask));
	}
}

static void put_grants(const struct drill *d, struct canvas *c)
{
	static const struct hash_key plain = {{1, 2}};

	for (unsigned i = 0; i < d->grant_count; i++) {
		const struct drill_grant *g = &d->grants[i];
		if (!g->live && !g->stored)
			continue;
		put(c, g->allow | g->live << 1 | g->used << 2 | (g->stored != NULL) << 3 |
				(uint64_t)g->scope << 8);
		put(c, until(d, g->used ? g->ends_ms : g->expires_ms));
		put(c, g->scope == GRANT_ONCE ? ask_word(&g->ask) : 0);
		put(c, keyed_hash(&plain, g->pattern, sizeof(g->pattern)));
		put(c, g->identity[0] | (uint64_t)g->session[0] << 8);
	}
}

static uint64_t state_of(const struct drill *d)
{
	static const struct hash_key plain = {{3, 4}};
	static struct canvas c;

	c.len = 0;
	put(&c, d->policy | d->keep_mask << 8);
	put_questions(d, &c);
	put_grants(d, &c);
	return keyed_hash(&plain, c.words, c.len * sizeof(c.words[0]));
}

/* ---- the search -------------------------------------------------------------------------- */

/* What an event brought about, counted. */
enum effect { OPENED, ENDED, RULED = ENDED + QUESTION_STATE_COUNT, EFFECTS = RULED + 4 };

struct search {
	uint64_t *known; /* open addressing, 0: free */
	size_t size, count;
	struct path *paths;
	size_t path_count, path_size;
	size_t transitions;
	unsigned seen[DRILL_ACTIONS][EFFECTS];
};

static bool is_new(struct search *s, uint64_t state)
{
	size_t at = state & (s->size - 1);

	while (s->known[at] && s->known[at] != state)
		at = (at + 1) & (s->size - 1);
	if (s->known[at])
		return false;
	assert_true(++s->count < s->size / 2);
	s->known[at] = state;
	return true;
}

static void remember(struct search *s, const struct path *p)
{
	if (s->path_count == s->path_size) {
		s->path_size = s->path_size ? 2 * s->path_size : 1024;
		s->paths = realloc(s->paths, s->path_size * sizeof(*s->paths));
		assert_non_null(s->paths);
	}
	s->paths[s->path_count++] = *p;
}

static struct drill *replay(const struct path *p)
{
	struct drill *d = drill_new();

	d->unwatched = true;
	for (uint8_t i = 0; i < p->len; i++)
		drill_do(d, p->steps[i]);
	d->unwatched = false;
	return d;
}

/* Adds what the drill has counted so far, or takes it away. */
static void count_effects(struct search *s, const struct drill *d, enum drill_action by, bool add)
{
	unsigned *seen = s->seen[by];
	unsigned sign = add ? 1u : -1u;

	seen[OPENED] += sign * d->question_count;
	for (int i = 0; i < QUESTION_STATE_COUNT; i++)
		seen[ENDED + i] += sign * d->ended[i];
	for (int i = 0; i < 4; i++)
		seen[RULED + i] += sign * d->ruled[i];
}

static void print_path(const struct path *p, const char *fault)
{
	print_error("%s after", fault);
	for (uint8_t i = 0; i < p->len; i++)
		print_error(" %u:%u:%u:%u", p->steps[i].action, p->steps[i].a, p->steps[i].b,
			p->steps[i].c);
	print_error("\n");
}

static void follow(struct search *s, const struct path *from, struct drill_step step)
{
	struct path p = *from;
	struct drill *d = replay(from);

	count_effects(s, d, (enum drill_action)step.action, false);
	p.steps[p.len++] = step;
	drill_do(d, step);
	const char *fault = d->fault;
	s->transitions++;
	count_effects(s, d, (enum drill_action)step.action, true);
	if (is_new(s, state_of(d)))
		remember(s, &p);
	drill_free(d);
	if (fault) {
		print_path(&p, fault);
		fail();
	}
}

static void expand(struct search *s, struct path from)
{
	struct choices choices;
	struct drill *d = replay(&from);

	list_choices(d, &choices);
	drill_free(d);
	for (size_t i = 0; i < choices.count; i++)
		follow(s, &from, choices.steps[i]);
}

/* ---- what desk.h draws ------------------------------------------------------------------- */

static const char *const effect_words[EFFECTS] = {"opened", "pending", "approved", "denied",
	"expired", "withdrawn", "allowed him", "denied him", "let him expire",
	"sent him to ask anew"};

/* Which event may bring about what; each of these happens, and nothing else does. */
#define BIT(effect) (1u << (effect))
static const unsigned drawn[DRILL_ACTIONS] = {
	[DRILL_ASK] = BIT(OPENED) | BIT(RULED + RULING_ALLOWED) | BIT(RULED + RULING_DENIED),
	[DRILL_ALLOW] = BIT(ENDED + QUESTION_APPROVED) | BIT(RULED + RULING_ALLOWED) |
			BIT(RULED + RULING_WITHDRAWN),
	[DRILL_DENY] = BIT(ENDED + QUESTION_DENIED) | BIT(RULED + RULING_DENIED) |
		       BIT(RULED + RULING_WITHDRAWN),
	[DRILL_GRANT] = BIT(ENDED + QUESTION_APPROVED) | BIT(RULED + RULING_ALLOWED) |
			BIT(ENDED + QUESTION_DENIED) | BIT(RULED + RULING_DENIED),
	[DRILL_TICK] = BIT(ENDED + QUESTION_EXPIRED) | BIT(ENDED + QUESTION_WITHDRAWN) |
		       BIT(RULED + RULING_EXPIRED),
	[DRILL_RULES] = BIT(ENDED + QUESTION_WITHDRAWN) | BIT(RULED + RULING_WITHDRAWN),
	/* A question whose end was not kept ends again. */
	[DRILL_RESTART] = BIT(ENDED + QUESTION_EXPIRED),
};

/* Nothing but what is drawn; and all of it, when the depth is enough for it. */
static void compare_with_drawing(const struct search *s, bool whole)
{
	for (int action = 0; action < DRILL_ACTIONS; action++)
		for (int effect = 0; effect < EFFECTS; effect++) {
			bool wanted = drawn[action] >> effect & 1;
			bool seen = s->seen[action][effect] > 0;
			ROW_CHECK(effect_words[effect], seen == wanted || (!seen && !whole),
				"by action %d: seen %u times", action, s->seen[action][effect]);
		}
}

static void every_order_of_events(void **state)
{
	const char *deeper = getenv("SALLYPORT_DEPTH");
	struct search s = {.size = 1u << 23};
	unsigned depth = deeper ? (unsigned)strtoul(deeper, NULL, 10) : DEPTH;
	size_t next = 0;
	(void)state;
	world_init();
	s.known = calloc(s.size, sizeof(*s.known));
	assert_non_null(s.known);
	remember(&s, &(struct path){.len = 0});
	for (unsigned at = 0; at < depth && at < DEPTH_MOST; at++) {
		size_t end = s.path_count;
		while (next < end)
			expand(&s, s.paths[next++]);
		print_message("# depth %u: %zu states, %zu transitions\n", at + 1, s.path_count,
			s.transitions);
	}
	compare_with_drawing(&s, depth >= DEPTH_WHOLE);
	free(s.known);
	free(s.paths);
	world_done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_of_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
