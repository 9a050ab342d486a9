/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

static void line(enum log_level level, const char *format, va_list arguments)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char text[2048];
	struct timespec now;
	struct tm utc;

	if (level > threshold)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	len += (size_t)snprintf(text + len, sizeof(text) - len,
		".%03dZ %s: ", (int)(now.tv_nsec / 1000000), names[level]);
	int added = vsnprintf(text + len, sizeof(text) - len - 1, format, arguments);
	if (added > 0) {
		size_t room = sizeof(text) - len - 2;
		len += (size_t)added < room ? (size_t)added : room;
	}
	text[len++] = '\n';
	/* Nobody can be told that the log itself cannot be written. */
	ssize_t ignored = write(STDERR_FILENO, text, len);
	(void)ignored;
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		line(level, format, arguments);                                                    \
		va_end(arguments);                                                                 \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
