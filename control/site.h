/* SPDX-License-Identifier: Apache-2.0 */
/* control/site.h: who may a request say it is for, and where may it come from. A page of another
 * site must not speak to the control endpoint through somebody's browser: not under a name of its own
 * that leads here (DNS rebinding), nor as itself. Source: RFC 9110 §7.2, RFC 6454 §7, Fetch Metadata.
 * Values only. */
#ifndef SALLYPORT_CONTROL_SITE_H
#define SALLYPORT_CONTROL_SITE_H

#include "base/address.h"

/* One endpoint as its clients name it. */
struct site {
	bool local; /* a unix socket: only who may open the file speaks here; ports do not count */
	struct endpoint at; /* else */
};

/* "localhost", "127.0.0.1", "[::1]" or the endpoint's own address, each with the endpoint's port
 * (which may be missing when it is 80). A unix socket: the first three and "sallyport", with any port
 * or none. */
bool site_is_host(const struct site *site, struct slice host);

/* The value of Origin names this very Host: "http://" and the same bytes but for case. */
bool site_is_origin(struct slice origin, struct slice host);

/* The value of Sec-Fetch-Site is not another site's: anything but "cross-site". */
bool site_is_fetched(struct slice fetch_site);

#endif
