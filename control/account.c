/* SPDX-License-Identifier: Apache-2.0 */
#include "control/account.h"

#include "control/guard.h"
#include "control/show.h"

#include <stdio.h>

enum { URL_SIZE = 192, COOKIE_SIZE = 192 };

#define COOKIE "sallyport_session=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d"

/* ---- links -------------------------------------------------------------------------------- */

static const struct entrance *tcp_entrance(const struct control *c)
{
	for (size_t i = 0; i < c->entrance_count; i++)
		if (!c->entrances[i]->site.local)
			return c->entrances[i];
	return NULL;
}

/* The code stands behind '#', which browsers keep to themselves. */
static bool make_link(struct control *c, const char *name, char *ret_url, size_t size)
{
	const struct entrance *e = tcp_entrance(c);
	char code[SEAL_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];

	if (!e || signin_invite(&c->signin, name, uv_now(c->host.loop), code) != SIGNIN_OK)
		return false;
	address_format(&e->site.at.address, address);
	int len = snprintf(ret_url, size,
		e->site.at.address.family == 6 ? "http://[%s]:%u/#signin=%s"
					       : "http://%s:%u/#signin=%s",
		address, e->site.at.port, code);
	seal_wipe(code, sizeof(code));
	return len > 0 && (size_t)len < size;
}

bool control_link(struct control *c, char *ret_url, size_t size)
{
	for (size_t i = 0; i < c->tokens.count; i++)
		if (c->tokens.list[i].role == ROLE_ADMIN)
			return make_link(c, c->tokens.list[i].name, ret_url, size);
	return false;
}

static void add_link(struct call *call)
{
	char url[URL_SIZE];

	if (!tcp_entrance(call->control)) {
		call_problem(call, 503, "unavailable",
			"Browsers need a TCP listener: add \"127.0.0.1:3129\" to [listen] control.");
		return;
	}
	if (!make_link(call->control, call->name, url, sizeof(url))) {
		call_problem(call, 503, "unavailable", "There is no memory for a link.");
		return;
	}
	call_reply_json(call, 201,
		json_pack("{s:s, s:o}", "url", url, "expires_at",
			show_time(call->now_ms + LIMIT_LINK_MS)));
}

/* ---- browsers ----------------------------------------------------------------------------- */

static void sign_in(struct call *call)
{
	struct control *c = call->control;
	json_t *code = json_object_get(call->body, "code");
	char secret[SEAL_TEXT_SIZE], cookie[COOKIE_SIZE];

	if (!json_is_string(code)) {
		call_problem(call, 400, "bad_request", "Send {\"code\": \"…\"}.");
		return;
	}
	struct slice text = slice_from(json_string_value(code), json_string_length(code));
	switch (signin_redeem(&c->signin, text, uv_now(c->host.loop), secret)) {
	case SIGNIN_OK:
		snprintf(cookie, sizeof(cookie), COOKIE, secret, LIMIT_SIGNED_IN_MS / 1000);
		seal_wipe(secret, sizeof(secret));
		call_field(call, "Set-Cookie", cookie);
		call_reply_text(call, 204, NULL, SLICE(""));
		break;
	case SIGNIN_UNKNOWN:
		call_problem(call, 401, "unauthorized",
			"The link was used already or is too old; ask for a new one.");
		break;
	case SIGNIN_TOO_MANY:
		call_field(call, "Retry-After", "1");
		call_problem(call, 429, "too_many", "Too many wrong codes came lately.");
		break;
	case SIGNIN_FAILED:
		call_problem(call, 503, "unavailable", "There is no memory for signing in.");
		break;
	}
}

static void sign_out(struct call *call)
{
	const struct caller *c = caller_of(call);
	char cookie[COOKIE_SIZE];

	if (call->by_cookie)
		signin_leave(
			&call->control->signin, guard_cookie(c->incoming.fields[INCOMING_COOKIE]));
	snprintf(cookie, sizeof(cookie), COOKIE, "", 0);
	call_field(call, "Set-Cookie", cookie);
	call_reply_text(call, 204, NULL, SLICE(""));
}

static void show_me(struct call *call)
{
	call_reply_json(call, 200,
		json_pack("{s:s, s:s, s:s}", "name", call->name, "role", role_word(call->role),
			"version", SALLYPORT_VERSION));
}

const struct route account_routes[] = {
	{"GET", "/v1/me", ROLE_VIEWER, show_me, NULL},
	{"POST", "/v1/links", ROLE_ADMIN, add_link, NULL},
	{"POST", "/v1/signin", ROLE_NOBODY, sign_in, NULL},
	{"POST", "/v1/signout", ROLE_VIEWER, sign_out, NULL},
	{0},
};
