/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/markup.h: HTML as a run of tags and texts. No tree and no memory: enough to find the texts of
 * a page that works without scripts. Slices in, slices out.
 * Source: the HTML standard §13.2.5 (tokenization), §13.5 (named characters). */
#ifndef SALLYPORT_PROXY_MARKUP_H
#define SALLYPORT_PROXY_MARKUP_H

#include "base/slice.h"

enum markup_kind { MARKUP_END, MARKUP_TEXT, MARKUP_OPEN, MARKUP_CLOSE };

struct markup {
	struct slice text; /* TEXT: as it stands there, characters not decoded */
	struct slice name; /* OPEN, CLOSE: of the tag, in any case */
	struct slice attributes; /* OPEN: all of them, as they stand there */
};

/* The next token, taken from *rest. Comments, declarations and what is inside script and style are
 * left out. */
enum markup_kind markup_next(struct slice *rest, struct markup *ret_markup);

/* The value of an attribute, characters not decoded; ptr NULL when it is not there. */
struct slice markup_attribute(struct slice attributes, struct slice name);

/* The attribute class has the word. */
bool markup_has_class(struct slice attributes, struct slice word);

/* Appends the text with its characters decoded ("&amp;", "&#39;", the usual names), each run of white
 * space as one space, no other control characters, to what `ret_text` holds already; cut when it does
 * not fit. Returns the new length, which is at most `size`. */
size_t markup_decode(struct slice text, char *ret_text, size_t len, size_t size);

#endif
