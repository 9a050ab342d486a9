/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/freshness.h"

#include "base/limits.h"
#include "proxy/directive.h"

static bool is_one_of(struct slice name, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal_nocase(name, names[i]))
			return true;
	return false;
}

#define IS_ONE_OF(name, names) is_one_of((name), (names), sizeof(names) / sizeof((names)[0]))

/* ---- what is kept ------------------------------------------------------------------------- */

/* RFC 9110 §7.6.1: named by Connection, it was for this hop. */
static bool is_of_connection(const struct head *h, struct slice name)
{
	for (size_t i = 0; i < h->field_count; i++) {
		struct slice list = h->fields[i].value, option;
		if (h->fields[i].id != FIELD_CONNECTION)
			continue;
		while (field_next_element(&list, &option))
			if (slice_equal_nocase(option, name))
				return true;
	}
	return false;
}

/* Words of a field name between its dashes that say whose the field is: a secret's, or the account's
 * that the search was paid with. */
static const struct slice secret_words[] = {{"authorization", 13}, {"authentication", 14},
	{"auth", 4}, {"cookie", 6}, {"cookie2", 7}, {"token", 5}, {"key", 3}, {"apikey", 6},
	{"secret", 6}, {"password", 8}, {"session", 7}, {"sessionid", 9}, {"credential", 10},
	{"credentials", 11}, {"signature", 9}, {"jwt", 3}, {"bearer", 6}, {"csrf", 4}, {"xsrf", 4}};
static const struct slice personal_words[] = {{"ratelimit", 9}, {"rate", 4}, {"quota", 5},
	{"account", 7}, {"user", 4}, {"customer", 8}, {"organization", 12}, {"email", 5}};

static bool has_word(struct slice name, const struct slice *words, size_t count)
{
	size_t start = 0;

	for (size_t i = 0; i <= name.len; i++) {
		if (i < name.len && name.ptr[i] != '-' && name.ptr[i] != '_')
			continue;
		if (is_one_of(slice_from(name.ptr + start, i - start), words, count))
			return true;
		start = i + 1;
	}
	return false;
}

#define HAS_WORD(name, words) has_word((name), (words), sizeof(words) / sizeof((words)[0]))

bool freshness_is_secret(struct slice name)
{
	return HAS_WORD(name, secret_words);
}

/* §3.1. Beside what belongs to the connection: what is written anew with each reply, what is only for
 * this client, and what makes a browser talk to others. */
static bool is_kept(const struct head *h, const struct field *f, bool decoded)
{
	static const struct slice dropped[] = {{"age", 3}, {"alt-svc", 7}, {"clear-site-data", 15},
		{"content-range", 13}, {"nel", 3}, {"report-to", 9}, {"reporting-endpoints", 19},
		{"warning", 7}, {"www-authenticate", 16}};
	static const struct slice of_coding[] = {{"content-encoding", 16}, {"content-digest", 14},
		{"content-md5", 11}, {"digest", 6}, {"repr-digest", 11}};

	switch (f->id) {
	case FIELD_CONTENT_LENGTH:
	case FIELD_TRANSFER_ENCODING:
	case FIELD_CONNECTION:
	case FIELD_UPGRADE:
	case FIELD_TE:
	case FIELD_TRAILER:
	case FIELD_KEEP_ALIVE:
	case FIELD_HTTP2_SETTINGS:
	case FIELD_PROXY_STATUS:
	case FIELD_PROXY_OTHER:
		return false;
	case FIELD_OTHER:
	case FIELD_HOST:
	case FIELD_EXPECT:
	case FIELD_VIA:
	case FIELD_MAX_FORWARDS:
		break;
	}
	if (IS_ONE_OF(f->name, dropped) || (decoded && IS_ONE_OF(f->name, of_coding)))
		return false;
	return !freshness_is_secret(f->name) && !HAS_WORD(f->name, personal_words) &&
	       !is_of_connection(h, f->name);
}

static bool put_field(struct buffer *b, const struct field *f, const char *before_value)
{
	return buffer_append(b, f->name) && buffer_append(b, SLICE(": ")) &&
	       buffer_append(b, slice_of(before_value)) && buffer_append(b, f->value) &&
	       buffer_append(b, SLICE("\r\n"));
}

bool freshness_keep_fields(struct buffer *b, const struct head *response, bool decoded)
{
	for (size_t i = 0; i < response->field_count; i++) {
		const struct field *f = &response->fields[i];
		if (!is_kept(response, f, decoded))
			continue;
		/* RFC 9110 §8.8.3: without its coding it is another representation. */
		bool weaken = decoded && slice_equal_nocase(f->name, SLICE("etag")) &&
			      slice_starts(f->value, SLICE("\""));
		if (!put_field(b, f, weaken ? "W/" : ""))
			return false;
	}
	return !b->failed;
}

/* §3.2: what the kept content depends on stays, and the ETag, which is the same but may be weaker. */
static bool is_updated(const struct head *h, const struct field *f)
{
	static const struct slice stays[] = {{"content-encoding", 16}, {"content-type", 12},
		{"content-location", 16}, {"etag", 4}, {"vary", 4}};

	return is_kept(h, f, true) && !IS_ONE_OF(f->name, stays);
}

static bool is_replaced(const struct head *h, struct slice name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (slice_equal_nocase(h->fields[i].name, name) && is_updated(h, &h->fields[i]))
			return true;
	return false;
}

bool freshness_update_fields(struct buffer *b, struct slice kept, const struct head *response)
{
	struct field f;

	while (freshness_next_field(&kept, &f))
		if (!is_replaced(response, f.name) && !put_field(b, &f, ""))
			return false;
	for (size_t i = 0; i < response->field_count; i++)
		if (is_updated(response, &response->fields[i]) &&
			!put_field(b, &response->fields[i], ""))
			return false;
	return !b->failed;
}

bool freshness_next_field(struct slice *rest, struct field *ret_field)
{
	size_t end = slice_find(*rest, '\r'), colon = slice_find(*rest, ':');

	if (end == rest->len || colon >= end)
		return false;
	ret_field->name = slice_first(*rest, colon);
	ret_field->value = field_trim(slice_from(rest->ptr + colon + 1, end - colon - 1));
	ret_field->id = field_identify(ret_field->name);
	*rest = slice_after(*rest, end + 2);
	return true;
}

/* ---- validators --------------------------------------------------------------------------- */

static struct slice kept_field(struct slice kept, struct slice name)
{
	struct field f;

	while (freshness_next_field(&kept, &f))
		if (slice_equal_nocase(f.name, name))
			return f.value;
	return slice_from(NULL, 0);
}

struct validators freshness_validators(struct slice kept)
{
	return (struct validators){
		kept_field(kept, SLICE("etag")), kept_field(kept, SLICE("last-modified"))};
}

/* The tag without its W/, RFC 9110 §8.8.3.2: what weak comparison compares. */
static struct slice opaque(struct slice etag)
{
	return slice_starts(etag, SLICE("W/")) ? slice_after(etag, 2) : etag;
}

bool freshness_is_validated(struct slice kept, const struct head *response)
{
	struct validators v = freshness_validators(kept);
	struct slice etag = head_field(response, SLICE("etag"));

	return !etag.ptr || (v.etag.ptr && slice_equal(opaque(etag), opaque(v.etag)));
}

/* The next tag of If-None-Match, from its quote on; commas are between tags and inside them. */
static bool next_etag(struct slice *list, struct slice *ret_opaque)
{
	struct slice from = slice_after(*list, slice_find(*list, '"'));
	size_t len = slice_find(slice_after(from, 1), '"');

	if (from.len < 2 || len == from.len - 1)
		return false;
	*ret_opaque = slice_first(from, len + 2);
	*list = slice_after(from, len + 2);
	return true;
}

static bool matches(struct slice list, struct slice etag)
{
	struct slice one;

	if (slice_equal(field_trim(list), SLICE("*")))
		return true;
	while (etag.ptr && next_etag(&list, &one))
		if (slice_equal(one, opaque(etag)))
			return true;
	return false;
}

bool freshness_client_has(struct slice kept, const struct field *fields, size_t count)
{
	struct validators v = freshness_validators(kept);
	struct slice since = {NULL, 0};
	int64_t since_s, modified_s;
	bool asked = false;

	for (size_t i = 0; i < count; i++) {
		if (slice_equal_nocase(fields[i].name, SLICE("if-modified-since")))
			since = fields[i].value;
		if (!slice_equal_nocase(fields[i].name, SLICE("if-none-match")))
			continue;
		asked = true;
		if (matches(fields[i].value, v.etag))
			return true;
	}
	/* RFC 9110 §13.2.2: the date counts only where no tag was asked for. */
	return !asked && since.ptr && v.modified.ptr && directive_date(since, 0, &since_s) &&
	       directive_date(v.modified, 0, &modified_s) && modified_s <= since_s;
}

bool freshness_drops_field(struct slice name)
{
	static const struct slice dropped[] = {{"accept-encoding", 15}, {"if-match", 8},
		{"if-none-match", 13}, {"if-modified-since", 17}, {"if-unmodified-since", 19},
		{"if-range", 8}, {"range", 5}};

	return IS_ONE_OF(name, dropped);
}

/* ---- variants ----------------------------------------------------------------------------- */

/* Lists of preferences mean the same without the white space around their commas, §4.1. */
static bool put_value(struct buffer *b, struct slice name, struct slice value)
{
	struct slice accept = SLICE("accept-");
	struct slice element;
	bool first = true;

	if (!slice_equal_nocase(slice_first(name, accept.len), accept))
		return buffer_append(b, field_trim(value));
	while (field_next_element(&value, &element)) {
		if (!(first || buffer_append(b, SLICE(","))) || !buffer_append(b, element))
			return false;
		first = false;
	}
	return true;
}

/* One line: the name alone where the request has no such field, which an empty one is not. */
static bool put_selection(
	struct buffer *b, struct slice name, const struct field *request, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < name.len; i++) {
		char lower = ascii_lower(name.ptr[i]);
		buffer_append(b, slice_from(&lower, 1));
	}
	for (size_t i = 0; i < count; i++) {
		if (!slice_equal_nocase(request[i].name, name))
			continue;
		buffer_append(b, any ? SLICE(",") : SLICE(":"));
		put_value(b, name, request[i].value);
		any = true;
	}
	return buffer_append(b, SLICE("\n"));
}

static int compare(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return (unsigned char)ascii_lower(a.ptr[i]) <
					       (unsigned char)ascii_lower(b.ptr[i])
				       ? -1
				       : 1;
	return (a.len > b.len) - (a.len < b.len);
}

/* "*" is no name, and says that anything may have counted. */
static bool may_vary_by(struct slice name)
{
	return field_is_token(name) && !slice_equal(name, SLICE("*")) && !freshness_is_secret(name);
}

/* Puts a name where it belongs, unless it is there. False when there are too many. */
static bool insert(struct slice *names, size_t *count, struct slice name)
{
	size_t at = 0;

	while (at < *count && compare(names[at], name) < 0)
		at++;
	if (at < *count && compare(names[at], name) == 0)
		return true;
	if (*count == LIMIT_SEARCH_VARY)
		return false;
	memmove(names + at + 1, names + at, (*count - at) * sizeof(*names));
	names[at] = name;
	++*count;
	return true;
}

bool freshness_variant(
	struct buffer *b, struct slice kept, const struct field *request, size_t count)
{
	const bool coded = kept_field(kept, SLICE("content-encoding")).ptr != NULL;
	struct slice names[LIMIT_SEARCH_VARY + 1], name;
	struct field f;
	size_t named = 0;

	if (coded)
		insert(names, &named, SLICE("accept-encoding"));
	while (freshness_next_field(&kept, &f)) {
		if (!slice_equal_nocase(f.name, SLICE("vary")))
			continue;
		while (field_next_element(&f.value, &name)) {
			if (!coded && slice_equal_nocase(name, SLICE("accept-encoding")))
				continue;
			if (!may_vary_by(name) || !insert(names, &named, name))
				return false;
		}
	}
	for (size_t i = 0; i < named; i++)
		if (!put_selection(b, names[i], request, count))
			return false;
	return !b->failed;
}
