/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that count, by numbers, and loading them anew. */
#include "control/handlers.h"

#include "control/form.h"
#include "control/show.h"

enum { SENTENCE_SIZE = 1024, PLACE_SIZE = LIMIT_SOCKET_PATH + 16 };

static json_t *show_place(const struct listen_at *l)
{
	char text[PLACE_SIZE], address[ADDRESS_TEXT_SIZE];

	if (l->path) {
		snprintf(text, sizeof(text), "unix:%s", l->path);
		return show_text(text);
	}
	address_format(&l->at.address, address);
	snprintf(text, sizeof(text), l->at.address.family == 6 ? "[%s]:%u" : "%s:%u", address,
		(unsigned)l->at.port);
	return json_string(text);
}

static json_t *show_places(const struct listen_at *places, size_t count)
{
	json_t *shown = json_array();

	for (size_t i = 0; i < count; i++)
		show_append(&shown, show_place(&places[i]));
	return shown;
}

static json_t *show_files(const struct config *c)
{
	json_t *shown = json_array();

	for (const char *const *file = config_files(c); *file; file++)
		show_append(&shown, show_text(*file));
	return shown;
}

static json_t *show_approvals(const struct config *c)
{
	json_t *shown = json_object();

	show_put(&shown, "hold_timeout", show_seconds(c->hold_ms));
	show_put(&shown, "pending_ttl", show_seconds(c->pending_ms));
	show_put(&shown, "deny_ttl", show_seconds(c->deny_ms));
	show_put(&shown, "session_ttl", show_seconds(c->session_ms));
	show_put(&shown, "reviewer",
		json_string(c->reviewer == REVIEWER_USER ? "user" : "auto_review"));
	return shown;
}

static void get_policy(struct call *call)
{
	const struct config *c = call->host->config(call->host->owner);
	struct policy_counts counts = policy_counts(c->policy);
	json_t *listen = json_object();
	json_t *shown = json_object();

	show_put(&listen, "proxy", show_places(c->proxy, c->proxy_count));
	show_put(&listen, "control", show_places(c->control, c->control_count));
	show_put(&shown, "mode", json_string(c->mode == MODE_FULL ? "full" : "limited"));
	show_put(&shown, "unlisted", json_string(c->unlisted == UNLISTED_HOLD ? "hold" : "deny"));
	show_put(&shown, "allow_entries", json_integer(counts.allow));
	show_put(&shown, "deny_entries", json_integer(counts.deny));
	show_put(&shown, "generation", json_integer((json_int_t)policy_generation(c->policy)));
	show_put(&shown, "files", show_files(c));
	show_put(&shown, "allow_local_binding", json_boolean(c->allow_local_binding));
	show_put(&shown, "approvals", show_approvals(c));
	show_put(&shown, "listen", listen);
	call_reply_json(call, 200, shown);
}

static void reload(struct call *call)
{
	const struct control_host *host = call->host;
	char text[SENTENCE_SIZE] = "";
	struct form f;

	form_init(&f, call->body);
	if (!form_end(&f, call))
		return;
	if (!host->reload(host->owner, call->name, text, sizeof(text))) {
		call_problem(call, 422, "bad_request", text);
		return;
	}
	json_t *shown = json_object();
	show_put(&shown, "changed", json_string(text));
	call_reply_json(call, 200, shown);
}

const struct route rules_routes[] = {
	{"GET", "/v1/policy", ROLE_VIEWER, get_policy, NULL},
	{"POST", "/v1/reload", ROLE_ADMIN, reload, NULL},
	{0},
};
