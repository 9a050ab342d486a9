/* SPDX-License-Identifier: Apache-2.0 */
/* What goes through the proxy now, and what it refused lately. */
#include "control/handlers.h"

#include "control/show.h"

#include <stdlib.h>

/* How long the workers may take to tell of their connections. */
enum { ROWS_MS = 5000, CONNECTIONS = 200, BLOCKED = 100 };

/* Between the call and the workers; lives until the rows came, whoever still waits for them. */
struct inquiry {
	struct call *call; /* NULL: answered, or its client left */
};

static void on_rows(void *owner, const struct connection_row *rows, size_t count, size_t total)
{
	struct inquiry *inquiry = owner;
	struct call *call = inquiry->call;
	json_t *list, *shown;

	free(inquiry);
	if (!call)
		return;
	list = json_array();
	for (size_t i = 0; i < count; i++)
		show_append(&list, show_connection(&rows[i]));
	shown = json_object();
	show_put(&shown, "connections", list);
	show_put(&shown, "total", json_integer((json_int_t)total));
	call_reply_json(call, 200, shown);
}

static void on_event(struct call *call, enum call_event event, void *owner)
{
	struct inquiry *inquiry = owner;

	if (event == CALL_NEWS)
		return;
	inquiry->call = NULL;
	if (event == CALL_TIME)
		call_problem(call, 503, "unavailable",
			"The workers did not answer in time: try again in a moment.");
}

static void list_connections(struct call *call)
{
	const struct control_host *host = call->host;
	struct inquiry *inquiry;
	uint64_t most;

	if (!call_number(call, "limit", LIMIT_ROWS, CONNECTIONS, &most))
		return;
	inquiry = malloc(sizeof(*inquiry));
	if (inquiry)
		inquiry->call = call;
	if (inquiry && host->connections(host->owner, (size_t)most, on_rows, inquiry)) {
		call_defer(call, ROWS_MS, on_event, inquiry);
		return;
	}
	free(inquiry);
	call_problem(call, 503, "unavailable",
		"The workers cannot be asked now: try again in a moment.");
}

static void list_blocked(struct call *call)
{
	struct digest_row *rows = NULL;
	json_t *list, *shown;
	uint64_t most;

	if (!call_number(call, "limit", LIMIT_ROWS, BLOCKED, &most))
		return;
	list = json_array();
	rows = calloc(LIMIT_DIGEST_BLOCKED, sizeof(*rows));
	if (!rows)
		show_append(&list, NULL);
	size_t size = most < LIMIT_DIGEST_BLOCKED ? (size_t)most : LIMIT_DIGEST_BLOCKED;
	size_t count = rows ? digest_blocked(call->host->digest, rows, size) : 0;
	for (size_t i = 0; i < count; i++)
		show_append(&list, show_decision(&rows[i]));
	free(rows);
	shown = json_object();
	show_put(&shown, "blocked", list);
	call_reply_json(call, 200, shown);
}

const struct route traffic_routes[] = {
	{"GET", "/v1/connections", ROLE_VIEWER, list_connections, "limit"},
	{"GET", "/v1/blocked", ROLE_VIEWER, list_blocked, "limit"},
	{0},
};
