/* SPDX-License-Identifier: Apache-2.0 */
/* control/router.h: from method and path to the one route that serves them. Paths are compared byte
 * by byte as they came: nothing is decoded, no dot segment or doubled slash is tidied up. Values
 * only. Source: RFC 9110 §15.5.5, §15.5.6, §10.2.1 (Allow). */
#ifndef SALLYPORT_CONTROL_ROUTER_H
#define SALLYPORT_CONTROL_ROUTER_H

#include "control/call.h"

enum { ROUTER_ALLOW_SIZE = 64 };

struct routing {
	const struct route *route; /* NULL: none */
	bool path_known; /* the path is served, by other methods */
	struct slice parts[CALL_PARTS]; /* inside the path */
	char allow[ROUTER_ALLOW_SIZE]; /* "GET, HEAD, POST": for 405; "" for an unknown path */
};

/* `tables` ends with NULL, each table with a row without a method. HEAD finds the route of GET. */
void router_find(const struct route *const *tables, struct slice method, struct slice path,
	struct routing *ret_routing);

#endif
