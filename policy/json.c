/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* Whole numbers up to here are told from their neighbours by a double, RFC 8259 §6. */
#define EXACT 9007199254740992.0

/* As `value` is written in one form: a whole number of any spelling is an integer. A new reference, or
 * NULL without memory. */
static json_t *plain_number(json_t *value)
{
	double number = json_number_value(value);

	if (json_is_real(value) && fabs(number) <= EXACT && number == floor(number))
		return json_integer((json_int_t)number);
	return json_incref(value);
}

static enum json_result plain(json_t *value, const struct json_reader *r, size_t levels);

/* Puts a value that is written in one form in the place of an element or a member. */
static enum json_result plain_list(json_t *list, const struct json_reader *r, size_t levels)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *value = json_array_get(list, i);
		if (json_is_number(value) && json_array_set_new(list, i, plain_number(value)) != 0)
			return JSON_NO_MEMORY;
		enum json_result result = plain(json_array_get(list, i), r, levels);
		if (result != JSON_OK)
			return result;
	}
	return JSON_OK;
}

static enum json_result plain_object(json_t *object, const struct json_reader *r, size_t levels)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		if (r->drops(r->owner, slice_of(name))) {
			json_object_del(object, name);
			continue;
		}
		if (json_is_number(value) &&
			json_object_iter_set_new(
				object, json_object_key_to_iter(name), plain_number(value)) != 0)
			return JSON_NO_MEMORY;
		enum json_result result = plain(json_object_get(object, name), r, levels);
		if (result != JSON_OK)
			return result;
	}
	return JSON_OK;
}

/* `levels` more may be entered. */
static enum json_result plain(json_t *value, const struct json_reader *r, size_t levels)
{
	if (!json_is_array(value) && !json_is_object(value))
		return JSON_OK;
	if (levels == 0)
		return JSON_BAD;
	return json_is_array(value) ? plain_list(value, r, levels - 1)
				    : plain_object(value, r, levels - 1);
}

static enum json_result tell(
	const char *name, json_t *value, bool is_list, const struct json_reader *r)
{
	struct json_field field = {.name = slice_of(name), .is_list = is_list};
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		return JSON_NO_MEMORY;
	field.value = slice_of(text);
	if (json_is_string(value))
		field.text = slice_from(json_string_value(value), json_string_length(value));
	bool goes_on = r->on_field(r->owner, &field);
	free(text);
	return goes_on ? JSON_OK : JSON_STOPPED;
}

static bool all_strings(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i)))
			return false;
	return json_array_size(list) > 0;
}

static enum json_result tell_all(json_t *object, const struct json_reader *r)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		bool is_list = json_is_array(value) && all_strings(value) &&
			       r->lists(r->owner, slice_of(name));
		size_t count = is_list ? json_array_size(value) : 1;
		for (size_t i = 0; i < count; i++) {
			json_t *one = is_list ? json_array_get(value, i) : value;
			enum json_result result = tell(name, one, is_list, r);
			if (result != JSON_OK)
				return result;
		}
	}
	return JSON_OK;
}

enum json_result json_read(struct slice text, const struct json_reader *reader)
{
	json_error_t error;

	/* Without JSON_DECODE_ANY only objects and lists are taken; a NUL in a string is refused. */
	json_t *top =
		json_loadb(text.len > 0 ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
	if (!top)
		return json_error_code(&error) == json_error_out_of_memory ? JSON_NO_MEMORY
									   : JSON_BAD;
	enum json_result result =
		json_is_object(top) ? plain(top, reader, reader->depth) : JSON_BAD;
	if (result == JSON_OK)
		result = tell_all(top, reader);
	json_decref(top);
	return result;
}
