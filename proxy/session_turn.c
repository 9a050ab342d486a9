/* SPDX-License-Identifier: Apache-2.0 */
/* The machine under session.c: events in, phases moved, deadlines kept, handles counted. It decides
 * nothing about a request. */
#include "proxy/session.h"

#include "base/container.h"
#include "proxy/audit.h"
#include "proxy/reply.h"
#include "proxy/session_steps.h"
#include "proxy/streams.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

void session_end_with(struct session *s, enum reason reason)
{
	if (s->reason == REASON_NONE)
		s->reason = reason;
}

/* ---- deadlines ---------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
	struct session *s = CONTAINER(timer, struct session, timer);
	uint64_t now = uv_now(&s->worker->loop);

	/* Progress only moves deadline_ms; the timer catches up when it fires. */
	if (now < s->deadline_ms)
		uv_timer_start(timer, on_timer, s->deadline_ms - now, 0);
	else
		session_post(s, SESSION_DEADLINE);
}

void session_progress(struct session *s)
{
	uint32_t budget = session_phases[s->phase].budget(s);

	if (budget == 0)
		return;
	s->deadline_ms = uv_now(&s->worker->loop) + budget;
	if (!uv_is_active((uv_handle_t *)&s->timer) || uv_timer_get_due_in(&s->timer) > budget)
		uv_timer_start(&s->timer, on_timer, budget, 0);
}

/* ---- turns -------------------------------------------------------------------------------- */

static void session_enter(struct session *s, enum phase phase)
{
	assert(session_phases[s->phase].next & 1u << phase);
	s->phase = (uint8_t)phase;
	session_progress(s);
	if (session_phases[phase].enter)
		session_phases[phase].enter(s);
}

static void session_turn(struct session *s)
{
	s->turning = true;
	while (s->events != 0 && s->phase != PHASE_CLOSE) {
		unsigned events = s->events;
		s->events = 0;
		enum phase next = session_phases[s->phase].step(s, events);
		if (next != s->phase)
			session_enter(s, next);
	}
	s->turning = false;
}

void session_post(struct session *s, unsigned event)
{
	s->events |= (uint16_t)event;
	if (!s->turning)
		session_turn(s);
}

/* ---- birth and death ---------------------------------------------------------------------- */

static void list_add(struct session *s, struct session **list)
{
	s->previous = list;
	s->next = *list;
	if (s->next)
		s->next->previous = &s->next;
	*list = s;
}

static void list_remove(struct session *s)
{
	*s->previous = s->next;
	if (s->next)
		s->next->previous = s->previous;
}

void session_go_by(struct session *s, const struct grant_mark *grant)
{
	s->grant = grant ? *grant : (struct grant_mark){0};
	bool by_grant = s->grant.id != 0 || s->consent;
	if (by_grant == s->by_grant)
		return;
	s->by_grant = by_grant;
	list_remove(s);
	list_add(s, &s->worker->sessions[by_grant ? SESSIONS_BY_GRANT : SESSIONS_BY_RULES]);
}

static void session_free(struct session *s)
{
	struct worker *w = s->worker;

	list_remove(s);
	w->session_count--;
	metrics_gauge(&w->metrics, GAUGE_SESSIONS, -1);
	free(s->relay);
	free(s->sni);
	free(s->claim);
	free(s->consent);
	free(s);
	worker_session_gone(w);
}

static void on_timer_closed(uv_handle_t *handle)
{
	session_free(CONTAINER(handle, struct session, timer));
}

void session_close(struct session *s)
{
	audit_closed(s);
	metrics_ended(&s->worker->metrics, s->reason);
	session_leave_desk(s, false);
	if (s->lookup)
		lookup_cancel(s->lookup);
	if (s->dial)
		dial_cancel(s->dial);
	s->lookup = NULL;
	s->dial = NULL;
	if (s->relay)
		relay_done(s->relay);
	exchange_free(s->exchange);
	s->exchange = NULL;
	streams_free(s->streams);
	s->streams = NULL;
	session_unlink(s, false);
	wire_close(s->client);
	session_forget_inspection(s);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

static void on_client_ready(struct wire *wire, void *owner)
{
	(void)wire;
	session_post(owner, SESSION_CLIENT);
}

/* No session for this client: it is told why, in one write, and closed. What it sent already is
 * read first, because closing over unread bytes would reset the reply away. */
static void turn_away(struct worker *w, int fd, const struct endpoint *client, enum reason reason)
{
	const struct refusal refusal = {
		.reason = reason, .source = SOURCE_PROXY_STATE, .protocol = "http"};
	struct buffer reply;
	ssize_t ignored;

	buffer_init(&reply, 4096);
	ignored = read(fd, w->ground.scratch, sizeof(w->ground.scratch));
	if (reply_refuse(&reply, &refusal))
		ignored = write(fd, reply.ptr, reply.len);
	(void)ignored;
	buffer_done(&reply);
	close(fd);
	audit_turned_away(w, client, reason);
}

void session_accept(struct worker *w, int fd, const struct endpoint *client)
{
	metrics_count(&w->metrics, COUNTER_CONNECTIONS, 1);
	if (worker_is_draining(w) || w->session_count >= w->settings.sessions) {
		turn_away(
			w, fd, client, worker_is_draining(w) ? REASON_DRAINING : REASON_OVERLOADED);
		return;
	}
	struct session *s = malloc(sizeof(*s));
	struct exchange *exchange = exchange_new(w->via);
	struct wire *wire = s && exchange ? wire_open(w->poller, fd, on_client_ready, s) : NULL;
	if (!wire) {
		exchange_free(exchange);
		free(s);
		turn_away(w, fd, client, REASON_OUT_OF_MEMORY);
		return;
	}
	/* Not calloc, which never takes from the thread's cache of chunks. */
	*s = (struct session){
		.worker = w,
		.exchange = exchange,
		.client = wire,
		.peer = *client,
		.id = w->next_connection++,
		.held = ENTRY_NONE,
		.since_ns = uv_hrtime(),
	};
	uv_timer_init(&w->loop, &s->timer);
	list_add(s, &w->sessions[SESSIONS_BY_RULES]);
	w->session_count++;
	metrics_gauge(&w->metrics, GAUGE_SESSIONS, 1);
	/* Deferred accept: the first bytes are there, so read at once instead of asking. */
	wire->readable = wire->writable = true;
	session_progress(s);
	session_post(s, SESSION_CLIENT);
}

/* ---- the table ---------------------------------------------------------------------------- */

static enum phase step_close(struct session *s, unsigned events)
{
	(void)s;
	(void)events;
	return PHASE_CLOSE;
}

static void enter_linger(struct session *s)
{
	session_post(s, SESSION_CLIENT);
}

static uint32_t budget_none(const struct session *s)
{
	(void)s;
	return 0;
}

static uint32_t budget_head(const struct session *s)
{
	const struct settings *settings = &s->worker->settings;
	bool first = s->method[0] == '\0';

	return first || !session_is_idle(s) ? settings->head_ms : settings->keepalive_ms;
}

/* The clerk answers in LIMIT_WAIT_MS, and somewhat later when it has much to do. */
static uint32_t budget_agent(const struct session *s)
{
	return s->waiter ? LIMIT_WAIT_MS + 5000 : s->worker->settings.response_ms;
}

static uint32_t budget_hold(const struct session *s)
{
	return s->worker->settings.hold_ms;
}

static uint32_t budget_hello(const struct session *s)
{
	return s->worker->settings.hello_ms;
}

/* For each of the two sides. */
static uint32_t budget_secure(const struct session *s)
{
	return s->worker->settings.connect_ms;
}

static uint32_t budget_exchange(const struct session *s)
{
	return s->worker->settings.response_ms;
}

static uint32_t budget_relay(const struct session *s)
{
	return s->worker->settings.idle_ms;
}

static uint32_t budget_linger(const struct session *s)
{
	(void)s;
	return LIMIT_LINGER_MS;
}

#define TO(phase) (1u << PHASE_##phase)

/* LOOKUP and DIAL keep their own time: the resolver and the dial promise an end. */
const struct phase_row session_phases[PHASE_COUNT] = {
	[PHASE_HEAD] = {"HEAD",
		TO(AGENT) | TO(HOLD) | TO(LOOKUP) | TO(DIAL) | TO(EXCHANGE) | TO(LINGER) |
			TO(CLOSE),
		budget_head, NULL, session_step_head},
	[PHASE_AGENT] = {"AGENT", TO(HEAD) | TO(LINGER) | TO(CLOSE), budget_agent, NULL,
		session_step_agent},
	[PHASE_HOLD] = {"HOLD", TO(LOOKUP) | TO(DIAL) | TO(EXCHANGE) | TO(LINGER) | TO(CLOSE),
		budget_hold, NULL, session_step_hold},
	[PHASE_LOOKUP] = {"LOOKUP", TO(DIAL) | TO(LINGER) | TO(CLOSE), budget_none, NULL,
		session_step_lookup},
	[PHASE_DIAL] = {"DIAL",
		TO(HEAD) | TO(HELLO) | TO(SECURE) | TO(EXCHANGE) | TO(RELAY) | TO(LINGER) |
			TO(CLOSE),
		budget_none, NULL, session_step_dial},
	[PHASE_HELLO] = {"HELLO", TO(SECURE) | TO(RELAY) | TO(CLOSE), budget_hello, NULL,
		session_step_hello},
	[PHASE_SECURE] = {"SECURE", TO(HEAD) | TO(STREAMS) | TO(EXCHANGE) | TO(LINGER) | TO(CLOSE),
		budget_secure, NULL, session_step_secure},
	[PHASE_STREAMS] = {"STREAMS", TO(LINGER) | TO(CLOSE), session_streams_budget, NULL,
		session_step_streams},
	[PHASE_EXCHANGE] = {"EXCHANGE",
		TO(HEAD) | TO(LOOKUP) | TO(DIAL) | TO(RELAY) | TO(LINGER) | TO(CLOSE),
		budget_exchange, NULL, session_step_exchange},
	[PHASE_RELAY] = {"RELAY", TO(CLOSE), budget_relay, NULL, session_step_relay},
	[PHASE_LINGER] = {"LINGER", TO(CLOSE), budget_linger, enter_linger, session_step_linger},
	[PHASE_CLOSE] = {"CLOSE", 0, budget_none, session_close, step_close},
};
