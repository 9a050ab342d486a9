/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/leftover.h"

#include <dirent.h>
#include <stdio.h>

size_t leftover_open(const char *directory, struct ring **ret_rings)
{
	DIR *d = opendir(directory);
	const struct dirent *entry;
	size_t count = 0;
	char path[4096];

	if (!d)
		return 0;
	while (count < LEFTOVER_RINGS && (entry = readdir(d)) != NULL) {
		struct slice name = slice_of(entry->d_name);
		if (!slice_starts(name, SLICE("ring.")) || slice_ends(name, SLICE(".bad")))
			continue;
		int len = snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (len < 0 || (size_t)len >= sizeof(path))
			continue;
		/* One that is in use is locked and refuses. */
		struct ring *r = ring_open(path, RING_BYTES_LEAST);
		if (r)
			ret_rings[count++] = r;
	}
	closedir(d);
	return count;
}
