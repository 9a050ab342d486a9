/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/ca.h: the configuration's [tls] put to certs/: for the process that serves and for the
 * commands. Opens files, sends nothing. */
#ifndef SALLYPORT_PROXY_CA_H
#define SALLYPORT_PROXY_CA_H

#include "certs/bundle.h"
#include "policy/config.h"

/* The vault that the configuration names, as of now. NULL with the trouble. */
struct vault *ca_open(const struct config *c, enum vault_how how, struct trouble *ret_trouble);

/* The roots that hosts are checked against. The caller owns the reference; NULL with the trouble. */
struct roots *ca_roots(const struct config *c, struct trouble *ret_trouble);

/* Writes the files that clients take. False with the trouble. */
bool ca_export(const struct config *c, const struct vault_view *view, const struct roots *roots,
	struct trouble *ret_trouble);

/* Where one of these files is. False where the path is too long. */
enum { CA_PATH_SIZE = 4096 };
bool ca_path(const struct config *c, enum bundle_part part, char ret_path[CA_PATH_SIZE]);

#endif
