/* SPDX-License-Identifier: Apache-2.0 */
#include "control/place.h"

#include <inttypes.h>
#include <stdio.h>

enum { DIGITS_MAX = 18 };

void place_format(const struct place *p, char ret_text[PLACE_SIZE])
{
	char id[IDENT_SIZE];

	ident_format('q', p->question, id);
	snprintf(
		ret_text, PLACE_SIZE, "%s.%" PRIu64 ".%s", p->ended ? "ended" : "asked", p->ms, id);
}

static bool parse_ms(struct slice digits, uint64_t *ret_ms)
{
	uint64_t ms = 0;

	if (digits.len == 0 || digits.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		ms = ms * 10 + (uint64_t)(digits.ptr[i] - '0');
	}
	*ret_ms = ms;
	return true;
}

bool place_parse(struct slice text, struct place *ret_place)
{
	struct slice word = slice_first(text, slice_find(text, '.'));
	struct slice rest = slice_after(text, word.len + 1);
	struct slice digits = slice_first(rest, slice_find(rest, '.'));
	struct place p = {.ended = slice_equal(word, SLICE("ended"))};

	p.question = ident_parse('q', slice_after(rest, digits.len + 1));
	if (p.question == 0 || !parse_ms(digits, &p.ms) ||
		!(p.ended || slice_equal(word, SLICE("asked"))))
		return false;
	*ret_place = p;
	return true;
}
