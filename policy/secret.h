/* SPDX-License-Identifier: Apache-2.0 */
/* policy/secret.h: one secret, in pages of its own that are in no core dump, are kept out of swap where
 * the system lets us, and are overwritten before they are given back. Immutable once it is sealed,
 * reference-counted, thread-safe. Nothing in here ever prints one. */
#ifndef SALLYPORT_POLICY_SECRET_H
#define SALLYPORT_POLICY_SECRET_H

#include "base/slice.h"

struct secret; /* opaque */

/* Room for at most `size` bytes behind `prefix`, with one reference. NULL without memory. */
struct secret *secret_new(struct slice prefix, size_t size);

/* Where the bytes go before it is sealed: one more than `size`, so that a source that has more than it
 * may shows. */
char *secret_room(struct secret *s);

/* `len` bytes are there. A line break at their end, one, is left out. NULL, or what is wrong with them
 * as a field value (RFC 9110 §5.5), in words behind "its content": never a byte of it. */
const char *secret_seal(struct secret *s, size_t len);

struct slice secret_bytes(const struct secret *s);
struct slice secret_value(const struct secret *s); /* the prefix and the bytes behind it */
bool secret_equal(const struct secret *a, const struct secret *b); /* both may be NULL */

struct secret *secret_ref(struct secret *s);
void secret_unref(struct secret *s); /* NULL is fine; the last one overwrites */

/* Overwrites, whatever a compiler thinks of it. */
void secret_wipe(void *bytes, size_t len);

#endif
