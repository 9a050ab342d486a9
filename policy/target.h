/* SPDX-License-Identifier: Apache-2.0 */
/* policy/target.h: what a client asks for, in the one canonical form that every later step uses:
 * match, resolve, dial, SNI check, record. Bytes in, values out; no allocation.
 * Source: RFC 3986 §3.2, RFC 9110 §4.2 and §7.2, RFC 9112 §3.2, RFC 1035 §2.3.4, RFC 5952,
 * RFC 5891 (A-labels). */
#ifndef SALLYPORT_POLICY_TARGET_H
#define SALLYPORT_POLICY_TARGET_H

#include "base/address.h"
#include "base/limits.h"
#include "base/reason.h"
#include "base/slice.h"

enum target_kind { TARGET_NAME, TARGET_ADDRESS };

struct target {
	uint8_t kind; /* enum target_kind */
	uint8_t host_len; /* 1..253 */
	uint16_t port; /* 1..65535 */
	struct address address; /* for TARGET_ADDRESS, else family 0 */
	char host[LIMIT_NAME_BYTES + 3]; /* lower case, no trailing dot, NUL-terminated; an IPv6
	                                    literal as RFC 5952 text without brackets */
};

/* The canonical host as a slice into the target. */
static inline struct slice target_host(const struct target *t)
{
	return slice_from(t->host, t->host_len);
}

/* "host:port" of a CONNECT (RFC 9110 §9.3.6): the port is required, plain digits, no sign, no
 * leading zero. Returns REASON_NONE or REASON_BAD_TARGET; *ret_target is untouched on failure. */
enum reason target_parse_authority(struct slice authority, struct target *ret_target);

/* "host" or "host:port", as in a Host field or the authority of a URI, with the port that the
 * scheme implies when there is none. An empty port ("host:") is malformed. Same returns. */
enum reason target_parse_host(struct slice host, uint16_t default_port, struct target *ret_target);

/* An absolute-form request target (RFC 9112 §3.2.2). Scheme http only, any case; other schemes
 * give REASON_SCHEME_NOT_ALLOWED once the rest is well-formed, and then *ret_target is set too (port
 * 443 when there is none) for the record of the refusal. Userinfo, fragment, control bytes,
 * spaces and an empty host: REASON_BAD_TARGET. *ret_path is the origin-form to forward (path and
 * query, a slice of `uri`; empty when the URI has neither a path nor a query, then "/" is meant;
 * starts with "?" when only the path is missing). */
enum reason target_parse_uri(struct slice uri, struct target *ret_target, struct slice *ret_path);

/* A bare host, as a name of SNI or a CNAME: same rules, no port (port is left 0), no brackets. */
enum reason target_parse_name(struct slice name, struct target *ret_target);

/* Same host and same port. */
bool target_equal(const struct target *a, const struct target *b);

/* The proxy's own page for agents, if the request is in plain HTTP: its name (NAME_OF_AGENT_PAGE) and
 * port 80. Names below it and other ports are nothing. */
bool target_is_agent_page(const struct target *t);

/* Writes "host:port", IPv6 in brackets, NUL-terminated. size at least LIMIT_NAME_BYTES + 9.
 * Returns the length. */
size_t target_format(const struct target *t, char *ret_text, size_t size);

#endif
