/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/command_search_store.h: what the commands on the store of search answers have in common: the
 * file that the configuration names, and which of its entries are meant. They work on the file; a
 * running proxy sees what they change. */
#ifndef SALLYPORT_PROXY_COMMAND_SEARCH_STORE_H
#define SALLYPORT_PROXY_COMMAND_SEARCH_STORE_H

#include "proxy/cli.h"
#include "proxy/search_list.h"

struct search_work {
	const struct arguments *arguments;
	struct config *config;
	struct search_store *store;
	struct search_filter filter; /* of --provider, --pattern, --key and --older-than */
	struct search_key key; /* that the filter points to */
	uint64_t most; /* of --most, or `most` as begun with */
};

/* Opens the store; `make`: also where there is none yet. EXIT_DONE, or another code with the sentence
 * printed, and then there is nothing to end. */
int search_work_begin(struct search_work *w, const struct arguments *a, uint64_t most, bool make);
/* Says why a call failed, unless it did not. Returns the exit code. */
int search_work_end(struct search_work *w, enum search_stored stored);

#endif
