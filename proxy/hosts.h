/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/hosts.h: what goes before DNS: addresses, localhost, the hosts file. Source: hosts(5),
 * RFC 6761 §6.3. The file is read whole, at most
 * LIMIT_HOSTS_BYTES, again when it has changed, looked at no more than once a second. Reading is
 * the one blocking thing here: a local file, bounded. */
#ifndef SALLYPORT_PROXY_HOSTS_H
#define SALLYPORT_PROXY_HOSTS_H

#include "base/address.h"
#include "base/limits.h"

struct hosts; /* opaque */

/* Reads the file at `path` (copied). One that is missing, unreadable or too large counts as empty;
 * the latter two with a warning. NULL without memory. */
struct hosts *hosts_new(const char *path);
void hosts_free(struct hosts *h); /* NULL is fine */

/* The addresses that `host` has without DNS, at most LIMIT_ADDRESSES: an address stands for itself;
 * localhost and names below it for 127.0.0.1 and ::1, whatever the file says; any other canonical
 * name for what the file says, in its order. now_ms is any clock that does not go back.
 * Returns how many, 0 when only DNS can know. */
size_t hosts_find(struct hosts *h, struct slice host, uint64_t now_ms,
	struct address ret_addresses[LIMIT_ADDRESSES]);

#endif
