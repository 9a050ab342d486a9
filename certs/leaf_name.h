/* SPDX-License-Identifier: Apache-2.0 */
/* certs/leaf_name.h: the host that a leaf is for.
 * Source: RFC 1035 §2.3.4, RFC 5890 §2.3.2.1 (A-labels); RFC 9525 §6.3 (no wildcards of ours). */
#ifndef SALLYPORT_CERTS_LEAF_NAME_H
#define SALLYPORT_CERTS_LEAF_NAME_H

#include "base/address.h"
#include "base/limits.h"
#include "base/slice.h"

/* A host in canonical form (policy/target.h). Borrowed. */
struct leaf_name {
	struct slice host; /* name, 1..253 bytes, no trailing dot; ignored for an address */
	struct address address; /* family 0 for a name */
};

/* Bytes that stand for a host and no other. */
enum { LEAF_KEY_SIZE = LIMIT_NAME_BYTES + 1 };

/* Lower-case labels of 1..63 of a-z, 0-9, "-" and "_", 253 bytes in all: no wildcard, no U-label, no
 * dot at either end. It bounds what is signed; that the name may be reached was judged before. */
bool leaf_name_is_canonical(struct slice host);

/* True for a canonical name and for an address. */
bool leaf_name_is_good(const struct leaf_name *name);

/* The text, for sentences. Returns the length. */
size_t leaf_name_format(const struct leaf_name *name, char ret_text[LEAF_KEY_SIZE]);

/* The bytes; of a good one only. Returns how many. */
size_t leaf_name_key(const struct leaf_name *name, char ret_key[LEAF_KEY_SIZE]);

#endif
