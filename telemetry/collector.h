/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/collector.h: the OTLP collector as somebody to whom one request at a time is posted.
 * Never blocks: a post is started, then driven by collector_wait until collector_take has its
 * result. Keeps the connection, backs off after failures, honours Retry-After.
 * Source: OTLP 1.0 specification, OTLP/HTTP response and throttling. One thread. */
#ifndef SALLYPORT_TELEMETRY_COLLECTOR_H
#define SALLYPORT_TELEMETRY_COLLECTOR_H

#include "base/slice.h"

struct collector; /* opaque */

struct collector_options {
	const char *endpoint; /* http or https URL */
	const char *headers; /* "Name: value" lines separated by \n, or NULL */
	const char *ca; /* PEM file, NULL: the system's roots */
	const char *certificate; /* client certificate, PEM, or NULL */
	const char *key;
	uint32_t timeout_ms; /* of one post */
};

enum post_result {
	POST_NONE, /* nothing was posted */
	POST_PENDING,
	POST_ACKED, /* 2xx; *ret_rejected of its records were refused (partial success) */
	POST_REFUSED, /* the collector will never take it: do not repeat */
	POST_FAILED, /* repeat after the back-off */
};

/* Copies the options. Loads nothing yet. NULL without memory. */
struct collector *collector_new(const struct collector_options *options);
void collector_free(struct collector *c); /* NULL is fine; forgets a post under way */

/* True when a post may start now: none is under way and the back-off is over.
 *   now_ms  monotonic */
bool collector_ready(const struct collector *c, uint64_t now_ms);
/* Milliseconds until collector_ready, 0 when it is, UINT32_MAX while a post is under way. */
uint32_t collector_delay_ms(const struct collector *c, uint64_t now_ms);

/* Starts posting `body`, which stays the caller's and untouched until the result is taken. */
void collector_post(struct collector *c, struct slice body, bool gzip);

/* Sleeps until the post moves, `wake_fd` is readable or timeout_ms pass, and drives the post. */
void collector_wait(struct collector *c, int wake_fd, uint32_t timeout_ms);

/* The result of the post, once; POST_PENDING until there is one. */
enum post_result collector_take(struct collector *c, uint64_t now_ms, uint64_t *ret_rejected);

/* Why the last post was refused or failed, one sentence of printable ASCII; "" after success. */
const char *collector_failure(const struct collector *c);

#endif
