/* SPDX-License-Identifier: Apache-2.0 */
/* The options that hold several values: listeners, name servers, header fields. */
#include "policy/loading.h"
#include "policy/quantity.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_unix(struct slice text)
{
	return slice_starts(text, SLICE("unix:"));
}

static bool parse_unix(struct loading *l, const struct option_row *row,
	const struct toml_value *value, struct listen_at *ret_at)
{
	struct slice path = slice_after(value->text, sizeof("unix:") - 1);

	if (row->type == OPTION_TYPE_LISTEN_PROXY)
		return loading_fail(l, value->place,
			"a proxy listener needs an address and a port: write \"127.0.0.1:3128\"");
	if (path.len == 0 || path.len > LIMIT_SOCKET_PATH || memchr(path.ptr, '\0', path.len))
		return loading_fail(l, value->place,
			"\"%s\" is no socket: write \"unix:/run/sallyport/control.sock\", at most %d bytes of path",
			quote(value->text).text, LIMIT_SOCKET_PATH);
	ret_at->path = strndup(path.ptr, path.len);
	return ret_at->path ? true : loading_out_of_memory(l);
}

static bool parse_listener(struct loading *l, const struct option_row *row,
	const struct toml_value *value, struct listen_at *ret_at)
{
	if (value->type != TOML_TEXT)
		return setting_wrong(l, row, value, "a list of strings");
	if (is_unix(value->text))
		return parse_unix(l, row, value, ret_at);
	if (!endpoint_parse(value->text, 0, &ret_at->at))
		return loading_fail(l, value->place,
			"%s: \"%s\" is no address and port: write \"127.0.0.1:3128\" or \"[::1]:3128\"",
			row->name, quote(value->text).text);
	if (row->type == OPTION_TYPE_LISTEN_CONTROL && !endpoint_is_loopback(&ret_at->at))
		return loading_fail(l, value->place,
			"control may not listen beyond this machine: write \"unix:/path\" or \"127.0.0.1:%u\"",
			ret_at->at.port);
	return true;
}

static void free_listeners(struct listen_at *listeners, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(listeners[i].path);
}

bool listeners_apply(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	bool proxy = row->type == OPTION_TYPE_LISTEN_PROXY;
	struct listen_at *kept = proxy ? l->config->proxy : l->config->control;
	size_t *kept_count = proxy ? &l->config->proxy_count : &l->config->control_count;
	struct listen_at parsed[LIMIT_LISTENERS] = {{.path = NULL}};
	struct toml_place places[LIMIT_LISTENERS];
	size_t count = 0;

	if (value->type != TOML_ARRAY)
		return setting_wrong(l, row, value, "a list");
	for (const struct toml_value *v = value->first; v; v = v->next) {
		bool fits = count < LIMIT_LISTENERS;
		if (!fits || !parse_listener(l, row, v, &parsed[count])) {
			free_listeners(parsed, count);
			return fits ? false
				    : loading_fail(l, v->place, "%s has more than %d listeners",
					      row->name, LIMIT_LISTENERS);
		}
		places[count++] = v->place;
	}
	if (count < row->min)
		return loading_fail(l, value->place,
			"%s is empty: nobody could reach the proxy; write %s = %s", row->name,
			row->name, row->standard);
	free_listeners(kept, *kept_count);
	memcpy(kept, parsed, sizeof(parsed));
	*kept_count = count;
	if (proxy)
		memcpy(l->listeners, places, count * sizeof(places[0]));
	return true;
}

bool servers_apply(struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	struct endpoint parsed[CONFIG_DNS_SERVERS];
	size_t count = 0;

	if (value->type != TOML_ARRAY)
		return setting_wrong(l, row, value, "a list of addresses");
	for (const struct toml_value *v = value->first; v; v = v->next) {
		if (v->type != TOML_TEXT)
			return setting_wrong(l, row, v, "a list of strings");
		if (count == CONFIG_DNS_SERVERS)
			return loading_fail(l, v->place, "%s has more than %d name servers",
				row->name, CONFIG_DNS_SERVERS);
		if (!endpoint_parse(v->text, 53, &parsed[count++]))
			return loading_fail(l, v->place,
				"%s: \"%s\" is no address: write \"192.0.2.53\", \"127.0.0.1:5353\" or \"[2001:db8::53]\"",
				row->name, quote(v->text).text);
	}
	memcpy(l->config->dns_servers, parsed, count * sizeof(parsed[0]));
	l->config->dns_server_count = count;
	return true;
}

/* tchar of RFC 9110 §5.6.2 */
static bool is_token(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = ascii_lower(text.ptr[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c))))
			return false;
	}
	return text.len > 0;
}

/* Field values of RFC 9110 §5.5, and those only in ASCII. */
static bool is_field_value(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if ((c < 0x20 && c != '\t') || c > 0x7e)
			return false;
	}
	return true;
}

bool headers_apply(struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	struct buffer lines;

	if (value->type != TOML_TABLE)
		return setting_wrong(l, row, value, "a table of strings");
	buffer_init(&lines, LIMIT_HEAD_BYTES);
	for (const struct toml_value *v = value->first; v; v = v->next) {
		bool named = is_token(v->key);
		/* The value is a secret: no sentence repeats it. */
		if (!named || v->type != TOML_TEXT || !is_field_value(v->text)) {
			buffer_done(&lines);
			return loading_fail(l, named ? v->place : v->key_place,
				"%s: \"%s\" must be a field name with a string of printable ASCII",
				row->name, quote(v->key).text);
		}
		if (lines.len > 0)
			buffer_append(&lines, SLICE("\n"));
		buffer_append(&lines, v->key);
		buffer_append(&lines, SLICE(": "));
		buffer_append(&lines, v->text);
	}
	struct slice bytes = buffer_bytes(&lines);
	char *owned = bytes.len > 0 ? strndup(bytes.ptr, bytes.len) : NULL;
	bool ok = !lines.failed && (owned || bytes.len == 0);
	buffer_done(&lines);
	if (!ok) {
		free(owned);
		return loading_fail(l, value->place, "%s is too long", row->name);
	}
	free(l->config->otel_headers);
	l->config->otel_headers = owned;
	return true;
}

void setting_free_all(struct config *c)
{
	free_listeners(c->proxy, c->proxy_count);
	free_listeners(c->control, c->control_count);
	for (enum option i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = option_row(i);
		bool text = row->type == OPTION_TYPE_TEXT || row->type == OPTION_TYPE_PATH ||
			    row->type == OPTION_TYPE_URL || row->type == OPTION_TYPE_LOG ||
			    row->type == OPTION_TYPE_HEADERS;
		if (text && row->effect != OPTION_FOREIGN)
			free(*(char **)(void *)((char *)c + row->offset));
	}
}
