/* SPDX-License-Identifier: Apache-2.0 */
/* The upstream connection of a session: dialled, kept from the request before, taken from the worker's
 * pool, and given back. */
#include "proxy/session_steps.h"

#include <unistd.h>

static void on_link_ready(struct wire *wire, void *owner)
{
	(void)wire;
	session_post(owner, SESSION_UPSTREAM);
}

static void session_set_link(struct session *s, struct wire *link, const struct address *address)
{
	s->link = link;
	s->link_address = *address;
	s->upstream = *address;
	/* Nothing is on its way to it; a write says otherwise. */
	link->writable = true;
}

void session_take_dialed(struct session *s, const struct dialed *dialed)
{
	session_set_link(s, dial_take(dialed, on_link_ready, s), &dialed->address);
}

bool session_take_kept(struct session *s, int fd, const struct address *address)
{
	struct wire *link = wire_open(s->worker->poller, fd, on_link_ready, s);

	if (!link) {
		close(fd);
		return false;
	}
	session_set_link(s, link, address);
	s->pooled = true;
	return true;
}

void session_unlink(struct session *s, bool keep)
{
	struct wire *link = s->link;
	struct worker *w = s->worker;

	s->link = NULL;
	s->pooled = false;
	if (link && link->layer)
		wire_shutdown(link);
	if (!link || !keep || link->hung_up || s->inspected) {
		wire_close(link);
		return;
	}
	pool_give(&w->pool, &s->target, &s->link_address, wire_release(link), uv_now(&w->loop));
	worker_count_pool(w);
}

/* Something came that nobody asked for, or the end. TLS has words of its own between requests
 * (tickets, RFC 8446 §4.6), which reading deals with. */
static bool is_spoken_to(struct session *s)
{
	char *scratch = s->worker->ground.scratch;
	size_t got;

	if (!s->link->readable || !s->link->layer)
		return s->link->readable;
	return wire_read(s->link, scratch, LIMIT_READ_BYTES, &got) != WIRE_AGAIN;
}

bool session_reuse_link(struct session *s)
{
	struct worker *w = s->worker;
	struct address address;
	struct address permitted;
	struct verdict refusal;

	if (s->link && (s->link->hung_up || is_spoken_to(s)))
		session_unlink(s, false);
	if (s->link) {
		s->upstream = s->link_address;
		s->pooled = true;
		return session_judge_addresses(s, &s->link_address, 1, &permitted, &refusal) == 1;
	}
	int fd = s->inspected ? -1 : pool_take(&w->pool, &s->target, &address);
	worker_count_pool(w);
	if (fd < 0)
		return false;
	if (session_judge_addresses(s, &address, 1, &permitted, &refusal) == 0) {
		close(fd);
		return false;
	}
	if (!session_take_kept(s, fd, &address))
		return false;
	metrics_count(&w->metrics, COUNTER_POOL_HITS, 1);
	return true;
}
