/* SPDX-License-Identifier: Apache-2.0 */
#include "control/form.h"

#include "base/escape.h"

#include <assert.h>
#include <stdarg.h>

enum { SHOWN_SIZE = 48 };

void form_init(struct form *f, const json_t *body)
{
	*f = (struct form){.body = body};
}

__attribute__((format(printf, 3, 0))) static void fault(
	struct form *f, unsigned status, const char *format, va_list arguments)
{
	if (f->status)
		return;
	f->status = status;
	vsnprintf(f->sentence, sizeof(f->sentence), format, arguments);
}

void form_fault(struct form *f, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fault(f, 422, format, arguments);
	va_end(arguments);
}

/* Not even the right shape. */
__attribute__((format(printf, 2, 3))) static void misshapen(struct form *f, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fault(f, 400, format, arguments);
	va_end(arguments);
}

/* NULL when it is absent, null, or something was wrong before. */
static const json_t *member(struct form *f, const char *name)
{
	const json_t *value;

	assert(f->asked_count < FORM_MEMBERS);
	f->asked[f->asked_count++] = name;
	value = f->body && !f->status ? json_object_get(f->body, name) : NULL;
	return json_is_null(value) ? NULL : value;
}

static bool is_one_line(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	return true;
}

struct slice form_text(struct form *f, const char *name, size_t most)
{
	const json_t *value = member(f, name);
	struct slice text = {NULL, 0};

	if (!value)
		return text;
	if (!json_is_string(value)) {
		misshapen(f, "The member \"%s\" is not a text: write it in quotes.", name);
		return text;
	}
	text = slice_from(json_string_value(value), json_string_length(value));
	if (text.len > 0 && text.len <= most && is_one_line(text))
		return text;
	form_fault(f,
		"The text in \"%s\" is %s: write 1 to %zu bytes in one line, or leave the member out.",
		name,
		text.len == 0     ? "empty"
		: text.len > most ? "too long"
				  : "broken by a control character",
		most);
	return (struct slice){NULL, 0};
}

/* "once", "session" or "ttl" */
static void list_words(const char *const *words, size_t count, char *ret_text, size_t size)
{
	size_t len = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < count && len < size; i++)
		len += (size_t)snprintf(ret_text + len, size - len, "%s\"%s\"",
			i == 0           ? ""
			: i + 1 == count ? " or "
					 : ", ",
			words[i]);
}

size_t form_word(
	struct form *f, const char *name, const char *const *words, size_t count, size_t fallback)
{
	const json_t *value = member(f, name);
	const char *text = json_string_value(value);
	char list[128];

	if (!value)
		return fallback;
	for (size_t i = 0; text && i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	list_words(words, count, list, sizeof(list));
	if (text)
		form_fault(f, "The member \"%s\" has an unknown word: write %s.", name, list);
	else
		misshapen(f, "The member \"%s\" is not a text: write %s.", name, list);
	return fallback;
}

uint64_t form_number(struct form *f, const char *name, uint64_t least, uint64_t most)
{
	const json_t *value = member(f, name);
	json_int_t number = json_integer_value(value);

	if (!value)
		return 0;
	if (!json_is_integer(value))
		misshapen(f,
			"The member \"%s\" is not a whole number: write one from %llu to %llu, without quotes.",
			name, (unsigned long long)least, (unsigned long long)most);
	else if (number < (json_int_t)least || number > (json_int_t)most)
		form_fault(f, "The number in \"%s\" is out of range: write one from %llu to %llu.",
			name, (unsigned long long)least, (unsigned long long)most);
	else
		return (uint64_t)number;
	return 0;
}

static bool was_asked(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->asked_count; i++)
		if (strcmp(f->asked[i], name) == 0)
			return true;
	return false;
}

static void refuse_unknown(struct form *f)
{
	char shown[SHOWN_SIZE], list[256];
	void *at = json_object_iter((json_t *)f->body);

	while (at && was_asked(f, json_object_iter_key(at)))
		at = json_object_iter_next((json_t *)f->body, at);
	if (!at)
		return;
	escape_utf8(slice_of(json_object_iter_key(at)), shown, sizeof(shown));
	list_words(f->asked, f->asked_count, list, sizeof(list));
	misshapen(f, "The member \"%s\" is unknown: there %s %s.", shown,
		f->asked_count == 1 ? "is" : "are", f->asked_count > 0 ? list : "none");
}

bool form_end(struct form *f, struct call *call)
{
	if (f->body)
		refuse_unknown(f);
	if (!f->status)
		return true;
	call_problem(call, f->status, "bad_request", f->sentence);
	return false;
}
