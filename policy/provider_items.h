/* SPDX-License-Identifier: Apache-2.0 */
/* policy/provider_items.h: [[search.providers]] of one load: collected from the files, built into the
 * policy when all is known. */
#ifndef SALLYPORT_POLICY_PROVIDER_ITEMS_H
#define SALLYPORT_POLICY_PROVIDER_ITEMS_H

#include "policy/loading.h"
#include "policy/provider.h"

/* A provider as it was before the policy was built. */
struct provider_item {
	char *text; /* TOML lines, each with its line break */
	bool ignored; /* local, and managed_allowed_domains_only or pinned */
	struct origin from;
	const struct toml_value *value; /* valid while loading */
};

/* Remembers the tables of a file; judged when the policy is built. */
bool provider_items_collect(
	struct loading *l, const struct option_row *row, const struct toml_value *value);
/* Adds them to the policy, and the built-in ones that none of them changes. */
bool provider_items_build(struct loading *l, struct policy_builder *b);
void provider_items_free(struct config_trace *trace);

/* ---- provider_reading.c: one table --------------------------------------------------------- */

enum { PROVIDER_TEXTS = 12 };

/* A provider as a table has it; its texts are owned here or static. */
struct provider_reading {
	struct loading *l;
	struct provider provider;
	char *texts[PROVIDER_TEXTS];
	size_t text_count;
};

/* False with the fault; free it either way. */
bool provider_reading_table(struct provider_reading *r, const struct toml_value *table);
void provider_reading_free(struct provider_reading *r);

#endif
