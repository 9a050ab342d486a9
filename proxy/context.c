/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/context.h"

#include "base/utf8.h"
#include "telemetry/event.h"

#include <assert.h>
#include <stdlib.h>

/* Says what kind of file is asked for and nothing about which; the longest match first. */
static struct slice known_extension(struct slice segment)
{
	const struct slice known[] = {
		SLICE(".tar.gz"),
		SLICE(".tgz"),
		SLICE(".zip"),
		SLICE(".whl"),
		SLICE(".json"),
		SLICE(".html"),
		SLICE(".js"),
		SLICE(".git"),
		SLICE(".deb"),
		SLICE(".rpm"),
		SLICE(".crate"),
		SLICE(".gem"),
		SLICE(".jar"),
		SLICE(".xml"),
		SLICE(".txt"),
		SLICE(".gz"),
		SLICE(".xz"),
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (segment.len <= known[i].len)
			continue;
		struct slice end = slice_after(segment, segment.len - known[i].len);
		if (slice_equal_nocase(end, known[i]))
			return known[i];
	}
	return (struct slice){NULL, 0};
}

/* A text that grows up to its size and remembers that it wanted more. */
struct shape {
	char *text;
	size_t len, size;
	bool full;
};

static void shape_put(struct shape *s, struct slice bytes)
{
	s->full = s->full || s->len + bytes.len + 1 > s->size;
	if (s->full)
		return;
	if (bytes.len > 0)
		memcpy(s->text + s->len, bytes.ptr, bytes.len);
	s->len += bytes.len;
}

size_t context_path_class(struct slice path, char *ret_text, size_t size)
{
	const struct slice more = SLICE("…");
	struct shape s = {.text = ret_text, .size = size};
	size_t query = slice_find(path, '?');
	struct slice rest = slice_first(path, query);

	assert(size > more.len);
	if (rest.len == 0)
		shape_put(&s, SLICE("/"));
	while (rest.len > 0 && !s.full) {
		struct slice after = rest.ptr[0] == '/' ? slice_after(rest, 1) : rest;
		struct slice segment = slice_first(after, slice_find(after, '/'));
		if (rest.ptr[0] == '/')
			shape_put(&s, SLICE("/"));
		if (segment.len > 0)
			shape_put(&s, SLICE("+"));
		rest = slice_after(after, segment.len);
		if (rest.len == 0)
			shape_put(&s, known_extension(segment));
	}
	if (query < path.len)
		shape_put(&s, SLICE("?"));
	if (s.full) {
		s.len = s.len + more.len + 1 > size ? size - 1 - more.len : s.len;
		memcpy(ret_text + s.len, more.ptr, more.len);
		s.len += more.len;
	}
	ret_text[s.len] = '\0';
	return s.len;
}

void context_fill(struct question_context *ret_context, const struct head *h, struct slice path)
{
	struct question_context *c = ret_context;
	struct slice trace = head_field(h, SLICE("traceparent"));
	struct event ignored;

	*c = (struct question_context){0};
	utf8_copy(h->method, c->method, sizeof(c->method));
	utf8_copy(head_field(h, SLICE("User-Agent")), c->user_agent, sizeof(c->user_agent));
	if (path.ptr)
		context_path_class(path, c->path_class, sizeof(c->path_class));
	/* A later version of the format may go on behind what is known of it. */
	if (event_traceparent(&ignored, trace))
		utf8_copy(trace, c->traceparent, sizeof(c->traceparent));
}

void context_show_path(struct question_context *context, struct slice path)
{
	utf8_copy(slice_first(path, slice_find(path, '?')), context->path, sizeof(context->path));
}

/* ---- on its way ----------------------------------------------------------------------------- */

enum { PACKED_PARTS = 5 };

/* The parts that a head fills; the largest fixed fields are not among them. */
static void parts_of(struct question_context *c, char *ret_parts[PACKED_PARTS])
{
	char *const parts[PACKED_PARTS] = {
		c->method, c->path_class, c->path, c->user_agent, c->traceparent};

	memcpy(ret_parts, parts, sizeof(parts));
}

char *context_pack(const struct question_context *context)
{
	struct question_context copy = *context;
	char *parts[PACKED_PARTS], *end, *packed;
	size_t size = 0;

	parts_of(&copy, parts);
	for (size_t i = 0; i < PACKED_PARTS; i++)
		size += strlen(parts[i]) + 1;
	packed = end = malloc(size);
	for (size_t i = 0; packed && i < PACKED_PARTS; i++)
		end = stpcpy(end, parts[i]) + 1;
	return packed;
}

void context_unpack(const char *packed, struct question_context *ret_context)
{
	char *parts[PACKED_PARTS];

	*ret_context = (struct question_context){0};
	parts_of(ret_context, parts);
	for (size_t i = 0; packed && i < PACKED_PARTS; i++) {
		stpcpy(parts[i], packed);
		packed += strlen(packed) + 1;
	}
}
