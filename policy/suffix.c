/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/suffix.h"

#include <libpsl.h>

bool suffix_is_public(const char *name)
{
	/* Without the prevailing "*" rule, which would make every unknown top level public. */
	return psl_is_public_suffix2(psl_builtin(), name, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) !=
	       0;
}

const char *suffix_registrable(const char *name)
{
	return psl_registrable_domain(psl_builtin(), name);
}
