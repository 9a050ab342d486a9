/* SPDX-License-Identifier: Apache-2.0 */
/* control/role.h: what somebody may do at the control endpoint. Each role may what the ones before
 * it may. Source: shared design §8. */
#ifndef SALLYPORT_CONTROL_ROLE_H
#define SALLYPORT_CONTROL_ROLE_H

#include "base/slice.h"

enum role {
	ROLE_NOBODY, /* no token, or none that is known */
	ROLE_VIEWER, /* looks */
	ROLE_APPROVER, /* decides */
	ROLE_ADMIN, /* decides for ever, reloads, invites browsers */
	ROLE_COUNT
};

/* "nobody", "viewer", "approver", "admin". */
const char *role_word(enum role role);
/* The word of a role that a token may have: not "nobody". False when it is none. */
bool role_parse(struct slice word, enum role *ret_role);

#endif
