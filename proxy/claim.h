/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/claim.h: who a client is: what the kernel vouches for, and what it calls itself. The second
 * is never trusted beyond narrowing a grant. Values only.
 * Source: RFC 7617 (Basic), RFC 9110 §11.7.2 (Proxy-Authorization), RFC 4648 §4; shared design §5. */
#ifndef SALLYPORT_PROXY_CLAIM_H
#define SALLYPORT_PROXY_CLAIM_H

#include "base/address.h"
#include "base/limits.h"
#include "proxy/head.h"

/* Loopback in any form: 127.0.0.0/8, ::1, and the former inside ::ffff:0:0/96. */
bool claim_is_local(const struct address *client);

/* The identity of a client by its address: "local" for loopback, else the address as text, an
 * IPv4-mapped one as IPv4; "unknown" without one (a socket that is not of IP). NUL-terminated; returns
 * the length. */
size_t claim_identity(const struct address *client, char ret_identity[LIMIT_IDENTITY_BYTES + 1]);

/* The user name of the one `Proxy-Authorization: Basic` field: UTF-8 without control characters, no
 * percent-decoding; the password is read past and never stored. No session id, and then "" and 0, when
 * the field is missing, there are two, the name is empty or longer than LIMIT_SESSION_BYTES, or anything
 * is malformed: another scheme, base64 that is not canonical, no colon. NUL-terminated. */
size_t claim_session(const struct head *h, char ret_session[LIMIT_SESSION_BYTES + 1]);

#endif
