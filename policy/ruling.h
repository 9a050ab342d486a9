/* SPDX-License-Identifier: Apache-2.0 */
/* policy/ruling.h: what goes out of the approval desk: rulings for those who wait, news for everybody
 * else. */
#ifndef SALLYPORT_POLICY_RULING_H
#define SALLYPORT_POLICY_RULING_H

#include "policy/grants.h"

/* What the desk says to a waiter. */
enum ruling_kind {
	RULING_ALLOWED, /* `grant` says by what */
	RULING_DENIED, /* somebody's no */
	RULING_EXPIRED, /* nobody answered in time */
	RULING_WITHDRAWN, /* judge anew: the rules changed, or the answer was for another session */
};
struct ruling {
	enum ruling_kind kind;
	uint64_t question;
	struct grant_mark grant;
	enum port_protocol protocol; /* RULING_ALLOWED */
};

/* For the event network_proxy.approval, the event stream, the reviewer. */
enum news_kind {
	NEWS_ASKED, /* a new question */
	NEWS_DECIDED, /* question->state says what; grant set */
	NEWS_EXPIRED,
	NEWS_WITHDRAWN,
	NEWS_GRANTED, /* a grant without a question of its own: made ahead of time */
	NEWS_REVOKED, /* `actor` took the grant back, or a newer decision replaced it */
	NEWS_GRANT_ENDED, /* its time was over; kept, but not told, when a once-grant was used up */
	NEWS_WAITERS, /* somebody came or left; nothing to keep */
	NEWS_CONTEXT, /* the agent gave its reason, or the context became known */
};
struct news {
	enum news_kind kind;
	const struct question *question; /* NULL where there is none */
	const struct grant *grant; /* NULL where there is none */
	const char *actor; /* who decided or revoked; NULL: time or rules did */
	uint64_t now_ms;
	uint64_t
		waited_ms; /* the longest that one of its waiters has waited, at the end of pending */
};

/* Synchronous, before the call of the desk that caused it returns. None may call the desk, but for
 * looking and, in regrant, desk_snapshot. */
struct desk_outlets {
	void *owner;
	/* Make it durable. False: refused, the desk changes nothing. Called for ASKED, DECIDED,
	 * EXPIRED, WITHDRAWN, GRANTED, REVOKED, GRANT_ENDED, CONTEXT. Failing ASKED, EXPIRED,
	 * WITHDRAWN, CONTEXT, the GRANT_ENDED of time and the REVOKED that follows a replacement is
	 * tolerated: the change happens, since it lets nobody through. One call may stand for one
	 * transaction: question and grant of a decision come together, and a kept grant takes the
	 * place of one with the same pattern, identity and session. */
	bool (*keep)(void *owner, const struct news *news);
	/* These waiters are answered and forgotten; at most LIMIT_NOTICE at once. */
	void (*answer)(
		void *owner, const uint64_t *waiters, size_t count, const struct ruling *ruling);
	/* Somebody may want to know; after keep, and before answer for a decision. */
	void (*tell)(void *owner, const struct news *news);
	/* The set of grants changed: desk_snapshot is to be handed out, before any answer. */
	void (*regrant)(void *owner);
	/* A random number, not 0. */
	uint64_t (*new_id)(void *owner);
};

#endif
