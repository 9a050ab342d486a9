/* SPDX-License-Identifier: Apache-2.0 */
/* certs/bundle.h: what clients need to believe our leaves, as files that anybody may read.
 *
 *     ca.pem          our authorities alone: for tools that add them to the roots they have
 *     bundle.pem      our authorities and the roots: for tools that take it instead of theirs
 *     truststore.p12  the same for Java
 *
 * Each is replaced at once (written beside, synchronised, renamed), mode 0644. */
#ifndef SALLYPORT_CERTS_BUNDLE_H
#define SALLYPORT_CERTS_BUNDLE_H

#include "certs/roots.h"
#include "certs/vault.h"

#include <stdio.h>

enum bundle_part { BUNDLE_CA, BUNDLE_PEM, BUNDLE_JAVA, BUNDLE_PARTS };

/* "ca.pem" and so on, below the directory. */
const char *bundle_file(enum bundle_part part);

/* Writes one of them into a memory BIO of the caller. BUNDLE_CA does not look at the roots, which may
 * be NULL then. Each PEM entry has its subject above it. False with the trouble. */
bool bundle_write(enum bundle_part part, const struct vault_view *view, const struct roots *roots,
	BIO *out, struct trouble *ret_trouble);

/* The same to a stream that is open. */
bool bundle_print(enum bundle_part part, const struct vault_view *view, const struct roots *roots,
	FILE *out, struct trouble *ret_trouble);

/* Writes those of the three that differ from what is there. False with the trouble: what was not
 * reached is as it was. */
bool bundle_export(const char *directory, const struct vault_view *view, const struct roots *roots,
	struct trouble *ret_trouble);

/* One of them to a place that the caller chose, the same way. */
bool bundle_save(enum bundle_part part, const struct vault_view *view, const struct roots *roots,
	const char *path, struct trouble *ret_trouble);

#endif
