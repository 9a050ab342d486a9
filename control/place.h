/* SPDX-License-Identifier: Apache-2.0 */
/* control/place.h: the row that a page of questions ended with, so that the next page goes on behind
 * it, whatever else has the same time. Values only. */
#ifndef SALLYPORT_CONTROL_PLACE_H
#define SALLYPORT_CONTROL_PLACE_H

#include "policy/question.h"

struct place {
	bool ended; /* else pending */
	uint64_t ms; /* when it ended, or was asked; Unix time */
	uint64_t question; /* 0: no place, the list is read from its beginning */
};

/* "asked.1795258508123.q-0123456789abcdef" or "ended.…". */
enum { PLACE_SIZE = IDENT_SIZE + 27 };
void place_format(const struct place *p, char ret_text[PLACE_SIZE]);
/* False for anything else. */
bool place_parse(struct slice text, struct place *ret_place);

#endif
