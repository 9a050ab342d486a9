/* SPDX-License-Identifier: Apache-2.0 */
/* What watches the process: health, readiness, metrics; and the description of the API. */
#include "control/handlers.h"

#include "control/embedded.h"
#include "control/show.h"
#include "telemetry/metrics.h"

#include <stdlib.h>

static void reply_status(struct call *call, unsigned status, const char *word)
{
	json_t *shown = json_object();

	show_put(&shown, "status", json_string(word));
	call_reply_json(call, status, shown);
}

static void get_health(struct call *call)
{
	reply_status(call, 200, "ok");
}

static void get_readiness(struct call *call)
{
	const char *why = "starting";

	if (call->host->ready(call->host->owner, &why))
		reply_status(call, 200, "ready");
	else
		reply_status(call, 503, why);
}

static void write_desk(FILE *out, const struct desk *desk)
{
	struct desk_counts counts = desk_counts(desk);
	const struct metrics_desk shown = {.pending = counts.pending,
		.waiters = counts.waiters,
		.grants = counts.grants,
		.asked = counts.asked,
		.approved = counts.approved,
		.denied = counts.denied,
		.expired = counts.expired,
		.withdrawn = counts.withdrawn,
		.refused = counts.refused,
		.revoked = counts.revoked};

	metrics_write_desk(out, &shown);
}

static void get_metrics(struct call *call)
{
	const struct control_host *host = call->host;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		host->metrics(host->owner, out);
		write_desk(out, host->desk);
	}
	/* A closed stream has its text, unless memory ran out. */
	if (out && fclose(out) == 0)
		call_reply_text(call, 200, "text/plain; version=0.0.4; charset=utf-8",
			slice_from(text, len));
	else
		call_problem(call, 503, "unavailable", "Memory is short: try again in a moment.");
	free(text);
}

static void get_description(struct call *call)
{
	const struct embedded *file = embedded_find(SLICE("/openapi.json"));

	call_reply_text(call, 200, file->type, file->bytes);
}

const struct route health_routes[] = {
	{"GET", "/healthz", ROLE_NOBODY, get_health, NULL},
	{"GET", "/readyz", ROLE_NOBODY, get_readiness, NULL},
	{"GET", "/metrics", ROLE_VIEWER, get_metrics, NULL},
	{"GET", "/openapi.json", ROLE_NOBODY, get_description, NULL},
	{0},
};
