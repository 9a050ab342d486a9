/* SPDX-License-Identifier: Apache-2.0 */
/* policy/url.h: where a URL of the configuration or the command line leads, and whether what is sent
 * there stays between the two. Slices in, slices out; libcurl does the rest. Source: RFC 3986 §3. */
#ifndef SALLYPORT_POLICY_URL_H
#define SALLYPORT_POLICY_URL_H

#include "base/slice.h"

struct url {
	bool https; /* else http */
	struct slice authority; /* "host" or "host:port", never empty, no userinfo */
	struct slice rest; /* from the slash on, may be empty */
};

/* http and https only, in either case; printable ASCII. What it points to is the text's. */
bool url_parse(struct slice text, struct url *ret_url);

/* On this machine by its own spelling: localhost, 127.0.0.0/8 or ::1. */
bool url_is_here(const struct url *u);
/* Nobody on the way can read it: https, or it does not leave this machine. */
bool url_is_private(const struct url *u);

#endif
