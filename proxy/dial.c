/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dial.h"

#include "base/container.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

struct dial {
	uv_timer_t timer; /* stagger, timeout, and a failure that was known before start returned */
	struct poller *poller;
	dial_cb on_dialed;
	void *owner;
	uint64_t deadline_ms;
	struct dialed result; /* the most telling failure so far, or the success */
	bool settled; /* result is final and only waits to be told */
	uint16_t port;
	uint8_t count; /* of addresses */
	uint8_t next; /* the first address not yet tried */
	uint8_t live; /* attempts under way */
	struct address addresses[LIMIT_ADDRESSES]; /* in the order to try */
	struct wire *attempts[]; /* one for each address; NULL unless under way */
};

/* RFC 8305 §4: families alternate, beginning with the first one's; order within each is kept. */
static void interleave(struct dial *d, const struct address *addresses, size_t count)
{
	size_t next[2] = {0, 0}; /* of the first one's family, of the other */
	int turn = 0;

	while (d->count < count) {
		size_t i = next[turn];
		while (i < count && (addresses[i].family != addresses[0].family) != turn)
			i++;
		next[turn] = i + 1;
		if (i < count)
			d->addresses[d->count++] = addresses[i];
		turn = !turn;
	}
}

static enum reason reason_of_errno(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
		return REASON_CONNECTION_REFUSED;
	case ETIMEDOUT:
		return REASON_CONNECT_TIMEOUT;
	case EMFILE:
	case ENFILE:
		return REASON_OVERLOADED;
	case ENOMEM:
	case ENOBUFS:
	case ENOSPC: /* epoll's limit of watches */
		return REASON_OUT_OF_MEMORY;
	default: /* no route, no such family here, no free port, forbidden by a local filter */
		return REASON_UNREACHABLE;
	}
}

/* How much a failure tells about the host; the higher one is reported. */
static int telling(enum reason reason)
{
	static const uint8_t rank[REASON_COUNT] = {
		[REASON_OUT_OF_MEMORY] = 1,
		[REASON_OVERLOADED] = 2,
		[REASON_UNREACHABLE] = 3,
		[REASON_CONNECT_TIMEOUT] = 4,
		[REASON_CONNECTION_REFUSED] = 5,
	};

	return rank[reason];
}

static void note_failure(struct dial *d, size_t index, enum reason reason)
{
	if (telling(reason) < telling(d->result.reason))
		return;
	d->result.reason = reason;
	d->result.address = d->addresses[index];
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Forgets the attempt; its wire is the caller's. */
static struct wire *attempt_end(struct dial *d, size_t index)
{
	struct wire *wire = d->attempts[index];

	d->attempts[index] = NULL;
	d->live--;
	return wire;
}

static void end(struct dial *d)
{
	for (size_t i = 0; i < d->next; i++)
		if (d->attempts[i])
			wire_close(attempt_end(d, i));
	uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

/* The owner takes the wire or leaves it, and may do anything but cancel this dial. */
static void tell(struct dial *d)
{
	d->on_dialed(d->owner, &d->result);
	wire_close(d->result.wire);
	end(d);
}

struct wire *dial_take(const struct dialed *result, wire_cb on_ready, void *owner)
{
	/* The result is a member of the dial that tells it. */
	struct dial *d = CONTAINER(result, struct dial, result);
	struct wire *wire = d->result.wire;

	d->result.wire = NULL;
	wire_own(wire, on_ready, owner);
	return wire;
}

static void on_ready(struct wire *wire, void *owner);

/* Begins with address `index`. True when that is under way. */
static bool attempt_start(struct dial *d, size_t index)
{
	struct sockaddr_storage to;
	socklen_t to_len = address_to_sockaddr(&d->addresses[index], d->port, &to);

	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0) {
		note_failure(d, index, reason_of_errno(errno));
		return false;
	}
	int error = connect(fd, (struct sockaddr *)&to, to_len) == 0 ? 0 : errno;
	/* A signal does not undo a connect: it goes on as if it were in progress. Watched from
	 * here on only, because a socket that is not connecting yet counts as hung up. */
	if (error == 0 || error == EINPROGRESS || error == EINTR) {
		d->attempts[index] = wire_open(d->poller, fd, on_ready, d);
		error = d->attempts[index] ? 0 : errno;
	}
	if (error == 0) {
		d->live++;
		return true;
	}
	close(fd);
	note_failure(d, index, reason_of_errno(error));
	return false;
}

static void oldest_gives_way(struct dial *d)
{
	size_t i = 0;

	while (!d->attempts[i])
		i++;
	wire_close(attempt_end(d, i));
	note_failure(d, i, REASON_CONNECT_TIMEOUT);
}

/* Begins with the next address that does not fail on the spot; settles when none is left. */
static void advance(struct dial *d)
{
	if (d->next < d->count && d->live == LIMIT_DIAL_ATTEMPTS)
		oldest_gives_way(d);
	while (d->next < d->count) {
		size_t index = d->next++;
		if (attempt_start(d, index))
			return;
	}
	if (d->live == 0)
		d->settled = true;
}

static void on_timer(uv_timer_t *timer);

/* One timer for the next event: a result to tell, the next attempt, or the end of patience. */
static void set_timer(struct dial *d)
{
	uint64_t now = uv_now(d->timer.loop);
	uint64_t wait_ms = d->deadline_ms > now ? d->deadline_ms - now : 0;

	if (d->next < d->count && wait_ms > LIMIT_DIAL_STAGGER_MS)
		wait_ms = LIMIT_DIAL_STAGGER_MS;
	uv_timer_start(&d->timer, on_timer, d->settled ? 0 : wait_ms, 0);
}

static void go_on(struct dial *d)
{
	advance(d);
	if (d->settled)
		tell(d);
	else
		set_timer(d);
}

static void on_timer(uv_timer_t *timer)
{
	struct dial *d = timer->data;

	if (d->settled) {
		tell(d);
	} else if (uv_now(timer->loop) >= d->deadline_ms) {
		d->result.reason = REASON_CONNECT_TIMEOUT;
		d->result.address = d->addresses[d->next - 1];
		tell(d);
	} else {
		go_on(d);
	}
}

static void on_ready(struct wire *wire, void *owner)
{
	struct dial *d = owner;
	size_t index = 0;
	int error = 0, on = 1;
	socklen_t error_len = sizeof(error);

	if (!wire->writable && !wire->hung_up)
		return;
	while (d->attempts[index] != wire)
		index++;
	attempt_end(d, index);
	/* Writable and nothing else: connected, no need to ask. */
	if (wire->hung_up && getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0)
		error = errno;
	if (error == 0) {
		/* Only delays small writes when it fails. */
		setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		d->result = (struct dialed){REASON_NONE, wire, d->addresses[index]};
		tell(d);
		return;
	}
	wire_close(wire);
	note_failure(d, index, reason_of_errno(error));
	go_on(d);
}

struct dial *dial_start(struct poller *poller, const struct address *addresses,
	size_t address_count, uint16_t port, uint32_t timeout_ms, dial_cb on_dialed, void *owner)
{
	assert(address_count >= 1 && address_count <= LIMIT_ADDRESSES);
	struct dial *d = malloc(sizeof(*d) + address_count * sizeof(d->attempts[0]));
	if (!d)
		return NULL;
	*d = (struct dial){
		.poller = poller,
		.on_dialed = on_dialed,
		.owner = owner,
		.deadline_ms = uv_now(poller_loop(poller)) + timeout_ms,
		.result = {.reason = REASON_NONE},
		.port = port,
	};
	for (size_t i = 0; i < address_count; i++)
		d->attempts[i] = NULL;
	interleave(d, addresses, address_count);
	uv_timer_init(poller_loop(poller), &d->timer);
	d->timer.data = d;
	advance(d);
	set_timer(d);
	return d;
}

void dial_cancel(struct dial *d)
{
	end(d);
}
