/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/api_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct called last;

static const struct config *config(void *owner)
{
	return ((struct api_host *)owner)->loaded.config;
}

static bool reload(void *owner, const char *actor, char *ret_text, size_t size)
{
	struct api_host *h = owner;

	snprintf(ret_text, size, h->reload_fails ? "c.toml:1:1: fault" : "%s did it", actor);
	return !h->reload_fails;
}

static void metrics(void *owner, FILE *out)
{
	(void)owner;
	fputs("sallyport_up 1\n", out);
}

static bool ready(void *owner, const char **ret_why)
{
	*ret_why = "draining";
	return !((struct api_host *)owner)->not_ready;
}

static bool connections(void *owner, size_t most, connections_cb on_rows, void *caller)
{
	struct api_host *h = owner;

	h->most = most;
	h->on_rows = on_rows;
	h->caller = caller;
	return !h->no_workers;
}

void api_host_init(struct api_host *h, const char *text)
{
	char notice[256];

	memset(h, 0, sizeof(*h));
	desks_init(&h->log, "", "");
	load(&h->loaded, text, NULL);
	ROW_CHECK(text, h->loaded.config != NULL, "%s", h->loaded.fault);
	strcpy(h->path, "/tmp/sallyport-api-XXXXXX");
	assert_non_null(mkdtemp(h->path));
	strcat(h->path, "/approvals.db");
	h->host = (struct control_host){.owner = h,
		.desk = h->log.desk,
		.ledger = ledger_open(h->path, notice, sizeof(notice)),
		.digest = digest_new(),
		.config = config,
		.reload = reload,
		.metrics = metrics,
		.ready = ready,
		.connections = connections};
	assert_non_null(h->host.ledger);
	assert_non_null(h->host.digest);
}

static void forget_last(void)
{
	called_done(&last);
	memset(&last, 0, sizeof(last));
}

void api_host_done(struct api_host *h)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[80];

	forget_last();
	ledger_close(h->host.ledger);
	digest_free(h->host.digest);
	config_free(h->loaded.config);
	desks_done(&h->log);
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", h->path, ends[i]);
		unlink(path);
	}
	*strrchr(h->path, '/') = '\0';
	assert_int_equal(rmdir(h->path), 0);
}

void api_host_keep(struct api_host *h, const struct desk *desk, uint64_t question)
{
	const struct question *q = desk_question(desk, question);
	static const enum news_kind kinds[] = {[QUESTION_PENDING] = NEWS_ASKED,
		[QUESTION_APPROVED] = NEWS_DECIDED,
		[QUESTION_DENIED] = NEWS_DECIDED,
		[QUESTION_EXPIRED] = NEWS_EXPIRED,
		[QUESTION_WITHDRAWN] = NEWS_WITHDRAWN};

	assert_non_null(q);
	const struct news news = {.kind = kinds[q->state],
		.question = q,
		.grant = q->grant ? desk_find_grant(desk, q->grant) : NULL,
		.now_ms = q->decided_ms};
	assert_true(ledger_keep(h->host.ledger, &news));
}

const struct called *api_ask(struct api_host *h, struct api_request r)
{
	forget_last();
	called_init(&last, &h->host, r.query, r.body);
	called_run(&last, r.table, r.method, r.pattern, r.part);
	return &last;
}

const struct called *api_get(
	struct api_host *h, const struct route *table, const char *pattern, const char *query)
{
	return api_ask(h, (struct api_request){table, "GET", pattern, "", query, NULL});
}
