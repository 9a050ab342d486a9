/* SPDX-License-Identifier: Apache-2.0 */
#include "control/incoming.h"

#include "control/head.h"

#include <assert.h>
#include <stdlib.h>

enum { LINE_END_BYTES = 2 };

void incoming_init(struct incoming *in)
{
	*in = (struct incoming){0};
	buffer_init(&in->head, LIMIT_CONTROL_HEAD_BYTES);
}

void incoming_done(struct incoming *in)
{
	buffer_done(&in->head);
	free(in->content_bytes);
	in->content_bytes = NULL;
}

void incoming_next(struct incoming *in)
{
	incoming_done(in);
	incoming_init(in);
}

static enum incoming_step fail(struct incoming *in, unsigned status, const char *sentence)
{
	in->status = status;
	in->sentence = sentence;
	return INCOMING_BAD;
}

static enum incoming_step malformed(struct incoming *in)
{
	return fail(in, 400, "The request head is not well-formed HTTP/1.1.");
}

/* ---- lines -------------------------------------------------------------------------------- */

/* RFC 9110 §5.5: visible bytes, spaces, tabs, obs-text; and the end of a line as two bytes. */
static bool may_follow(bool after_cr, char c)
{
	unsigned char byte = (unsigned char)c;

	if (after_cr)
		return c == '\n';
	return (byte >= ' ' && byte != 0x7f) || c == '\t' || c == '\r';
}

/* A secret as large as that is no token: said as for any other wrong token. */
static enum incoming_step too_large(struct incoming *in)
{
	struct slice line = slice_after(buffer_bytes(&in->head), in->line);
	struct slice name = SLICE("authorization:");

	if (slice_equal_nocase(slice_first(line, name.len), name))
		return fail(in, 401, "The token is not known.");
	return fail(in, 431, "The request head is too large.");
}

static enum incoming_step end_head(struct incoming *in)
{
	if (!head_judge(in))
		return INCOMING_BAD;
	in->at = INCOMING_AT_JUDGED;
	return INCOMING_HEAD;
}

/* RFC 9112 §2.2: an empty line before the head is passed over, once. */
static enum incoming_step pass_line(struct incoming *in)
{
	if (in->passed_line)
		return malformed(in);
	in->passed_line = true;
	in->line = 0;
	buffer_take(&in->head, LINE_END_BYTES);
	return INCOMING_MORE;
}

/* A line is whole; an empty one ends the head. */
static enum incoming_step end_line(struct incoming *in)
{
	struct slice bytes = buffer_bytes(&in->head);
	struct slice line = slice_after(bytes, in->line);

	assert(line.len >= LINE_END_BYTES && line.ptr);
	in->line = bytes.len;
	if (line.len == LINE_END_BYTES)
		return in->lines > 0 ? end_head(in) : pass_line(in);
	/* RFC 9112 §5.2: folded lines are refused. */
	if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
		return malformed(in);
	in->lines++;
	if (in->lines > LIMIT_HEAD_FIELDS + 1)
		return fail(in, 431, "The request has too many fields.");
	return INCOMING_MORE;
}

static enum incoming_step read_byte(struct incoming *in, struct slice byte)
{
	struct slice held = buffer_bytes(&in->head);
	bool after_cr = held.len > in->line && held.ptr[held.len - 1] == '\r';

	if (!may_follow(after_cr, byte.ptr[0]))
		return malformed(in);
	if (held.len == LIMIT_CONTROL_HEAD_BYTES)
		return too_large(in);
	if (!buffer_append(&in->head, byte))
		return fail(in, 503, "There is no memory for the request.");
	return byte.ptr[0] == '\n' ? end_line(in) : INCOMING_MORE;
}

/* ---- content ------------------------------------------------------------------------------ */

static enum incoming_step begin_content(struct incoming *in)
{
	in->at = INCOMING_AT_CONTENT;
	if (in->content_length == 0)
		return INCOMING_DONE;
	in->content_bytes = malloc(in->content_length);
	if (!in->content_bytes)
		return fail(in, 503, "There is no memory for the request.");
	in->content = slice_from(in->content_bytes, 0);
	return INCOMING_MORE;
}

static enum incoming_step read_content(struct incoming *in, struct slice *input)
{
	struct slice more = slice_first(*input, in->content_length - in->content.len);

	if (more.len > 0)
		memcpy(in->content_bytes + in->content.len, more.ptr, more.len);
	in->content.len += more.len;
	*input = slice_after(*input, more.len);
	return in->content.len == in->content_length ? INCOMING_DONE : INCOMING_MORE;
}

enum incoming_step incoming_read(struct incoming *in, struct slice *input)
{
	enum incoming_step step = INCOMING_MORE;

	if (in->status != 0)
		return INCOMING_BAD;
	if (in->at == INCOMING_AT_JUDGED)
		step = begin_content(in);
	if (in->at == INCOMING_AT_CONTENT)
		return step == INCOMING_MORE ? read_content(in, input) : step;
	while (input->len > 0 && step == INCOMING_MORE) {
		step = read_byte(in, slice_first(*input, 1));
		*input = slice_after(*input, 1);
	}
	return step;
}

bool incoming_idle(const struct incoming *in)
{
	return in->at == INCOMING_AT_HEAD && in->head.len == 0;
}
