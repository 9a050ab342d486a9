/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/json_rows.h"

#include <jansson.h>

enum { NAME_BYTES = 128 };

/* What the path leads to; NULL when there is nothing. */
static const json_t *follow(const json_t *at, struct slice path)
{
	char name[NAME_BYTES];

	while (at && path.len > 0) {
		struct slice word = slice_first(path, slice_find(path, '.'));
		if (word.len >= sizeof(name))
			return NULL;
		memcpy(name, word.ptr, word.len);
		name[word.len] = '\0';
		at = json_object_get(at, name);
		path = slice_after(path, word.len + 1);
	}
	return at;
}

static void tell(const json_t *element, const struct json_rows *rows)
{
	struct slice texts[JSON_COLUMNS];

	for (size_t i = 0; i < JSON_COLUMNS; i++) {
		const json_t *value =
			rows->columns[i].len > 0 ? follow(element, rows->columns[i]) : NULL;
		texts[i] = json_is_string(value)
				   ? slice_from(json_string_value(value), json_string_length(value))
				   : (struct slice){NULL, 0};
	}
	rows->on_row(rows->owner, texts);
}

/* Returns how many were told. */
static size_t tell_list(const json_t *list, const struct json_rows *rows, size_t most)
{
	size_t told = 0;

	for (size_t i = 0; i < json_array_size(list) && told < most; i++) {
		const json_t *element = json_array_get(list, i);
		if (!json_is_object(element))
			continue;
		tell(element, rows);
		told++;
	}
	return told;
}

bool json_rows_read(struct slice text, const struct json_rows *rows)
{
	json_t *top = json_loadb(text.len > 0 ? text.ptr : "", text.len, 0, NULL);
	const json_t *list = follow(top, rows->list);
	bool found = json_is_array(list);

	size_t told = found ? tell_list(list, rows, rows->most) : 0;
	for (size_t i = 0; i < json_array_size(list) && told < rows->most; i++)
		told += tell_list(json_array_get(list, i), rows, rows->most - told);
	json_decref(top);
	return found;
}
