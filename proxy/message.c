/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/message.h"

#include "proxy/block.h"
#include "proxy/chunk.h"
#include "proxy/parser.h"

#include <assert.h>
#include <stdlib.h>

enum {
	CRLF_BYTES = 2,
	HEAD_BYTES_MAX = LIMIT_HEAD_BYTES,
	EXTRA_BYTES_MAX = LIMIT_TRAILER_BYTES,
};

/* What is expected next from the stream. */
enum wait {
	WAIT_HEAD,
	WAIT_CONTENT, /* `remaining` bytes of it, or of the chunk, or all to the end */
	WAIT_CHUNK_END, /* the CRLF behind the bytes of a chunk */
	WAIT_CHUNK_LINE,
	WAIT_TRAILER,
	WAIT_NOTHING, /* complete */
	WAIT_FAULT,
};

struct message {
	enum message_kind kind;
	enum wait wait;
	enum reason fault;
	bool blank; /* the empty line before the request was passed over */
	struct asked asked;
	struct parser *parser; /* NULL until the head is whole */
	struct block top; /* the head's bytes */
	struct block tail; /* a chunk's line, later the trailers */
	uint64_t remaining; /* WAIT_CONTENT */
	size_t extra; /* bytes of chunk extensions that the content has not outgrown yet */
};

static enum message_step refuse(struct message *m, enum reason fault)
{
	if (m->kind == MESSAGE_RESPONSE && fault == REASON_HEAD_TOO_LARGE)
		fault = REASON_RESPONSE_TOO_LARGE;
	else if (m->kind == MESSAGE_RESPONSE && fault != REASON_OUT_OF_MEMORY &&
		 fault != REASON_UPGRADE_FAILED)
		fault = REASON_BAD_RESPONSE;
	m->fault = fault;
	m->wait = WAIT_FAULT;
	return MESSAGE_BAD;
}

/* The block took no line; what that means in a head. */
static enum message_step refuse_block(struct message *m, enum block_step step)
{
	if (step == BLOCK_NO_MEMORY)
		return refuse(m, REASON_OUT_OF_MEMORY);
	return refuse(m, step == BLOCK_TOO_LARGE ? REASON_HEAD_TOO_LARGE : REASON_BAD_REQUEST);
}

/* And in what surrounds the chunks. */
static enum message_step refuse_chunk(struct message *m, enum block_step step)
{
	return refuse(m, step == BLOCK_NO_MEMORY ? REASON_OUT_OF_MEMORY : REASON_BAD_FRAMING);
}

static enum message_step take_head(struct message *m)
{
	m->parser = parser_new(m->kind == MESSAGE_REQUEST, &m->asked);
	if (!m->parser)
		return refuse(m, REASON_OUT_OF_MEMORY);
	const struct head *h = &m->parser->head;
	enum reason fault = parser_read_head(m->parser, &m->top);
	if (fault != REASON_NONE)
		return refuse(m, fault);
	m->remaining = h->framing == FRAMING_LENGTH ? h->content_length : UINT64_MAX;
	m->wait = WAIT_CONTENT;
	if (h->framing == FRAMING_NONE || m->remaining == 0)
		m->wait = WAIT_NOTHING;
	else if (h->framing == FRAMING_CHUNKED)
		m->wait = WAIT_CHUNK_LINE;
	return MESSAGE_HEAD;
}

static enum reason judge_line(const struct message *m)
{
	if (m->top.lines > 1 + LIMIT_HEAD_FIELDS)
		return REASON_HEAD_TOO_LARGE;
	if (m->top.lines > 1)
		return REASON_NONE;
	struct slice line = block_last_line(&m->top);
	return m->kind == MESSAGE_REQUEST ? head_judge_request_line(line)
					  : head_judge_status_line(line);
}

static enum message_step read_head(struct message *m, struct slice *input)
{
	m->top.bound = HEAD_BYTES_MAX;
	for (;;) {
		enum block_step step = block_read(&m->top, input);
		if (step == BLOCK_MORE)
			return MESSAGE_MORE;
		if (step == BLOCK_END && m->top.lines > 0)
			return take_head(m);
		if (step == BLOCK_END && m->kind == MESSAGE_REQUEST && !m->blank) {
			m->blank = true;
			block_done(&m->top);
			continue;
		}
		if (step != BLOCK_LINE)
			return refuse_block(m, step);
		enum reason fault = judge_line(m);
		if (fault != REASON_NONE)
			return refuse(m, fault);
	}
}

static enum message_step read_content(
	struct message *m, struct slice *input, struct slice *ret_data)
{
	struct slice piece = *input;

	if (piece.len > m->remaining)
		piece = slice_first(piece, (size_t)m->remaining);
	if (piece.len == 0)
		return MESSAGE_MORE;
	enum reason fault = parser_read(m->parser, piece);
	if (fault != REASON_NONE)
		return refuse(m, fault);
	bool chunked = m->parser->head.framing == FRAMING_CHUNKED;
	if (m->parser->head.framing != FRAMING_CLOSE)
		m->remaining -= piece.len;
	bool ends = m->remaining == 0;
	if (m->parser->data.len != piece.len || m->parser->message_complete != (ends && !chunked))
		return refuse(m, REASON_BAD_FRAMING);
	m->extra -= piece.len < m->extra ? piece.len : m->extra;
	if (ends)
		m->wait = chunked ? WAIT_CHUNK_END : WAIT_NOTHING;
	*input = slice_after(*input, piece.len);
	*ret_data = piece;
	return MESSAGE_DATA;
}

static enum message_step read_chunk_end(struct message *m, struct slice *input)
{
	m->tail.bound = CRLF_BYTES;
	enum block_step step = block_read(&m->tail, input);
	if (step == BLOCK_MORE)
		return MESSAGE_MORE;
	if (step != BLOCK_END)
		return refuse_chunk(m, step);
	enum reason fault = parser_read(m->parser, block_bytes(&m->tail));
	if (fault != REASON_NONE)
		return refuse(m, fault);
	block_clear(&m->tail);
	m->wait = WAIT_CHUNK_LINE;
	return MESSAGE_MORE;
}

static enum message_step read_chunk_line(struct message *m, struct slice *input)
{
	size_t digits;

	m->tail.bound = CHUNK_DIGITS_MAX + EXTRA_BYTES_MAX - m->extra + CRLF_BYTES;
	enum block_step step = block_read(&m->tail, input);
	if (step == BLOCK_MORE)
		return MESSAGE_MORE;
	if (step != BLOCK_LINE)
		return refuse_chunk(m, step);
	struct slice line = block_last_line(&m->tail);
	if (!chunk_parse_line(line, &m->remaining, &digits))
		return refuse(m, REASON_BAD_FRAMING);
	/* Without the extensions, some of which llhttp does not understand. */
	m->extra += line.len - digits;
	if (m->extra > EXTRA_BYTES_MAX)
		return refuse(m, REASON_BAD_FRAMING);
	enum reason fault = parser_read(m->parser, slice_first(line, digits));
	if (fault == REASON_NONE)
		fault = parser_read(m->parser, SLICE("\r\n"));
	if (fault == REASON_NONE && parser_expects(m->parser) != m->remaining)
		fault = REASON_BAD_FRAMING;
	if (fault != REASON_NONE)
		return refuse(m, fault);
	block_clear(&m->tail);
	m->wait = m->remaining > 0 ? WAIT_CONTENT : WAIT_TRAILER;
	return MESSAGE_MORE;
}

static enum message_step read_trailer(struct message *m, struct slice *input)
{
	enum block_step step;

	m->tail.bound = EXTRA_BYTES_MAX - m->extra + CRLF_BYTES;
	do
		step = block_read(&m->tail, input);
	while (step == BLOCK_LINE && m->tail.lines <= LIMIT_HEAD_FIELDS);
	if (step == BLOCK_MORE)
		return MESSAGE_MORE;
	if (step != BLOCK_END)
		return refuse_chunk(m, step);
	enum reason fault = parser_read_trailer(m->parser, &m->tail);
	if (fault != REASON_NONE)
		return refuse(m, fault == REASON_OUT_OF_MEMORY ? fault : REASON_BAD_FRAMING);
	m->wait = WAIT_NOTHING;
	return MESSAGE_MORE;
}

static enum message_step read_next(struct message *m, struct slice *input, struct slice *ret_data)
{
	switch (m->wait) {
	case WAIT_HEAD:
		return read_head(m, input);
	case WAIT_CONTENT:
		return read_content(m, input, ret_data);
	case WAIT_CHUNK_END:
		return read_chunk_end(m, input);
	case WAIT_CHUNK_LINE:
		return read_chunk_line(m, input);
	case WAIT_TRAILER:
		return read_trailer(m, input);
	case WAIT_NOTHING:
		return MESSAGE_END;
	case WAIT_FAULT:
		break;
	}
	return MESSAGE_BAD;
}

enum message_step message_read(struct message *m, struct slice *input, struct slice *ret_data)
{
	enum message_step step;
	enum wait before;

	do {
		before = m->wait;
		step = read_next(m, input, ret_data);
	} while (step == MESSAGE_MORE && m->wait != before);
	return step;
}

bool message_eof(struct message *m)
{
	if (m->wait == WAIT_CONTENT && m->parser->head.framing == FRAMING_CLOSE)
		m->wait = WAIT_NOTHING;
	return m->wait == WAIT_NOTHING || message_idle(m);
}

struct message *message_new(enum message_kind kind)
{
	struct message *m = malloc(sizeof(*m));

	if (m)
		*m = (struct message){.kind = kind};
	return m;
}

void message_free(struct message *m)
{
	if (!m)
		return;
	message_next(m);
	free(m);
}

bool message_idle(const struct message *m)
{
	return m->wait == WAIT_HEAD && m->top.len == 0;
}

const struct head *message_head(const struct message *m)
{
	static const struct head none;

	return m->parser ? &m->parser->head : &none;
}

const struct field *message_trailers(const struct message *m, size_t *ret_count)
{
	*ret_count = m->parser ? m->parser->trailer.count : 0;
	return *ret_count ? m->parser->trailer.fields : NULL;
}

enum reason message_fault(const struct message *m)
{
	return m->fault;
}

void message_next(struct message *m)
{
	block_done(&m->top);
	block_done(&m->tail);
	parser_free(m->parser);
	*m = (struct message){.kind = m->kind, .asked = m->asked};
}

void message_expect(struct message *m, struct slice request_method, bool upgrade_asked)
{
	assert(m->kind == MESSAGE_RESPONSE);
	m->asked.head = slice_equal(request_method, SLICE("HEAD"));
	m->asked.connect = slice_equal(request_method, SLICE("CONNECT"));
	m->asked.upgrade = upgrade_asked;
}
