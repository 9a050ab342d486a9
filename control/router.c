/* SPDX-License-Identifier: Apache-2.0 */
#include "control/router.h"

#include <assert.h>

/* The next segment of a path that begins with '/', without it; the front of *path moves. */
static struct slice next_segment(struct slice *path)
{
	struct slice rest = slice_after(*path, 1);
	struct slice segment = slice_first(rest, slice_find(rest, '/'));

	*path = slice_after(rest, segment.len);
	return segment;
}

static bool matches(const char *text, struct slice path, struct slice *ret_parts)
{
	struct slice pattern = slice_of(text);
	size_t count = 0;

	while (pattern.len > 0 && path.len > 0 && path.ptr[0] == '/') {
		struct slice want = next_segment(&pattern);
		struct slice got = next_segment(&path);
		if (want.len > 0 && want.ptr[0] == '{') {
			assert(count < CALL_PARTS);
			if (got.len == 0)
				return false;
			ret_parts[count++] = got;
		} else if (!slice_equal(want, got)) {
			return false;
		}
	}
	return pattern.len == 0 && path.len == 0;
}

static void allow(struct routing *r, const char *method)
{
	struct slice words = slice_of(r->allow);
	struct slice more = slice_of(strcmp(method, "GET") == 0 ? "GET, HEAD" : method);

	assert(words.len + 2 + more.len < sizeof(r->allow));
	if (words.len > 0) {
		memcpy(r->allow + words.len, ", ", 2);
		words.len += 2;
	}
	memcpy(r->allow + words.len, more.ptr, more.len + 1);
}

void router_find(const struct route *const *tables, struct slice method, struct slice path,
	struct routing *ret_routing)
{
	struct slice wanted = slice_equal(method, SLICE("HEAD")) ? SLICE("GET") : method;

	*ret_routing = (struct routing){0};
	for (; *tables; tables++) {
		for (const struct route *route = *tables; route->method; route++) {
			struct slice parts[CALL_PARTS] = {0};
			if (!matches(route->pattern, path, parts))
				continue;
			ret_routing->path_known = true;
			allow(ret_routing, route->method);
			if (!slice_equal(slice_of(route->method), wanted))
				continue;
			ret_routing->route = route;
			memcpy(ret_routing->parts, parts, sizeof(parts));
			return;
		}
	}
}
