/* SPDX-License-Identifier: Apache-2.0 */
/* policy/rules.h: [[network.rules]] of one load: collected from the files, built into the policy when
 * all is known. */
#ifndef SALLYPORT_POLICY_RULES_H
#define SALLYPORT_POLICY_RULES_H

#include "policy/loading.h"

/* A rule about requests as it was before the policy was built. */
struct rule_item {
	char *text; /* TOML lines, each with its line break */
	struct origin from;
	const struct toml_value *value; /* valid while loading */
};

/* Remembers the tables of a file; judged when the policy is built. */
bool rules_collect(struct loading *l, const struct option_row *row, const struct toml_value *value);
/* Adds them to the policy. */
bool rules_build(struct loading *l, struct policy_builder *b);
void rules_free(struct config_trace *trace);

/* A file that only its user reads counts among the files too, for watching; config.c has it.
 * False without memory. */
bool loading_watch(struct loading *l, struct slice path);

/* A value of an entry or rule as TOML on one line; lists_build.c has it. */
void lists_write_value(const struct toml_value *value, struct buffer *out);
/* The keys of a table, each a line. */
void lists_write_keys(const struct toml_value *table, struct buffer *out);

#endif
