/* SPDX-License-Identifier: Apache-2.0 */
#include "control/wishes.h"

#include "policy/cover.h"

#include <stdlib.h>

struct wishes *wishes_new(void)
{
	return calloc(1, sizeof(struct wishes));
}

/* NULL when there is no room. */
static struct wish *find(struct wishes *w, const struct target *t)
{
	for (size_t i = 0; i < w->count; i++)
		if (target_equal(&w->hosts[i].target, t))
			return &w->hosts[i];
	if (w->count == WISHES_HOSTS) {
		w->hosts_full = true;
		return NULL;
	}
	w->hosts[w->count].target = *t;
	return &w->hosts[w->count++];
}

/* Hundreds of questions may go by one denial. */
static void deny_wide(struct wishes *w, const struct pattern *p)
{
	struct cover denied = cover_of(p, false);

	for (size_t i = 0; i < w->denial_count; i++) {
		struct cover known = cover_of(&w->denials[i], false);
		if (cover_all(&known, &denied))
			return;
	}
	if (w->denial_count == WISHES_DENIALS)
		w->denials_full = true;
	else
		w->denials[w->denial_count++] = *p;
}

static void deny_by(struct wishes *w, const struct pattern *p)
{
	struct target t = {.kind = TARGET_NAME, .port = p->port_first};

	if (p->kind != PATTERN_NAME || !p->has_ports || p->port_first != p->port_last) {
		deny_wide(w, p);
		return;
	}
	t.host_len = (uint8_t)p->host_len;
	memcpy(t.host, p->host, p->host_len);
	struct wish *wish = find(w, &t);
	if (wish)
		wish->denied = true;
}

void wishes_decided(struct wishes *w, const struct grant *g)
{
	if (!g->allow)
		deny_by(w, &g->pattern);
}

void wishes_add(struct wishes *w, const struct question *q, const struct grant *decision)
{
	struct wish *wish = find(w, &q->target);

	if (decision)
		wishes_decided(w, decision);
	if (!wish)
		return;
	wish->asks += q->asks;
	wish->approved |= q->state == QUESTION_APPROVED;
	wish->denied |= q->state == QUESTION_DENIED;
	wish->raw |= decision && decision->allow && decision->has_protocol &&
		     decision->protocol == PORT_RAW;
}

void wishes_asked(struct wishes *w, const struct target *t, uint64_t asks, bool denied)
{
	struct wish *wish = find(w, t);

	if (!wish)
		return;
	/* The same asks may have been counted from the questions. */
	wish->asks = wish->asks > asks ? wish->asks : asks;
	wish->denied |= denied;
}
