/* SPDX-License-Identifier: Apache-2.0 */
#include "control/show.h"

#include "base/escape.h"
#include "control/moment.h"

enum { TEXT_SIZE = 4096 };

void show_put(json_t **object, const char *name, json_t *value)
{
	if (json_object_set_new(*object, name, value) == 0)
		return;
	json_decref(*object);
	*object = NULL;
}

void show_append(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value) == 0)
		return;
	json_decref(*array);
	*array = NULL;
}

json_t *show_time(uint64_t unix_ms)
{
	char text[MOMENT_SIZE];

	if (unix_ms == 0)
		return json_null();
	moment_format(unix_ms, text);
	return json_string(text);
}

json_t *show_seconds(uint64_t ms)
{
	if (ms % 1000 == 0)
		return json_integer((json_int_t)(ms / 1000));
	return json_real((double)ms / 1000);
}

json_t *show_text(const char *text)
{
	char shown[TEXT_SIZE];

	if (!text || text[0] == '\0')
		return json_null();
	escape_utf8(slice_of(text), shown, sizeof(shown));
	return json_string(shown);
}

/* Somebody decides by it: nothing of it may be cut off. */
json_t *show_subject(const char *subject)
{
	char shown[LIMIT_SUBJECT_BYTES * 8 + 1];

	if (!subject)
		return json_null();
	escape_utf8(slice_of(subject), shown, sizeof(shown));
	return json_string(shown);
}

json_t *show_word(const char *word)
{
	return word && word[0] ? json_string(word) : json_null();
}

json_t *show_ident(char letter, uint64_t id)
{
	char text[IDENT_SIZE];

	if (id == 0)
		return json_null();
	ident_format(letter, id, text);
	return json_string(text);
}

json_t *show_rule(const struct rule *rule)
{
	json_t *shown;

	if (!rule->pattern || !rule->pattern[0])
		return json_null();
	shown = json_object();
	show_put(&shown, "pattern", show_word(rule->pattern));
	show_put(&shown, "file", rule->file ? show_text(rule->file) : json_null());
	show_put(&shown, "line", json_integer(rule->line));
	return shown;
}

const char *show_protocol_word(enum port_protocol protocol)
{
	switch (protocol) {
	case PORT_TLS:
		return "tls";
	case PORT_HTTP:
		return "http";
	case PORT_RAW:
		break;
	}
	return "raw";
}

json_t *show_grant(const struct grant *g)
{
	char pattern[GRANT_PATTERN_SIZE];
	json_t *shown = json_object();

	grant_pattern_format(g, pattern);
	show_put(&shown, "id", show_ident('g', g->id));
	show_put(&shown, "decision", json_string(g->allow ? "allow" : "deny"));
	show_put(&shown, "scope", json_string(grant_scope_word(g->scope)));
	show_put(&shown, "pattern", json_string(pattern));
	show_put(&shown, "identity", show_text(g->identity));
	show_put(&shown, "session", show_text(g->session));
	show_put(&shown, "protocol",
		g->has_protocol ? json_string(show_protocol_word(g->protocol)) : json_null());
	show_put(&shown, "subject_kind", json_string(subject_kind_word(g->subject_kind)));
	show_put(&shown, "subject", show_subject(g->subject));
	show_put(&shown, "created_at", show_time(g->made_ms));
	show_put(&shown, "expires_at", show_time(g->expires_ms));
	show_put(&shown, "decider", show_text(g->decider));
	show_put(&shown, "note", g->note[0] ? show_text(g->note) : json_string(""));
	show_put(&shown, "question", show_ident('q', g->question));
	return shown;
}

/* "client" is an address and a port, as in `server.address` and its like. */
static json_t *show_client(const char *address, bool v6, uint16_t port)
{
	char text[ADDRESS_TEXT_SIZE + 10];

	if (address[0] == '\0')
		return json_null();
	snprintf(text, sizeof(text), v6 ? "[%s]:%u" : "%s:%u", address, (unsigned)port);
	return json_string(text);
}

static json_t *show_row_client(const struct digest_row *row)
{
	char address[ADDRESS_TEXT_SIZE];

	address_format(&row->client, address);
	return show_client(address, row->client.family == 6, row->client_port);
}

static json_t *show_port(uint16_t port)
{
	return port > 0 ? json_integer(port) : json_null();
}

static const char *decision_word(enum event_decision decision)
{
	static const char *const words[] = {"allow", "deny", "ask"};

	return (size_t)decision < sizeof(words) / sizeof(words[0]) ? words[decision] : "deny";
}

static const char *source_word(enum event_source source)
{
	static const char *const words[] = {
		"baseline_policy", "mode_guard", "proxy_state", "decider"};

	return (size_t)source < sizeof(words) / sizeof(words[0]) ? words[source] : words[0];
}

json_t *show_decision(const struct digest_row *row)
{
	const struct rule rule = {row->rule, row->rule_file, row->rule_line};
	bool plain = row->protocol == EVENT_PROTOCOL_HTTP;
	json_t *shown = json_object();

	show_put(&shown, "at", show_time(row->time_ms));
	show_put(&shown, "decision", json_string(decision_word(row->decision)));
	show_put(&shown, "reason", json_string(reason_word(row->reason)));
	show_put(&shown, "source", json_string(source_word(row->source)));
	show_put(&shown, "host", show_text(row->host));
	show_put(&shown, "port", show_port(row->port));
	show_put(&shown, "protocol", json_string(plain ? "http" : "https_connect"));
	show_put(&shown, "method", show_text(row->method));
	show_put(&shown, "client", show_row_client(row));
	show_put(&shown, "identity", show_text(row->user));
	show_put(&shown, "session", show_text(row->session));
	show_put(&shown, "rule", show_rule(&rule));
	show_put(&shown, "grant", show_ident('g', row->grant));
	show_put(&shown, "connection", json_integer((json_int_t)row->connection));
	return shown;
}

json_t *show_closed(const struct digest_row *row)
{
	json_t *shown = json_object();

	show_put(&shown, "at", show_time(row->time_ms));
	show_put(&shown, "host", show_text(row->host));
	show_put(&shown, "port", show_port(row->port));
	show_put(&shown, "client", show_row_client(row));
	show_put(&shown, "bytes_up", json_integer((json_int_t)row->bytes_up));
	show_put(&shown, "bytes_down", json_integer((json_int_t)row->bytes_down));
	show_put(&shown, "duration", show_seconds(row->duration_us / 1000));
	show_put(&shown, "reason", json_string(reason_word(row->reason)));
	show_put(&shown, "grant", show_ident('g', row->grant));
	show_put(&shown, "connection", json_integer((json_int_t)row->connection));
	return shown;
}

json_t *show_connection(const struct connection_row *row)
{
	bool v6 = strchr(row->client, ':') != NULL;
	json_t *shown = json_object();

	show_put(&shown, "id", json_integer((json_int_t)row->id));
	show_put(&shown, "host", show_text(row->host));
	show_put(&shown, "port", show_port(row->port));
	show_put(&shown, "protocol", json_string(row->connect ? "https_connect" : "http"));
	show_put(&shown, "phase", json_string(row->phase));
	show_put(&shown, "client", show_client(row->client, v6, row->client_port));
	show_put(&shown, "identity", show_text(row->identity));
	show_put(&shown, "session", show_text(row->session));
	show_put(&shown, "since", show_time(row->since_ms));
	show_put(&shown, "bytes_up", json_integer((json_int_t)row->bytes_up));
	show_put(&shown, "bytes_down", json_integer((json_int_t)row->bytes_down));
	show_put(&shown, "grant", show_ident('g', row->grant));
	return shown;
}
