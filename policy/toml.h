/* SPDX-License-Identifier: Apache-2.0 */
/* policy/toml.h: a TOML document as a tree of plain C values that know their line and column.
 * The only door to the C++ library behind it; no exception leaves it.
 * Source: TOML 1.0.0. */
#ifndef SALLYPORT_POLICY_TOML_H
#define SALLYPORT_POLICY_TOML_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
/* base/slice.h is C; its layout is all that the one C++ file needs. */
struct slice {
	const char *ptr;
	size_t len;
};
extern "C" {
#else
#include "base/slice.h"
#endif

enum toml_type {
	TOML_TEXT,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOLEAN,
	TOML_TIME, /* dates and times: no option takes one, so the value is not kept */
	TOML_ARRAY,
	TOML_TABLE
};

struct toml_place {
	uint32_t line; /* from 1 */
	uint32_t column; /* from 1, in characters */
};

struct toml_value {
	enum toml_type type;
	struct slice key; /* inside a table; UTF-8, any character */
	struct toml_place key_place;
	struct toml_place place;
	struct slice text; /* TOML_TEXT; UTF-8, may hold NUL */
	int64_t integer;
	double number;
	bool boolean;
	const struct toml_value *first; /* TOML_ARRAY, TOML_TABLE: children in the file's order */
	const struct toml_value *next; /* the next child of the same parent */
};

struct toml_fault {
	struct toml_place place;
	char text[256]; /* NUL-terminated; may quote bytes of the file, not escaped */
};

struct toml_document; /* opaque: owns every value and every slice in them */

/* Parses a whole document. NULL with *ret_fault when it is malformed, nested too deep or memory
 * ran out (line 0 then). `text` is not needed after the call. */
struct toml_document *toml_parse(struct slice text, struct toml_fault *ret_fault);
void toml_free(struct toml_document *d); /* NULL is fine */

/* The top-level table; lives as long as the document. */
const struct toml_value *toml_root(const struct toml_document *d);

#ifdef __cplusplus
}
#endif

#endif
