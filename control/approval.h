/* SPDX-License-Identifier: Apache-2.0 */
/* control/approval.h: questions as the API tells of them, wherever they are kept: the desk knows the
 * pending ones and the newest that ended, the ledger all. */
#ifndef SALLYPORT_CONTROL_APPROVAL_H
#define SALLYPORT_CONTROL_APPROVAL_H

#include "control/call.h"

/* APPROVAL of a question of the desk, with the decision that ended it even where the grant is over. A
 * new reference, NULL without memory. */
json_t *approval_show(const struct control_host *host, const struct question *q);

/* The question with this id as the desk has it, until the next call that changes the desk, or as the
 * ledger has it, in *room. NULL: there is none. */
const struct question *approval_find(
	const struct control_host *host, uint64_t id, struct ledger_entry *room);

/* GET /v1/approvals. */
void approval_list(struct call *call);

#endif
