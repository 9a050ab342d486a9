/* SPDX-License-Identifier: Apache-2.0 */
/* What the API does with grants: list them, decide ahead of time, take one back. */
#include "control/handlers.h"

#include "control/decide.h"
#include "control/show.h"

enum { SENTENCE_SIZE = 512 };

static bool list_one(void *owner, const struct grant *g)
{
	json_t **shown = owner;

	show_append(shown, show_grant(g));
	return *shown != NULL;
}

static void list_grants(struct call *call)
{
	json_t *grants = json_array();
	json_t *shown = json_object();

	desk_each_grant(call->host->desk, list_one, &grants);
	show_put(&shown, "grants", grants);
	call_reply_json(call, 200, shown);
}

static void create_grant(struct call *call)
{
	const struct control_host *host = call->host;
	char sentence[SENTENCE_SIZE] = "";
	const struct grant *g = NULL;
	struct claimant who = {.session = {NULL, 0}};
	struct decision_ask ask;

	if (!decide_read_grant(call, &ask, &who.identity))
		return;
	enum desk_result result = desk_grant(host->desk, &who, &ask,
		host->config(host->owner)->policy, call->now_ms, &g, sentence, sizeof(sentence));
	if (result == DESK_OK)
		call_reply_json(call, 201, show_grant(g));
	else
		decide_problem(call, result, sentence);
}

static void revoke_grant(struct call *call)
{
	struct desk *desk = call->host->desk;
	uint64_t id = ident_parse('g', call->parts[0]);
	const struct grant *g = id ? desk_find_grant(desk, id) : NULL;
	char sentence[SENTENCE_SIZE] = "";

	if (!g) {
		call_problem(call, 404, "not_found", "There is no such grant, or it has ended.");
		return;
	}
	/* As it was: afterwards it is gone. */
	json_t *shown = show_grant(g);
	enum desk_result result = desk_revoke(
		desk, id, slice_of(call->name), call->now_ms, sentence, sizeof(sentence));
	if (result == DESK_OK) {
		call_reply_json(call, 200, shown);
		return;
	}
	json_decref(shown);
	decide_problem(call, result, sentence);
}

const struct route grant_routes[] = {
	{"GET", "/v1/grants", ROLE_VIEWER, list_grants, NULL},
	{"POST", "/v1/grants", ROLE_APPROVER, create_grant, NULL},
	{"DELETE", "/v1/grants/{id}", ROLE_APPROVER, revoke_grant, NULL},
	{0},
};
