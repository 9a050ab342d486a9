/* SPDX-License-Identifier: Apache-2.0 */
/* policy/pages.h: memory for tables that are read all over. */
#ifndef SALLYPORT_POLICY_PAGES_H
#define SALLYPORT_POLICY_PAGES_H

#include <stddef.h>

/* At least *size bytes, aligned to a cache line, freed with free(). From a few MiB on the memory is
 * in huge pages where the system has them, because each lookup would miss the TLB otherwise. *size
 * becomes what was taken. NULL without memory. */
void *pages_alloc(size_t *size);

#endif
