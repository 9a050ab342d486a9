/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/audit.h: what is told of a session, as event records: one decision for each request, one
 * end for each upstream connection that was asked for. Never a path, field or content. */
#ifndef SALLYPORT_PROXY_AUDIT_H
#define SALLYPORT_PROXY_AUDIT_H

#include "base/reason.h"
#include "policy/policy.h"
#include "proxy/session.h"

/* The decision on the current request, once; later calls for it do nothing. */
void audit_decision(struct session *s, const struct verdict *verdict);
/* The same for a request whose path is not the session's: of a stream. */
void audit_decision_at(struct session *s, const struct verdict *verdict, const struct slice *path);

/* The question about the current request is with the desk: decision "ask". */
void audit_asked(struct session *s);

/* A decision that stands beside the one on the request: what a tunnel's first bytes gave away. */
void audit_denied_tunnel(struct session *s, enum reason reason);

/* The end of what was allowed since the last such record; nothing if nothing was. */
void audit_closed(struct session *s);

/* A client that got no session. */
void audit_turned_away(struct worker *w, const struct endpoint *client, enum reason reason);

#endif
