/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/request_subject.h"

#include "base/limits.h"
#include "policy/path.h"

/* Room for the method, and for others that a field may name. */
enum { METHOD_ROOM = 256 };

struct slice request_view_other_method(const struct request_view *v, size_t nth)
{
	static const struct slice fields[] = {
		{"X-HTTP-Method-Override", 22},
		{"X-HTTP-Method", 13},
		{"X-Method-Override", 17},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct slice other;
		for (size_t at = 0; other = request_view_field(v, fields[i], at), other.ptr; at++)
			if (nth-- == 0)
				return other;
	}
	return slice_from(NULL, 0);
}

/* Percent-encodes whatever could be read as the text's own signs. */
static void put_part(struct buffer *b, struct slice part)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.ptr[i];
		char lower = ascii_lower((char)c);
		bool plain = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			     c == '.' || c == '_' || c == '~';
		const char coded[] = {'%', hex[c >> 4], hex[c & 15]};
		buffer_append(b, plain ? slice_from(part.ptr + i, 1) : slice_from(coded, 3));
	}
}

static void put_conditions(
	struct buffer *b, struct slice before, const struct condition *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffer_append(b, i == 0 ? before : SLICE("&"));
		put_part(b, list[i].name);
		for (size_t k = 0; k < list[i].value_count; k++) {
			buffer_append(b, k == 0 ? SLICE("=") : SLICE("|"));
			put_part(b, list[i].values[k]);
		}
	}
}

/* All but the method. A rule without paths is about all that begins with "/". */
static void put_matter(struct buffer *b, const struct request_rule *r, size_t path)
{
	buffer_append(b, SLICE(" "));
	buffer_append(b, r->path_count > 0 ? r->paths[path] : SLICE("/"));
	put_conditions(b, SLICE(" query "), r->query, r->query_count);
	put_conditions(b, SLICE(" headers "), r->headers, r->header_count);
}

/* The first of the rule's paths that covers it: strictly, or else in any way. */
static bool find_path(const struct request_rule *r, struct slice path, size_t *ret_index)
{
	static const enum path_reading readings[] = {PATH_NARROW, PATH_BROAD};

	*ret_index = 0;
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < r->path_count; i++) {
			if (!path_matches(r->paths[i], path, readings[k]))
				continue;
			*ret_index = i;
			return true;
		}
	}
	return r->path_count == 0;
}

bool request_subject_write(
	const struct request_rule *r, const struct request_view *v, struct buffer *ret_text)
{
	struct slice other;
	size_t path;

	if (!find_path(r, request_view_path(v), &path))
		return false;
	put_part(ret_text, v->method);
	for (size_t nth = 0; other = request_view_other_method(v, nth), other.ptr; nth++) {
		buffer_append(ret_text, SLICE("+"));
		put_part(ret_text, other);
	}
	put_matter(ret_text, r, path);
	return !ret_text->failed;
}

/* "POST" or "POST+DELETE": a rule that lists methods lists one of them. */
static bool fits_methods(const struct request_rule *r, struct slice methods)
{
	bool fits = r->method_count == 0;

	while (methods.len > 0 && !fits) {
		struct slice method = slice_first(methods, slice_find(methods, '+'));
		for (size_t i = 0; i < r->method_count && !fits; i++)
			fits = slice_equal(r->methods[i], method);
		methods = slice_after(methods, method.len + 1);
	}
	return fits;
}

bool request_subject_fits(const struct request_rule *r, struct slice text)
{
	size_t space = slice_find(text, ' ');
	struct buffer matter;
	bool fits = false;

	if (space == 0 || space == text.len || !fits_methods(r, slice_first(text, space)))
		return false;
	for (size_t i = 0; !fits && (i == 0 || i < r->path_count); i++) {
		buffer_init(&matter, LIMIT_SUBJECT_BYTES);
		put_matter(&matter, r, i);
		fits = !matter.failed &&
		       slice_equal(buffer_bytes(&matter), slice_after(text, space));
		buffer_done(&matter);
	}
	return fits;
}

bool request_subject_has_room(const struct request_rule *r)
{
	struct buffer matter;
	bool room = true;

	for (size_t i = 0; room && (i == 0 || i < r->path_count); i++) {
		buffer_init(&matter, LIMIT_SUBJECT_BYTES - METHOD_ROOM);
		put_matter(&matter, r, i);
		room = !matter.failed;
		buffer_done(&matter);
	}
	return room;
}
