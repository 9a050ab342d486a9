/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/nameservers.h: the name servers that the system is configured with. Source:
 * resolv.conf(5), of which only the nameserver lines count: names are absolute, so search lists
 * mean nothing here, and timeouts are the proxy's own. */
#ifndef SALLYPORT_PROXY_NAMESERVERS_H
#define SALLYPORT_PROXY_NAMESERVERS_H

#include "base/address.h"
#include "base/limits.h"

/* Reads the file at `path`: the first LIMIT_NAME_SERVERS addresses, port 53. Addresses with a zone
 * are passed over. Returns how many; 0 also when the file cannot be read. */
size_t nameservers_read(const char *path, struct endpoint ret_servers[LIMIT_NAME_SERVERS]);

#endif
