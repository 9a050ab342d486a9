/* SPDX-License-Identifier: Apache-2.0 */
/* Where state is kept, and the sockets in it through which people decide. */
#include "policy/loading.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Source: systemd.exec(5), XDG Base Directory. */
bool state_find(struct loading *l)
{
	struct origin *origin = &l->trace->origins[OPTION_STATE_DIRECTORY];
	const char *given = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int len;

	if (l->config->state_directory)
		return true;
	if (given && given[0] == '/') {
		/* systemd may name several, separated by colons. */
		int first = (int)slice_find(slice_of(given), ':');
		len = asprintf(&l->config->state_directory, "%.*s", first, given);
		*origin = (struct origin){.layer = LAYER_ENVIRONMENT, .file = "STATE_DIRECTORY"};
	} else if (geteuid() == 0) {
		len = asprintf(&l->config->state_directory, "/var/lib/sallyport");
	} else if (xdg && xdg[0] == '/') {
		len = asprintf(&l->config->state_directory, "%s/sallyport", xdg);
		*origin = (struct origin){.layer = LAYER_ENVIRONMENT, .file = "XDG_STATE_HOME"};
	} else {
		len = asprintf(&l->config->state_directory, "%s/.local/state/sallyport",
			home && home[0] == '/' ? home : "/tmp");
		*origin = (struct origin){.layer = LAYER_ENVIRONMENT, .file = "HOME"};
	}
	if (len >= 0)
		return true;
	l->config->state_directory = NULL;
	return loading_out_of_memory(l);
}

/* ---- control sockets ---------------------------------------------------------------------- */

static bool fits(const struct config *c, const char *name)
{
	return strlen(c->state_directory) + 1 + strlen(name) <= LIMIT_SOCKET_PATH;
}

/* "unix:control.sock" stands in the state directory, wherever that is. */
static bool complete(struct loading *l, char **path)
{
	char *whole;

	if (asprintf(&whole, "%s/%s", l->config->state_directory, *path) < 0)
		return loading_out_of_memory(l);
	free(*path);
	*path = whole;
	return true;
}

static bool complete_all(struct loading *l)
{
	struct config *c = l->config;
	const struct origin *from = &l->trace->origins[OPTION_CONTROL];

	for (size_t i = 0; i < c->control_count; i++) {
		char **path = &c->control[i].path;
		if (!*path || **path == '/')
			continue;
		if (!fits(c, *path)) {
			l->file = from->file;
			return loading_fail(l, from->place,
				"control: %s/%s is longer than a socket may be, %d bytes",
				c->state_directory, quote(slice_of(*path)).text, LIMIT_SOCKET_PATH);
		}
		if (!complete(l, path))
			return false;
	}
	return true;
}

bool state_find_control(struct loading *l)
{
	static const char name[] = "control.sock";
	struct config *c = l->config;
	const struct origin *from = &l->trace->origins[OPTION_CONTROL];

	if (from->layer != LAYER_DEFAULT)
		return complete_all(l);
	if (!fits(c, name)) {
		loading_notice(l, from,
			"there is no control endpoint, for %s/%s is longer than a socket may be: set control in [listen]",
			c->state_directory, name);
		return true;
	}
	c->control[0].path = strdup(name);
	if (!c->control[0].path)
		return loading_out_of_memory(l);
	c->control_count = 1;
	return complete_all(l);
}

bool state_find_ca(struct loading *l)
{
	struct config *c = l->config;

	if (!c->ca_directory && asprintf(&c->ca_directory, "%s/ca", c->state_directory) < 0)
		c->ca_directory = NULL;
	if (c->ca_directory && !c->export_directory)
		c->export_directory = strdup(c->ca_directory);
	return (c->ca_directory && c->export_directory) || loading_out_of_memory(l);
}

bool state_find_search(struct loading *l)
{
	struct config *c = l->config;

	if (!c->search_store && asprintf(&c->search_store, "%s/search.db", c->state_directory) < 0)
		c->search_store = NULL;
	return c->search_store || loading_out_of_memory(l);
}
