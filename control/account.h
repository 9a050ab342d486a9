/* SPDX-License-Identifier: Apache-2.0 */
/* control/account.h: the calls by which browsers sign in and out, and people see who they are. */
#ifndef SALLYPORT_CONTROL_ACCOUNT_H
#define SALLYPORT_CONTROL_ACCOUNT_H

#include "control/call.h"

extern const struct route account_routes[];

#endif
