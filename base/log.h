/* SPDX-License-Identifier: Apache-2.0 */
/* base/log.h: lines for the operator, on standard error: time, level, text. Thread-safe: each
 * line is one write. base, policy, tls and certs never call it: they return reasons. */
#ifndef SALLYPORT_BASE_LOG_H
#define SALLYPORT_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are dropped. Called once at start, before threads. */
void log_set_level(enum log_level level);

/* One line; a newline is added. Peer bytes in arguments are escaped by the caller (escape_text).
 * Lines over 2 KiB are cut. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
