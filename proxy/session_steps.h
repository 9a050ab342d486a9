/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/session_steps.h: what session.c (up to the upstream connection), session_agent.c (requests
 * to the proxy itself), session_hold.c (grants and the wait for a decision), session_consent.c (the same
 * for requests that a rule holds), session_flow.c (from the
 * upstream connection on) and session_turn.c (the table) know of each other; nobody else includes it.
 * Each returns the next phase. */
#ifndef SALLYPORT_PROXY_SESSION_STEPS_H
#define SALLYPORT_PROXY_SESSION_STEPS_H

#include "proxy/session.h"
#include "proxy/session_consent.h"

enum phase session_step_head(struct session *s, unsigned events);
enum phase session_step_agent(struct session *s, unsigned events);
enum phase session_step_hold(struct session *s, unsigned events);
enum phase session_step_lookup(struct session *s, unsigned events);
enum phase session_step_dial(struct session *s, unsigned events);
enum phase session_step_hello(struct session *s, unsigned events);
enum phase session_step_secure(struct session *s, unsigned events);
enum phase session_step_streams(struct session *s, unsigned events);
enum phase session_step_exchange(struct session *s, unsigned events);
enum phase session_step_relay(struct session *s, unsigned events);
enum phase session_step_linger(struct session *s, unsigned events);

/* The end, without a word to the client. The first reason stays. */
enum phase session_finish(struct session *s, enum reason reason);
/* The end with the reason's reply, where one can still be sent. */
enum phase session_refuse(struct session *s, enum reason reason);
/* Records the decision and refuses. */
enum phase session_deny(struct session *s, const struct verdict *verdict);

/* The same for a reason that is the proxy's own state. */
enum phase session_deny_by_state(struct session *s, enum reason reason);

/* Who asks. The slices borrow from the session and from `identity`. */
struct claimant session_claimant(const struct session *s, char identity[LIMIT_IDENTITY_BYTES + 1]);
/* The client went away while we were busy for it. */
bool session_client_left(const struct session *s);

/* For the proxy itself. */
enum phase session_attend(struct session *s);
/* From the verdict of the session on the request that was read. */
enum phase session_go_on(struct session *s);
/* On no list: a live grant, else the approval desk. */
enum phase session_consult(struct session *s);
/* Asks it, about the name or what session_asks_request says: HOLD, or a refusal. */
enum phase session_ask_desk(struct session *s);
/* The time that grants and the desk go by: Unix, milliseconds. */
uint64_t session_unix_ms(void);
/* What the present rules say of the request that was read: s->verdict and s->held. */
void session_judge_request(struct session *s);

/* Nobody waits for the clerk any more; `told`: the client was asked to try again. Nothing to do
 * outside of HOLD and AGENT. */
void session_leave_desk(struct session *s, bool told);
/* The target of the request may be reached. */
enum phase session_admit(struct session *s);

/* The tunnel was open, and what it was used for is not what it was opened for, or cannot be: records
 * that and ends. */
enum phase session_deny_tunnel(struct session *s, enum reason reason);

/* What ends a live connection whose permission is gone: somebody took it back, or the rules did. */
enum reason session_lost_reason(const struct session *s);

/* What lets the current target in from now on, copied; NULL: the lists. Also when consent changed. */
void session_go_by(struct session *s, const struct grant_mark *grant);

/* ---- session_inspect.c: a tunnel that a rule wants to see inside ---- */

struct hello;
/* The client's hello names the target: from here on requests are seen. The bytes are the exchange's. */
enum phase session_inspect(struct session *s, const struct hello *hello);
/* TLS on a fresh upstream connection of an inspected session. */
enum phase session_secure_upstream(struct session *s);
/* What is wrong with the upstream: the answer to any request; REASON_NONE for nothing. */
enum reason session_inspected_fault(const struct session *s);
void session_forget_inspection(struct session *s);

/* ---- session_streams.c: HTTP/2 inside of one ---- */

/* Both sides have agreed on it. */
enum phase session_start_streams(struct session *s);
uint32_t session_streams_budget(const struct session *s);

/* What the session remembers of a head for its records. */
void session_note_head(struct session *s, const struct head *h);
/* For a target on no list: the grant that lets it in or keeps it out, as the session's verdict. False:
 * there is none. */
bool session_find_grant(struct session *s);

/* Rules or grants were replaced: judges the target, and the address of a live link, anew; the verdict of
 * the session is one of the new rules then. */
bool session_lost_permission(struct session *s);

/* In HEAD between requests: nobody is owed a word when the connection ends. */
bool session_is_idle(const struct session *s);

/* Makes what was dialled the upstream of the session. */
void session_take_dialed(struct session *s, const struct dialed *dialed);
/* The same for a kept descriptor. False without memory; the descriptor is closed then. */
bool session_take_kept(struct session *s, int fd, const struct address *address);
/* Closes the upstream, or hands it to the worker's pool. */
void session_unlink(struct session *s, bool keep);
/* A kept connection to the same target, if its address is still permitted: the session's own from the
 * request before, or one of the pool. */
bool session_reuse_link(struct session *s);

/* From the allowed target of the session to its addresses and a dial. */
enum phase session_find(struct session *s);
/* The upstream is connected. */
enum phase session_established(struct session *s);
/* Where its next request comes from, by the present rules. */
struct request_place session_place(const struct session *s);
/* Sends the request whose head was read over the session's upstream. */
enum phase session_send_request(struct session *s);

/* Copies the addresses that may be dialled; *ret_refusal is the first refusal, if any. */
size_t session_judge_addresses(struct session *s, const struct address *addresses, size_t count,
	struct address *ret_permitted, struct verdict *ret_refusal);

#endif
