/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/secret_read.h: secrets from files and from the environment. The control thread's. */
#ifndef SALLYPORT_PROXY_SECRET_READ_H
#define SALLYPORT_PROXY_SECRET_READ_H

#include "policy/credential.h"
#include "policy/secret.h"

/* The secret of a file, behind the prefix of its credential; NULL with why not, in words behind the
 * name of the file. One that everybody may write is refused; that everybody may read one is told. */
struct secret *secret_read_file(const struct credential *c, char *ret_why, size_t size);

/* Variables that were taken; they are good for the life of the process. A zeroed one is empty. */
struct variables {
	struct variable *first;
};

/* The secret of a variable, likewise. It is taken out of the environment, so that neither children nor
 * a core nor /proc have it, and comes from here from then on. */
struct secret *variables_take(
	struct variables *v, const struct credential *c, char *ret_why, size_t size);
void variables_done(struct variables *v);

/* The same bytes behind another prefix. NULL without memory. */
struct secret *secret_copy(const struct secret *s, struct slice prefix);

#endif
