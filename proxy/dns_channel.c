/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dns_channel.h"

#include "base/container.h"
#include "proxy/nameservers.h"

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLASS_IN = 1, LEAST_TRY_MS = 50 };

/* One socket of c-ares under watch. */
struct watch {
	uv_poll_t poll;
	struct dns_channel *channel;
	struct watch *next;
	ares_socket_t fd;
	int events; /* what c-ares waits for */
};

struct dns_channel {
	uv_loop_t *loop;
	ares_channel ares;
	struct watch *watches;
	void (*on_turn)(void *owner);
	void (*on_closed)(void *owner);
	void *owner;
	size_t open; /* watches whose close callback is still to come, and one until closed */
};

static void release(struct dns_channel *c)
{
	if (--c->open > 0)
		return;
	if (c->on_closed)
		c->on_closed(c->owner);
	free(c);
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *watch = CONTAINER(handle, struct watch, poll);

	release(watch->channel);
	free(watch);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = CONTAINER(poll, struct watch, poll);
	struct dns_channel *c = watch->channel;
	ares_socket_t fd = watch->fd;

	/* An error shows as both: c-ares finds it by reading or writing. */
	ares_process_fd(c->ares, status < 0 || (events & UV_READABLE) ? fd : ARES_SOCKET_BAD,
		status < 0 || (events & UV_WRITABLE) ? fd : ARES_SOCKET_BAD);
	/* libuv stops watching on an error; c-ares may have found none and go on. */
	if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
		uv_poll_start(poll, watch->events, on_ready);
	c->on_turn(c->owner);
}

static void unwatch(struct watch **at)
{
	struct watch *watch = *at;

	*at = watch->next;
	uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

/* NULL when libuv has no room for one more; c-ares then runs into its timeout. */
static struct watch *watch_new(struct dns_channel *c, ares_socket_t fd)
{
	struct watch *watch = malloc(sizeof(*watch));

	if (!watch || uv_poll_init(c->loop, &watch->poll, fd) != 0) {
		free(watch);
		return NULL;
	}
	watch->channel = c;
	watch->fd = fd;
	watch->next = c->watches;
	c->watches = watch;
	c->open++;
	return watch;
}

/* c-ares says what it waits for on a socket; nothing at all just before it closes it. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
	struct dns_channel *c = data;
	struct watch **at = &c->watches;

	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	if (!readable && !writable) {
		if (*at)
			unwatch(at);
		return;
	}
	struct watch *watch = *at ? *at : watch_new(c, fd);
	if (!watch)
		return;
	watch->events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
	uv_poll_start(&watch->poll, watch->events, on_ready);
}

static enum dns_status status_of(int ares_status)
{
	switch (ares_status) {
	case ARES_ETIMEOUT:
		return DNS_LATE;
	case ARES_ENOTFOUND: /* without a message: a name that is never asked (RFC 7686) */
		return DNS_NO_NAME;
	case ARES_ENOMEM:
		return DNS_NO_MEMORY;
	default:
		return DNS_FAULT;
	}
}

/* c-ares has matched server, id and question; what the message says is read here. */
static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct dns_query *query = arg;
	struct dns_reply reply;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION)
		return;
	if (bytes && len > 0) {
		dns_reply_parse(slice_from((const char *)bytes, (size_t)len), slice_of(query->host),
			query->type, &reply);
	} else {
		reply.status = status_of(status);
		reply.ttl_s = 0;
		reply.address_count = 0;
		reply.alias_count = 0;
		reply.alias_len = 0;
	}
	query->on_reply(query->owner, &reply);
}

void dns_channel_ask(struct dns_channel *c, struct dns_query *query)
{
	ares_query(c->ares, query->host, CLASS_IN, (int)query->type, on_answer, query);
}

void dns_channel_tick(struct dns_channel *c)
{
	ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	c->on_turn(c->owner);
}

/* Whom to ask: as told, else as the system says. */
struct servers {
	struct endpoint at[LIMIT_NAME_SERVERS];
	size_t count;
};

static struct servers servers_of(const struct dns_channel_options *options, const char *path)
{
	struct servers servers = {0};

	if (!options->servers) {
		servers.count = nameservers_read(path, servers.at);
		return servers;
	}
	for (size_t i = 0; i < options->server_count && i < LIMIT_NAME_SERVERS; i++)
		servers.at[servers.count++] = options->servers[i];
	return servers;
}

static int set_servers(struct dns_channel *c, const struct servers *servers)
{
	struct ares_addr_port_node nodes[LIMIT_NAME_SERVERS] = {0};

	for (size_t i = 0; i < servers->count; i++) {
		const struct endpoint *server = &servers->at[i];
		nodes[i].next = i + 1 < servers->count ? &nodes[i + 1] : NULL;
		nodes[i].family = server->address.family == 4 ? AF_INET : AF_INET6;
		nodes[i].udp_port = server->port;
		nodes[i].tcp_port = server->port;
		memcpy(&nodes[i].addr, server->address.bytes, server->address.family == 4 ? 4 : 16);
	}
	return ares_set_servers_ports(c->ares, nodes);
}

static int open_channel(struct dns_channel *c, const struct servers *servers, uint32_t timeout_ms)
{
	/* One server gets three tries of t, 2t and 4t, several get two of t and 2t each, so that
	 * c-ares gives up when the caller does. */
	bool alone = servers->count == 1;
	uint32_t try_ms = timeout_ms / (alone ? 7 : 3 * (uint32_t)servers->count);
	struct ares_options ares = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = (int)(try_ms > LEAST_TRY_MS ? try_ms : LEAST_TRY_MS),
		.tries = alone ? 3 : 2,
		.lookups = (char[]){"b"},
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = c,
		/* Nothing of the system's: servers come from the caller, the rest from here. */
		.resolvconf_path = (char[]){"/dev/null"},
	};

	int status = ares_init_options(&c->ares, &ares,
		ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS |
			ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF |
			ARES_OPT_NOROTATE);
	if (status != ARES_SUCCESS)
		return status;
	status = set_servers(c, servers);
	if (status != ARES_SUCCESS)
		ares_destroy(c->ares);
	return status;
}

static uv_once_t library_once = UV_ONCE_INIT;
static int library_status;

static void library_init(void)
{
	library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

struct dns_channel *dns_channel_new(uv_loop_t *loop, const struct dns_channel_options *options,
	char *ret_error, size_t error_size)
{
	const char *path = options->resolv_conf ? options->resolv_conf : "/etc/resolv.conf";
	struct servers servers = servers_of(options, path);

	if (servers.count == 0) {
		snprintf(ret_error, error_size,
			"no name server is configured: %s names none, and neither does [dns] servers",
			path);
		return NULL;
	}
	struct dns_channel *c = calloc(1, sizeof(*c));
	uv_once(&library_once, library_init);
	int status = c ? library_status : ARES_ENOMEM;
	if (status == ARES_SUCCESS) {
		c->loop = loop;
		c->on_turn = options->on_turn;
		c->owner = options->owner;
		c->open = 1;
		status = open_channel(c, &servers, options->timeout_ms);
	}
	if (status == ARES_SUCCESS)
		return c;
	snprintf(
		ret_error, error_size, "the DNS client could not start: %s", ares_strerror(status));
	free(c);
	return NULL;
}

void dns_channel_close(struct dns_channel *c, void (*on_closed)(void *owner))
{
	c->on_closed = on_closed;
	/* Tells each open question so (ignored above) and each socket's watch to go. */
	ares_destroy(c->ares);
	release(c);
}
