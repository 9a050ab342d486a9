/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/stream_lines.h"

#include "proxy/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static void put(struct stream_lines *l, struct slice name, struct slice value)
{
	assert(l->count < sizeof(l->nv) / sizeof(l->nv[0]));
	/* libnghttp2 only reads; its type is older than const. */
	l->nv[l->count++] = (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.ptr,
		.namelen = name.len,
		.value = (uint8_t *)(uintptr_t)(value.ptr ? value.ptr : ""),
		.valuelen = value.len,
	};
}

static void put_made(struct stream_lines *l, struct slice name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The sizes of what is made are known: `made` has room. */
static void put_made(struct stream_lines *l, struct slice name, const char *format, ...)
{
	char *at = l->made + l->made_len;
	size_t room = sizeof(l->made) - l->made_len;
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(at, room, format, arguments);
	va_end(arguments);
	assert(len >= 0 && (size_t)len < room);
	l->made_len += (size_t)len;
	put(l, name, slice_from(at, (size_t)len));
}

static void begin(struct stream_lines *l)
{
	l->count = 0;
	l->made_len = 0;
}

static void put_via(struct stream_lines *l, const char *via)
{
	struct slice name = forward_via_name(via);

	put_made(l, SLICE("via"), "2.0 %.*s", (int)name.len, name.ptr);
}

static void put_kept(struct stream_lines *l, const struct head *h, const struct edit *edit)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (forward_keeps(&h->fields[i]) && edit_keeps(edit, h->fields[i].name))
			put(l, h->fields[i].name, h->fields[i].value);
}

static bool has_secret(const struct edit *edit, struct slice value)
{
	struct slice instead;
	size_t len;

	return edit_find(edit, value, &len, &instead) < value.len;
}

/* Never in a table of HPACK: RFC 7541 §7.1.3. */
static void put_credentials(struct stream_lines *l, const struct edit *edit)
{
	for (size_t i = 0; edit && i < edit->field_count; i++) {
		const struct edit_field *f = &edit->fields[i];
		char *name = l->made + l->made_len;
		assert(f->name.len <= sizeof(l->made) - l->made_len);
		for (size_t j = 0; j < f->name.len; j++)
			name[j] = ascii_lower(f->name.ptr[j]);
		l->made_len += f->name.len;
		put(l, slice_from(name, f->name.len), f->value);
		l->nv[l->count - 1].flags = NGHTTP2_NV_FLAG_NO_INDEX;
	}
}

static bool says_length(const struct head *h)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (h->fields[i].id == FIELD_CONTENT_LENGTH)
			return true;
	return false;
}

static bool takes_trailers(const struct head *h)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (h->fields[i].id == FIELD_TE)
			return true;
	return false;
}

static void put_authority(struct stream_lines *l, const struct target *t)
{
	struct slice host = target_host(t);
	bool bracketed = t->address.family == 6;
	const char *open = bracketed ? "[" : "";
	const char *close = bracketed ? "]" : "";

	if (t->port == 443)
		put_made(l, SLICE(":authority"), "%s%.*s%s", open, (int)host.len, host.ptr, close);
	else
		put_made(l, SLICE(":authority"), "%s%.*s%s:%u", open, (int)host.len, host.ptr,
			close, (unsigned)t->port);
}

void stream_lines_request(
	struct stream_lines *l, const struct head *h, const struct forward_place *place)
{
	bool options = slice_equal(h->method, SLICE("OPTIONS"));
	uint64_t forwards;

	begin(l);
	put(l, SLICE(":method"), h->upgrade ? SLICE("CONNECT") : h->method);
	if (h->upgrade)
		put(l, SLICE(":protocol"), SLICE("websocket"));
	put(l, SLICE(":scheme"), SLICE("https"));
	put_authority(l, place->target);
	if (place->path.len > 0)
		put(l, SLICE(":path"), place->path);
	else
		put(l, SLICE(":path"), options ? SLICE("*") : SLICE("/"));
	put_kept(l, h, place->edit);
	put_credentials(l, place->edit);
	/* gRPC does not go without it; RFC 9113 §8.2.2 lets it say nothing else. */
	if (takes_trailers(h))
		put(l, SLICE("te"), SLICE("trailers"));
	if (h->expect_continue)
		put(l, SLICE("expect"), SLICE("100-continue"));
	if (head_max_forwards(h, &forwards) && forwards > 0)
		put_made(l, SLICE("max-forwards"), "%llu", (unsigned long long)(forwards - 1));
	if (says_length(h))
		put_made(l, SLICE("content-length"), "%llu", (unsigned long long)h->content_length);
	put_via(l, place->via);
}

/* An IMF-fixdate, RFC 9110 §5.6.7. */
static void put_date(struct stream_lines *l, const struct head *h, int64_t now)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)now;
	struct tm t;

	if (now <= 0 || head_field(h, SLICE("date")).ptr || !gmtime_r(&seconds, &t))
		return;
	put_made(l, SLICE("date"), "%s, %02d %s %d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
		months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

void stream_lines_response(struct stream_lines *l, const struct head *h,
	const struct forward_client *client, const char *via)
{
	begin(l);
	put_made(l, SLICE(":status"), "%u", (unsigned)h->status);
	for (size_t i = 0; i < h->field_count; i++)
		if (forward_keeps(&h->fields[i]) && !has_secret(client->edit, h->fields[i].value))
			put(l, h->fields[i].name, h->fields[i].value);
	/* RFC 9110 §8.6: none with 1xx and 204. */
	if (says_length(h) && h->status >= 200 && h->status != 204)
		put_made(l, SLICE("content-length"), "%llu", (unsigned long long)h->content_length);
	if (h->status >= 200)
		put_date(l, h, client->now);
	put_via(l, via);
}

void stream_lines_trailers(
	struct stream_lines *l, const struct field *fields, size_t count, const struct edit *edit)
{
	begin(l);
	for (size_t i = 0; i < count; i++)
		if (forward_keeps_trailer(&fields[i]) && edit_keeps(edit, fields[i].name) &&
			!has_secret(edit, fields[i].value))
			put(l, fields[i].name, fields[i].value);
}

void stream_lines_refusal(struct stream_lines *l, const struct refusal *refusal, size_t length)
{
	struct reply_field fields[REPLY_FIELDS_MOST];
	size_t count = reply_fields(refusal, fields);

	begin(l);
	put_made(l, SLICE(":status"), "%u", (unsigned)reason_row(refusal->reason)->status);
	for (size_t i = 0; i < count; i++)
		put_made(l, slice_of(fields[i].name), "%s", fields[i].value);
	put_made(l, SLICE("content-length"), "%zu", length);
}
