/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/clerk.h"

#include "base/container.h"
#include "base/log.h"
#include "proxy/approval_event.h"
#include "proxy/census.h"
#include "proxy/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	PATH_SIZE = 4096,
	/* A worker that could not be told is told again after this. */
	RETRY_MS = 50,
	/* The clock may be set: no expiry is slept to for longer. */
	SLEEP_MOST_MS = 60 * 1000,
};

uint64_t clerk_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- grants ------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static void wake_in(struct clerk *c, uint64_t ms)
{
	if (!uv_is_active((uv_handle_t *)&c->timer) || uv_timer_get_due_in(&c->timer) > ms)
		uv_timer_start(&c->timer, on_timer, ms, 0);
}

/* Every worker has its own copy of the truth, and all must have it: until then it is tried again. */
static void tell_workers(struct clerk *c)
{
	struct grants *fresh = desk_snapshot(c->desk);

	c->untold = !fresh;
	if (fresh) {
		grants_unref(c->grants);
		c->grants = fresh;
	}
	for (size_t i = 0; fresh && i < c->crew->worker_count; i++)
		c->untold = !worker_regrant(c->crew->workers[i], fresh) || c->untold;
	if (c->untold)
		wake_in(c, RETRY_MS);
}

static void on_timer(uv_timer_t *timer)
{
	struct clerk *c = CONTAINER(timer, struct clerk, timer);
	uint64_t now = clerk_now_ms();

	if (c->untold)
		tell_workers(c);
	uint64_t next = desk_tick(c->desk, now);
	uint64_t call = agents_turn(&c->agents, now);
	if (next == 0 || (call != 0 && call < next))
		next = call;
	if (next == 0)
		return;
	uint64_t wait = next > now ? next - now : 1;
	wake_in(c, wait < SLEEP_MOST_MS ? wait : SLEEP_MOST_MS);
}

/* ---- what the desk says ------------------------------------------------------------------- */

static bool keep(void *owner, const struct news *news)
{
	struct clerk *c = owner;

	if (news->kind == NEWS_WAITERS)
		return true;
	if (ledger_keep(c->ledger, news))
		return true;
	log_error("the ledger of approvals cannot be written: is the disk full?");
	return false;
}

/* One message for each worker and LIMIT_NOTICE waiters. */
static void answer(void *owner, const uint64_t *waiters, size_t count, const struct ruling *ruling)
{
	struct clerk *c = owner;

	for (size_t worker = 0; worker < c->crew->worker_count; worker++) {
		struct notice *n = NULL;
		for (size_t i = 0; i < count; i++) {
			if (hold_worker_of(waiters[i]) != worker)
				continue;
			if (!n)
				n = notice_new(HOLD_RULED, ruling, count - i);
			if (!n)
				break; /* they are answered "still pending" in time */
			n->waiters[n->count++] = waiters[i];
			if (n->count == n->size) {
				worker_notice(c->crew->workers[worker], n);
				n = NULL;
			}
		}
		if (n)
			worker_notice(c->crew->workers[worker], n);
	}
}

static void record(struct clerk *c, const struct news *news)
{
	char pattern[GRANT_PATTERN_SIZE];
	struct event e;

	approval_event(news, &e, pattern);
	crew_record(c->crew, &e);
}

static void tell(void *owner, const struct news *news)
{
	struct clerk *c = owner;

	/* Before the workers are there, nobody has asked anything. */
	if (!c->crew)
		return;
	if (news->kind != NEWS_WAITERS && news->kind != NEWS_CONTEXT) {
		record(c, news);
		wake_in(c, 0); /* the next expiry may be another one now */
	}
	if (agents_hear(&c->agents, news))
		wake_in(c, 0);
	if (c->on_news)
		c->on_news(c->owner, news);
}

static void regrant(void *owner)
{
	struct clerk *c = owner;

	if (c->crew)
		tell_workers(c);
}

static uint64_t new_id(void *owner)
{
	uint64_t id = 0;

	(void)owner;
	while (id == 0)
		if (uv_random(NULL, NULL, &id, sizeof(id), 0, NULL) != 0)
			abort(); /* the kernel's generator cannot fail once the system is up */
	return id;
}

/* ---- what the workers ask ----------------------------------------------------------------- */

static void on_found(void *owner, uint64_t question, const struct peer_found *found)
{
	struct clerk *c = owner;

	desk_set_process(c->desk, question, found->process, found->command, found->process_id,
		clerk_now_ms());
}

static void tell_one(
	struct clerk *c, uint64_t waiter, enum hold_news news, const struct ruling *ruling)
{
	struct notice *n = notice_new(news, ruling, 1);

	if (!n)
		return;
	n->waiters[n->count++] = waiter;
	worker_notice(c->crew->workers[hold_worker_of(waiter)], n);
}

static void ask(struct clerk *c, const struct petition *p, uint64_t now)
{
	const struct claimant who = {slice_of(p->identity), slice_of(p->session)};
	const struct concern about = {
		&p->target, p->protocol, subject_of(p->subject_kind, p->subject)};
	struct ruling ruling = {.question = 0};
	struct question_context context;

	context_unpack(p->context, &context);
	switch (desk_ask(c->desk, p->waiter, &who, &about, &context, now, &ruling)) {
	case DESK_HELD:
		tell_one(c, p->waiter, HOLD_ASKED, &ruling);
		if (desk_question(c->desk, ruling.question)->asks == 1)
			lookout_start(&c->lookout, ruling.question, &p->client, &p->local);
		break;
	case DESK_ANSWERED:
		tell_one(c, p->waiter, HOLD_RULED, &ruling);
		break;
	case DESK_TOO_MANY:
	case DESK_NO_MEMORY:
		tell_one(c, p->waiter, HOLD_TOO_MANY, &ruling);
		break;
	}
}

static void on_reply(void *owner, uint64_t waiter, struct agent_reply *reply)
{
	struct clerk *c = owner;
	struct notice *n = notice_new(HOLD_RULED, &(struct ruling){.question = 0}, 1);

	if (!n) {
		free(reply);
		return;
	}
	n->to_agent = true;
	n->reply = reply;
	n->waiters[n->count++] = waiter;
	worker_notice(c->crew->workers[hold_worker_of(waiter)], n);
}

static void on_petition(void *owner, void *message)
{
	struct clerk *c = owner;
	struct petition *p = message;
	uint64_t now = clerk_now_ms();

	switch (p->kind) {
	case PETITION_ASK:
		ask(c, p, now);
		break;
	case PETITION_AGENT:
		agents_take(&c->agents, p->waiter, p->call, now);
		p->call = NULL;
		wake_in(c, 0);
		break;
	case PETITION_CENSUS:
		census_take(p);
		return;
	case PETITION_LEAVE:
	case PETITION_TOLD:
		desk_leave(c->desk, p->waiter, p->kind == PETITION_TOLD, now);
		agents_leave(&c->agents, p->waiter);
		break;
	}
	petition_free(p);
}

/* ---- begin and end ------------------------------------------------------------------------ */

static struct desk_options options_of(struct clerk *c, const struct config *config)
{
	return (struct desk_options){
		.pending_ms = config->pending_ms,
		.deny_ms = config->deny_ms,
		.session_ms = config->session_ms,
		.waiters = config->waiting,
		.waiters_identity = config->waiting_identity,
		.waiters_question = config->waiting_question,
		.questions = config->questions,
		.questions_identity = config->questions_identity,
		.outlets = {.owner = c,
			.keep = keep,
			.answer = answer,
			.tell = tell,
			.regrant = regrant,
			.new_id = new_id},
	};
}

bool clerk_open(struct clerk *c, uv_loop_t *loop, const struct config *config, char *ret_error,
	size_t error_size)
{
	char path[PATH_SIZE], notice[512] = "";

	*c = (struct clerk){.crew = NULL};
	const struct desk_options options = options_of(c, config);
	snprintf(path, sizeof(path), "%s/approvals.db", config->state_directory);
	c->ledger = ledger_open(path, notice, sizeof(notice));
	if (c->ledger && notice[0])
		log_warning("%s", notice);
	snprintf(ret_error, error_size, "%s", notice[0] ? notice : "out of memory");
	if (!c->ledger)
		return false;
	c->desk = desk_new(&options);
	if (!c->desk)
		goto fail;
	if (!ledger_restore(c->ledger, c->desk, clerk_now_ms()))
		log_warning("not all approvals of the earlier run could be read from %s", path);
	if (mailbox_init(&c->box, loop, 2 * LIMIT_WAITERS, on_petition, c) != 0)
		goto fail;
	uv_timer_init(loop, &c->timer);
	c->lookout = (struct lookout){.loop = loop, .on_found = on_found, .owner = c};
	c->agents = (struct agents){.desk = c->desk,
		.config = config,
		.reply = on_reply,
		.owner = c,
		.pace.key = {{new_id(c), new_id(c)}}};
	return true;
fail:
	desk_free(c->desk);
	ledger_close(c->ledger);
	return false;
}

void clerk_begin(struct clerk *c, struct crew *crew)
{
	c->crew = crew;
	tell_workers(c);
	wake_in(c, 0);
}

void clerk_reload(struct clerk *c, const struct config *config)
{
	const struct desk_options options = options_of(c, config);

	c->agents.config = config;
	desk_configure(c->desk, &options);
	desk_rules_changed(c->desk, config->policy, clerk_now_ms());
	wake_in(c, 0);
}

static void on_box_closed(void *owner)
{
	struct clerk *c = owner;

	mailbox_done(&c->box); /* the workers have ended */
	agents_done(&c->agents);
	desk_free(c->desk);
	ledger_close(c->ledger);
	grants_unref(c->grants);
	if (c->on_closed)
		c->on_closed(c->owner);
}

void clerk_close(struct clerk *c, void (*on_closed)(void *owner))
{
	c->on_closed = on_closed;
	lookout_cancel(&c->lookout);
	uv_close((uv_handle_t *)&c->timer, NULL);
	mailbox_close(&c->box, on_box_closed);
}
