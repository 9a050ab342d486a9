/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control_server.h"

#include "tests/unit/rows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 5000, TEXT_SIZE = 1 << 20 };

struct digest_row *server_rows;
size_t server_row_count;
uint64_t server_rows_missed;
bool server_watched;
unsigned server_watches;

size_t __wrap_digest_rows(const struct digest *d, uint64_t after, struct digest_row *ret,
	size_t size, uint64_t *ret_missed)
{
	size_t count = 0;

	(void)d;
	for (size_t i = 0; i < server_row_count && count < size; i++)
		if (server_rows[i].sequence > after)
			ret[count++] = server_rows[i];
	*ret_missed = server_rows_missed;
	server_rows_missed = 0;
	return count;
}

/* ---- server ------------------------------------------------------------------------------- */

static void add_token(FILE *out, const char *name, const char *role, const char *text)
{
	char hash[SEAL_TEXT_SIZE];
	struct seal seal;

	assert_true(seal_of(slice_of(text), &seal));
	seal_format(&seal, hash);
	fprintf(out, "%s %s %s\n", name, role, hash);
}

static void write_tokens(const struct server *s)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/tokens", s->directory);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	FILE *out = fdopen(fd, "w");
	add_token(out, "vic", "viewer", TOKEN_VIEWER);
	add_token(out, "app", "approver", TOKEN_APPROVER);
	add_token(out, "ann", "admin", TOKEN_ADMIN);
	fclose(out);
}

static void on_watch(void *owner, bool watched)
{
	(void)owner;
	server_watched = watched;
	server_watches++;
}

void server_start(struct server *s)
{
	char path[96], error[512] = "";
	struct listen_at at[] = {
		{.path = path}, {.at.address = {.family = 4, .bytes = {127, 0, 0, 1}}}};
	struct endpoint bound[LIMIT_LISTENERS];

	strcpy(s->directory, "/tmp/control.XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	write_tokens(s);
	snprintf(path, sizeof(path), "%s/control.sock", s->directory);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	s->host.loop = &s->loop;
	s->host.watch = on_watch;
	s->control = control_start(&s->host, at, 2, s->directory, error, sizeof(error));
	if (!s->control)
		print_error("%s\n", error);
	assert_non_null(s->control);
	assert_int_equal(control_endpoints(s->control, bound), 1);
	s->port = bound[0].port;
}

static void on_closed(void *owner)
{
	struct server *s = owner;

	s->control = NULL;
}

void server_stop(struct server *s)
{
	char path[96];

	control_close(s->control, on_closed, s);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	assert_null(s->control);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	snprintf(path, sizeof(path), "%s/tokens", s->directory);
	assert_int_equal(unlink(path), 0);
	/* The socket's file is gone already. */
	assert_int_equal(rmdir(s->directory), 0);
}

void server_turn(struct server *s)
{
	for (int i = 0; i < 16; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
}

/* ---- clients ------------------------------------------------------------------------------ */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct client client_open(struct server *s, bool tcp)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(s->port)};
	struct client c = {.fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(local.sun_path, sizeof(local.sun_path), "%s/control.sock", s->directory);
	assert_true(c.fd >= 0);
	int status = tcp ? connect(c.fd, (struct sockaddr *)&in, sizeof(in))
			 : connect(c.fd, (struct sockaddr *)&local, sizeof(local));
	assert_int_equal(status, 0);
	assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
	buffer_init(&c.in, TEXT_SIZE);
	server_turn(s);
	return c;
}

void client_close(struct server *s, struct client *c)
{
	close(c->fd);
	buffer_done(&c->in);
	server_turn(s);
}

/* One turn of the loop, and what came of it. */
static void pump(struct server *s, struct client *c)
{
	char bytes[16384];

	uv_run(&s->loop, UV_RUN_NOWAIT);
	ssize_t got = c->ended ? 0 : recv(c->fd, bytes, sizeof(bytes), 0);
	if (got > 0)
		assert_true(buffer_append(&c->in, slice_from(bytes, (size_t)got)));
	else if (got == 0 || errno != EAGAIN)
		c->ended = true;
}

void client_send(struct server *s, struct client *c, struct slice bytes)
{
	uint64_t until = now_ms() + WAIT_MS;

	while (bytes.len > 0 && now_ms() < until) {
		ssize_t put = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		if (put > 0)
			bytes = slice_after(bytes, (size_t)put);
		else if (errno != EAGAIN)
			return;
		pump(s, c);
	}
}

/* The length of the response in `text`, 0 while it is not whole. */
static size_t measure(const char *text, bool head_only)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strstr(text, "Content-Length: ");

	if (!end)
		return 0;
	size_t head = (size_t)(end - text) + 4;
	size_t content = length && length < end && !head_only ? strtoul(length + 16, NULL, 10) : 0;
	return strlen(text) >= head + content ? head + content : 0;
}

static const char *response(struct server *s, struct client *c, bool head_only)
{
	static char text[TEXT_SIZE + 1];
	uint64_t until = now_ms() + WAIT_MS;
	size_t len = 0;

	while (len == 0 && now_ms() < until) {
		pump(s, c);
		struct slice in = buffer_bytes(&c->in);
		if (in.len > 0)
			memcpy(text, in.ptr, in.len);
		text[in.len] = '\0';
		len = measure(text, head_only);
		if (c->ended)
			break;
	}
	text[len] = '\0';
	buffer_take(&c->in, len);
	return text;
}

const char *client_response(struct server *s, struct client *c)
{
	return response(s, c, false);
}

const char *client_head(struct server *s, struct client *c)
{
	return response(s, c, true);
}

const char *client_until(struct server *s, struct client *c, const char *wanted)
{
	static char text[TEXT_SIZE + 1];
	uint64_t until = now_ms() + WAIT_MS;
	const char *found = NULL;

	while (!found && now_ms() < until) {
		pump(s, c);
		struct slice in = buffer_bytes(&c->in);
		if (in.len > 0)
			memcpy(text, in.ptr, in.len);
		text[in.len] = '\0';
		found = strstr(text, wanted);
	}
	if (!found)
		print_error("never came: %s, but: %s\n", wanted, text);
	assert_non_null(found);
	size_t len = (size_t)(found - text) + strlen(wanted);
	text[len] = '\0';
	buffer_take(&c->in, len);
	return text;
}

bool client_ends(struct server *s, struct client *c)
{
	uint64_t until = now_ms() + WAIT_MS;

	while (!c->ended && now_ms() < until)
		pump(s, c);
	return c->ended;
}

const char *server_ask(struct server *s, const char *format, ...)
{
	struct client c = client_open(s, false);
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	int len = vasprintf(&text, format, arguments);
	va_end(arguments);
	assert_true(len >= 0);
	client_send(s, &c, slice_from(text, (size_t)len));
	free(text);
	const char *answer = client_response(s, &c);
	client_close(s, &c);
	return answer;
}
