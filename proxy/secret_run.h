/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/secret_run.h: a secret from what a command prints. */
#ifndef SALLYPORT_PROXY_SECRET_RUN_H
#define SALLYPORT_PROXY_SECRET_RUN_H

#include "policy/credential.h"
#include "policy/secret.h"

#include <stdatomic.h>

/* Runs the command, without a shell, with nothing to read and nowhere to complain, and waits until it
 * ends, LIMIT_CREDENTIAL_MS are over, or *ending is set; what is left of it is killed then. Any thread
 * but a worker's. NULL with why not, in words behind the name of the command: nothing that it printed
 * is among them. */
struct secret *secret_run(
	const struct credential *c, const atomic_bool *ending, char *ret_why, size_t size);

#endif
