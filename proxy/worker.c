/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/worker.h"

#include "base/container.h"
#include "base/log.h"
#include "proxy/census.h"
#include "proxy/inspection.h"
#include "proxy/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	TICK_MS = 1000,
	/* While draining, so that its end is kept to. */
	TICK_DRAIN_MS = 50,
};

/* What the control thread wants; the receiver frees it. */
struct order {
	enum {
		ORDER_RELOAD,
		ORDER_REKEY,
		ORDER_REGRANT,
		ORDER_NOTICE,
		ORDER_CENSUS,
		ORDER_DRAIN
	} kind;
	union {
		struct settings settings;
		struct secrets *secrets;
		struct grants *grants;
		struct notice *notice;
		struct census_part *part;
		uint32_t within_ms;
	};
};

/* ---- the end ------------------------------------------------------------------------------ */

static void on_nothing(void *owner)
{
	(void)owner;
}

/* The last session is gone: what keeps the loop running is closed, and the loop ends. */
static void worker_stop(struct worker *w)
{
	if (w->stopping)
		return;
	w->stopping = true;
	pool_done(&w->pool);
	uv_close((uv_handle_t *)&w->tick, NULL);
	resolver_close(w->resolver, on_nothing, w);
	mailbox_close(&w->inbox, on_nothing);
}

void worker_session_gone(struct worker *w)
{
	for (size_t i = 0; i < w->listener_count; i++)
		listener_resume(&w->listeners[i]);
	if (worker_is_draining(w) && w->session_count == 0)
		worker_stop(w);
}

static void post_list(struct worker *w, int list, unsigned event)
{
	struct session *next;

	for (struct session *s = w->sessions[list]; s; s = next) {
		next = s->next;
		session_post(s, event);
	}
}

/* The event may move a session to the other list; hearing it twice does no harm. */
static void post_all(struct worker *w, unsigned event)
{
	for (int list = 0; list < SESSIONS_LISTS; list++)
		post_list(w, list, event);
}

static void worker_begin_drain(struct worker *w, uint32_t within_ms)
{
	uint64_t end_ms = uv_now(&w->loop) + within_ms;

	if (w->stopping)
		return;
	if (!worker_is_draining(w)) {
		for (size_t i = 0; i < w->listener_count; i++)
			listener_close(&w->listeners[i]);
		w->listener_count = 0;
		w->drain_end_ms = end_ms + 1; /* never 0 */
		uv_timer_set_repeat(&w->tick, TICK_DRAIN_MS);
		uv_timer_again(&w->tick);
	} else if (end_ms < w->drain_end_ms) {
		w->drain_end_ms = end_ms + 1;
	}
	post_all(w, within_ms == 0 ? SESSION_END : SESSION_DRAIN);
	if (w->session_count == 0)
		worker_stop(w);
}

/* ---- settings ----------------------------------------------------------------------------- */

static void hold_settings(const struct settings *settings)
{
	policy_ref(settings->policy);
	if (settings->secrets)
		secrets_ref(settings->secrets);
	if (settings->inspection)
		inspection_ref(settings->inspection);
}

static void drop_settings(const struct settings *settings)
{
	policy_unref(settings->policy);
	secrets_unref(settings->secrets);
	inspection_unref(settings->inspection);
}

/* Takes the references over. Sessions that are inside keep the inspector they have; where memory is
 * short, tunnels that must be looked into are refused. */
static void take_settings(struct worker *w, const struct settings *settings)
{
	if (settings->inspection != w->settings.inspection) {
		inspector_unref(w->inspector);
		w->inspector = settings->inspection ? inspector_new(settings->inspection) : NULL;
	}
	drop_settings(&w->settings);
	w->settings = *settings;
}

/* ---- orders ------------------------------------------------------------------------------- */

static void on_order(void *owner, void *message)
{
	struct worker *w = owner;
	struct order *order = message;

	switch (order->kind) {
	case ORDER_RELOAD:
		take_settings(w, &order->settings);
		post_all(w, SESSION_POLICY);
		break;
	case ORDER_REKEY:
		/* For the next request that is sent. */
		secrets_unref(w->settings.secrets);
		w->settings.secrets = order->secrets;
		break;
	case ORDER_REGRANT:
		grants_unref(w->grants);
		w->grants = order->grants;
		/* Who waits for a grant hears from the desk. */
		post_list(w, SESSIONS_BY_GRANT, SESSION_GRANTS);
		break;
	case ORDER_NOTICE:
		hold_deliver(&w->hold, order->notice);
		break;
	case ORDER_CENSUS:
		census_count(w, order->part);
		break;
	case ORDER_DRAIN:
		worker_begin_drain(w, order->within_ms);
		break;
	}
	free(order);
}

static bool worker_order(struct worker *w, const struct order *order)
{
	struct order *copy = malloc(sizeof(*copy));

	if (!copy)
		return false;
	*copy = *order;
	if (mailbox_post(&w->inbox, copy))
		return true;
	free(copy);
	return false;
}

bool worker_reload(struct worker *w, const struct settings *settings)
{
	const struct order order = {.kind = ORDER_RELOAD, .settings = *settings};

	hold_settings(settings);
	if (worker_order(w, &order))
		return true;
	drop_settings(settings);
	return atomic_load(&w->stopping);
}

bool worker_rekey(struct worker *w, struct secrets *secrets)
{
	const struct order order = {.kind = ORDER_REKEY, .secrets = secrets_ref(secrets)};

	if (worker_order(w, &order))
		return true;
	secrets_unref(secrets);
	return atomic_load(&w->stopping);
}

bool worker_regrant(struct worker *w, struct grants *grants)
{
	const struct order order = {.kind = ORDER_REGRANT, .grants = grants_ref(grants)};

	if (worker_order(w, &order))
		return true;
	grants_unref(grants);
	return atomic_load(&w->stopping);
}

/* What cannot be told is not repeated: who waits is answered "still pending" when its time is over,
 * and finds the decision when it tries again. */
void worker_notice(struct worker *w, struct notice *notice)
{
	if (!worker_order(w, &(struct order){.kind = ORDER_NOTICE, .notice = notice}))
		notice_free(notice);
}

bool worker_census(struct worker *w, struct census_part *part)
{
	return worker_order(w, &(struct order){.kind = ORDER_CENSUS, .part = part});
}

bool worker_drain(struct worker *w, uint32_t within_ms)
{
	return worker_order(w, &(struct order){.kind = ORDER_DRAIN, .within_ms = within_ms});
}

/* ---- the thread --------------------------------------------------------------------------- */

void worker_count_pool(struct worker *w)
{
	metrics_gauge(&w->metrics, GAUGE_POOLED, (int64_t)w->pool.count - w->pooled);
	w->pooled = (int64_t)w->pool.count;
}

static void on_tick(uv_timer_t *tick)
{
	struct worker *w = CONTAINER(tick, struct worker, tick);
	uint64_t now = uv_now(&w->loop);

	for (size_t i = 0; i < w->listener_count; i++)
		listener_resume(&w->listeners[i]);
	if (now > w->settings.keepalive_ms)
		pool_expire(&w->pool, now - w->settings.keepalive_ms);
	worker_count_pool(w);
	if (worker_is_draining(w) && now >= w->drain_end_ms)
		post_all(w, SESSION_END);
}

static void on_accept(void *owner, int fd, const struct endpoint *client)
{
	session_accept(owner, fd, client);
}

static void on_accept_failure(void *owner)
{
	struct worker *w = owner;

	metrics_count(&w->metrics, COUNTER_ACCEPT_FAILURES, 1);
	log_warning("cannot accept connections for now: out of descriptors or memory");
}

static void worker_run(void *argument)
{
	struct worker *w = argument;

	poller_run(w->poller);
	atomic_store(&w->ended, true);
}

static void worker_free(struct worker *w)
{
	inspector_unref(w->inspector);
	drop_settings(&w->settings);
	grants_unref(w->grants);
	hold_done(&w->hold);
	free(w);
}

static bool listen_all(struct worker *w, const struct worker_options *options)
{
	for (size_t i = 0; i < options->listen_count; i++) {
		struct listener *l = &w->listeners[i];
		*l = (struct listener){
			.on_accept = on_accept, .on_failure = on_accept_failure, .owner = w};
		if (listener_start(l, w->poller, options->listen_fds[i]) != 0)
			return false;
		w->listener_count++;
	}
	return true;
}

struct worker *worker_start(
	const struct worker_options *options, char *ret_error, size_t error_size)
{
	struct worker *w = calloc(1, sizeof(*w));

	snprintf(ret_error, error_size, "out of memory or descriptors");
	if (!w)
		return NULL;
	hold_settings(options->settings);
	take_settings(w, options->settings);
	w->via = options->via;
	w->ring = options->ring;
	/* Ids of two workers never meet: 2^48 sessions take longer than any process lives. */
	w->next_connection = (uint64_t)options->index << 48 | 1;
	pipes_init(&w->ground.pipes);
	pool_init(&w->pool);
	hold_init(&w->hold, options->clerk, options->index);
	if (uv_loop_init(&w->loop) != 0)
		goto fail;
	w->resolver = resolver_new(&w->loop, options->resolver, &w->metrics, ret_error, error_size);
	if (!w->resolver) {
		uv_loop_close(&w->loop);
		goto fail;
	}
	w->poller = poller_new(&w->loop);
	if (!w->poller || mailbox_init(&w->inbox, &w->loop, LIMIT_MAILBOX, on_order, w) != 0 ||
		!listen_all(w, options))
		goto fail;
	uv_timer_init(&w->loop, &w->tick);
	uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS);
	if (uv_thread_create(&w->thread, worker_run, w) == 0)
		return w;
fail:
	/* Without memory or descriptors at start the process ends with the error, and a half-built
	 * loop with it. */
	worker_free(w);
	return NULL;
}

bool worker_has_ended(const struct worker *w)
{
	return atomic_load(&w->ended);
}

void worker_join(struct worker *w)
{
	uv_thread_join(&w->thread);
	poller_free(w->poller);
	uv_loop_close(&w->loop);
	mailbox_done(&w->inbox);
	pipes_done(&w->ground.pipes);
	worker_free(w);
}
