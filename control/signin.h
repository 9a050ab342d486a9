/* SPDX-License-Identifier: Apache-2.0 */
/* control/signin.h: browsers, which cannot keep a token: a link with a one-time code lets one in, from
 * then on it shows a cookie. Codes and cookies are 32 random bytes, kept as hashes, for a while, a
 * bounded number of each. Both stand for the token of the same name: what that token may no longer,
 * they may not either. Values only; time is any clock that never goes back. */
#ifndef SALLYPORT_CONTROL_SIGNIN_H
#define SALLYPORT_CONTROL_SIGNIN_H

#include "control/token.h"

/* One code or cookie. */
struct pass {
	struct seal seal;
	uint64_t expires_ms; /* 0: free */
	char name[TOKEN_NAME_SIZE];
};

struct signin {
	struct pass links[LIMIT_LINKS];
	struct pass browsers[LIMIT_SIGNED_IN];
	uint64_t guesses_ms; /* when the wrong codes so far will be forgotten */
};

enum signin_result {
	SIGNIN_OK,
	SIGNIN_UNKNOWN, /* wrong, used or too old */
	SIGNIN_TOO_MANY, /* wrong, and more wrong codes than LIMIT_GUESSES came lately */
	SIGNIN_FAILED, /* no memory or no randomness */
};

/* A code that is good for LIMIT_LINK_MS, once; the oldest one gives way. */
enum signin_result signin_invite(
	struct signin *s, const char *name, uint64_t now_ms, char ret_code[SEAL_TEXT_SIZE]);

/* Takes a code for a cookie, good for LIMIT_SIGNED_IN_MS; the oldest browser gives way. A right code
 * counts whatever others guessed: nobody keeps an admin out by guessing. */
enum signin_result signin_redeem(
	struct signin *s, struct slice code, uint64_t now_ms, char ret_cookie[SEAL_TEXT_SIZE]);

/* The name that the cookie stands for, NULL when it is none. In constant time for all cookies. */
const char *signin_name(const struct signin *s, struct slice cookie, uint64_t now_ms);
void signin_leave(struct signin *s, struct slice cookie);

#endif
