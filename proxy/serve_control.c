/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/serve_inside.h"

#include "base/container.h"
#include "base/log.h"
#include "proxy/census.h"

#include <errno.h>
#include <stdlib.h>

/* ---- what control asks -------------------------------------------------------------------- */

static const struct config *host_config(void *owner)
{
	return ((struct serve *)owner)->config;
}

static bool host_reload(void *owner, const char *actor, char *ret_text, size_t size)
{
	return serve_reload(owner, actor, ret_text, size);
}

static void host_metrics(void *owner, FILE *out)
{
	crew_metrics(&((struct serve *)owner)->crew, out);
}

static bool host_ready(void *owner, const char **ret_why)
{
	const struct serve *s = owner;

	*ret_why = s->draining ? "draining" : "ready";
	return !s->draining;
}

static bool host_connections(void *owner, size_t most, connections_cb on_rows, void *caller)
{
	return census_start(&((struct serve *)owner)->crew, most, on_rows, caller);
}

static void on_feed(uv_timer_t *timer)
{
	struct serve *s = CONTAINER(timer, struct serve, feed);

	control_turn(s->control);
}

static void host_watch(void *owner, bool watched)
{
	struct serve *s = owner;
	const uint64_t period_ms = watched ? LIMIT_FEED_WATCHED_MS : LIMIT_FEED_MS;

	exporter_watch(s->crew.exporter, watched);
	if (!uv_is_closing((uv_handle_t *)&s->feed))
		uv_timer_start(&s->feed, on_feed, period_ms, period_ms);
}

/* ---- what control is told ----------------------------------------------------------------- */

static void on_news(void *owner, const struct news *news)
{
	struct serve *s = owner;

	if (s->reviewer && news->kind == NEWS_ASKED)
		reviewer_ask(s->reviewer, news->question);
	bool ended = news->kind == NEWS_DECIDED || news->kind == NEWS_EXPIRED ||
		     news->kind == NEWS_WITHDRAWN;
	if (s->reviewer && ended)
		reviewer_forget(s->reviewer, news->question->id);
	if (s->control)
		control_tell(s->control, news);
}

/* ---- the reviewer ------------------------------------------------------------------------- */

/* What the desk does not take of it is a person's business, and the question stays. */
static void on_reviewed(void *owner, uint64_t question, const struct review *review)
{
	struct serve *s = owner;
	struct decision_ask ask;
	const struct grant *grant;
	char sentence[512];

	review_to_ask(review, &ask);
	enum desk_result result = desk_decide(s->clerk.desk, question, &ask, s->config->policy,
		clerk_now_ms(), &grant, sentence, sizeof(sentence));
	if (result != DESK_OK)
		log_warning("the reviewer's decision does not count: %s", sentence);
}

static void on_stopped(void *owner)
{
	(void)owner;
}

/* What waits from before is put to a new reviewer, too: nobody else may be there to answer. */
static bool ask_reviewer(void *owner, const struct question *q)
{
	return reviewer_ask(owner, q);
}

bool serve_open_reviewer(struct serve *s, char *ret_error, size_t error_size)
{
	const struct config *c = s->config;
	const struct reviewer_options options = {
		.loop = &s->loop,
		.endpoint = c->reviewer_endpoint,
		.secret_file = c->reviewer_secret,
		.ca = c->reviewer_ca,
		.timeout_ms = c->reviewer_ms,
		.concurrency = c->reviewer_concurrency,
		.on_reviewed = on_reviewed,
		.owner = s,
	};

	bool wanted = c->reviewer != REVIEWER_USER && c->reviewer_endpoint;
	if (s->reviewer && wanted && reviewer_fits(s->reviewer, &options))
		return true;
	serve_close_reviewer(s);
	if (!wanted)
		return true;
	s->reviewer = reviewer_start(&options, ret_error, error_size);
	if (s->reviewer)
		desk_each_question(s->clerk.desk, QUESTION_PENDING, ask_reviewer, s->reviewer);
	return s->reviewer != NULL;
}

void serve_close_reviewer(struct serve *s)
{
	if (s->reviewer)
		reviewer_stop(s->reviewer, on_stopped, s);
	s->reviewer = NULL;
}

/* ---- begin and end ------------------------------------------------------------------------ */

bool serve_open_control(struct serve *s, char *ret_error, size_t error_size)
{
	const struct control_host host = {
		.owner = s,
		.loop = &s->loop,
		.desk = s->clerk.desk,
		.ledger = s->clerk.ledger,
		.digest = s->digest,
		.config = host_config,
		.reload = host_reload,
		.metrics = host_metrics,
		.ready = host_ready,
		.connections = host_connections,
		.watch = host_watch,
	};
	const struct config *c = s->config;

	if (c->control_count == 0)
		return true;
	s->control = control_start(
		&host, c->control, c->control_count, c->state_directory, ret_error, error_size);
	return s->control != NULL;
}

void serve_begin_control(struct serve *s)
{
	s->clerk.on_news = on_news;
	s->clerk.owner = s;
	if (!s->control)
		return;
	uv_timer_init(&s->loop, &s->feed);
	uv_timer_start(&s->feed, on_feed, LIMIT_FEED_MS, LIMIT_FEED_MS);
}

/* The command line finds the socket and the token by what this process went by. */
static void print_command(const struct serve *s)
{
	const struct config_sources *from = s->sources;
	const char *state = getenv("STATE_DIRECTORY");

	/* Set by systemd or by whoever started it, not in the shell that decides. */
	if (state && !slice_starts(slice_of(state), slice_of(s->config->state_directory)))
		state = NULL;
	log_info("decide in a shell: %s%s%s%s approvals watch%s%s", state ? "STATE_DIRECTORY=" : "",
		state ? s->config->state_directory : "", state ? " " : "", program_invocation_name,
		from->config_optional ? "" : " --config ",
		from->config_optional ? "" : from->config_file);
}

void serve_print_control(const struct serve *s)
{
	char link[512];

	if (!s->control)
		return;
	if (control_link(s->control, link, sizeof(link)))
		log_info("decide on the page: %s (signs in once)", link);
	print_command(s);
}

static void on_control_closed(void *owner)
{
	(void)owner;
}

void serve_close_control(struct serve *s)
{
	s->clerk.on_news = NULL;
	if (!s->control)
		return;
	control_close(s->control, on_control_closed, s);
	s->control = NULL;
}
