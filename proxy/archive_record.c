/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/archive_record.h"

#include "control/moment.h"
#include "policy/url.h"
#include "proxy/library_inside.h"
#include "proxy/message.h"
#include "proxy/search_collection.h"

#include <stdlib.h>

enum { HEAD_BYTES = 64 * 1024 };

/* ---- heads --------------------------------------------------------------------------------- */

static enum archive_type type_of(struct slice type)
{
	if (slice_equal_nocase(type, SLICE("request")))
		return ARCHIVE_REQUEST;
	return slice_equal_nocase(type, SLICE("response")) ? ARCHIVE_RESPONSE : ARCHIVE_OTHER;
}

static bool parse_length(struct slice text, uint64_t *ret_length)
{
	uint64_t length = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || length > INT64_MAX / 16)
			return false;
		length = length * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	*ret_length = length;
	return text.len > 0;
}

/* Some writers put <> around it, as the first edition of the standard says. */
static struct slice bare(struct slice uri)
{
	if (uri.len >= 2 && uri.ptr[0] == '<' && uri.ptr[uri.len - 1] == '>')
		return slice_from(uri.ptr + 1, uri.len - 2);
	return uri;
}

static bool read_named_fields(struct slice rest, struct archive_head *h)
{
	bool has_length = false, is_http = false, is_cut = false;
	struct field f;
	uint64_t ms;

	while (freshness_next_field(&rest, &f)) {
		if (slice_equal_nocase(f.name, SLICE("warc-type")))
			h->type = type_of(f.value);
		else if (slice_equal_nocase(f.name, SLICE("warc-target-uri")))
			h->uri = bare(f.value);
		else if (slice_equal_nocase(f.name, SLICE("warc-truncated")))
			is_cut = true;
		else if (slice_equal_nocase(f.name, SLICE("content-type")))
			is_http = slice_equal_nocase(
				slice_first(f.value, 16), SLICE("application/http"));
		else if (slice_equal_nocase(f.name, SLICE("content-length")))
			has_length = parse_length(f.value, &h->content_length);
		else if (slice_equal_nocase(f.name, SLICE("warc-date")) &&
			 moment_parse(f.value, &ms))
			h->date_s = (int64_t)(ms / 1000);
	}
	if (!is_http || is_cut)
		h->type = ARCHIVE_OTHER;
	return has_length;
}

enum archive_step archive_head_read(
	struct slice bytes, struct archive_head *ret_head, size_t *ret_len)
{
	const struct slice begin = SLICE("WARC/1.");
	struct slice first = slice_first(bytes, HEAD_BYTES);
	const char *end = first.len ? memmem(first.ptr, first.len, "\r\n\r\n", 4) : NULL;

	if (!slice_equal(slice_first(bytes, begin.len), slice_first(begin, bytes.len)))
		return ARCHIVE_NO_HEAD;
	if (!end)
		return bytes.len < HEAD_BYTES ? ARCHIVE_MORE : ARCHIVE_NO_HEAD;
	*ret_head = (struct archive_head){.type = ARCHIVE_OTHER};
	*ret_len = (size_t)(end - bytes.ptr) + 4;
	struct slice head = slice_first(bytes, *ret_len - 2);
	struct slice fields = slice_after(head, slice_find(head, '\n') + 1);
	return read_named_fields(fields, ret_head) ? ARCHIVE_HEAD : ARCHIVE_NO_HEAD;
}

/* ---- records ------------------------------------------------------------------------------- */

bool archive_record_keep(
	const struct archive_head *head, struct slice block, struct archive_record *ret_record)
{
	char *memory = malloc(head->uri.len + block.len + 1);

	if (!memory)
		return false;
	if (head->uri.len > 0)
		memcpy(memory, head->uri.ptr, head->uri.len);
	if (block.len > 0)
		memcpy(memory + head->uri.len, block.ptr, block.len);
	*ret_record = (struct archive_record){.type = head->type,
		.date_s = head->date_s,
		.uri = slice_from(memory, head->uri.len),
		.block = slice_from(memory + head->uri.len, block.len),
		.memory = memory};
	return true;
}

void archive_record_done(struct archive_record *r)
{
	free(r->memory);
	*r = (struct archive_record){.memory = NULL};
}

bool archive_record_pairs(const struct archive_record *a, const struct archive_record *b)
{
	return a->memory && b->memory && a->type != b->type && slice_equal(a->uri, b->uri);
}

/* ---- answers ------------------------------------------------------------------------------- */

struct archive_parts {
	struct message *request, *response;
	struct buffer content; /* of the request */
	struct buffer coded, decoded; /* content of the response */
	struct buffer kept, asked; /* fields */
	struct search search;
	struct search_collection results;
};

/* Reads one message to its end, or to the end of the block, which may be its end. */
static bool read_message(struct message *m, struct slice block, struct buffer *content)
{
	struct slice data;
	bool ended = false;

	for (;;) {
		switch (message_read(m, &block, &data)) {
		case MESSAGE_HEAD:
			break;
		case MESSAGE_DATA:
			if (!buffer_append(content, data))
				return false;
			break;
		case MESSAGE_END:
			return true;
		case MESSAGE_BAD:
			return false;
		case MESSAGE_MORE:
			if (ended || !message_eof(m) || message_idle(m))
				return false;
			ended = true;
			break;
		}
	}
}

static struct slice find_field(const void *owner, struct slice name, size_t nth)
{
	const struct head *h = owner;

	for (size_t i = 0; i < h->field_count; i++)
		if (slice_equal_nocase(h->fields[i].name, name) && nth-- == 0)
			return h->fields[i].value;
	return slice_from(NULL, 0);
}

static enum archive_result read_search(const struct search_archive *a, struct archive_parts *p,
	const struct archive_record *request, struct slice uri)
{
	struct request_view view = {.method = SLICE("GET")};
	struct target target;
	struct url url;
	const char *why;

	if (!url_parse(uri, &url) ||
		target_parse_host(url.authority, url.https ? 443 : 80, &target) != REASON_NONE)
		return ARCHIVE_PASSED;
	view.path = slice_first(url.rest, slice_find(url.rest, '#'));
	if (request) {
		if (!read_message(p->request, request->block, &p->content))
			return ARCHIVE_PASSED;
		view.method = message_head(p->request)->method;
		view.field = find_field;
		view.owner = message_head(p->request);
	}
	const struct search_request asked = {.target = &target,
		.view = &view,
		.content = p->content.len > 0 ? buffer_bytes(&p->content) : SLICE("")};
	enum search_result result = search_read(a->policy, &asked, &p->search, &why);
	if (result == SEARCH_NO_MEMORY)
		return ARCHIVE_NO_MEMORY;
	return result == SEARCH_OK ? ARCHIVE_ANSWER : ARCHIVE_PASSED;
}

/* Fields that an answer may vary by. */
static void keep_asked(struct archive_parts *p)
{
	const struct head *h = message_head(p->request);

	for (size_t i = 0; i < h->field_count; i++) {
		const struct field *f = &h->fields[i];
		if (f->id != FIELD_OTHER || freshness_is_secret(f->name))
			continue;
		buffer_append(&p->asked, f->name);
		buffer_append(&p->asked, SLICE(": "));
		buffer_append(&p->asked, f->value);
		buffer_append(&p->asked, SLICE("\r\n"));
	}
}

/* The content without its coding, where that is known. False: it is damaged or too large. */
static bool decode(struct archive_parts *p, struct slice *ret_body, bool *ret_decoded)
{
	struct slice coding = head_field(message_head(p->response), SLICE("content-encoding"));
	bool known = false;

	*ret_body = buffer_bytes(&p->coded);
	if (coding.len > 0 && squeeze_decode(coding, *ret_body, &p->decoded, &known) != INFLATED)
		return false;
	*ret_decoded = known;
	if (known)
		*ret_body = buffer_bytes(&p->decoded);
	return true;
}

static enum archive_result read_answer(const struct search_archive *a, struct archive_parts *p,
	const struct archive_record *response, struct search_entry *e)
{
	const struct freshness_times times = {response->date_s, response->date_s};
	struct freshness_request request;
	bool decoded;

	if (!read_message(p->response, response->block, &p->coded))
		return p->coded.failed ? ARCHIVE_PASSED : ARCHIVE_BAD;
	const struct head *asked = message_head(p->request), *head = message_head(p->response);
	freshness_read_request(asked->fields, asked->field_count, &request);
	if (freshness_judge(&a->rules, &request, head, &times, &e->freshness) != STORABLE)
		return ARCHIVE_PASSED;
	if (!decode(p, &e->body, &decoded))
		return p->decoded.failed ? ARCHIVE_PASSED : ARCHIVE_BAD;
	if (!freshness_keep_fields(&p->kept, head, decoded))
		return ARCHIVE_PASSED;
	keep_asked(p);
	e->fields = buffer_bytes(&p->kept);
	if (p->asked.failed || !library_variant(e->fields, buffer_bytes(&p->asked), e->variant))
		return ARCHIVE_PASSED;
	e->status = 200;
	e->stored_s = response->date_s;
	e->body_bytes = e->body.len;
	return ARCHIVE_ANSWER;
}

static void parts_free(struct archive_parts *p)
{
	if (!p)
		return;
	message_free(p->request);
	message_free(p->response);
	buffer_done(&p->content);
	buffer_done(&p->coded);
	buffer_done(&p->decoded);
	buffer_done(&p->kept);
	buffer_done(&p->asked);
	search_done(&p->search);
	search_collection_done(&p->results);
	free(p);
}

static struct archive_parts *parts_new(const struct search_archive *a)
{
	struct archive_parts *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	buffer_init(&p->content, LIMIT_SEARCH_BODY);
	buffer_init(&p->coded, a->answer_bytes);
	buffer_init(&p->decoded, a->answer_bytes);
	buffer_init(&p->kept, LIMIT_HEAD_BYTES);
	buffer_init(&p->asked, LIMIT_LOAN_BYTES);
	search_collection_init(&p->results);
	p->request = message_new(MESSAGE_REQUEST);
	p->response = message_new(MESSAGE_RESPONSE);
	if (p->request && p->response)
		return p;
	parts_free(p);
	return NULL;
}

enum archive_result archive_answer_read(const struct search_archive *a,
	const struct archive_record *request, const struct archive_record *response,
	struct archive_answer *ret_answer, const char **ret_why)
{
	struct archive_parts *p = response->date_s > 0 ? parts_new(a) : NULL;
	struct search_entry *e = &ret_answer->entry;

	*ret_answer = (struct archive_answer){.parts = p};
	*ret_why = "a response that cannot be read";
	if (response->date_s <= 0)
		return ARCHIVE_PASSED;
	if (!p)
		return ARCHIVE_NO_MEMORY;
	enum archive_result result = read_search(a, p, request, response->uri);
	if (result == ARCHIVE_ANSWER)
		result = read_answer(a, p, response, e);
	if (result != ARCHIVE_ANSWER) {
		parts_free(p);
		return result;
	}
	memcpy(e->key, p->search.key.bytes, sizeof(e->key));
	e->provider = slice_of(p->search.provider->name);
	e->query = slice_of(p->search.text);
	e->canonical = slice_of(p->search.canonical);
	if (a->extract)
		a->extract(p->search.provider, e->body, search_collection_add, &p->results);
	ret_answer->texts = search_collection_texts(&p->results);
	return ARCHIVE_ANSWER;
}

void archive_answer_done(struct archive_answer *answer)
{
	parts_free(answer->parts);
}
