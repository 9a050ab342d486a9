/* SPDX-License-Identifier: Apache-2.0 */
#include "control/token.h"

#include <stdio.h>

/* What is being read, for the sentence about it. */
struct line {
	const char *path;
	unsigned number;
	char *error;
	size_t error_size;
};

static bool refuse(const struct line *line, const char *text)
{
	snprintf(line->error, line->error_size, "%s:%u: %s", line->path, line->number, text);
	return false;
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool is_name(struct slice name)
{
	if (name.len == 0 || name.len > LIMIT_DECIDER_BYTES)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.ptr[i]);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			!memchr("._@-", c, sizeof("._@-") - 1))
			return false;
	}
	return true;
}

/* The next word of a line whose words one space separates; the front of *line moves behind it. */
static struct slice next_word(struct slice *line)
{
	struct slice word = slice_first(*line, slice_find(*line, ' '));

	*line = slice_after(*line, word.len + 1);
	return word;
}

static bool parse_line(struct tokens *t, struct slice text, const struct line *line)
{
	struct slice name = next_word(&text), role = next_word(&text);
	struct token token = {0};
	struct seal empty;

	if (!is_name(name))
		return refuse(line, "expected NAME ROLE SHA256HEX with one space between; NAME has "
				    "1 to 63 letters, digits, '.', '_', '@' or '-'");
	if (slice_equal_nocase(name, SLICE("reviewer")) ||
		slice_equal_nocase(name, SLICE("sallyport")))
		return refuse(line, "this name is kept for decisions that no person made");
	if (!role_parse(role, &token.role))
		return refuse(line, "the role is not viewer, approver or admin");
	if (!seal_parse(text, &token.seal))
		return refuse(line, "expected the SHA-256 of the token as 64 hex digits");
	if (!seal_of(SLICE(""), &empty))
		return refuse(line, "out of memory");
	if (seal_equal(&empty, &token.seal))
		return refuse(line, "this is the hash of an empty token");
	if (tokens_named(t, name))
		return refuse(line, "this name is there twice");
	if (t->count == LIMIT_TOKENS)
		return refuse(line, "too many tokens");
	memcpy(token.name, name.ptr, name.len);
	t->list[t->count++] = token;
	return true;
}

bool tokens_parse(struct slice content, const char *path, struct tokens *ret_tokens,
	char *ret_error, size_t error_size)
{
	struct line line = {path, 0, ret_error, error_size};
	struct tokens tokens = {.count = 0};

	while (content.len > 0) {
		struct slice text = slice_first(content, slice_find(content, '\n'));
		line.number++;
		content = slice_after(content, text.len + 1);
		if (text.len == 0 || text.ptr[0] == '#')
			continue;
		if (!parse_line(&tokens, text, &line))
			return false;
	}
	line.number += line.number == 0;
	if (tokens.count == 0)
		return refuse(&line, "there is no token in this file; remove it to get a new one");
	*ret_tokens = tokens;
	return true;
}

/* ---- finding ------------------------------------------------------------------------------ */

const struct token *tokens_find(const struct tokens *t, struct slice given)
{
	const struct token *found = NULL;
	struct seal seal;

	if (given.len == 0 || given.len > TOKEN_BYTES_MAX || !seal_of(given, &seal))
		return NULL;
	/* Every entry is compared, so that time does not tell which one it was. */
	for (size_t i = 0; i < t->count; i++)
		if (seal_equal(&t->list[i].seal, &seal))
			found = &t->list[i];
	return found;
}

const struct token *tokens_named(const struct tokens *t, struct slice name)
{
	for (size_t i = 0; i < t->count; i++)
		if (slice_equal(slice_of(t->list[i].name), name))
			return &t->list[i];
	return NULL;
}
