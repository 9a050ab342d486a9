/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/forward.h"

#include <time.h>

/* What the Connection fields of a head name. */
struct options {
	struct slice names[LIMIT_CONNECTION_OPTIONS];
	size_t count;
};

static bool put(struct buffer *b, struct slice bytes)
{
	return buffer_append(b, bytes);
}

/* Nothing that could end a line early gets out, whoever made the field. */
static bool put_field(struct buffer *b, struct slice name, struct slice value)
{
	if (!field_is_text(name) || !field_is_text(value)) {
		b->failed = true;
		return false;
	}
	return put(b, name) && put(b, SLICE(": ")) && put(b, value) && put(b, SLICE("\r\n"));
}

/* With everything in it that a secret is made of replaced. */
static bool put_without_secrets(
	struct buffer *b, const struct edit *e, struct slice name, struct slice value)
{
	struct slice instead;
	size_t len, at = edit_find(e, value, &len, &instead);

	if (at == value.len || !field_is_text(name) || !field_is_text(value))
		return put_field(b, name, value);
	put(b, name);
	put(b, SLICE(": "));
	for (; at < value.len; at = edit_find(e, value, &len, &instead)) {
		put(b, slice_first(value, at));
		put(b, instead);
		value = slice_after(value, at + len);
	}
	return put(b, value) && put(b, SLICE("\r\n"));
}

static bool put_via(struct buffer *b, const struct head *h, const char *via)
{
	return put(b, h->minor ? SLICE("Via: 1.1 ") : SLICE("Via: 1.0 ")) &&
	       put(b, forward_via_name(via)) && put(b, SLICE("\r\n"));
}

static struct options options_of(const struct head *h)
{
	struct options o;
	struct slice name;

	o.count = 0;
	for (size_t i = 0; i < h->field_count; i++) {
		struct slice list = h->fields[i].value;
		if (h->fields[i].id != FIELD_CONNECTION)
			continue;
		while (o.count < LIMIT_CONNECTION_OPTIONS && field_next_element(&list, &name))
			o.names[o.count++] = name;
	}
	return o;
}

static bool is_named(const struct options *o, struct slice name)
{
	for (size_t i = 0; i < o->count; i++)
		if (slice_equal_nocase(o->names[i], name))
			return true;
	return false;
}

/* Fields that no Connection option may take away: without them the message would mean something
 * else to its recipient. Authorization is not among them, RFC 9110 §7.6.1. */
static bool is_essential(struct slice name)
{
	struct slice content = SLICE("Content-");

	return slice_equal_nocase(slice_first(name, content.len), content) ||
	       slice_equal_nocase(name, SLICE("Cache-Control"));
}

static bool is_kept(const struct field *f, const struct options *o)
{
	switch (f->id) {
	case FIELD_OTHER:
	case FIELD_PROXY_STATUS:
		return !is_named(o, f->name) || is_essential(f->name);
	case FIELD_VIA:
	case FIELD_TRAILER:
		return true;
	case FIELD_HOST:
	case FIELD_CONTENT_LENGTH:
	case FIELD_TRANSFER_ENCODING:
	case FIELD_CONNECTION:
	case FIELD_UPGRADE:
	case FIELD_EXPECT:
	case FIELD_TE:
	case FIELD_MAX_FORWARDS:
	case FIELD_KEEP_ALIVE:
	case FIELD_HTTP2_SETTINGS:
	case FIELD_PROXY_OTHER:
		break;
	}
	return false;
}

bool forward_keeps(const struct field *f)
{
	const struct options none = {.count = 0};

	return is_kept(f, &none);
}

static bool put_kept(struct buffer *b, const struct head *h, const struct edit *edit)
{
	bool response = h->status != 0;
	struct options o = options_of(h);
	uint64_t forwards;
	bool counted = head_max_forwards(h, &forwards);

	for (size_t i = 0; i < h->field_count; i++) {
		const struct field *f = &h->fields[i];
		bool kept = f->id == FIELD_MAX_FORWARDS ? !counted : is_kept(f, &o);
		if (response && kept)
			put_without_secrets(b, edit, f->name, f->value);
		else if (kept && edit_keeps(edit, f->name))
			put_field(b, f->name, f->value);
	}
	return !b->failed;
}

static bool put_credentials(struct buffer *b, const struct edit *edit)
{
	for (size_t i = 0; edit && i < edit->field_count; i++) {
		b->secret = true;
		put_field(b, edit->fields[i].name, edit->fields[i].value);
	}
	return !b->failed;
}

/* RFC 9110 §7.8: what the sender asks for or agreed to, without h2c, which is not forwarded. */
static bool put_upgrade(struct buffer *b, const struct head *h)
{
	struct slice before = SLICE("Upgrade: ");
	struct slice protocol;

	for (size_t i = 0; i < h->field_count; i++) {
		struct slice list = h->fields[i].value;
		if (h->fields[i].id != FIELD_UPGRADE)
			continue;
		while (field_next_element(&list, &protocol)) {
			if (slice_equal_nocase(protocol, SLICE("h2c")) || !field_is_text(protocol))
				continue;
			put(b, before);
			put(b, protocol);
			before = SLICE(", ");
		}
	}
	return put(b, SLICE("\r\n"));
}

static bool takes_trailers(const struct head *h)
{
	struct slice coding;

	for (size_t i = 0; i < h->field_count; i++) {
		struct slice list = h->fields[i].value;
		if (h->fields[i].id != FIELD_TE)
			continue;
		while (field_next_element(&list, &coding))
			if (slice_equal_nocase(coding, SLICE("trailers")))
				return true;
	}
	return false;
}

/* What the next hop is to know of the connection: RFC 9110 §7.6.1, §7.8, §10.1.4. */
static bool put_connection(struct buffer *b, const struct head *h, bool keep_alive)
{
	bool te = h->minor == 1 && takes_trailers(h);
	struct slice option = keep_alive ? SLICE("") : SLICE("close");

	if (h->upgrade)
		option = SLICE("upgrade");
	if (te)
		put(b, SLICE("TE: trailers\r\n"));
	if (h->upgrade)
		put_upgrade(b, h);
	if (!te && option.len == 0)
		return !b->failed;
	put(b, te ? SLICE("Connection: TE") : SLICE("Connection: "));
	put(b, te && option.len > 0 ? SLICE(", ") : SLICE(""));
	put(b, option);
	return put(b, SLICE("\r\n"));
}

static bool put_length(struct buffer *b, uint64_t length)
{
	return buffer_format(b, "Content-Length: %llu\r\n", (unsigned long long)length);
}

/* RFC 9110 §4.2: the port that a scheme implies is left out. */
static bool put_host(struct buffer *b, const struct target *t, bool secure)
{
	bool bracketed = t->address.family == 6;

	put(b, bracketed ? SLICE("Host: [") : SLICE("Host: "));
	put(b, target_host(t));
	put(b, bracketed ? SLICE("]") : SLICE(""));
	if (t->port != (secure ? 443 : 80))
		buffer_format(b, ":%u", (unsigned)t->port);
	return put(b, SLICE("\r\n"));
}

static bool put_request_line(struct buffer *b, const struct head *h, struct slice path)
{
	bool options = slice_equal(h->method, SLICE("OPTIONS"));
	bool rooted = path.len > 0 && path.ptr[0] != '?';

	/* A space would end the target early, as a line end would the line. */
	if (slice_find(path, ' ') < path.len || !field_is_text(path) || !field_is_token(h->method))
		b->failed = true;
	put(b, h->method);
	put(b, SLICE(" "));
	if (path.len == 0 && options)
		put(b, SLICE("*"));
	else if (!rooted)
		put(b, SLICE("/"));
	put(b, path);
	return put(b, SLICE(" HTTP/1.1\r\n"));
}

bool forward_request(struct buffer *b, const struct head *h, const struct forward_place *place)
{
	uint64_t forwards;

	put_request_line(b, h, place->path);
	put_host(b, place->target, place->secure);
	put_kept(b, h, place->edit);
	put_credentials(b, place->edit);
	if (h->expect_continue)
		put(b, SLICE("Expect: 100-continue\r\n"));
	if (head_max_forwards(h, &forwards) && forwards > 0)
		buffer_format(b, "Max-Forwards: %llu\r\n", (unsigned long long)(forwards - 1));
	if (h->framing == FRAMING_LENGTH)
		put_length(b, h->content_length);
	if (h->framing == FRAMING_CHUNKED)
		put(b, SLICE("Transfer-Encoding: chunked\r\n"));
	put_via(b, h, place->via);
	put_connection(b, h, !place->last);
	return put(b, SLICE("\r\n"));
}

/* A length that says what a GET would have got; no content follows it. */
static bool put_told_length(struct buffer *b, const struct head *h)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (h->fields[i].id == FIELD_CONTENT_LENGTH)
			return put_length(b, h->content_length);
	return true;
}

/* An IMF-fixdate, RFC 9110 §5.6.7; strftime would ask the locale for the names. */
static bool put_date(struct buffer *b, const struct head *h, int64_t now)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)now;
	struct tm t;

	if (now <= 0 || head_field(h, SLICE("Date")).ptr || !gmtime_r(&seconds, &t))
		return true;
	return buffer_format(b, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[t.tm_wday],
		t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* How the content goes to the client, RFC 9112 §6: by its length where that is known, else in
 * chunks where the client knows them, else to the end of the connection. */
static bool put_framing(struct buffer *b, const struct head *h, bool chunked)
{
	if (chunked)
		return put(b, SLICE("Transfer-Encoding: chunked\r\n"));
	if (h->framing == FRAMING_LENGTH)
		return put_length(b, h->content_length);
	/* RFC 9110 §8.6: none with 1xx and 204. */
	if (h->framing == FRAMING_NONE && h->status >= 200 && h->status != 204)
		return put_told_length(b, h);
	return true;
}

bool forward_response(struct buffer *b, const struct head *h, const struct forward_client *client,
	const char *via, bool *ret_chunked, bool *ret_close)
{
	bool interim = h->status < 200;
	bool endless = h->framing == FRAMING_CHUNKED || h->framing == FRAMING_CLOSE;
	bool chunked = endless && client->minor == 1 && !client->head_only;
	bool close =
		!interim && (!client->keep_alive || (endless && !chunked && !client->head_only));

	*ret_chunked = chunked;
	*ret_close = close;
	if (interim && client->minor == 0)
		return !b->failed;
	buffer_format(b, "HTTP/1.1 %u ", (unsigned)h->status);
	if (!field_is_text(h->phrase))
		b->failed = true;
	put(b, h->phrase);
	put(b, SLICE("\r\n"));
	put_kept(b, h, client->edit);
	if (!interim)
		put_date(b, h, client->now);
	put_framing(b, h, chunked);
	put_via(b, h, via);
	if (h->upgrade)
		put(b, SLICE("Connection: upgrade\r\n"));
	if (h->upgrade)
		put_upgrade(b, h);
	else if (close)
		put(b, SLICE("Connection: close\r\n"));
	else if (client->minor == 0 && !interim)
		put(b, SLICE("Connection: keep-alive\r\n"));
	return put(b, SLICE("\r\n"));
}

bool forward_chunk(struct buffer *b, struct slice data)
{
	if (data.len == 0)
		return !b->failed;
	return buffer_format(b, "%zx\r\n", data.len) && put(b, data) && put(b, SLICE("\r\n"));
}

/* RFC 9110 §6.5.1 and §6.5.2: what would change how the message is framed, routed, authenticated
 * or understood came too late to be heeded, and might be by a recipient who merges trailers. */
static bool is_late(const struct field *f)
{
	static const struct slice late[] = {
		{"authorization", 13},
		{"set-cookie", 10},
		{"cookie", 6},
		{"cache-control", 13},
		{"age", 3},
		{"expires", 7},
		{"date", 4},
		{"location", 8},
		{"retry-after", 11},
		{"vary", 4},
		{"pragma", 6},
		{"range", 5},
		{"www-authenticate", 16},
	};

	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		if (slice_equal_nocase(f->name, late[i]))
			return true;
	return is_essential(f->name) || (f->id != FIELD_OTHER && f->id != FIELD_PROXY_STATUS);
}

bool forward_keeps_trailer(const struct field *f)
{
	return !is_late(f);
}

bool forward_last_chunk(
	struct buffer *b, const struct field *trailers, size_t count, const struct edit *edit)
{
	put(b, SLICE("0\r\n"));
	for (size_t i = 0; i < count; i++)
		if (!is_late(&trailers[i]) && edit_keeps(edit, trailers[i].name))
			put_without_secrets(b, edit, trailers[i].name, trailers[i].value);
	return put(b, SLICE("\r\n"));
}
