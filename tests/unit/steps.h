/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/steps.h: what message_read says of a stream, as one line of text, so that a row is
 * "bytes in, line out" and the same bytes cut otherwise can be compared.
 *	head(GET /x 1.1 none keep) end head(... length:5 close) data(hello) end more */
#ifndef SALLYPORT_TESTS_STEPS_H
#define SALLYPORT_TESTS_STEPS_H

#include "tests/unit/rows.h"

#include "proxy/message.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEPS_SIZE = 4096 };

struct steps {
	size_t len;
	bool in_data;
	bool tunnel; /* the message ended and what follows is not HTTP */
	char text[STEPS_SIZE];
};

static inline void steps_add(struct steps *s, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len && s->len + 1 < sizeof(s->text); i++)
		s->text[s->len++] = bytes.ptr[i];
	s->text[s->len] = '\0';
}

static inline void steps_add_word(struct steps *s, const char *word)
{
	if (s->in_data)
		steps_add(s, SLICE(")"));
	s->in_data = false;
	if (s->len > 0)
		steps_add(s, SLICE(" "));
	steps_add(s, slice_of(word));
}

static inline void steps_add_head(struct steps *s, const struct head *h)
{
	static const char *const framings[] = {"none", "length", "chunked", "close"};
	char words[128];

	steps_add_word(s, "head(");
	if (h->status)
		snprintf(words, sizeof(words), "%u 1.%u %s", h->status, h->minor,
			framings[h->framing]);
	else
		snprintf(words, sizeof(words), " 1.%u %s", h->minor, framings[h->framing]);
	steps_add(s, h->method);
	steps_add(s, h->status ? SLICE("") : SLICE(" "));
	steps_add(s, h->target);
	steps_add(s, slice_of(words));
	if (h->framing == FRAMING_LENGTH) {
		snprintf(words, sizeof(words), ":%llu", (unsigned long long)h->content_length);
		steps_add(s, slice_of(words));
	}
	steps_add(s, h->keep_alive ? SLICE(" keep") : SLICE(" drop"));
	if (h->upgrade)
		steps_add(s, SLICE(" upgrade"));
	if (h->expect_continue)
		steps_add(s, SLICE(" expect"));
	steps_add(s, SLICE(")"));
}

static inline void steps_add_fields(
	struct steps *s, const char *word, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		steps_add_word(s, word);
		steps_add(s, fields[i].name);
		steps_add(s, SLICE("="));
		steps_add(s, fields[i].value);
	}
}

/* One step into the text; false when it was the last one: more, bad, or a tunnel begins. */
static inline bool steps_take(struct steps *s, struct message *m, struct slice *input)
{
	struct slice data = {NULL, 0};
	enum message_step step = message_read(m, input, &data);
	const struct head *h = message_head(m);
	size_t count;

	switch (step) {
	case MESSAGE_MORE:
		assert_int_equal(input->len, 0);
		return false;
	case MESSAGE_BAD:
		steps_add_word(s, reason_word(message_fault(m)));
		assert_int_equal(message_read(m, input, &data), MESSAGE_BAD);
		return false;
	case MESSAGE_HEAD:
		steps_add_head(s, h);
		return true;
	case MESSAGE_DATA:
		assert_true(data.len > 0);
		if (!s->in_data)
			steps_add_word(s, "data(");
		s->in_data = true;
		steps_add(s, data);
		return true;
	case MESSAGE_END:
		break;
	}
	const struct field *trailers = message_trailers(m, &count);
	steps_add_fields(s, "trailer:", trailers, count);
	steps_add_word(s, "end");
	s->tunnel = h->upgrade || slice_equal(h->method, SLICE("CONNECT"));
	if (!s->tunnel)
		message_next(m);
	return !s->tunnel;
}

/* Feeds `bytes` in pieces of `piece` bytes, then the end of the stream, into the text. What a
 * tunnel's message leaves is added as rest(…). */
static inline void steps_run(struct steps *s, struct message *m, struct slice bytes, size_t piece)
{
	*s = (struct steps){0};
	while (!s->tunnel && message_fault(m) == REASON_NONE && bytes.len > 0) {
		/* A copy of its own size, so that a sanitizer sees whoever keeps a pointer to it. */
		size_t len = piece < bytes.len ? piece : bytes.len;
		char *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, bytes.ptr, len);
		struct slice input = slice_from(copy, len);
		while (steps_take(s, m, &input))
			continue;
		bytes = slice_after(bytes, len - input.len);
		free(copy);
	}
	if (message_fault(m) != REASON_NONE)
		return;
	if (s->tunnel) {
		steps_add_word(s, "rest(");
		steps_add(s, bytes);
		steps_add(s, SLICE(")"));
		return;
	}
	bool idle = message_idle(m), whole = message_eof(m);
	assert_true(whole || !idle);
	struct slice nothing = {NULL, 0};
	if (!idle && whole && message_head(m)->framing == FRAMING_CLOSE)
		steps_take(s, m, &nothing);
	steps_add_word(s, idle ? "idle" : whole ? "eof" : "cut");
}

#endif
