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

#endif
