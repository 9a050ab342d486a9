/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/configs.h"

#include <stdlib.h>
#include <unistd.h>

#define BASE     "OTEL_EXPORTER_OTLP_"
#define LOGS     BASE "LOGS_"
#define STANDARD "\"http://localhost:14318/v1/logs\""

/* Clears what it set, so that rows do not meet. */
static void set_all(const char *const *pairs, bool on)
{
	for (size_t i = 0; i < 4 && pairs[i]; i += 2) {
		if (on)
			setenv(pairs[i], pairs[i + 1], 1);
		else
			unsetenv(pairs[i]);
	}
}

static void variables_count_where_no_file_speaks(void **state)
{
	static const struct {
		const char *name;
		const char *variables[4];
		const char *config;
		enum option option;
		const char *value;
		const char *notices;
	} rows[] = {
		{"base endpoint", {BASE "ENDPOINT", "http://c:4318"}, "", OPTION_OTEL_ENDPOINT,
			"\"http://c:4318/v1/logs\"", ""},
		{"base endpoint with a slash", {BASE "ENDPOINT", "http://c:4318/"}, "",
			OPTION_OTEL_ENDPOINT, "\"http://c:4318/v1/logs\"", ""},
		{"endpoint of the signal", {LOGS "ENDPOINT", "http://c:4318/x"}, "",
			OPTION_OTEL_ENDPOINT, "\"http://c:4318/x\"", ""},
		{"the signal wins", {LOGS "ENDPOINT", "http://a/x", BASE "ENDPOINT", "http://b"},
			"", OPTION_OTEL_ENDPOINT, "\"http://a/x\"", ""},
		{"a file wins", {BASE "ENDPOINT", "http://c:4318"},
			"otel.exporter = { otlp-http = { endpoint = \"http://f/\" } }",
			OPTION_OTEL_ENDPOINT, "\"http://f/\"", ""},
		{"empty is not set", {BASE "ENDPOINT", ""}, "", OPTION_OTEL_ENDPOINT, STANDARD, ""},
		{"bad endpoint", {LOGS "ENDPOINT", "c:4318"}, "", OPTION_OTEL_ENDPOINT, STANDARD,
			LOGS "ENDPOINT: ignored: endpoint: \"c:4318\" is no URL: write "
			     "http://HOST:PORT/PATH or https://...\n"},
		{"headers", {BASE "HEADERS", "a=1, b = x%20y ,,c=%"}, "", OPTION_OTEL_HEADERS,
			"{ \"a\" = \"***\", \"b\" = \"***\", \"c\" = \"***\" }", ""},
		{"bad headers keep their secret", {LOGS "HEADERS", "a=se%0acret"}, "",
			OPTION_OTEL_HEADERS, "{}",
			LOGS "HEADERS: ignored: headers: \"a\" must be a field name with a string "
			     "of printable ASCII\n"},
		{"timeout in milliseconds", {BASE "TIMEOUT", "2500"}, "", OPTION_OTEL_TIMEOUT,
			"\"2500ms\"", ""},
		{"timeout of the signal", {BASE "TIMEOUT", "2500", LOGS "TIMEOUT", "5000"}, "",
			OPTION_OTEL_TIMEOUT, "\"5s\"", ""},
		{"timeout out of range", {BASE "TIMEOUT", "1"}, "", OPTION_OTEL_TIMEOUT, "\"10s\"",
			BASE "TIMEOUT: ignored: timeout must be between 100ms and 10m\n"},
		{"timeout with a unit", {BASE "TIMEOUT", "10s"}, "", OPTION_OTEL_TIMEOUT, "\"10s\"",
			BASE "TIMEOUT: ignored: timeout: \"10sms\" is no duration: write a whole "
			     "number and ms, s, m, h or d, as in \"30s\"\n"},
		{"no compression", {BASE "COMPRESSION", "none"}, "", OPTION_GZIP, "false", ""},
		{"gzip", {BASE "COMPRESSION", "gzip"}, "", OPTION_GZIP, "true", ""},
		{"compression unknown", {BASE "COMPRESSION", "zstd"}, "", OPTION_GZIP, "false",
			BASE "COMPRESSION: ignored: it must be gzip or none\n"},
		{"roots", {BASE "CERTIFICATE", "/ca.pem"}, "", OPTION_OTEL_CA, "\"/ca.pem\"", ""},
		{"roots of the signal",
			{BASE "CERTIFICATE", "/ca.pem", LOGS "CERTIFICATE", "/l.pem"}, "",
			OPTION_OTEL_CA, "\"/l.pem\"", ""},
		{"client certificate",
			{BASE "CLIENT_CERTIFICATE", "/c.pem", BASE "CLIENT_KEY", "/k.pem"}, "",
			OPTION_OTEL_KEY, "\"/k.pem\"", ""},
		{"disabled", {"OTEL_SDK_DISABLED", "TRUE"}, "", OPTION_EXPORTER, "\"none\"", ""},
		{"disabled, but a file exports", {"OTEL_SDK_DISABLED", "true"},
			"otel.exporter = { otlp-http = {} }", OPTION_EXPORTER, "\"otlp-http\"", ""},
		{"not disabled", {"OTEL_SDK_DISABLED", "1"}, "", OPTION_EXPORTER, "\"otlp-http\"",
			""},
		{"exporter none", {"OTEL_LOGS_EXPORTER", "none"}, "", OPTION_EXPORTER, "\"none\"",
			""},
		{"exporter otlp", {"OTEL_LOGS_EXPORTER", "otlp"}, "", OPTION_EXPORTER,
			"\"otlp-http\"", ""},
		{"exporter unknown", {"OTEL_LOGS_EXPORTER", "console"}, "", OPTION_EXPORTER,
			"\"otlp-http\"", "OTEL_LOGS_EXPORTER: ignored: it must be otlp or none\n"},
		{"protocol spoken", {BASE "PROTOCOL", "http/protobuf"}, "", OPTION_OTEL_PROTOCOL,
			"\"binary\"", ""},
		{"protocol not spoken", {LOGS "PROTOCOL", "grpc"}, "", OPTION_OTEL_PROTOCOL,
			"\"binary\"",
			LOGS "PROTOCOL: ignored: only http/protobuf is spoken here\n"},
		{"service", {"OTEL_SERVICE_NAME", "gate"}, "", OPTION_SERVICE_NAME, "\"gate\"", ""},
		{"service among attributes",
			{"OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=gate,c=d"}, "",
			OPTION_SERVICE_NAME, "\"gate\"", ""},
		{"service by its own variable",
			{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a", "OTEL_SERVICE_NAME", "b"},
			"", OPTION_SERVICE_NAME, "\"b\"", ""},
		{"attributes", {"OTEL_RESOURCE_ATTRIBUTES", "a=b"}, "", OPTION_RESOURCE_ATTRIBUTES,
			"\"a=b\"", ""},
		{"state of a service", {"STATE_DIRECTORY", "/s/one:/s/two"}, "",
			OPTION_STATE_DIRECTORY, "\"/s/one\"", ""},
		{"state in a file", {"STATE_DIRECTORY", "/s/one"}, "state.directory = \"/f\"",
			OPTION_STATE_DIRECTORY, "\"/f\"", ""},
	};
	struct loaded l;
	char text[512], config[256];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(config, sizeof(config), "unlisted = \"deny\"\n%s", rows[i].config);
		set_all(rows[i].variables, true);
		load(&l, config, NULL);
		set_all(rows[i].variables, false);
		ROW_CHECK(rows[i].name, l.config, "%s", l.fault);
		value_of(l.config, rows[i].option, text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].value) == 0, "%s", text);
		ROW_CHECK(rows[i].name, strcmp(l.notices, rows[i].notices) == 0, "%s", l.notices);
		config_free(l.config);
	}
}

static void headers_are_decoded(void **state)
{
	struct loaded l;
	(void)state;
	setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb%3d, x = 1%zz", 1);
	load(&l, NULL, NULL);
	unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
	assert_non_null(l.config);
	assert_string_equal(l.config->otel_headers, "api-key: a,b=\nx: 1%zz");
	config_free(l.config);
}

static void state_has_a_home(void **state)
{
	struct loaded l;
	(void)state;
	load(&l, NULL, NULL);
	assert_non_null(l.config);
	if (geteuid() == 0)
		assert_string_equal(l.config->state_directory, "/var/lib/sallyport");
	else
		assert_non_null(strstr(l.config->state_directory, "/sallyport"));
	assert_true(l.config->workers >= 1 && l.config->workers <= LIMIT_WORKERS);
	config_free(l.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_count_where_no_file_speaks),
		cmocka_unit_test(headers_are_decoded),
		cmocka_unit_test(state_has_a_home),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
