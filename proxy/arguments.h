/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/arguments.h: a process's command line as one line that somebody may read. What looks like a
 * credential is covered, rather too much than too little. Values only. */
#ifndef SALLYPORT_PROXY_ARGUMENTS_H
#define SALLYPORT_PROXY_ARGUMENTS_H

#include "base/slice.h"

/* Joins the arguments by spaces, valid UTF-8, cut at a whole character. Covered with "***" are:
 *   what follows -u, -U, --user, --proxy-user, --pass and flags whose name speaks of a secret
 *   (--token, --api-key, --oauth2-bearer, …); the rest of an argument behind such a name and "=" or ":"
 *   ("Authorization: …", "API_TOKEN=…", "-uNAME:…"), behind "Bearer " and "Basic ", and from a token on
 *   that begins as those of well-known services; user information and query of URLs.
 *   command  arguments as in /proc/PID/cmdline: each ends with NUL, the last one may be cut
 *   size     at least 8
 * NUL-terminated; returns the length. */
size_t arguments_show(struct slice command, char *ret_text, size_t size);

#endif
