/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/subject.h"

#include "base/utf8.h"

#include <assert.h>

bool subject_equal(const struct subject *a, const struct subject *b)
{
	static const struct subject host = {.kind = SUBJECT_NONE};

	a = a ? a : &host;
	b = b ? b : &host;
	return a->kind == b->kind && slice_equal(a->text, b->text);
}

bool subject_is_valid(const struct subject *s)
{
	if (s->kind == SUBJECT_NONE)
		return s->text.len == 0;
	return s->text.len > 0 && s->text.len <= LIMIT_SUBJECT_BYTES && utf8_is_valid(s->text) &&
	       slice_find(s->text, '\0') == s->text.len;
}

const char *subject_kind_word(enum subject_kind kind)
{
	static const char *const words[SUBJECT_KIND_COUNT] = {"none", "request", "search"};

	assert(kind >= 0 && kind < SUBJECT_KIND_COUNT);
	return words[kind];
}
