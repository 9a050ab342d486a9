/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/clerk.h: the approval desk's place in the process: takes petitions from the workers to the
 * desk, rulings and grants back to them, keeps the ledger, records what happened. Lives in the
 * control thread. Knows neither sessions nor the control endpoint. */
#ifndef SALLYPORT_PROXY_CLERK_H
#define SALLYPORT_PROXY_CLERK_H

#include "policy/ledger.h"
#include "proxy/agents.h"
#include "proxy/crew.h"
#include "proxy/lookout.h"

struct clerk {
	struct mailbox box; /* petitions */
	uv_timer_t timer; /* the next expiry, or another try to tell the workers */
	struct desk *desk;
	struct ledger *ledger;
	struct grants *grants; /* the newest, as far as it could be built */
	struct crew *crew; /* NULL before clerk_begin */
	struct lookout lookout; /* for the processes behind new questions */
	bool untold; /* a worker goes by older grants still */
	struct agents agents;
	/* After the event was recorded; may be NULL. */
	void (*on_news)(void *owner, const struct news *news);
	void *owner;
	void (*on_closed)(void *owner);
};

/* Opens the ledger in the state directory, which must exist, and gives the desk what it holds.
 * False with a sentence; nothing is to be undone then. */
bool clerk_open(struct clerk *c, uv_loop_t *loop, const struct config *config, char *ret_error,
	size_t error_size);

/* The workers are there: they get the grants that count. The crew outlives the clerk. */
void clerk_begin(struct clerk *c, struct crew *crew);

/* New rules and times: questions that the rules decide now are withdrawn. */
void clerk_reload(struct clerk *c, const struct config *config);

/* The time that the desk goes by: Unix, milliseconds. */
uint64_t clerk_now_ms(void);

/* No worker runs any more. on_closed runs from the loop once the handles are gone. */
void clerk_close(struct clerk *c, void (*on_closed)(void *owner));

#endif
