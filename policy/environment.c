/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of OpenTelemetry exporters, where no file says anything.
 * Source: OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry
 * Protocol Exporter": the LOGS variable wins over the general one, an empty variable is not set,
 * and what cannot be understood is reported and ignored. */
#include "policy/loading.h"
#include "policy/url.h"

#include <stdio.h>
#include <stdlib.h>

/* NULL when it is not set or empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

/* The first of two variables that is set, and which one it was. */
static const char *either(const char *specific, const char *general, const char **ret_name)
{
	const char *value = variable(specific);

	*ret_name = value ? specific : general;
	return value ? value : variable(general);
}

static void ignore(struct loading *l, const char *name, const char *why)
{
	struct origin from = {.layer = LAYER_ENVIRONMENT, .file = name};

	loading_notice(l, &from, "ignored: %s", why);
}

/* False only without memory. */
static bool set(
	struct loading *l, const char *name, enum option option, const struct toml_value *value)
{
	struct fault fault = {.line = 0}, *kept = l->fault;

	l->file = name;
	l->fault = &fault;
	bool applied = setting_apply(l, option, value);
	l->fault = kept;
	if (!applied && !l->out_of_memory)
		ignore(l, name, fault.text);
	return !l->out_of_memory;
}

static bool set_text(struct loading *l, const char *name, enum option option, const char *text)
{
	struct toml_value value = {.type = TOML_TEXT, .text = slice_of(text)};

	return set(l, name, option, &value);
}

static bool endpoint(struct loading *l)
{
	const char *name = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
	const char *value = variable(name);
	char *url;

	if (value)
		return set_text(l, name, OPTION_OTEL_ENDPOINT, value);
	name = "OTEL_EXPORTER_OTLP_ENDPOINT";
	value = variable(name);
	if (!value)
		return true;
	/* The general variable is a base to which the path of the signal is added. */
	bool slash = slice_ends(slice_of(value), SLICE("/"));
	if (asprintf(&url, "%s%sv1/logs", value, slash ? "" : "/") < 0)
		return loading_out_of_memory(l);
	bool ok = set_text(l, name, OPTION_OTEL_ENDPOINT, url);
	free(url);
	return ok;
}

static int hex_digit(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding (RFC 3986 §2.1) in place; a stray percent sign stays. */
static struct slice decode(char *text, size_t len)
{
	size_t to = 0;

	for (size_t from = 0; from < len; from++) {
		bool escaped = text[from] == '%' && from + 2 < len &&
			       hex_digit(text[from + 1]) >= 0 && hex_digit(text[from + 2]) >= 0;
		if (escaped) {
			text[to++] =
				(char)(hex_digit(text[from + 1]) * 16 + hex_digit(text[from + 2]));
			from += 2;
		} else {
			text[to++] = text[from];
		}
	}
	return slice_from(text, to);
}

static struct slice trimmed(struct slice s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = slice_after(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* "name=value,name=value" (W3C Baggage) as the table that a file would have. */
static bool headers(struct loading *l)
{
	struct toml_value fields[LIMIT_HEAD_FIELDS], table = {.type = TOML_TABLE};
	const char *name;
	const char *value =
		either("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS", &name);
	char *copy = value ? strdup(value) : NULL;
	size_t count = 0, len = value ? slice_of(value).len : 0;

	if (value && !copy)
		return loading_out_of_memory(l);
	for (size_t at = 0; at < len && count < LIMIT_HEAD_FIELDS;) {
		struct slice part = slice_after(slice_from(copy, len), at);
		part = slice_first(part, slice_find(part, ','));
		at += part.len + 1;
		size_t equals = slice_find(part, '=');
		struct slice inside = trimmed(slice_after(part, equals + 1));
		if (trimmed(part).len == 0)
			continue;
		fields[count] = (struct toml_value){.type = TOML_TEXT,
			.key = trimmed(slice_first(part, equals)),
			.text = decode(copy + (inside.ptr - copy), inside.len)};
		if (count > 0)
			fields[count - 1].next = &fields[count];
		count++;
	}
	table.first = count > 0 ? fields : NULL;
	bool ok = count == 0 || set(l, name, OPTION_OTEL_HEADERS, &table);
	free(copy);
	return ok;
}

static bool timeout(struct loading *l)
{
	const char *name;
	const char *value =
		either("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT", &name);
	char text[32];

	if (!value)
		return true;
	/* Milliseconds without a unit. */
	snprintf(text, sizeof(text), "%.20sms", value);
	return set_text(l, name, OPTION_OTEL_TIMEOUT, text);
}

static bool compression(struct loading *l)
{
	const char *name;
	const char *value = either(
		"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION", &name);
	struct toml_value boolean = {.type = TOML_BOOLEAN};

	if (!value)
		return true;
	boolean.boolean = slice_equal(slice_of(value), SLICE("gzip"));
	if (boolean.boolean || slice_equal(slice_of(value), SLICE("none")))
		return set(l, name, OPTION_GZIP, &boolean);
	ignore(l, name, "it must be gzip or none");
	return true;
}

static bool files(struct loading *l)
{
	static const struct {
		const char *specific, *general;
		enum option option;
	} rows[] = {
		{"OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE",
			OPTION_OTEL_CA},
		{"OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE",
			"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", OPTION_OTEL_CERTIFICATE},
		{"OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY",
			OPTION_OTEL_KEY},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name;
		const char *value = either(rows[i].specific, rows[i].general, &name);
		if (value && !set_text(l, name, rows[i].option, value))
			return false;
	}
	return true;
}

static bool exporter(struct loading *l)
{
	const char *disabled = variable("OTEL_SDK_DISABLED");
	const char *value = variable("OTEL_LOGS_EXPORTER");
	const char *protocol_name;
	const char *protocol = either(
		"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL", &protocol_name);

	if (protocol && !slice_equal(slice_of(protocol), SLICE("http/protobuf")))
		ignore(l, protocol_name, "only http/protobuf is spoken here");
	if (disabled && slice_equal_nocase(slice_of(disabled), SLICE("true")))
		return set_text(l, "OTEL_SDK_DISABLED", OPTION_EXPORTER, "none");
	if (!value || slice_equal(slice_of(value), SLICE("otlp")))
		return true;
	if (slice_equal(slice_of(value), SLICE("none")))
		return set_text(l, "OTEL_LOGS_EXPORTER", OPTION_EXPORTER, "none");
	ignore(l, "OTEL_LOGS_EXPORTER", "it must be otlp or none");
	return true;
}

/* service.name among the resource attributes, unless it has its own variable. */
static bool service(struct loading *l)
{
	const char *attributes = variable("OTEL_RESOURCE_ATTRIBUTES");
	const char *name = variable("OTEL_SERVICE_NAME");
	struct slice rest = slice_of(attributes);

	if (attributes &&
		!set_text(l, "OTEL_RESOURCE_ATTRIBUTES", OPTION_RESOURCE_ATTRIBUTES, attributes))
		return false;
	if (name)
		return set_text(l, "OTEL_SERVICE_NAME", OPTION_SERVICE_NAME, name);
	while (rest.len > 0) {
		struct slice part = slice_first(rest, slice_find(rest, ','));
		rest = slice_after(rest, part.len + 1);
		part = trimmed(part);
		if (!slice_starts(part, SLICE("service.name=")))
			continue;
		struct toml_value value = {
			.type = TOML_TEXT, .text = slice_after(part, sizeof("service.name=") - 1)};
		return set(l, "OTEL_RESOURCE_ATTRIBUTES", OPTION_SERVICE_NAME, &value);
	}
	return true;
}

bool layer_environment(struct loading *l)
{
	l->layer = LAYER_ENVIRONMENT;
	return exporter(l) && endpoint(l) && headers(l) && timeout(l) && compression(l) &&
	       files(l) && service(l);
}

void layer_settle_gzip(struct loading *l)
{
	bool said = l->trace->origins[OPTION_GZIP].layer != LAYER_DEFAULT;
	struct url collector;

	l->config->otel_gzip_spool = l->config->otel_gzip;
	if (!said && url_parse(slice_of(l->config->otel_endpoint), &collector) &&
		url_is_here(&collector))
		l->config->otel_gzip = false;
}
