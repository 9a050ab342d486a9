/* SPDX-License-Identifier: Apache-2.0 */
#include "control/signin.h"

#include <stdio.h>

enum { GUESS_MS = 1000 };

/* A free place, or the one that expires first. */
static struct pass *oldest(struct pass *list, size_t count)
{
	struct pass *found = list;

	for (size_t i = 1; i < count; i++)
		if (list[i].expires_ms < found->expires_ms)
			found = &list[i];
	return found;
}

/* Its place, or `count`. Looks at every one, so that time does not tell which. */
static size_t find(const struct pass *list, size_t count, struct slice secret, uint64_t now_ms)
{
	size_t found = count;
	struct seal seal;

	if (secret.len != SEAL_TEXT_SIZE - 1 || !seal_of(secret, &seal))
		return count;
	for (size_t i = 0; i < count; i++)
		if (seal_equal(&list[i].seal, &seal) && list[i].expires_ms > now_ms)
			found = i;
	return found;
}

static bool issue(
	struct pass *at, const char *name, uint64_t expires_ms, char ret_secret[SEAL_TEXT_SIZE])
{
	struct pass fresh = {.expires_ms = expires_ms};

	if (!seal_secret(ret_secret) || !seal_of(slice_of(ret_secret), &fresh.seal))
		return false;
	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	*at = fresh;
	return true;
}

enum signin_result signin_invite(
	struct signin *s, const char *name, uint64_t now_ms, char ret_code[SEAL_TEXT_SIZE])
{
	return issue(oldest(s->links, LIMIT_LINKS), name, now_ms + LIMIT_LINK_MS, ret_code)
		       ? SIGNIN_OK
		       : SIGNIN_FAILED;
}

/* Each wrong code costs GUESS_MS of a credit that holds LIMIT_GUESSES of them. */
static enum signin_result wrong(struct signin *s, uint64_t now_ms)
{
	if (s->guesses_ms < now_ms)
		s->guesses_ms = now_ms;
	if (s->guesses_ms - now_ms + GUESS_MS > LIMIT_GUESSES * GUESS_MS)
		return SIGNIN_TOO_MANY;
	s->guesses_ms += GUESS_MS;
	return SIGNIN_UNKNOWN;
}

enum signin_result signin_redeem(
	struct signin *s, struct slice code, uint64_t now_ms, char ret_cookie[SEAL_TEXT_SIZE])
{
	size_t i = find(s->links, LIMIT_LINKS, code, now_ms);

	if (i == LIMIT_LINKS)
		return wrong(s, now_ms);
	if (!issue(oldest(s->browsers, LIMIT_SIGNED_IN), s->links[i].name,
		    now_ms + LIMIT_SIGNED_IN_MS, ret_cookie))
		return SIGNIN_FAILED;
	s->links[i] = (struct pass){0};
	return SIGNIN_OK;
}

const char *signin_name(const struct signin *s, struct slice cookie, uint64_t now_ms)
{
	size_t i = find(s->browsers, LIMIT_SIGNED_IN, cookie, now_ms);

	return i < LIMIT_SIGNED_IN ? s->browsers[i].name : NULL;
}

void signin_leave(struct signin *s, struct slice cookie)
{
	size_t i = find(s->browsers, LIMIT_SIGNED_IN, cookie, 0);

	if (i < LIMIT_SIGNED_IN)
		s->browsers[i] = (struct pass){0};
}
