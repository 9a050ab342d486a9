/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/api_host.h: what the handlers of the API ask of the process, from a configuration in a
 * text, a desk that writes down what it does, a real ledger and a real digest. */
#ifndef SALLYPORT_TESTS_API_HOST_H
#define SALLYPORT_TESTS_API_HOST_H

#include "tests/unit/calls.h"
#include "tests/unit/configs.h"
#include "tests/unit/desks.h"

struct api_host {
	struct control_host host;
	struct desk_log log;
	struct loaded loaded;
	char path[64]; /* of the ledger */
	bool reload_fails, not_ready, no_workers;
	/* Of the last question to the workers. */
	size_t most;
	connections_cb on_rows;
	void *caller;
};

void api_host_init(struct api_host *h, const char *config);
void api_host_done(struct api_host *h);

/* Keeps how a question of any desk ended, as the process does. */
void api_host_keep(struct api_host *h, const struct desk *desk, uint64_t question);

struct api_request {
	const struct route *table;
	const char *method, *pattern;
	const char *part; /* what stands at {id} */
	const char *query;
	const char *body; /* JSON or NULL */
};
/* One call from beginning to end. The answer stays until the next; see called_member. */
const struct called *api_ask(struct api_host *h, struct api_request r);
/* The same for what has neither part, query nor body. */
const struct called *api_get(
	struct api_host *h, const struct route *table, const char *pattern, const char *query);

#endif
