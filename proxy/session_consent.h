/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/session_consent.h: the current request of a session, where a rule holds it: what is asked about
 * it and what was answered. For the session's steps and its records. */
#ifndef SALLYPORT_PROXY_SESSION_CONSENT_H
#define SALLYPORT_PROXY_SESSION_CONSENT_H

#include "proxy/session.h"

/* The path and query of the request whose head was read, without scheme and host. */
struct slice session_path(const struct session *s);

/* The question that is open, or was just answered, is about the request and not about the name. */
bool session_asks_request(const struct session *s);
/* The grant by which a request goes that a rule holds, or 0. */
uint64_t session_consent_grant(const struct session *s);

/* A live grant for it, else the approval desk. */
enum phase session_consult_request(struct session *s);
/* No rule holds the request, or somebody approved it. */
bool session_has_consent(const struct session *s);
/* What is asked about the request; borrowed. */
struct subject session_subject(const struct session *s);
/* The present rules ask what was asked. */
bool session_asks_the_same(const struct session *s);
void session_give_consent(struct session *s, const struct grant_mark *grant);
/* What was given was not taken back. */
bool session_consent_stands(const struct session *s);
/* With the next request. */
void session_forget_consent(struct session *s);

#endif
