/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/leftover.h: ring files of an earlier run that nobody opened in this one, for instance
 * because there are fewer workers now. */
#ifndef SALLYPORT_TELEMETRY_LEFTOVER_H
#define SALLYPORT_TELEMETRY_LEFTOVER_H

#include "telemetry/ring.h"

enum { LEFTOVER_RINGS = 256 };

/* Opens the files ring.NAME in `directory` that no process has open, up to LEFTOVER_RINGS of them,
 * into ret_rings. Returns how many; the caller closes them, which removes what was settled. */
size_t leftover_open(const char *directory, struct ring **ret_rings);

#endif
