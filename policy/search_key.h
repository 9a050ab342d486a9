/* SPDX-License-Identifier: Apache-2.0 */
/* policy/search_key.h: from the settled parameters of a search to its key and texts; for search.c. */
#ifndef SALLYPORT_POLICY_SEARCH_KEY_H
#define SALLYPORT_POLICY_SEARCH_KEY_H

#include "policy/parameters.h"
#include "policy/search.h"

/* Where the search goes. */
struct search_place {
	const struct target *target;
	struct slice path; /* as the provider has it */
};

/* SEARCH_OK, SEARCH_BAD or SEARCH_NO_MEMORY. */
enum search_result search_make(const struct parameters *ps, const struct search_place *place,
	struct search *ret_search, const char **ret_why);

#endif
