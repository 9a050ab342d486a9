/* SPDX-License-Identifier: Apache-2.0 */
#include "control/sse.h"

void sse_init(struct sse *s)
{
	*s = (struct sse){.begun = false};
	buffer_init(&s->line, LIMIT_SSE_BYTES);
	buffer_init(&s->data, LIMIT_SSE_BYTES);
}

void sse_done(struct sse *s)
{
	buffer_done(&s->line);
	buffer_done(&s->data);
}

void sse_restart(struct sse *s)
{
	char id[SSE_ID_BYTES + 1];

	memcpy(id, s->id, sizeof(id));
	sse_done(s);
	sse_init(s);
	memcpy(s->id, id, sizeof(id));
}

/* ---- fields -------------------------------------------------------------------------------- */

static bool set_text(char *to, size_t size, struct slice value)
{
	if (value.len >= size)
		return false;
	if (value.len > 0)
		memcpy(to, value.ptr, value.len);
	to[value.len] = '\0';
	return true;
}

/* Digits only, else it is ignored. */
static void set_retry(struct sse *s, struct slice value)
{
	uint32_t ms = 0;

	if (value.len == 0 || value.len > 9)
		return;
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return;
		ms = ms * 10 + (uint32_t)(value.ptr[i] - '0');
	}
	s->retry_ms = ms;
}

static bool add_data(struct sse *s, struct slice value)
{
	bool ok = !s->has_data || buffer_append(&s->data, SLICE("\n"));

	s->has_data = true;
	return ok && buffer_append(&s->data, value);
}

/* False when it is too long. An id with a NUL is ignored; a name with one is nobody's. */
static bool take_field(struct sse *s, struct slice name, struct slice value)
{
	if (slice_equal(name, SLICE("data")))
		return add_data(s, value);
	if (slice_equal(name, SLICE("event")))
		return set_text(s->name, sizeof(s->name), value);
	if (slice_equal(name, SLICE("id")) && slice_find(value, '\0') == value.len)
		return set_text(s->id, sizeof(s->id), value);
	if (slice_equal(name, SLICE("retry")))
		set_retry(s, value);
	return true;
}

/* ---- lines --------------------------------------------------------------------------------- */

static void dispatch(struct sse *s, sse_cb on_event, void *owner)
{
	struct sse_event event = {
		.name = s->name[0] ? s->name : "message",
		.id = s->id,
		.data = buffer_bytes(&s->data),
	};

	if (s->has_data)
		on_event(owner, &event);
	buffer_take(&s->data, event.data.len);
	s->has_data = false;
	s->name[0] = '\0';
}

static bool take_line(struct sse *s, struct slice line, sse_cb on_event, void *owner)
{
	static const struct slice mark = {"\xef\xbb\xbf", 3};

	if (!s->begun && slice_starts(line, mark))
		line = slice_after(line, mark.len);
	s->begun = true;
	if (line.len == 0) {
		dispatch(s, on_event, owner);
		return true;
	}
	struct slice name = slice_first(line, slice_find(line, ':'));
	struct slice value = slice_after(line, name.len + 1);
	if (slice_starts(value, SLICE(" ")))
		value = slice_after(value, 1);
	/* An empty name is a comment. */
	return name.len == 0 || take_field(s, name, value);
}

/* How many bytes stand before the next line end; all when there is none. */
static size_t line_length(struct slice bytes)
{
	size_t feed = slice_find(bytes, '\n');

	return slice_find(slice_first(bytes, feed), '\r');
}

/* Ends the line that is in the buffer with `rest`. */
static bool end_line(struct sse *s, struct slice rest, sse_cb on_event, void *owner)
{
	struct slice held = buffer_bytes(&s->line);

	if (held.len == 0)
		return rest.len <= LIMIT_SSE_BYTES && take_line(s, rest, on_event, owner);
	if (!buffer_append(&s->line, rest))
		return false;
	held = buffer_bytes(&s->line);
	bool ok = take_line(s, held, on_event, owner);
	buffer_take(&s->line, held.len);
	return ok;
}

bool sse_feed(struct sse *s, struct slice bytes, sse_cb on_event, void *owner)
{
	while (bytes.len > 0 && !s->failed) {
		if (s->after_cr && bytes.ptr[0] == '\n')
			bytes = slice_after(bytes, 1);
		s->after_cr = false;
		size_t len = line_length(bytes);
		struct slice part = slice_first(bytes, len);
		if (len == bytes.len) {
			s->failed = len > 0 && !buffer_append(&s->line, part);
			break;
		}
		s->after_cr = bytes.ptr[len] == '\r';
		bytes = slice_after(bytes, len + 1);
		s->failed = !end_line(s, part, on_event, owner);
	}
	return !s->failed;
}
