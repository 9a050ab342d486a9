/* SPDX-License-Identifier: Apache-2.0 */
/* control/show.h: values as JSON, in the shapes that the API and its event stream have in common
 * (control/openapi.json). Peer bytes come out as UTF-8 that is safe to look at (escape_utf8), unknown
 * things as null, times as RFC 3339 in UTC with milliseconds.
 * Every function returns a new reference, or NULL without memory. */
#ifndef SALLYPORT_CONTROL_SHOW_H
#define SALLYPORT_CONTROL_SHOW_H

#include "control/host.h"

#include <jansson.h>

/* ---- composing ----------------------------------------------------------------------------- */

/* Adds a member or an item and takes its reference. Without memory, of which a NULL value tells too,
 * the whole is freed and *object is NULL from then on; a NULL *object stays NULL. So a composer
 * checks nothing and returns what is left. */
void show_put(json_t **object, const char *name, json_t *value);
void show_append(json_t **array, json_t *value);

/* ---- values -------------------------------------------------------------------------------- */

/* Unix time; 0 is null. */
json_t *show_time(uint64_t unix_ms);
/* Milliseconds as seconds. */
json_t *show_seconds(uint64_t ms);
/* Peer bytes, cut at 4 KiB of output; "" is null. */
json_t *show_text(const char *text);
/* What a question or grant is about beside its host, whole however it is escaped; NULL is null. */
json_t *show_subject(const char *subject);
/* A text of ours, or one that is escaped already; NULL and "" are null. */
json_t *show_word(const char *word);
/* "g-0123456789abcdef"; 0 is null. */
json_t *show_ident(char letter, uint64_t id);
/* {"pattern", "file", "line"}; null without a pattern. */
json_t *show_rule(const struct rule *rule);

/* ---- things -------------------------------------------------------------------------------- */

/* APPROVAL. `decision` is the grant that ended the question, NULL when there is none. */
json_t *show_question(const struct question *q, const struct grant *decision);
/* GRANT */
json_t *show_grant(const struct grant *g);
/* DECISION of a row POLICY_DECISION, and the event `closed` of a row CONNECTION_CLOSED. */
json_t *show_decision(const struct digest_row *row);
json_t *show_closed(const struct digest_row *row);
/* One row of GET /v1/connections. */
json_t *show_connection(const struct connection_row *row);

/* "tls", "http", "raw". */
const char *show_protocol_word(enum port_protocol protocol);

#endif
