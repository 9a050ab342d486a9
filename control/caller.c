/* SPDX-License-Identifier: Apache-2.0 */
#include "control/caller.h"

#include "control/guard.h"
#include "control/stream.h"

#include <assert.h>
#include <stdlib.h>

static void take(struct caller *c, struct slice input);

/* ---- phases ------------------------------------------------------------------------------- */

/* No time is left. */
static void on_deadline(uv_timer_t *timer)
{
	struct caller *c = CONTAINER(timer, struct caller, deadline);

	switch (c->phase) {
	case CALLER_READS:
		guard_refuse(c, 408, "The request did not arrive in time.");
		break;
	case CALLER_DEFERS:
		c->on_event(&c->call, CALL_TIME, c->event_owner);
		assert(c->answered);
		break;
	case CALLER_STREAMS:
		stream_ping(c);
		break;
	case CALLER_WAITS:
	case CALLER_WRITES:
	case CALLER_LINGERS:
	case CALLER_CLOSES:
		caller_close(c);
		break;
	}
}

void caller_enter(struct caller *c, enum caller_phase phase, uint64_t within_ms)
{
	c->phase = phase;
	c->since_ms = uv_now(c->control->host.loop);
	uv_timer_start(
		&c->deadline, on_deadline, within_ms, phase == CALLER_STREAMS ? within_ms : 0);
}

/* ---- requests ----------------------------------------------------------------------------- */

static void on_head(struct caller *c)
{
	if (guard_head(c) && c->incoming.expects_continue)
		caller_send(c, SLICE("HTTP/1.1 100 Continue\r\n\r\n"), SLICE(""));
}

static void on_request(struct caller *c)
{
	if (!guard_content(c))
		return;
	c->route->handler(&c->call);
	/* Every handler answers, defers or makes a stream of it. */
	assert(c->phase != CALLER_WAITS && c->phase != CALLER_READS);
}

/* Reads as far as one call: what comes behind it waits. */
static void read_request(struct caller *c, struct slice *input)
{
	while (c->phase == CALLER_WAITS || c->phase == CALLER_READS) {
		switch (incoming_read(&c->incoming, input)) {
		case INCOMING_MORE:
			if (c->phase == CALLER_WAITS && !incoming_idle(&c->incoming))
				caller_enter(c, CALLER_READS, LIMIT_CONTROL_REQUEST_MS);
			return;
		case INCOMING_HEAD:
			on_head(c);
			break;
		case INCOMING_DONE:
			on_request(c);
			break;
		case INCOMING_BAD:
			guard_refuse(c, c->incoming.status, c->incoming.sentence);
			break;
		}
	}
}

static void forget_call(struct caller *c)
{
	json_decref(c->call.body);
	free(c->query_bytes);
	c->call = (struct call){.control = c->control, .host = &c->control->host};
	c->query_bytes = NULL;
	c->fields_len = 0;
	c->answered = c->head_only = c->woken = false;
	c->watched = 0;
	incoming_next(&c->incoming);
}

/* ---- bytes in ----------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buf)
{
	struct caller *c = CONTAINER(handle, struct caller, io.handle);

	(void)wanted;
	*ret_buf = uv_buf_init(c->control->input, sizeof(c->control->input));
}

/* The client will send no more. A call that waits has nobody to answer; an answer under way goes on,
 * for some close their side when they have asked. */
static void on_end(struct caller *c, bool reset)
{
	if (c->phase != CALLER_WRITES || reset) {
		caller_close(c);
		return;
	}
	c->ended = true;
	c->keep_alive = false;
	uv_read_stop(&c->io.stream);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct caller *c = CONTAINER(stream, struct caller, io.stream);

	if (got > 0)
		take(c, slice_from(buf->base, (size_t)got));
	else if (got < 0)
		on_end(c, got != UV_EOF);
}

/* What comes behind the request in hand waits, and so does the client. */
static void keep_early(struct caller *c, struct slice input)
{
	if (input.len == 0)
		return;
	if (!buffer_append(&c->early, input))
		caller_close(c);
	else
		uv_read_stop(&c->io.stream);
}

static void take(struct caller *c, struct slice input)
{
	switch (c->phase) {
	case CALLER_WAITS:
	case CALLER_READS:
		read_request(c, &input);
		if (c->phase == CALLER_DEFERS || c->phase == CALLER_WRITES)
			keep_early(c, input);
		break;
	case CALLER_DEFERS:
	case CALLER_WRITES:
		keep_early(c, input);
		break;
	case CALLER_LINGERS:
		c->lingered += input.len;
		if (c->lingered > LIMIT_LINGER_BYTES)
			caller_close(c);
		break;
	case CALLER_STREAMS:
	case CALLER_CLOSES:
		break;
	}
}

/* ---- bytes out ---------------------------------------------------------------------------- */

struct outgoing {
	uv_write_t write;
	struct caller *caller;
	char bytes[];
};

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
	(void)shutdown;
	(void)status;
}

/* RFC 9112 §9.6: closing at once could take the answer from a client that is still sending. */
static void linger(struct caller *c)
{
	if (c->ended || uv_shutdown(&c->shutdown, &c->io.stream, on_shutdown) != 0) {
		caller_close(c);
		return;
	}
	caller_enter(c, CALLER_LINGERS, LIMIT_LINGER_MS);
	uv_read_start(&c->io.stream, on_alloc, on_read);
}

static void end_call(struct caller *c)
{
	struct buffer early = c->early;

	if (!c->keep_alive || c->control->closing) {
		linger(c);
		return;
	}
	forget_call(c);
	caller_enter(c, CALLER_WAITS, LIMIT_CONTROL_IDLE_MS);
	if (early.len == 0)
		return;
	buffer_init(&c->early, CONTROL_READ_BYTES);
	uv_read_start(&c->io.stream, on_alloc, on_read);
	take(c, buffer_bytes(&early));
	buffer_done(&early);
}

static void on_written(uv_write_t *write, int status)
{
	struct outgoing *out = CONTAINER(write, struct outgoing, write);
	struct caller *c = out->caller;

	free(out);
	c->writes--;
	c->stuck = false;
	if (status != 0)
		caller_close(c);
	else if (c->phase == CALLER_WRITES && c->writes == 0)
		end_call(c);
}

bool caller_send(struct caller *c, struct slice first, struct slice second)
{
	size_t len = first.len + second.len;
	size_t queued = uv_stream_get_write_queue_size(&c->io.stream);

	if (c->phase == CALLER_CLOSES)
		return false;
	/* An answer as large as it is goes out alone; nothing queues behind a slow reader. */
	if (queued > 0 && queued + len > LIMIT_CONTROL_QUEUE_BYTES)
		goto fail;
	struct outgoing *out = malloc(sizeof(*out) + len);
	if (!out)
		goto fail;
	memcpy(out->bytes, first.ptr, first.len);
	if (second.len > 0)
		memcpy(out->bytes + first.len, second.ptr, second.len);
	out->caller = c;
	uv_buf_t buf = {.base = out->bytes, .len = len};
	if (uv_write(&out->write, &c->io.stream, &buf, 1, on_written) == 0) {
		c->writes++;
		return true;
	}
	free(out);
fail:
	caller_close(c);
	return false;
}

/* ---- open and close ----------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct caller *c = handle->data;
	struct control *control = c->control;

	if (--c->open > 0)
		return;
	forget_call(c);
	incoming_done(&c->incoming);
	buffer_done(&c->early);
	free(c);
	control_released(control);
}

void caller_close(struct caller *c)
{
	bool deferred = c->phase == CALLER_DEFERS;

	if (c->phase == CALLER_CLOSES)
		return;
	c->phase = CALLER_CLOSES;
	if (c->kinds)
		stream_leave(c);
	if (c->before)
		c->before->next = c->next;
	else
		c->control->callers = c->next;
	if (c->next)
		c->next->before = c->before;
	c->control->caller_count--;
	uv_close(&c->io.handle, on_closed);
	uv_close((uv_handle_t *)&c->deadline, on_closed);
	if (deferred)
		c->on_event(&c->call, CALL_LEFT, c->event_owner);
}

/* The one that has been idle for longest; NULL when all are busy. */
static struct caller *idlest(const struct control *control)
{
	struct caller *found = NULL;

	for (struct caller *c = control->callers; c; c = c->next)
		if (c->phase == CALLER_WAITS && (!found || c->since_ms <= found->since_ms))
			found = c;
	return found;
}

static bool make_room(const struct control *control)
{
	if (control->caller_count < LIMIT_CONTROL_CONNECTIONS)
		return true;
	struct caller *idle = idlest(control);
	if (idle)
		caller_close(idle);
	return idle != NULL;
}

static struct caller *caller_new(struct control *control, const struct entrance *entrance)
{
	struct caller *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct caller){.control = control, .entrance = entrance, .open = 2};
	if (entrance->site.local)
		uv_pipe_init(control->host.loop, &c->io.pipe, 0);
	else
		uv_tcp_init(control->host.loop, &c->io.tcp);
	uv_timer_init(control->host.loop, &c->deadline);
	c->io.handle.data = c;
	c->deadline.data = c;
	incoming_init(&c->incoming);
	buffer_init(&c->early, CONTROL_READ_BYTES);
	forget_call(c);
	control->open++;
	return c;
}

bool caller_open(struct control *control, struct entrance *entrance)
{
	bool room = make_room(control);
	struct caller *c = caller_new(control, entrance);

	if (!c)
		return false;
	c->next = control->callers;
	if (c->next)
		c->next->before = c;
	control->callers = c;
	control->caller_count++;
	int status = uv_accept(&entrance->io.stream, &c->io.stream);
	if (status == 0 && room)
		status = uv_read_start(&c->io.stream, on_alloc, on_read);
	if (!entrance->site.local && status == 0)
		uv_tcp_nodelay(&c->io.tcp, 1);
	caller_enter(c, CALLER_WAITS, LIMIT_CONTROL_REQUEST_MS);
	if (status != 0 || !room)
		caller_close(c);
	return true;
}
