/* SPDX-License-Identifier: Apache-2.0 */
/* control/embedded.h: the files that are part of the program: the page and the description of the
 * API. control/embed.py writes the table from the list in control/meson.build. */
#ifndef SALLYPORT_CONTROL_EMBEDDED_H
#define SALLYPORT_CONTROL_EMBEDDED_H

#include "base/slice.h"

struct embedded {
	const char *name; /* path of the URL, "/app.js"; NULL ends the table */
	const char *type; /* as in Content-Type */
	struct slice bytes;
};

extern const struct embedded embedded_files[];

/* The file of exactly this name, or NULL. */
static inline const struct embedded *embedded_find(struct slice name)
{
	for (const struct embedded *file = embedded_files; file->name; file++)
		if (slice_equal(slice_of(file->name), name))
			return file;
	return NULL;
}

#endif
