/* SPDX-License-Identifier: Apache-2.0 */
/* policy/quantity.h: durations, sizes and endpoints as people write them in a configuration.
 * Values in, values out; no allocation. */
#ifndef SALLYPORT_POLICY_QUANTITY_H
#define SALLYPORT_POLICY_QUANTITY_H

#include "base/address.h"

/* Longest text that the format functions write, with its NUL. */
enum { QUANTITY_TEXT_SIZE = 64 };

/* A whole number and a unit, "ms", "s", "m", "h" or "d": "500ms", "30s", "15m". No sign, no
 * fraction, no space, at most nine digits. False leaves *ret_ms untouched. */
bool duration_parse(struct slice text, uint64_t *ret_ms);

/* The shortest such text: the largest unit that divides it. Returns the length. */
size_t duration_format(uint64_t ms, char *ret_text, size_t size);

/* A whole number and a unit, "B", "KiB", "MiB", "GiB" or "TiB". Same rules. */
bool size_parse(struct slice text, uint64_t *ret_bytes);
size_t size_format(uint64_t bytes, char *ret_text, size_t size);

/* "192.0.2.7:53", "[2001:db8::1]:53"; without a port default_port is taken, and where that is 0
 * the port is required. Port 0 itself is only accepted where default_port is 0. */
bool endpoint_parse(struct slice text, uint16_t default_port, struct endpoint *ret_endpoint);
size_t endpoint_format(const struct endpoint *e, char *ret_text, size_t size);

/* Where somebody on the same machine reaches a listener that is bound to `e`: "127.0.0.1:3128"; one
 * that listens everywhere is reached by loopback. */
size_t endpoint_format_near(const struct endpoint *e, char *ret_text, size_t size);

/* 127.0.0.0/8 and ::1. */
bool endpoint_is_loopback(const struct endpoint *e);

#endif
