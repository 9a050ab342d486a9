/* SPDX-License-Identifier: Apache-2.0 */
/* control/handlers.h: the calls of the API by what they are about, each table in a file of its own.
 * What they take and answer is written down in control/openapi.json. */
#ifndef SALLYPORT_CONTROL_HANDLERS_H
#define SALLYPORT_CONTROL_HANDLERS_H

#include "control/call.h"

extern const struct route approval_routes[]; /* questions: list, wait, approve, deny */
extern const struct route grant_routes[]; /* grants: list, create, revoke */
extern const struct route check_routes[]; /* what would happen */
extern const struct route rules_routes[]; /* the rules by numbers, reload */
extern const struct route traffic_routes[]; /* connections, what was refused */
extern const struct route insight_routes[]; /* what happened lately, what to list */
extern const struct route health_routes[]; /* health, metrics, the description of the API */

#endif
