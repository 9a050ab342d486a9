/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/inspection.h: what it takes to look inside tunnels: an authority whose leaves clients trust,
 * the roots that upstreams are checked against, and for each worker the engines' shared parts. There
 * is none of it while no rule asks for it.
 *
 *     inspection   one for the process and a set of settings; its leaves are shared by all workers
 *     inspector    a worker's; sessions hold it, so that a reload takes nothing from under them
 */
#ifndef SALLYPORT_PROXY_INSPECTION_H
#define SALLYPORT_PROXY_INSPECTION_H

#include "policy/config.h"
#include "policy/target.h"
#include "proxy/cipher.h"
#include "tls/alpn.h"

/* ---- of the process: the control thread's, but for the references --------------------------- */

struct inspection;

/* Opens or makes the authority, reads the roots. NULL with a sentence. Reads and writes files in the
 * CA directory. */
struct inspection *inspection_new(const struct config *config, char *ret_error, size_t size);
struct inspection *inspection_ref(struct inspection *i);
void inspection_unref(struct inspection *i); /* NULL is fine; any thread */

/* What is due: the authority's successor. Hourly. A trouble is logged. */
void inspection_turn(struct inspection *i);

/* ---- of a worker ---------------------------------------------------------------------------- */

struct inspector;

/* Takes a reference of its own. NULL without memory. */
struct inspector *inspector_new(struct inspection *i);
struct inspector *inspector_ref(struct inspector *i); /* one thread */
void inspector_unref(struct inspector *i); /* NULL is fine */

struct cipher_ground *inspector_ground(struct inspector *i);

/* The engine towards the target; `alpn` is what the client lists, empty for nothing. NULL with the
 * reason. */
struct engine *inspector_upstream(struct inspector *i, const struct target *target,
	struct slice alpn, enum reason *ret_reason);

/* The engine towards the client, with the target's name on a leaf. NULL with the reason. */
struct engine *inspector_facade(
	struct inspector *i, const struct target *target, enum alpn alpn, enum reason *ret_reason);

#endif
