/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/configs.h"

#include <stdlib.h>
#include <unistd.h>

#define NETWORK "[network]\n"

static void files_win_in_their_order(void **state)
{
	static const struct {
		const char *name, *config, *requirements;
		enum option option;
		const char *value;
		enum layer layer;
		uint32_t line;
	} rows[] = {
		{"nothing said", NULL, NULL, OPTION_MODE, "\"full\"", LAYER_DEFAULT, 0},
		{"config says", "\nmode = \"limited\"\n", NULL, OPTION_MODE, "\"limited\"",
			LAYER_CONFIG, 2},
		{"requirements say", NULL, "mode = \"limited\"\n", OPTION_MODE, "\"limited\"",
			LAYER_REQUIREMENTS, 1},
		{"requirements pin", "mode = \"full\"", "\n\nmode = \"limited\"", OPTION_MODE,
			"\"limited\"", LAYER_REQUIREMENTS, 3},
		{"requirements pin a listener", "[listen]\nproxy = [\"127.0.0.1:1\"]",
			"[listen]\nproxy = [\"[::1]:2\"]", OPTION_PROXY, "[\"[::1]:2\"]",
			LAYER_REQUIREMENTS, 2},
		{"in [network]", NETWORK "mode = \"limited\"", NULL, OPTION_MODE, "\"limited\"",
			LAYER_CONFIG, 2},
		{"in [experimental_network]", "[experimental_network]\nmode = \"limited\"", NULL,
			OPTION_MODE, "\"limited\"", LAYER_CONFIG, 2},
		{"dotted key", "network.mode = \"limited\"", NULL, OPTION_MODE, "\"limited\"",
			LAYER_CONFIG, 1},
		{"reviewer at the top", "approvals_reviewer = \"auto_review\"", NULL,
			OPTION_REVIEWER, "\"auto_review\"", LAYER_CONFIG, 1},
		{"reviewer in its table", "[approvals]\napprovals_reviewer = \"auto_review\"", NULL,
			OPTION_REVIEWER, "\"auto_review\"", LAYER_CONFIG, 2},
		{"search modes", "allowed_web_search_modes = [\"live\", \"cached\"]", NULL,
			OPTION_SEARCH_MODES, "[\"cached\", \"live\"]", LAYER_CONFIG, 1},
		{"no name servers", "dns.servers = []", "", OPTION_DNS_SERVERS, "[]", LAYER_CONFIG,
			1},
		{"name servers", "dns.servers = [\"192.0.2.53\", \"[2001:db8::53]:5353\"]", NULL,
			OPTION_DNS_SERVERS, "[\"192.0.2.53:53\", \"[2001:db8::53]:5353\"]",
			LAYER_CONFIG, 1},
		{"control", "listen.control = [\"unix:/run/s.sock\", \"127.0.0.1:0\"]", NULL,
			OPTION_CONTROL, "[\"unix:/run/s.sock\", \"127.0.0.1:0\"]", LAYER_CONFIG, 1},
		{"control in the state directory",
			"state.directory = \"/s\"\nlisten.control = [\"127.0.0.1:0\", \"unix:c.sock\"]",
			NULL, OPTION_CONTROL, "[\"127.0.0.1:0\", \"unix:/s/c.sock\"]", LAYER_CONFIG,
			2},
		{"control nowhere else", "state.directory = \"/s\"", NULL, OPTION_CONTROL,
			"[\"unix:/s/control.sock\"]", LAYER_DEFAULT, 0},
		{"smallest duration", "timeouts.idle = \"10ms\"", NULL, OPTION_IDLE, "\"10ms\"",
			LAYER_CONFIG, 1},
		{"largest duration", "timeouts.idle = \"720h\"", NULL, OPTION_IDLE, "\"30d\"",
			LAYER_CONFIG, 1},
		{"largest count", "workers = 256", NULL, OPTION_WORKERS, "256", LAYER_CONFIG, 1},
		{"size", "otel.spool_size = \"1024KiB\"", NULL, OPTION_SPOOL_SIZE, "\"1MiB\"",
			LAYER_CONFIG, 1},
		{"no exporter", "otel.exporter = \"none\"", NULL, OPTION_EXPORTER, "\"none\"",
			LAYER_CONFIG, 1},
		{"exporter with its defaults", "otel.exporter = { otlp-http = {} }", NULL,
			OPTION_OTEL_ENDPOINT, "\"http://localhost:14318/v1/logs\"", LAYER_DEFAULT,
			0},
		{"exporter's endpoint",
			"otel.exporter = { otlp-http = { endpoint = \"https://c:1/x\" } }", NULL,
			OPTION_OTEL_ENDPOINT, "\"https://c:1/x\"", LAYER_CONFIG, 1},
		{"exporter's headers",
			"[otel.exporter.otlp-http]\nheaders = { a = \"1\", b = \"2\" }", NULL,
			OPTION_OTEL_HEADERS, "{ \"a\" = \"***\", \"b\" = \"***\" }", LAYER_CONFIG,
			2},
		{"log to a file", "otel.log = \"./e.jsonl\"", NULL, OPTION_LOG, "\"./e.jsonl\"",
			LAYER_CONFIG, 1},
		{"span of a day", "tls.ca_lifetime = \"1d\"", NULL, OPTION_CA_LIFETIME, "\"1d\"",
			LAYER_CONFIG, 1},
		{"span of ten years", "tls.ca_lifetime = \"3650d\"", NULL, OPTION_CA_LIFETIME,
			"\"3650d\"", LAYER_CONFIG, 1},
		{"text beyond ASCII", "otel.service_name = \"Stra\xc3\x9f\x65\"", NULL,
			OPTION_SERVICE_NAME, "\"Stra\xc3\x9f\x65\"", LAYER_CONFIG, 1},
	};
	struct loaded l;
	char text[512];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		load(&l, rows[i].config, rows[i].requirements);
		ROW_CHECK(rows[i].name, l.config, "%s", l.fault);
		const struct origin *from = &l.config->trace->origins[rows[i].option];
		value_of(l.config, rows[i].option, text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].value) == 0, "%s", text);
		ROW_CHECK(rows[i].name, from->layer == rows[i].layer, "layer=%d", from->layer);
		ROW_CHECK(rows[i].name, from->place.line == rows[i].line, "line=%u",
			from->place.line);
		config_free(l.config);
	}
}

static void lists_add_up_and_requirements_close_them(void **state)
{
	static const char agents[] =
		"[experimental_network]\nenabled = true\n"
		"managed_allowed_domains_only = true\n"
		"[experimental_network.domains]\n"
		"\"api.example.com\" = \"allow\"\n\"*.evil.test\" = \"deny\"\n";
	static const struct {
		const char *name, *config, *requirements, *target, *verdict;
	} rows[] = {
		{"nothing is allowed", NULL, NULL, "a.example:443", "not_allowed"},
		{"allowed in config", "allowed_domains = [\"a.example\"]", NULL, "a.example:443",
			"allowed"},
		{"allowed in requirements", NULL, "allowed_domains = [\"a.example\"]",
			"a.example:443", "allowed"},
		{"lists of one file add up",
			"allowed_domains = [\"a.example\"]\n" NETWORK
			"allowed_domains = [\"b.example\"]\n[experimental_network]\n"
			"allowed_domains = [\"c.example\"]",
			NULL, "b.example:443", "allowed"},
		{"requirements deny", "allowed_domains = [\"a.example\"]",
			"denied_domains = [\"a.example\"]", "a.example:443", "denied"},
		{"config denies too", "denied_domains = [\"a.example\"]",
			"allowed_domains = [\"a.example\"]\ndenied_domains = [\"b.example\"]",
			"a.example:443", "denied"},
		{"local entry under managed only", "allowed_domains = [\"a.example\"]", agents,
			"a.example:443", "not_allowed"},
		{"managed entry", "allowed_domains = [\"a.example\"]", agents,
			"api.example.com:443", "allowed"},
		{"managed deny", "allowed_domains = [\"*.evil.test\"]", agents, "x.evil.test:443",
			"denied"},
		{"local deny under managed only", "denied_domains = [\"api.example.com\"]", agents,
			"api.example.com:443", "denied"},
		{"protocol and port",
			"allowed_domains = [{ domain = \"git.example:22\", protocol = \"raw\" }]",
			NULL, "git.example:22", "allowed"},
		{"exception",
			"allowed_domains = [\"**.corp.test\"]\ndenied_domains = [{ domain = "
			"\"**.corp.test\", except = [\"jira.corp.test\"] }]",
			NULL, "jira.corp.test:443", "allowed"},
		{"public suffix on purpose",
			"allowed_domains = [{ domain = \"*.com\", public_suffix = true }]", NULL,
			"a.com:443", "allowed"},
		{"own listener", "allowed_domains = [\"127.0.0.1:*\"]", NULL, "127.0.0.1:3128",
			"own_endpoint"},
		{"own control endpoint",
			"allowed_domains = [\"127.0.0.1:*\"]\nlisten.control = [\"127.0.0.1:3129\"]",
			NULL, "127.0.0.1:3129", "own_endpoint"},
		{"local literal", "allowed_domains = [\"*\"]", NULL, "10.0.0.1:443",
			"local_address"},
		{"key with a dot inside quotes", "[network.domains]\n\"a.example\" = \"allow\"",
			NULL, "a.example:443", "allowed"},
	};
	struct loaded l;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		load(&l, rows[i].config, rows[i].requirements);
		ROW_CHECK(rows[i].name, l.config, "%s", l.fault);
		const char *verdict = judged(l.config, rows[i].target);
		ROW_CHECK(rows[i].name, strcmp(verdict, rows[i].verdict) == 0, "%s", verdict);
		config_free(l.config);
	}
}

static void operators_hear_what_does_not_count(void **state)
{
	static const char quiet[] = "unlisted = \"deny\"\n";
	static const struct {
		const char *name, *config, *requirements, *notices;
	} rows[] = {
		{"nothing to say", quiet, NULL, ""},
		{"holding", "", NULL, ""},
		{"holding, and nobody can answer", "listen.control = []\n", NULL,
			"nobody can answer, so names on no list are refused: set control in [listen], "
			"or unlisted = \"deny\"\n"},
		{"later, at its default", "unlisted = \"deny\"\nsearch.ttl = \"30d\"\n", NULL, ""},
		{"later, set to nothing", "unlisted = \"deny\"\nallowed_web_search_modes = []\n",
			NULL,
			"c.toml:2: network.allowed_web_search_modes has no effect in this version\n"},
		{"later, set", "unlisted = \"deny\"\nallowed_web_search_modes = [\"cached\"]\n",
			NULL,
			"c.toml:2: network.allowed_web_search_modes has no effect in this version\n"},
		{"pinned", "unlisted = \"deny\"\ntimeouts.idle = \"2h\"\n",
			"timeouts.idle = \"3h\"\n",
			"c.toml:2: timeouts.idle is ignored: r.toml:1 pins it to \"3h\"\n"},
		{"pinned to the same value", "unlisted = \"deny\"\ntimeouts.idle = \"2h\"\n",
			"timeouts.idle = \"120m\"\n", ""},
		{"pinned secret",
			"unlisted = \"deny\"\n[otel.exporter.otlp-http.headers]\na = \"one\"\n",
			"[otel.exporter.otlp-http.headers]\nb = \"two\"\n",
			"c.toml:2: otel.exporter.otlp-http.headers is ignored: r.toml:1 pins it\n"},
		{"foreign keys at rest",
			"unlisted = \"deny\"\nenabled = true\nallow_upstream_proxy = false\n"
			"allow_unix_sockets = []\nunix_sockets = {}\nmitm = false\n"
			"[otel]\ntrace_exporter = \"none\"\n",
			NULL, ""},
		{"foreign keys that would matter",
			"unlisted = \"deny\"\nenabled = false\nhttp_port = 8080\n", NULL,
			"c.toml:2: enabled has no effect here: the proxy guards the network whenever "
			"it runs\nc.toml:3: http_port has no effect here: set proxy in [listen] "
			"instead\n"},
		{"settings of agents",
			"unlisted = \"deny\"\nsandbox_mode = \"read-only\"\n[features]\na = 1\n",
			NULL,
			"c.toml: no effect here, they are for coding agents: sandbox_mode, "
			"features\n"},
		{"local entries under managed only",
			"unlisted = \"deny\"\nallowed_domains = [\"a.example\",\n  { domain = "
			"\"b.example\" }]\ndenied_domains = [\"d.example\"]\n",
			"managed_allowed_domains_only = true\nallowed_domains = [\"c.example\"]\n",
			"r.toml:1: managed_allowed_domains_only: local allow entries are ignored: "
			"a.example (c.toml:2), b.example (c.toml:3)\n"},
	};
	struct loaded l;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		load(&l, rows[i].config, rows[i].requirements);
		ROW_CHECK(rows[i].name, l.config, "%s", l.fault);
		ROW_CHECK(rows[i].name, strcmp(l.notices, rows[i].notices) == 0, "%s", l.notices);
		config_free(l.config);
	}
}

static void command_line_entries_are_local(void **state)
{
	static const char *const allow[] = {"a.example", "b.example"};
	static const char *const deny[] = {"b.example"};
	struct config_sources sources = {
		.allow = allow, .allow_count = 2, .deny = deny, .deny_count = 1};
	struct loaded l;
	struct target t;
	(void)state;

	load_with(&l, sources, NULL, NULL);
	assert_non_null(l.config);
	assert_string_equal(judged(l.config, "a.example:443"), "allowed");
	assert_string_equal(judged(l.config, "b.example:443"), "denied");
	target_parse_authority(SLICE("a.example:443"), &t);
	struct rule rule = policy_rule(l.config->policy, policy_judge(l.config->policy, &t).entry);
	assert_string_equal(rule.file, "--allow");
	assert_int_equal(rule.line, 0);
	config_free(l.config);

	load_with(&l, sources, NULL, "managed_allowed_domains_only = true\n");
	assert_non_null(l.config);
	assert_string_equal(judged(l.config, "a.example:443"), "not_allowed");
	assert_non_null(strstr(l.notices, "a.example (--allow), b.example (--allow)"));
	config_free(l.config);

	static const char *const bad[] = {"*.com"};
	sources = (struct config_sources){.allow = bad, .allow_count = 1};
	load_with(&l, sources, NULL, NULL);
	assert_null(l.config);
	assert_memory_equal(l.fault, "--allow: \"*.com\" ", 17);
}

static void faults_of_patterns_have_their_place(void **state)
{
	static const struct {
		const char *name, *config, *requirements, *place;
	} rows[] = {
		{"allow entry", "allowed_domains = [\"*.com\"]\n", NULL, "c.toml:1:20: \"*.com\""},
		{"deny entry", NETWORK "denied_domains = [\"a.example\", \"*\"]\n", NULL,
			"c.toml:2:32: \"*\""},
		{"requirements", NULL, "denied_domains = [\n  \"a..example\",\n]\n",
			"r.toml:2:3: \"a..example\""},
		{"domains table",
			"[network.domains]\n\"b.example\" = \"deny\"\n\"a b\" = \"allow\"\n", NULL,
			"c.toml:3:1: \"a b\""},
		{"entry that is a table", "allowed_domains = [{ domain = \"10.0.0.1/8\" }]\n", NULL,
			"c.toml:1:31: \"10.0.0.1/8\""},
	};
	struct loaded l;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		load(&l, rows[i].config, rows[i].requirements);
		ROW_CHECK(rows[i].name, !l.config, "loaded");
		ROW_CHECK(rows[i].name, strncmp(l.fault, rows[i].place, strlen(rows[i].place)) == 0,
			"%s", l.fault);
	}
}

static void only_distant_collectors_get_gzip_unasked(void **state)
{
	static const struct {
		const char *name, *url, *gzip;
		bool compressed;
	} rows[] = {
		{"localhost", "http://localhost:14318/v1/logs", "", false},
		{"loopback", "http://127.0.0.1:1/v1/logs", "", false},
		{"IPv6 loopback", "http://[::1]:1/v1/logs", "", false},
		{"another machine", "http://192.0.2.1:1/v1/logs", "", true},
		{"a name", "https://localhost.example.com/v1/logs", "", true},
		{"asked for", "http://localhost:14318/v1/logs", "gzip = true\n", true},
		{"asked not to", "http://192.0.2.1:1/v1/logs", "gzip = false\n", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct loaded l;
		char text[512];
		snprintf(text, sizeof(text),
			"[otel]\n%sexporter = { otlp-http = { endpoint = \"%s\", protocol = "
			"\"binary\" } }\n",
			rows[i].gzip, rows[i].url);
		load(&l, text, NULL);
		ROW_CHECK(rows[i].name, l.config != NULL, "%s", l.fault);
		ROW_CHECK(rows[i].name, l.config->otel_gzip == rows[i].compressed, "gzip %d",
			l.config->otel_gzip);
		ROW_CHECK(rows[i].name,
			l.config->otel_gzip_spool == (strcmp(rows[i].gzip, "gzip = false\n") != 0),
			"spool %d", l.config->otel_gzip_spool);
		config_free(l.config);
	}
}

static void difference_is_one_sentence(void **state)
{
	static const struct {
		const char *name, *before, *after, *difference;
	} rows[] = {
		{"nothing", "mode = \"full\"", "", "nothing changed"},
		{"a scalar", "", "timeouts.idle = \"2h\"", "timeouts.idle \"1h\" to \"2h\""},
		{"set and unset", "otel.resource_attributes = \"a=b\"", "",
			"otel.resource_attributes \"a=b\" to none (from the next start on)"},
		{"a listener", "listen.control = [\"unix:/a\"]", "listen.control = []",
			"listen.control [\"unix:/a\"] to [] (from the next start on)"},
		{"an entry added", "", "allowed_domains = [\"a.example\"]",
			"allowed: added \"a.example\""},
		{"an entry removed", "denied_domains = [\"a.example\"]", "",
			"denied: removed \"a.example\""},
		{"order does not matter", "allowed_domains = [\"a.example\", \"b.example\"]",
			"allowed_domains = [\"b.example\", \"a.example\"]", "nothing changed"},
		{"many", "", "allowed_domains = [\"a.test\", \"b.test\", \"c.test\", \"d.test\"]",
			"allowed: added \"a.test\", \"b.test\", \"c.test\" and 1 more"},
		{"a secret", "[otel.exporter.otlp-http]\nheaders = { k = \"old\" }",
			"[otel.exporter.otlp-http]\nheaders = { k = \"new\" }",
			"otel.exporter.otlp-http.headers changed (from the next start on)"},
		{"several", "mode = \"limited\"\nallowed_domains = [\"a.test\"]",
			"allowed_domains = [\"b.test\"]",
			"network.mode \"limited\" to \"full\"; allowed: added \"b.test\"; allowed: "
			"removed \"a.test\""},
	};
	struct loaded before, after;
	char text[512], small[16];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		load(&before, rows[i].before, NULL);
		load(&after, rows[i].after, NULL);
		size_t len = config_difference(before.config, after.config, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].difference) == 0, "%s", text);
		assert_int_equal(len, strlen(text));
		assert_true(config_difference(before.config, after.config, small, 16) <= 15);
		config_free(before.config);
		config_free(after.config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_win_in_their_order),
		cmocka_unit_test(lists_add_up_and_requirements_close_them),
		cmocka_unit_test(operators_hear_what_does_not_count),
		cmocka_unit_test(command_line_entries_are_local),
		cmocka_unit_test(faults_of_patterns_have_their_place),
		cmocka_unit_test(only_distant_collectors_get_gzip_unasked),
		cmocka_unit_test(difference_is_one_sentence),
	};
	/* What this machine exports must not change what the rows expect. */
	for (const char *const *v = (const char *const[]){"OTEL_EXPORTER_OTLP_ENDPOINT",
		     "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SDK_DISABLED", NULL};
		*v; v++)
		unsetenv(*v);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
