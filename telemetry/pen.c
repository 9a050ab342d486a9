/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/pen.h"

#include "base/escape.h"

void pen_digits(struct pen *p, uint64_t number, unsigned digits)
{
	assert(digits <= 9);
	pen_room(p, digits);
	for (char *at = p->at + digits; at > p->at; number /= 10)
		*--at = (char)('0' + number % 10);
	p->at += digits;
}

void pen_number(struct pen *p, uint64_t number)
{
	size_t width = 1;

	for (uint64_t rest = number; rest >= 10; rest /= 10)
		width++;
	pen_room(p, width);
	for (char *at = p->at + width; at > p->at; number /= 10)
		*--at = (char)('0' + number % 10);
	p->at += width;
}

void pen_address(struct pen *p, const struct address *a)
{
	pen_room(p, ADDRESS_TEXT_SIZE);
	p->at += address_format(a, p->at);
}

void pen_escaped(struct pen *p, struct slice text)
{
	pen_room(p, 4 * text.len + 8);
	p->at += escape_text(text, p->at, (size_t)(p->end - p->at));
}

void pen_seconds(struct pen *p, uint64_t us)
{
	pen_number(p, us / 1000000);
	pen_put(p, SLICE("."));
	pen_digits(p, us / 1000 % 1000, 3);
	pen_put(p, SLICE(" s"));
}
