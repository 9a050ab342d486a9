/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_results.h: the results in the answer to a search, as texts that people look for. What
 * cannot be read has none; nothing depends on it but how an answer is found again. */
#ifndef SALLYPORT_PROXY_SEARCH_RESULTS_H
#define SALLYPORT_PROXY_SEARCH_RESULTS_H

#include "policy/provider.h"
#include "proxy/search_store.h"

/* What it is handed lives until it returns. */
typedef void (*search_text_cb)(void *owner, const struct search_text *text);

/* Tells each result, in the answer's order, at most LIMIT_SEARCH_RESULTS: its URL (http or https, whole,
 * at most LIMIT_SEARCH_RESULT_BYTES), its title and snippet without markup (may be empty or cut inside a
 * character).
 *   p     NULL: nothing is known of the answer
 *   body  without content coding; beyond LIMIT_SEARCH_ANSWER nothing is read */
void search_results_read(
	const struct provider *p, struct slice body, search_text_cb each, void *owner);

#endif
