/* SPDX-License-Identifier: Apache-2.0 */
/* control/host.h: what the control endpoint needs of the process around it, as functions, so that
 * control/ does not know proxy/. All are called and answer on the control thread. */
#ifndef SALLYPORT_CONTROL_HOST_H
#define SALLYPORT_CONTROL_HOST_H

#include "policy/config.h"
#include "policy/ledger.h"
#include "telemetry/digest.h"

#include <stdio.h>
#include <uv.h>

/* One proxied connection as the worker sees it; host and client are canonical text. */
struct connection_row {
	uint64_t id;
	uint64_t since_ms; /* Unix time */
	uint64_t bytes_up, bytes_down;
	uint64_t grant; /* 0: by the lists */
	const char *phase; /* static: "HEAD", "HOLD", "RELAY", … */
	bool connect;
	uint16_t port, client_port;
	char host[LIMIT_NAME_BYTES + 3]; /* "" before a request */
	char client[ADDRESS_TEXT_SIZE];
	char identity[LIMIT_IDENTITY_BYTES + 1];
	char session[LIMIT_SESSION_BYTES + 1];
};
/* Runs once, later, on the control thread; rows are borrowed. `total` counts all there are. */
typedef void (*connections_cb)(
	void *owner, const struct connection_row *rows, size_t count, size_t total);

struct control_host {
	void *owner;
	uv_loop_t *loop;
	struct desk *desk;
	struct ledger *ledger;
	struct digest *digest;
	/* The configuration that counts now; borrowed until the next reload. */
	const struct config *(*config)(void *owner);
	/* Load everything anew. False: refused, with the fault as text. */
	bool (*reload)(void *owner, const char *actor, char *ret_text, size_t size);
	/* Prometheus text of everything but the desk. */
	void (*metrics)(void *owner, FILE *out);
	/* Ready for traffic; else a word why not ("draining"). */
	bool (*ready)(void *owner, const char **ret_why);
	/* At most `most` newest rows. False when a worker could not be asked; then no callback. */
	bool (*connections)(void *owner, size_t most, connections_cb on_rows, void *caller);
	/* A stream wants to see the traffic from now on, or the last such one left: control_turn is
	 * due every LIMIT_FEED_WATCHED_MS meanwhile, with records as fresh. */
	void (*watch)(void *owner, bool watched);
};

#endif
