/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/question.h"

#include <assert.h>

static const char *const state_words[QUESTION_STATE_COUNT] = {
	[QUESTION_PENDING] = "pending",
	[QUESTION_APPROVED] = "approved",
	[QUESTION_DENIED] = "denied",
	[QUESTION_EXPIRED] = "expired",
	[QUESTION_WITHDRAWN] = "withdrawn",
};

const char *question_state_word(enum question_state state)
{
	assert(state >= 0 && state < QUESTION_STATE_COUNT);
	return state_words[state];
}

const char *question_protocol_word(enum question_protocol protocol)
{
	return protocol == QUESTION_CONNECT ? "https_connect" : "http";
}

struct subject question_subject(const struct question *q)
{
	return subject_of(q->subject_kind, q->subject);
}

struct concern question_concern(const struct question *q)
{
	return (struct concern){&q->target, q->protocol, question_subject(q)};
}

static const char *known(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

struct question_texts question_texts_of(const struct question_context *c)
{
	return (struct question_texts){.method = known(c->method),
		.path_class = known(c->path_class),
		.path = known(c->path),
		.user_agent = known(c->user_agent),
		.traceparent = known(c->traceparent),
		.process = known(c->process),
		.command = known(c->command),
		.justification = known(c->justification),
		.process_id = c->process_id};
}

static const char hex[] = "0123456789abcdef";

void ident_format(char letter, uint64_t id, char ret_text[IDENT_SIZE])
{
	ret_text[0] = letter;
	ret_text[1] = '-';
	for (int i = 0; i < 16; i++)
		ret_text[2 + i] = hex[id >> (60 - 4 * i) & 15];
	ret_text[IDENT_SIZE - 1] = '\0';
}

uint64_t ident_parse(char letter, struct slice text)
{
	uint64_t id = 0;

	if (text.len != IDENT_SIZE - 1 || text.ptr[0] != letter || text.ptr[1] != '-')
		return 0;
	for (size_t i = 2; i < text.len; i++) {
		size_t digit = slice_find(slice_from(hex, 16), text.ptr[i]);
		if (digit == 16)
			return 0;
		id = id << 4 | digit;
	}
	return id;
}
