/* SPDX-License-Identifier: Apache-2.0 */
/* control/form.h: a strict reader of a request's body: members by name, of the right type and range,
 * null as good as absent, and nothing that nobody asked for. Sticky: the first fault stays, later
 * reads give nothing, so that a handler checks once at the end and nothing is half done.
 * Source: RFC 8259; RFC 9110 §15.5.1, §15.5.21. */
#ifndef SALLYPORT_CONTROL_FORM_H
#define SALLYPORT_CONTROL_FORM_H

#include "control/call.h"

enum { FORM_MEMBERS = 10 };

struct form {
	const json_t *body; /* NULL: no content, as good as {} */
	const char *asked[FORM_MEMBERS];
	size_t asked_count;
	unsigned status; /* 0, or that of the fault: 400 for a wrong shape, 422 for a value */
	char sentence[512]; /* what to write instead; peer bytes escaped */
};

void form_init(struct form *f, const json_t *body);

/* A text of 1..most bytes in one line. ptr NULL: absent, or a fault. Lives as long as the body. */
struct slice form_text(struct form *f, const char *name, size_t most);
/* The index of a word of the list; `fallback` when absent. */
size_t form_word(
	struct form *f, const char *name, const char *const *words, size_t count, size_t fallback);
/* A whole number least..most; 0 when absent. */
uint64_t form_number(struct form *f, const char *name, uint64_t least, uint64_t most);

/* A fault of what the members mean together (422). The first fault stays. */
void form_fault(struct form *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* After the last read. False: a fault, of which an unknown member is one; the call was answered. */
bool form_end(struct form *f, struct call *call);

#endif
