/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/context.h: what a request head tells about a question, for the person who decides it. Never a
 * query, credential or content, and of a path only its shape, unless a rule wants it recorded.
 * Source: shared design §5 and §7. */
#ifndef SALLYPORT_PROXY_CONTEXT_H
#define SALLYPORT_PROXY_CONTEXT_H

#include "policy/question.h"
#include "proxy/head.h"

/* Everything else of *ret_context becomes empty.
 *   path  origin-form of a request in plain view, "" means "/"; ptr NULL for a CONNECT, which has
 *         none */
void context_fill(struct question_context *ret_context, const struct head *h, struct slice path);

/* Adds the path itself, without its query. */
void context_show_path(struct question_context *context, struct slice path);

/* The same as one small block, for as long as it is on its way; what context_fill leaves empty is not
 * in it. NULL without memory; free() frees it. */
char *context_pack(const struct question_context *context);
/* NULL yields an empty context. */
void context_unpack(const char *packed, struct question_context *ret_context);

/* "+" for each segment of the path, a known harmless extension of the last one, "?" when there is a
 * query: "/+/+.tgz?". Longer shapes end with "…". NUL-terminated; returns the length. */
size_t context_path_class(struct slice path, char *ret_text, size_t size);

#endif
