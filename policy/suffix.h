/* SPDX-License-Identifier: Apache-2.0 */
/* policy/suffix.h: the public suffix list, by libpsl: under which names anybody may register.
 * Source: publicsuffix.org, ICANN and private sections. */
#ifndef SALLYPORT_POLICY_SUFFIX_H
#define SALLYPORT_POLICY_SUFFIX_H

#include "base/slice.h"

/* True when the name is a public suffix ("com", "co.uk", "github.io"). Names that the list does not
 * know ("corp", "test") are none.
 *   name  canonical, NUL-terminated */
bool suffix_is_public(const char *name);

/* The part of the name that somebody registered: the public suffix and one label ("example.co.uk" of
 * "www.example.co.uk"). Here a top level that the list does not know counts as public. Points into
 * `name`; NULL when the name is a public suffix itself or a single label.
 *   name  canonical, NUL-terminated, not an address */
const char *suffix_registrable(const char *name);

#endif
