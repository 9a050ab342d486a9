/* SPDX-License-Identifier: Apache-2.0 */
#include "control/role.h"

static const char *const words[ROLE_COUNT] = {
	[ROLE_NOBODY] = "nobody",
	[ROLE_VIEWER] = "viewer",
	[ROLE_APPROVER] = "approver",
	[ROLE_ADMIN] = "admin",
};

const char *role_word(enum role role)
{
	return words[role];
}

bool role_parse(struct slice word, enum role *ret_role)
{
	for (enum role role = ROLE_VIEWER; role < ROLE_COUNT; role++) {
		if (slice_equal(word, slice_of(words[role]))) {
			*ret_role = role;
			return true;
		}
	}
	return false;
}
