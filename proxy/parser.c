/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/parser.h"

#include "base/container.h"

#include <llhttp.h>
#include <stdlib.h>

struct engine {
	llhttp_t llhttp;
	struct parser parser;
};

static struct parser *parser_of(llhttp_t *llhttp)
{
	return &CONTAINER(llhttp, struct engine, llhttp)->parser;
}

static int on_method(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *p = parser_of(llhttp);

	p->head.method = slice_from(at, len);
	return 0;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *p = parser_of(llhttp);

	p->head.target = slice_from(at, len);
	return 0;
}

static int on_status(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *p = parser_of(llhttp);

	p->head.phrase = slice_from(at, len);
	return 0;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *p = parser_of(llhttp);
	struct section *s = p->section;

	if (s->count == s->size)
		return -1;
	struct slice name = slice_from(at, len);
	s->fields[s->count++] = (struct field){name, {at + len, 0}, field_identify(name)};
	return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *p = parser_of(llhttp);
	struct section *s = p->section;

	if (s->count == 0)
		return -1;
	s->fields[s->count - 1].value = field_trim(slice_from(at, len));
	return 0;
}

/* Judges the head while llhttp still listens: 1 tells it that no content follows. */
static int on_headers_complete(llhttp_t *llhttp)
{
	struct parser *p = parser_of(llhttp);
	struct head *h = &p->head;

	p->headers_complete = true;
	h->minor = llhttp->http_minor;
	h->status = llhttp->status_code;
	h->fields = p->header.fields;
	h->field_count = p->header.count;
	p->fault = p->requests ? head_judge_request(h) : head_judge_response(h, &p->asked);
	if (p->fault != REASON_NONE)
		return -1;
	return h->framing == FRAMING_NONE;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *p = parser_of(llhttp);

	p->data = slice_from(at, len);
	return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
	struct parser *p = parser_of(llhttp);

	p->message_complete = true;
	return 0;
}

static const llhttp_settings_t settings = {
	.on_method = on_method,
	.on_url = on_url,
	.on_status = on_status,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

struct parser *parser_new(bool requests, const struct asked *asked)
{
	struct engine *e = malloc(sizeof(*e));

	if (!e)
		return NULL;
	*e = (struct engine){.parser = {.requests = requests, .asked = *asked}};
	llhttp_init(&e->llhttp, requests ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	return &e->parser;
}

void parser_free(struct parser *p)
{
	if (!p)
		return;
	free(p->header.fields);
	free(p->trailer.fields);
	free(CONTAINER(p, struct engine, parser));
}

enum reason parser_read(struct parser *p, struct slice bytes)
{
	struct engine *e = CONTAINER(p, struct engine, parser);

	p->data = (struct slice){NULL, 0};
	llhttp_errno_t error = llhttp_execute(&e->llhttp, bytes.ptr, bytes.len);

	/* The callbacks ask for no pause; this one is the end of a message with an upgrade. */
	if (error == HPE_OK || (error == HPE_PAUSED_UPGRADE && p->message_complete))
		return REASON_NONE;
	if (p->fault != REASON_NONE)
		return p->fault;
	switch ((int)error) {
	case HPE_INVALID_CONTENT_LENGTH:
	case HPE_UNEXPECTED_CONTENT_LENGTH:
	case HPE_INVALID_TRANSFER_ENCODING:
	case HPE_INVALID_CHUNK_SIZE:
		return REASON_BAD_FRAMING;
	default:
		return REASON_BAD_REQUEST;
	}
}

/* Has llhttp read a section of `size` field lines, and no other number of fields. */
static enum reason read_section(
	struct parser *p, struct section *s, size_t size, struct slice bytes)
{
	if (size > 0 && !(s->fields = malloc(size * sizeof(*s->fields))))
		return REASON_OUT_OF_MEMORY;
	s->size = size;
	p->section = s;
	enum reason fault = parser_read(p, bytes);
	return fault == REASON_NONE && s->count != size ? REASON_BAD_REQUEST : fault;
}

enum reason parser_read_head(struct parser *p, const struct block *b)
{
	enum reason fault = read_section(p, &p->header, b->lines - 1, block_bytes(b));

	if (fault != REASON_NONE)
		return fault;
	/* Both must see a head, and its message end, or not end, with it. */
	bool ends = p->head.framing == FRAMING_NONE ||
		    (p->head.framing == FRAMING_LENGTH && p->head.content_length == 0);
	return p->headers_complete && p->message_complete == ends ? REASON_NONE
								  : REASON_BAD_REQUEST;
}

/* RFC 9110 §6.5.1: nothing in a trailer may say where the message ends. */
static bool is_trailer(const struct section *s)
{
	for (size_t i = 0; i < s->count; i++) {
		enum field_id id = s->fields[i].id;
		if (id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING)
			return false;
		if (!field_is_token(s->fields[i].name))
			return false;
	}
	return true;
}

enum reason parser_read_trailer(struct parser *p, const struct block *b)
{
	enum reason fault = read_section(p, &p->trailer, b->lines, block_bytes(b));

	if (fault == REASON_NONE && !(p->message_complete && is_trailer(&p->trailer)))
		return REASON_BAD_FRAMING;
	return fault;
}

uint64_t parser_expects(const struct parser *p)
{
	return CONTAINER(p, const struct engine, parser)->llhttp.content_length;
}
