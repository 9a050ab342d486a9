/* SPDX-License-Identifier: Apache-2.0 */
/* Every table of routes, once. */
#include "control/account.h"
#include "control/core.h"
#include "control/embedded.h"
#include "control/handlers.h"
#include "control/stream.h"

extern const struct route page_routes[];

const struct route *const control_routes[] = {
	page_routes,
	account_routes,
	stream_routes,
	approval_routes,
	grant_routes,
	check_routes,
	rules_routes,
	traffic_routes,
	insight_routes,
	health_routes,
	NULL,
};
