/* SPDX-License-Identifier: Apache-2.0 */
#include "control/caller.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- end ---------------------------------------------------------------------------------- */

static void control_free(struct control *c)
{
	if (!c)
		return;
	feed_done(&c->audience.feed);
	seal_wipe(&c->tokens, sizeof(c->tokens));
	free(c->directory);
	free(c);
}

void control_released(struct control *c)
{
	void (*tell)(void *owner) = c->on_closed;
	void *owner = c->owner;

	if (--c->open > 0)
		return;
	control_free(c);
	if (tell)
		tell(owner);
}

static void on_entrance_closed(void *owner)
{
	control_released(owner);
}

static void on_wake_closed(uv_handle_t *handle)
{
	control_released(CONTAINER(handle, struct control, wake));
}

void control_close(struct control *c, void (*on_closed)(void *owner), void *owner)
{
	c->closing = true;
	c->on_closed = on_closed;
	c->owner = owner;
	for (size_t i = 0; i < c->entrance_count; i++)
		entrance_close(c->entrances[i], on_entrance_closed);
	c->entrance_count = 0;
	while (c->callers)
		caller_close(c->callers);
	uv_close((uv_handle_t *)&c->wake, on_wake_closed);
}

/* ---- start -------------------------------------------------------------------------------- */

static bool on_caller(void *owner, struct entrance *e)
{
	return caller_open(owner, e);
}

static bool open_entrances(struct control *c, const struct listen_at *at, size_t at_count,
	char *ret_error, size_t size)
{
	for (size_t i = 0; i < at_count && i < LIMIT_LISTENERS; i++) {
		struct entrance *e = entrance_open(c->host.loop, &at[i], ret_error, size);
		if (!e)
			return false;
		e->on_caller = on_caller;
		e->owner = c;
		c->entrances[c->entrance_count++] = e;
		c->open++;
	}
	return true;
}

static struct control *control_new(
	const struct control_host *host, const char *directory, char *ret_error, size_t size)
{
	struct control *c = calloc(1, sizeof(*c));
	char boot[SEAL_TEXT_SIZE];

	if (c)
		c->directory = strdup(directory);
	if (!c || !c->directory || !seal_secret(boot)) {
		snprintf(ret_error, size, "no memory or random bytes for the control endpoint");
		control_free(c);
		return NULL;
	}
	boot[FEED_BOOT_SIZE - 1] = '\0';
	feed_init(&c->audience.feed, boot);
	c->host = *host;
	if (tokens_load(directory, &c->tokens, ret_error, size))
		return c;
	control_free(c);
	return NULL;
}

struct control *control_start(const struct control_host *host, const struct listen_at *at,
	size_t at_count, const char *directory, char *ret_error, size_t error_size)
{
	struct control *c = control_new(host, directory, ret_error, error_size);

	if (!c)
		return NULL;
	uv_timer_init(host->loop, &c->wake);
	c->open = 1;
	if (open_entrances(c, at, at_count, ret_error, error_size))
		return c;
	control_close(c, NULL, NULL);
	return NULL;
}

size_t control_endpoints(const struct control *c, struct endpoint *ret_endpoints)
{
	size_t count = 0;

	for (size_t i = 0; i < c->entrance_count; i++)
		if (!c->entrances[i]->site.local)
			ret_endpoints[count++] = c->entrances[i]->site.at;
	return count;
}
