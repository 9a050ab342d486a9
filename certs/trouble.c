/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/trouble.h"

#include "base/escape.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends what fits. */
static void add(struct trouble *t, const char *text)
{
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%s", text);
}

/* Nothing that somebody wrote into a file may break the operator's line. */
static void set(struct trouble *t, const char *format, va_list arguments)
{
	char raw[TROUBLE_TEXT_SIZE];

	vsnprintf(raw, sizeof(raw), format, arguments);
	escape_utf8(slice_of(raw), t->text, sizeof(t->text));
}

bool trouble_set(struct trouble *t, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set(t, format, arguments);
	va_end(arguments);
	return false;
}

bool trouble_set_openssl(struct trouble *t, const char *format, ...)
{
	const char *text = NULL, *data = NULL, *last = "";
	int flags = 0;
	va_list arguments;

	va_start(arguments, format);
	set(t, format, arguments);
	va_end(arguments);
	for (unsigned long code;
		(code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0;) {
		text = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
					      : ERR_reason_error_string(code);
		if (!text || strcmp(text, last) == 0)
			continue;
		add(t, *last ? ", " : ": ");
		add(t, text);
		last = text;
		if (!(flags & ERR_TXT_STRING) || data[0] == '\0')
			continue;
		char escaped[256];
		escape_utf8(slice_of(data), escaped, sizeof(escaped));
		add(t, " (");
		add(t, escaped);
		add(t, ")");
	}
	return false;
}

bool trouble_set_errno(struct trouble *t, const char *format, ...)
{
	const char *reason = strerror(errno);
	va_list arguments;

	va_start(arguments, format);
	set(t, format, arguments);
	va_end(arguments);
	add(t, ": ");
	add(t, reason);
	return false;
}
