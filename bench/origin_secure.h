/* SPDX-License-Identifier: Apache-2.0 */
/* bench/origin_secure.h: a server of TLS behind the proxy, in the loop of the load program: every request
 * head is answered with the same response. */
#ifndef SALLYPORT_BENCH_ORIGIN_SECURE_H
#define SALLYPORT_BENCH_ORIGIN_SECURE_H

#include "bench/loop.h"

struct origin_secure;

struct origin_secure_plan {
	const char *certificate, *key; /* PEM files */
	size_t answer_bytes; /* of content */
	size_t size; /* connections at once */
};

/* Serves what arrives on listen_fd, which stays the caller's, until the loop is done. NULL with a sentence on standard error. */
struct origin_secure *origin_secure_new(
	struct loop *loop, int listen_fd, const struct origin_secure_plan *plan);
void origin_secure_free(struct origin_secure *o); /* NULL is fine */

size_t origin_secure_open_count(const struct origin_secure *o);

#endif
