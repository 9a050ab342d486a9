/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/lookout.h"

#include <stdlib.h>

/* One search, for the client that asked first. */
struct lookout_search {
	struct lookout *lookout;
	struct lookout_search *next;
	struct peer_process *search;
	uint64_t question;
};

/* At most LIMIT_PEER_SEARCHES are passed. */
static void forget(struct lookout_search *gone)
{
	struct lookout_search **at = &gone->lookout->searches;

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	free(gone);
}

static void on_searched(void *owner, const struct peer_found *found)
{
	struct lookout_search *s = owner;

	if (found->process_id != 0)
		s->lookout->on_found(s->lookout->owner, s->question, found);
	forget(s);
}

void lookout_start(struct lookout *l, uint64_t question, const struct endpoint *client,
	const struct endpoint *local)
{
	struct lookout_search *s = malloc(sizeof(*s));

	if (!s)
		return;
	*s = (struct lookout_search){.lookout = l, .next = l->searches, .question = question};
	l->searches = s;
	s->search = peer_process_start(l->loop, client, local, on_searched, s);
	if (!s->search)
		forget(s);
}

void lookout_cancel(struct lookout *l)
{
	for (struct lookout_search *s = l->searches, *next; s; s = next) {
		next = s->next;
		peer_process_cancel(s->search);
		free(s);
	}
	l->searches = NULL;
}
