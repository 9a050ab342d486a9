/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/census.h: who is connected now, over all workers. The control thread asks, each worker
 * counts its own sessions in its own time, the clerk's mailbox brings the parts together. */
#ifndef SALLYPORT_PROXY_CENSUS_H
#define SALLYPORT_PROXY_CENSUS_H

#include "control/host.h"
#include "proxy/crew.h"

/* From the control thread. on_rows runs once, later, in the control thread, with at most `most`
 * rows (LIMIT_ROWS), newest sessions of each worker first. False when nobody could be asked. */
bool census_start(struct crew *c, size_t most, connections_cb on_rows, void *owner);

/* What one worker found, on its way to the clerk. */
struct census_part;

/* From a worker: fills the part and posts it to the clerk. */
void census_count(struct worker *w, struct census_part *part);
/* From the clerk: a petition of kind PETITION_CENSUS is one. */
void census_take(struct petition *p);

#endif
