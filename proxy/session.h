/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/session.h: one client connection from its accept to its record. The one place that knows
 * the whole way of a request; head, resolver, dial, exchange, relay and reply do not know it.
 *
 * A phase is a wait, named after what it waits for. Callbacks post an event; session_turn is the
 * only reader of events and the only mover of the phase. The table in session_turn.c is the drawing;
 * tests/unit/test_session.c compares it with this picture:
 *
 *   accept ─► HEAD ──► HOLD ──► LOOKUP ──► DIAL ──► HELLO ──► RELAY ──► CLOSE ─► record
 *              ▲ └───────┴─────────┴────────┤         └─► SECURE ─► HEAD, STREAMS
 *              └────────────────────────────┴─► (SECURE) ─► EXCHANGE ─► RELAY
 *
 *   HEAD      -> AGENT HOLD LOOKUP DIAL EXCHANGE LINGER CLOSE
 *   AGENT     -> HEAD LINGER CLOSE
 *   HOLD      -> LOOKUP DIAL EXCHANGE LINGER CLOSE
 *   LOOKUP    -> DIAL LINGER CLOSE
 *   DIAL      -> HEAD HELLO SECURE EXCHANGE RELAY LINGER CLOSE
 *   HELLO     -> SECURE RELAY CLOSE
 *   SECURE    -> HEAD STREAMS EXCHANGE LINGER CLOSE
 *   STREAMS   -> LINGER CLOSE
 *   EXCHANGE  -> HEAD LOOKUP DIAL RELAY LINGER CLOSE
 *   RELAY     -> CLOSE
 *   LINGER    -> CLOSE
 *   CLOSE     ->
 */
#ifndef SALLYPORT_PROXY_SESSION_H
#define SALLYPORT_PROXY_SESSION_H

#include "proxy/dial.h"
#include "proxy/exchange.h"
#include "proxy/hold.h"
#include "proxy/relay.h"
#include "proxy/request.h"
#include "proxy/worker.h"

enum phase {
	PHASE_HEAD, /* a request head from the client */
	PHASE_AGENT, /* a request to the proxy itself, and the answer to it */
	PHASE_HOLD, /* somebody's decision */
	PHASE_LOOKUP, /* the addresses of an allowed name */
	PHASE_DIAL, /* a connection to a judged address */
	PHASE_HELLO, /* the first bytes of a tunnel, after 200 */
	PHASE_SECURE, /* TLS with the upstream, and with the client, of a tunnel to be looked into */
	PHASE_STREAMS, /* requests and responses of HTTP/2, several at once */
	PHASE_EXCHANGE, /* a request and its response on their way */
	PHASE_RELAY, /* bytes of a tunnel, or the end of it */
	PHASE_LINGER, /* a refused client to read its reply */
	PHASE_CLOSE, /* the close callback of the timer */
	PHASE_COUNT
};

enum session_event {
	SESSION_CLIENT = 1 << 0, /* the client's wire is ready */
	SESSION_UPSTREAM = 1 << 1, /* the upstream's wire is ready */
	SESSION_FOUND = 1 << 2, /* the lookup has ended */
	SESSION_DIALED = 1 << 3, /* the dial has ended */
	SESSION_DEADLINE = 1 << 4, /* the phase has taken too long */
	SESSION_POLICY = 1 << 5, /* the rules were replaced */
	SESSION_DRAIN = 1 << 6, /* no new work */
	SESSION_END = 1 << 7,
	SESSION_RULED = 1 << 8, /* the approval desk has news */
	SESSION_GRANTS = 1 << 9, /* a grant was taken back or has ended */
	SESSION_RULES = SESSION_POLICY | SESSION_GRANTS
};

struct session {
	struct worker *worker;
	struct session *next, **previous; /* on one of the worker's lists; what points here */
	uint8_t phase;
	bool turning; /* in session_turn */
	bool connect; /* the current target came by CONNECT */
	bool inside; /* HEAD and EXCHANGE are inside a plaintext or inspected tunnel to `target` */
	bool for_agent; /* the current request is for the proxy itself */
	bool patient; /* and may be answered much later */
	bool decided, allowed; /* the decision on the current request is recorded; was to allow */
	bool proxied; /* a request was allowed since the last connection_closed record */
	bool head_begun; /* bytes of a head came, and its time runs */
	bool rules_changed; /* since the dial began */
	bool shut; /* the client was told that no more comes */
	bool by_grant; /* on that list of the worker */
	bool pooled; /* the upstream was used before: it may turn out dead */
	uint16_t events;
	enum reason reason; /* the first that was set */
	uint16_t status; /* of our own reply or the last response, 0 for none */
	struct wire *client;
	struct wire *link; /* the upstream connection; NULL: none */
	struct address link_address; /* the judged one it was dialled to */
	uint32_t held; /* the entry of the rule that holds the current request, or ENTRY_NONE */
	uv_timer_t timer;
	uint64_t deadline_ms; /* loop time */
	struct endpoint peer; /* the client */
	struct address upstream; /* of the last link */
	uint64_t id;
	uint64_t since_ns; /* start of what the next connection_closed is about */
	uint64_t head_ns; /* the current head was complete */
	uint64_t exchanged_up, exchanged_down; /* of exchanges, once `exchange` is gone */
	uint64_t counted_up, counted_down; /* earlier connection_closed records told of them */
	struct inspected *inspected; /* NULL: nobody looks inside */
	struct exchange *exchange; /* NULL in RELAY, STREAMS, CLOSE, and in HOLD for a CONNECT */
	struct streams *streams; /* NULL outside STREAMS and what follows it */
	struct waiter *waiter; /* NULL outside HOLD and AGENT */
	struct agent_reply *reply; /* during SESSION_RULED in AGENT only */
	struct lookup *lookup; /* NULL outside LOOKUP */
	struct dial *dial; /* NULL outside DIAL */
	const struct answer *found; /* during SESSION_FOUND only */
	const struct dialed *dialed; /* during SESSION_DIALED only */
	const struct ruling *ruling; /* during SESSION_RULED only, with `news` */
	enum hold_news news;
	uint64_t question; /* that was asked for the current request; 0: none */
	struct grant_mark grant; /* by session_go_by; id 0: the lists let the target in */
	struct consent *consent; /* to the current request; NULL: no rule holds it */
	char *claim; /* what the client calls its session; NULL: nothing */
	uint32_t hello_needs; /* bytes before it is worth judging them again */
	uint32_t lingered; /* bytes thrown away after a reply */
	char *sni; /* what the hello named, when it was not the target */
	uint8_t trace_id[16], span_id[8], trace_flags;
	bool sni_seen; /* and it was the target */
	char method[16]; /* of the current request, cut, NUL-terminated */
	struct verdict verdict;
	struct target target;
	struct relay *relay; /* NULL outside RELAY */
};

/* Takes the descriptor in every case: a session begins, or the client is told 503 and closed. */
void session_accept(struct worker *worker, int fd, const struct endpoint *client);

/* From the worker, for every session; acts at once. */
void session_post(struct session *s, unsigned event);

/* ---- between session_turn.c (when) and the steps (what) ---------------------------- */

/* One row of the table: a phase is entered, then stepped for events until a step names another. */
struct phase_row {
	const char *name;
	unsigned next; /* phases it may go to, bits 1 << phase */
	uint32_t (*budget)(const struct session *s); /* ms until SESSION_DEADLINE; 0: none */
	void (*enter)(struct session *s); /* NULL: nothing to do */
	enum phase (*step)(struct session *s, unsigned events);
};
extern const struct phase_row session_phases[PHASE_COUNT];

/* Starts the clock of the phase anew: there was progress. */
void session_progress(struct session *s);

void session_end_with(struct session *s, enum reason reason); /* the first stays */

/* Records the end and closes everything; the session is freed one turn of the loop later. */
void session_close(struct session *s);

#endif
