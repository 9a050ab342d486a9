/* SPDX-License-Identifier: Apache-2.0 */
/* policy/credential_read.h: the keys strip_headers and inject of a rule, from TOML. */
#ifndef SALLYPORT_POLICY_CREDENTIAL_READ_H
#define SALLYPORT_POLICY_CREDENTIAL_READ_H

#include "policy/credential.h"
#include "policy/loading.h"

/* Reads the table of `inject`.
 *   room  for as many slices as the table has values; what *ret_credential has lies in it and in the
 *         document
 * A file is watched from now on, as those of the configuration. False with the fault. */
bool credential_read(struct loading *l, const struct toml_value *table, struct slice *room,
	struct credential *ret_credential);

/* The table for `config show`: of a command the program alone. */
void credential_write(const struct toml_value *table, struct buffer *out);

#endif
