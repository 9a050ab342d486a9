/* SPDX-License-Identifier: Apache-2.0 */
/* policy/option.h: the option table as values. Source: policy/option.def. */
#ifndef SALLYPORT_POLICY_OPTION_H
#define SALLYPORT_POLICY_OPTION_H

#include "base/slice.h"

enum option {
#define OPTION(id, ...)  OPTION_##id,
#define FOREIGN(id, ...) OPTION_##id,
#include "policy/option.def"
#undef OPTION
#undef FOREIGN
	OPTION_COUNT
};

/* What may stand behind the "=", and what the field of struct config is. */
enum option_type {
	OPTION_TYPE_BOOLEAN, /* bool */
	OPTION_TYPE_COUNT, /* uint32_t */
	OPTION_TYPE_DURATION, /* uint32_t, milliseconds */
	OPTION_TYPE_SPAN, /* uint32_t, seconds: a duration that may be years */
	OPTION_TYPE_SIZE, /* uint64_t, bytes */
	OPTION_TYPE_WORD, /* an enum, the index of the word */
	OPTION_TYPE_WORDS, /* uint32_t, a bit for each word */
	OPTION_TYPE_TEXT, /* char *, or NULL */
	OPTION_TYPE_PATH, /* char *; relative to the file that names it */
	OPTION_TYPE_URL, /* char * */
	OPTION_TYPE_LOG, /* char *: a word or a path */
	OPTION_TYPE_LISTEN_PROXY, /* struct listen_at[] */
	OPTION_TYPE_LISTEN_CONTROL,
	OPTION_TYPE_SERVERS, /* struct endpoint[] */
	OPTION_TYPE_HEADERS, /* char *, "Name: value" lines */
	OPTION_TYPE_EXPORTER, /* an enum; a word or a table of further options */
	OPTION_TYPE_ALLOW, /* the lists that the policy is built from */
	OPTION_TYPE_DENY,
	OPTION_TYPE_DOMAINS,
	OPTION_TYPE_ALLOW_FILES,
	OPTION_TYPE_DENY_FILES,
	OPTION_TYPE_RULES, /* rules about requests, likewise */
	OPTION_TYPE_PROVIDERS, /* web searches, likewise */
	OPTION_TYPE_ANY /* foreign keys only */
};

enum option_effect {
	OPTION_NOW, /* from the start or reload on that reads it */
	OPTION_START, /* a change counts from the next start on */
	OPTION_LATER,
	OPTION_FOREIGN
};

struct option_row {
	const char *section; /* "" for the top level; dots between nested tables */
	const char *name;
	enum option_type type;
	enum option_effect effect;
	size_t offset; /* of the field in struct config; 0 for foreign keys */
	const char *standard; /* the default as TOML, "" for none; of a foreign key the value that
	                         needs no mention */
	uint64_t min, max; /* of numbers */
	const char *words; /* of a choice, separated by | */
	const char *help; /* one sentence, or what to use instead of a foreign key */
};

/* The row of an option; asserts on anything that is not one. */
const struct option_row *option_row(enum option option);

/* The option of a key in a table; OPTION_COUNT when there is none. `section` is the table's
 * dotted path, "" for the top level. */
enum option option_find(struct slice section, struct slice name);

/* True when `section` is a table that holds options or further tables. */
bool option_is_section(struct slice section);

/* Milliseconds in the unit of a duration's field, minimum and maximum. */
uint64_t option_unit_ms(const struct option_row *row);

/* True for the options that add up over sources instead of replacing one another. */
bool option_adds_up(const struct option_row *row);

/* "section.name" as people write it. size at least 96. */
size_t option_label(const struct option_row *row, char *ret_text, size_t size);

/* What somebody probably meant with an unknown key of a table, as the end of a sentence:
 * `did you mean "mode"?`, or where the key belongs; "" when nothing is near. size at least 160. */
void option_suggest(struct slice section, struct slice name, char *ret_text, size_t size);

/* Index of the word in "one|two|three", or -1. And back: the word at an index, empty beyond. */
int words_find(const char *words, struct slice word);
struct slice words_at(const char *words, unsigned index);

/* The word of "one|two|three" that somebody probably meant; empty when none is near. */
struct slice words_nearest(const char *words, struct slice word);

/* Keys and tables of coding agents' configuration that stand at the top level and have nothing to
 * do with the network. */
bool option_is_agent_key(struct slice name);

#endif
