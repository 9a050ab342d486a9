/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ledger_row.h"

/* ---- values ------------------------------------------------------------------------------- */

/* Text of a fixed array, whose end a NUL marks. */
static void put_text(struct cursor *c, const char *text, size_t size)
{
	cursor_put_bytes(c, slice_from(text, strnlen(text, size)));
}
#define PUT_TEXT(c, array) put_text(c, array, sizeof(array))

/* Zeroes what is behind the text. */
static bool take_text(struct cursor *c, char *ret_text, size_t size)
{
	struct slice text = cursor_bytes(c);

	if (text.len >= size)
		return false;
	memset(ret_text, 0, size);
	memcpy(ret_text, text.ptr, text.len);
	return true;
}
#define TAKE_TEXT(c, array) take_text(c, array, sizeof(array))

/* Kind and text; *ret_subject is NULL or in the room. */
static bool take_subject(struct cursor *c, enum subject_kind *ret_kind, const char **ret_subject,
	char room[LIMIT_SUBJECT_BYTES + 1])
{
	uint64_t kind = cursor_number(c);
	struct slice text = cursor_bytes(c);
	const struct subject subject = {(enum subject_kind)kind, text};

	if (kind >= SUBJECT_KIND_COUNT || !subject_is_valid(&subject))
		return false;
	memcpy(room, text.ptr, text.len);
	room[text.len] = '\0';
	*ret_kind = subject.kind;
	*ret_subject = subject.kind == SUBJECT_NONE ? NULL : room;
	return true;
}

/* A number up to `most`. */
static bool take_small(struct cursor *c, uint32_t most, uint32_t *ret_number)
{
	uint64_t number = cursor_number(c);

	*ret_number = (uint32_t)number;
	return number <= most;
}

static bool take_bool(struct cursor *c, bool *ret_value)
{
	uint32_t number;
	bool ok = take_small(c, 1, &number);

	*ret_value = number != 0;
	return ok;
}

/* ---- questions ---------------------------------------------------------------------------- */

static void put_context(struct cursor *c, const struct question_texts *context)
{
	cursor_put_bytes(c, slice_of(context->method));
	cursor_put_bytes(c, slice_of(context->path_class));
	cursor_put_bytes(c, slice_of(context->user_agent));
	cursor_put_bytes(c, slice_of(context->traceparent));
	cursor_put_bytes(c, slice_of(context->process));
	cursor_put_bytes(c, slice_of(context->command));
	cursor_put_number(c, context->process_id);
	cursor_put_bytes(c, slice_of(context->justification));
}

static bool take_context(struct cursor *c, struct question_context *ret_context)
{
	bool ok = TAKE_TEXT(c, ret_context->method);

	ok &= TAKE_TEXT(c, ret_context->path_class);
	ok &= TAKE_TEXT(c, ret_context->user_agent);
	ok &= TAKE_TEXT(c, ret_context->traceparent);
	ok &= TAKE_TEXT(c, ret_context->process);
	ok &= TAKE_TEXT(c, ret_context->command);
	ok &= take_small(c, UINT32_MAX, &ret_context->process_id);
	ok &= TAKE_TEXT(c, ret_context->justification);
	return ok;
}

void ledger_row_put_question(struct cursor *c, const struct question *q)
{
	char target[LIMIT_NAME_BYTES + 9];
	size_t len = target_format(&q->target, target, sizeof(target));

	cursor_put_number(c, q->id);
	cursor_put_number(c, q->state);
	cursor_put_number(c, q->protocol);
	cursor_put_copy(c, slice_from(target, len));
	PUT_TEXT(c, q->identity);
	PUT_TEXT(c, q->session);
	put_context(c, &q->context);
	cursor_put_number(c, q->asked_ms);
	cursor_put_number(c, q->expires_ms);
	cursor_put_number(c, q->decided_ms);
	cursor_put_number(c, q->grant);
	cursor_put_number(c, q->waiters);
	cursor_put_number(c, q->asks);
	cursor_put_number(c, q->told_pending);
	cursor_put_number(c, q->subject_kind);
	cursor_put_bytes(c, slice_of(q->subject));
	cursor_put_bytes(c, slice_of(q->context.path));
}

bool ledger_row_take_question(
	struct cursor *c, struct question *ret_question, struct ledger_texts *ret_texts)
{
	struct question_context *context = &ret_texts->context;
	struct question *q = ret_question;
	uint32_t state, protocol;
	bool ok;

	*q = (struct question){.id = cursor_number(c)};
	ok = q->id != 0 && take_small(c, QUESTION_STATE_COUNT - 1, &state);
	ok = ok && take_small(c, QUESTION_HTTP, &protocol) &&
	     target_parse_authority(cursor_bytes(c), &q->target) == REASON_NONE;
	if (!ok)
		return false;
	q->state = (enum question_state)state;
	q->protocol = (enum question_protocol)protocol;
	ok = TAKE_TEXT(c, q->identity);
	ok &= TAKE_TEXT(c, q->session);
	ok &= take_context(c, context);
	q->asked_ms = cursor_number(c);
	q->expires_ms = cursor_number(c);
	q->decided_ms = cursor_number(c);
	q->grant = cursor_number(c);
	ok &= take_small(c, UINT32_MAX, &q->waiters);
	ok &= take_small(c, UINT32_MAX, &q->asks);
	ok &= take_bool(c, &q->told_pending);
	ok &= take_subject(c, &q->subject_kind, &q->subject, ret_texts->subject);
	ok &= TAKE_TEXT(c, context->path);
	q->context = question_texts_of(context);
	return ok;
}

/* ---- grants ------------------------------------------------------------------------------- */

void ledger_row_put_grant(struct cursor *c, const struct grant *g)
{
	char pattern[GRANT_PATTERN_SIZE];

	for (int i = 0; !g && i < LEDGER_GRANT_COLUMN_COUNT; i++)
		cursor_put_null(c);
	if (!g)
		return;
	size_t len = grant_pattern_format(g, pattern);
	cursor_put_number(c, g->id);
	cursor_put_number(c, g->allow);
	cursor_put_number(c, g->scope);
	cursor_put_copy(c, slice_from(pattern, len));
	if (g->has_protocol)
		cursor_put_number(c, g->protocol);
	else
		cursor_put_null(c);
	PUT_TEXT(c, g->identity);
	PUT_TEXT(c, g->session);
	cursor_put_number(c, g->question);
	cursor_put_number(c, g->made_ms);
	cursor_put_number(c, g->expires_ms);
	PUT_TEXT(c, g->decider);
	PUT_TEXT(c, g->note);
	cursor_put_number(c, g->subject_kind);
	cursor_put_bytes(c, slice_of(g->subject));
}

bool ledger_row_take_grant(
	struct cursor *c, struct grant *ret_grant, char ret_subject[LIMIT_SUBJECT_BYTES + 1])
{
	struct grant *g = ret_grant;
	uint32_t scope, protocol;
	char sentence[256];
	bool ok;

	*g = (struct grant){0};
	if (cursor_is_null(c))
		return true;
	g->id = cursor_number(c);
	ok = g->id != 0 && take_bool(c, &g->allow);
	ok = ok && take_small(c, GRANT_SCOPE_COUNT - 1, &scope) &&
	     pattern_parse(cursor_bytes(c), &g->pattern, sentence, sizeof(sentence));
	if (!ok)
		return false;
	g->scope = (enum grant_scope)scope;
	g->has_protocol = !cursor_is_null(c);
	ok = take_small(c, PORT_RAW, &protocol);
	g->protocol = (enum port_protocol)protocol;
	ok &= TAKE_TEXT(c, g->identity);
	ok &= TAKE_TEXT(c, g->session);
	g->question = cursor_number(c);
	g->made_ms = cursor_number(c);
	g->expires_ms = cursor_number(c);
	ok &= TAKE_TEXT(c, g->decider);
	ok &= TAKE_TEXT(c, g->note);
	ok &= take_subject(c, &g->subject_kind, &g->subject, ret_subject);
	return ok;
}
