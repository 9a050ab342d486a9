/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a client in a tunnel that the proxy looks into. */
#include "tests/soak/caller.h"

#include <stdio.h>
#include <string.h>

static SSL_CTX *context;

bool caller_prepare_secure(void)
{
	context = secure_client(NULL);
	return context != NULL;
}

static enum outcome outcome_of(enum secure_step step)
{
	if (step == SECURE_WAIT)
		return OUTCOME_WAIT;
	return step == SECURE_DONE ? OUTCOME_DONE : OUTCOME_WRONG;
}

enum outcome handshake(struct caller *c, size_t unused)
{
	(void)unused;
	if (!c->ssl)
		c->ssl = secure_new(context, c->watch.fd, caller_place(PLACE_INSIDE).host);
	return c->ssl ? outcome_of(secure_handshake(c->ssl)) : OUTCOME_WRONG;
}

static enum outcome ask(struct caller *c, size_t place, const char *method, const char *rest)
{
	struct place_name at = caller_place(place);
	char text[256];
	int len = snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: %s:%u\r\n%s", method,
		at.host, at.port, rest);

	return outcome_of(secure_write(c->ssl, text, (size_t)len));
}

enum outcome get_inside(struct caller *c, size_t place)
{
	return ask(c, place, "GET", "\r\n");
}

enum outcome post_inside(struct caller *c, size_t place)
{
	return ask(c, place, "POST", "Content-Length: 5\r\n\r\nhello");
}

enum outcome read_inside(struct caller *c, size_t bytes)
{
	char content[4096];
	size_t len;

	while (c->matched < 4 || c->content < bytes) {
		enum secure_step step = secure_read(c->ssl, content, sizeof(content), &len);
		if (step != SECURE_DONE)
			return outcome_of(step);
		c->content += len - caller_take_head(c, content, len);
	}
	return c->status == 200 && c->content == bytes ? OUTCOME_DONE : OUTCOME_WRONG;
}

enum outcome expect_inside(struct caller *c, size_t status)
{
	char bytes[4096];
	size_t len;

	for (;;) {
		enum secure_step step = secure_read(c->ssl, bytes, sizeof(bytes), &len);
		if (step == SECURE_WAIT)
			return OUTCOME_WAIT;
		if (step == SECURE_GONE)
			return c->matched == 4 && c->status == status ? OUTCOME_DONE
								      : OUTCOME_WRONG;
		caller_take_head(c, bytes, len);
	}
}
