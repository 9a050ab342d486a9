/* SPDX-License-Identifier: Apache-2.0 */
/* What only all sources of a configuration together can be wrong about. */
#include "policy/loading.h"
#include "policy/quantity.h"
#include "policy/url.h"

static bool check_listeners(struct loading *l)
{
	const struct config *c = l->config;
	const struct origin *listen = &l->trace->origins[OPTION_PROXY];
	char text[QUANTITY_TEXT_SIZE];

	for (size_t i = 0; i < c->proxy_count && !c->open_listeners; i++) {
		if (endpoint_is_loopback(&c->proxy[i].at))
			continue;
		l->file = listen->file;
		endpoint_format(&c->proxy[i].at, text, sizeof(text));
		return loading_fail(l, l->listeners[i],
			"%s can be reached from other machines, and whoever reaches it may use the proxy: write allow_remote = true in [listen] if that is meant, or \"127.0.0.1:%u\"",
			text, c->proxy[i].at.port);
	}
	return true;
}

static bool check_collector(struct loading *l)
{
	const struct config *c = l->config;
	const struct origin *there =
		&l->trace->origins[c->otel_key ? OPTION_OTEL_KEY : OPTION_OTEL_CERTIFICATE];

	if (!c->otel_certificate == !c->otel_key)
		return true;
	l->file = there->file;
	return loading_fail(l, there->place,
		"client-certificate and client-private-key go together: name both or neither");
}

/* What is asked says who wants to go where, and the answer opens the gate: nobody on the way may
 * read the one or write the other. */
static bool check_reviewer(struct loading *l)
{
	const struct config *c = l->config;
	const struct origin *endpoint = &l->trace->origins[OPTION_REVIEWER_ENDPOINT];
	struct url url;

	if (c->reviewer != REVIEWER_USER && !c->reviewer_endpoint)
		loading_notice(l, &l->trace->origins[OPTION_REVIEWER],
			"approvals_reviewer: people are asked, for [approvals.auto_review] names no endpoint");
	if (!c->reviewer_endpoint)
		return true;
	l->file = endpoint->file;
	if (!url_parse(slice_of(c->reviewer_endpoint), &url))
		return loading_fail(l, endpoint->place,
			"endpoint: write https://HOST/PATH, without a user and in ASCII");
	if (!url_is_private(&url))
		return loading_fail(l, endpoint->place,
			"endpoint: a reviewer on another machine is asked over https only");
	return true;
}

bool loading_check(struct loading *l)
{
	return check_listeners(l) && check_collector(l) && check_reviewer(l);
}
