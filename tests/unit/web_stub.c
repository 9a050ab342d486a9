/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/web_stub.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static void on_closed(uv_handle_t *handle)
{
	struct web_request *r = handle->data;

	r->closed = true;
	r->stub->open--;
}

static void request_close(struct web_request *r)
{
	if (!uv_is_closing((uv_handle_t *)&r->socket))
		uv_close((uv_handle_t *)&r->socket, on_closed);
}

static void on_written(uv_write_t *write, int status)
{
	(void)status;
	request_close(write->data);
}

static void request_answer(struct web_request *r, const char *answer)
{
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)answer, (unsigned)strlen(answer));

	r->answered = true;
	r->write.data = r;
	uv_write(&r->write, (uv_stream_t *)&r->socket, &buf, 1, on_written);
}

const char *web_stub_body(struct web_stub *s, unsigned request)
{
	const char *end = strstr(s->requests[request].bytes, "\r\n\r\n");

	return end ? end + 4 : "";
}

const char *web_stub_field(struct web_stub *s, unsigned request, const char *name, char ret[256])
{
	size_t len = strlen(name);

	for (const char *line = strstr(s->requests[request].bytes, "\r\n"); line && line[2] != '\r';
		line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, len) != 0 || line[2 + len] != ':')
			continue;
		snprintf(ret, 256, "%.*s", (int)strcspn(line + 4 + len, "\r"), line + 4 + len);
		return ret;
	}
	return NULL;
}

static bool is_whole(struct web_request *r)
{
	unsigned index = (unsigned)(r - r->stub->requests);
	char text[256];

	if (!strstr(r->bytes, "\r\n\r\n"))
		return false;
	const char *length = web_stub_field(r->stub, index, "Content-Length", text);
	return strlen(web_stub_body(r->stub, index)) >= (length ? (size_t)atol(length) : 0);
}

static void on_wanted(uv_handle_t *handle, size_t size, uv_buf_t *ret_buf)
{
	struct web_request *r = handle->data;

	(void)size;
	*ret_buf = uv_buf_init(r->bytes + r->len, (unsigned)(sizeof(r->bytes) - 1 - r->len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct web_request *r = stream->data;

	(void)buf;
	if (len < 0) {
		request_close(r);
		return;
	}
	r->len += (size_t)len;
	if (r->whole || !is_whole(r))
		return;
	r->whole = true;
	r->stub->whole++;
	if (r->stub->answer)
		request_answer(r, r->stub->answer);
}

static void on_connected(uv_stream_t *listener, int status)
{
	struct web_stub *s = listener->data;

	assert(status == 0 && s->count < WEB_STUB_REQUESTS);
	struct web_request *r = &s->requests[s->count++];
	r->stub = s;
	uv_tcp_init(listener->loop, &r->socket);
	r->socket.data = r;
	s->open++;
	uv_accept(listener, (uv_stream_t *)&r->socket);
	uv_read_start((uv_stream_t *)&r->socket, on_wanted, on_read);
}

void web_stub_start(struct web_stub *s, uv_loop_t *loop)
{
	struct sockaddr_in at;
	int len = sizeof(at);

	memset(s, 0, sizeof(*s));
	uv_ip4_addr("127.0.0.1", 0, &at);
	uv_tcp_init(loop, &s->listener);
	s->listener.data = s;
	uv_tcp_bind(&s->listener, (struct sockaddr *)&at, 0);
	uv_listen((uv_stream_t *)&s->listener, 16, on_connected);
	uv_tcp_getsockname(&s->listener, (struct sockaddr *)&at, &len);
	s->port = ntohs(at.sin_port);
}

void web_stub_answer(struct web_stub *s, unsigned request, const char *answer)
{
	assert(request < s->count && !s->requests[request].answered);
	request_answer(&s->requests[request], answer);
}

void web_stub_stop(struct web_stub *s)
{
	uv_close((uv_handle_t *)&s->listener, NULL);
	for (unsigned i = 0; i < s->count; i++)
		if (!s->requests[i].closed)
			request_close(&s->requests[i]);
}
