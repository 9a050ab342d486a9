/* SPDX-License-Identifier: Apache-2.0 */
/* control/head.h: what the whole head of a request says. Only for incoming.c. */
#ifndef SALLYPORT_CONTROL_HEAD_H
#define SALLYPORT_CONTROL_HEAD_H

#include "control/incoming.h"

/* Fills method to content_length from the bytes of in->head. False with status and sentence: 400,
 * 411, 413, 417, 501 or 505. */
bool head_judge(struct incoming *in);

#endif
