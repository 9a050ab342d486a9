/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/grant.h"

#include "policy/cover.h"

#include <assert.h>
#include <stdio.h>

static const char *const scope_words[GRANT_SCOPE_COUNT] = {
	[GRANT_ONCE] = "once",
	[GRANT_SESSION] = "session",
	[GRANT_TTL] = "ttl",
	[GRANT_ALWAYS] = "always",
};

const char *grant_scope_word(enum grant_scope scope)
{
	assert(scope >= 0 && scope < GRANT_SCOPE_COUNT);
	return scope_words[scope];
}

bool grant_scope_parse(struct slice word, enum grant_scope *ret_scope)
{
	for (int i = 0; i < GRANT_SCOPE_COUNT; i++) {
		if (!slice_equal(word, slice_of(scope_words[i])))
			continue;
		*ret_scope = (enum grant_scope)i;
		return true;
	}
	return false;
}

static int format_host(const struct pattern *p, char *ret_text, size_t size)
{
	char text[ADDRESS_TEXT_SIZE];
	bool v6 = p->network.family == 6;

	if (p->kind != PATTERN_RANGE)
		return snprintf(ret_text, size, "%s", p->host);
	address_format(&p->network, text);
	int len = snprintf(ret_text, size, v6 ? "[%s]" : "%s", text);
	if (p->prefix_bits < (v6 ? 128 : 32))
		len += snprintf(ret_text + len, size - (size_t)len, "/%u", p->prefix_bits);
	return len;
}

size_t grant_pattern_format(const struct grant *g, char ret_text[GRANT_PATTERN_SIZE])
{
	const struct pattern *p = &g->pattern;
	size_t len = (size_t)format_host(p, ret_text, GRANT_PATTERN_SIZE);
	char *end = ret_text + len;
	size_t left = GRANT_PATTERN_SIZE - len;

	if (!p->has_ports)
		return len;
	if (p->port_first == 1 && p->port_last == UINT16_MAX)
		return len + (size_t)snprintf(end, left, ":*");
	if (p->port_first == p->port_last)
		return len + (size_t)snprintf(end, left, ":%u", p->port_first);
	return len + (size_t)snprintf(end, left, ":%u-%u", p->port_first, p->port_last);
}

struct subject grant_subject(const struct grant *g)
{
	return subject_of(g->subject_kind, g->subject);
}

bool grant_covers(const struct grant *g, const struct claimant *who, const struct target *target,
	const struct subject *subject)
{
	const struct subject own = grant_subject(g);
	struct cover c = cover_of(&g->pattern, g->allow);

	if (g->identity[0] && !slice_equal(slice_of(g->identity), who->identity))
		return false;
	if (g->scope == GRANT_SESSION && !slice_equal(slice_of(g->session), who->session))
		return false;
	return subject_equal(&own, subject) && cover_target(&c, target);
}
