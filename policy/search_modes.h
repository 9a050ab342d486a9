/* SPDX-License-Identifier: Apache-2.0 */
/* policy/search_modes.h: allowed_web_search_modes as values. */
#ifndef SALLYPORT_POLICY_SEARCH_MODES_H
#define SALLYPORT_POLICY_SEARCH_MODES_H

#include <stdbool.h>

/* Not set: searches are requests like any other. Set, with neither: they are refused. */
struct search_modes {
	bool set;
	bool cached; /* the store may answer */
	bool live; /* the provider may be asked without a question */
};

#endif
