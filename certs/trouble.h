/* SPDX-License-Identifier: Apache-2.0 */
/* certs/trouble.h: what went wrong, as one sentence for the operator. The room is silent: whatever
 * fails returns false or NULL and leaves its sentence here. */
#ifndef SALLYPORT_CERTS_TROUBLE_H
#define SALLYPORT_CERTS_TROUBLE_H

#include <stdbool.h>

enum { TROUBLE_TEXT_SIZE = 1024 };

/* A line without its end: no control byte, nothing secret; what comes from a file is escaped. */
struct trouble {
	char text[TROUBLE_TEXT_SIZE];
};

/* Sets the sentence; a longer one is cut. Returns false, for `return trouble_set(…)`. */
bool trouble_set(struct trouble *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, with ": " and what OpenSSL has to say of it. Takes everything off this thread's error
 * queue, so that no later failure is blamed on it. */
bool trouble_set_openssl(struct trouble *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, with ": " and the text of errno. */
bool trouble_set_errno(struct trouble *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
