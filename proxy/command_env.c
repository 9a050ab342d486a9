/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport env: the variables that point tools at the proxy. */
#include "policy/quantity.h"
#include "proxy/cli.h"

enum { URL_SIZE = 512 };

enum value { VALUE_PROXY, VALUE_DIRECT, VALUE_ONE, VALUE_TRUE };

/* Which tool reads what. Where tools disagree about the case of a name, both are set. */
static const struct {
	const char *name;
	enum value value;
} variables[] = {
	/* curl, wget, git, apt, Python, Go, Rust and nearly everything else */
	{"HTTP_PROXY", VALUE_PROXY},
	{"http_proxy", VALUE_PROXY},
	{"HTTPS_PROXY", VALUE_PROXY},
	{"https_proxy", VALUE_PROXY},
	{"ALL_PROXY", VALUE_PROXY},
	{"all_proxy", VALUE_PROXY},
	{"WS_PROXY", VALUE_PROXY},
	{"ws_proxy", VALUE_PROXY},
	{"WSS_PROXY", VALUE_PROXY},
	{"wss_proxy", VALUE_PROXY},
	{"NO_PROXY", VALUE_DIRECT},
	{"no_proxy", VALUE_DIRECT},
	/* Node.js from 24 on, and Electron's downloads */
	{"NODE_USE_ENV_PROXY", VALUE_ONE},
	{"ELECTRON_GET_USE_PROXY", VALUE_TRUE},
	{"npm_config_proxy", VALUE_PROXY},
	{"npm_config_https_proxy", VALUE_PROXY},
	{"npm_config_noproxy", VALUE_DIRECT},
	{"NPM_CONFIG_PROXY", VALUE_PROXY},
	{"NPM_CONFIG_HTTPS_PROXY", VALUE_PROXY},
	{"NPM_CONFIG_NOPROXY", VALUE_DIRECT},
	{"YARN_HTTP_PROXY", VALUE_PROXY},
	{"YARN_HTTPS_PROXY", VALUE_PROXY},
	{"PIP_PROXY", VALUE_PROXY},
	{"CARGO_HTTP_PROXY", VALUE_PROXY},
	{"BUNDLE_HTTP_PROXY", VALUE_PROXY},
	{"BUNDLE_HTTPS_PROXY", VALUE_PROXY},
	{"BUNDLE_NO_PROXY", VALUE_DIRECT},
	{"DOCKER_HTTP_PROXY", VALUE_PROXY},
	{"DOCKER_HTTPS_PROXY", VALUE_PROXY},
	{"DOCKER_NO_PROXY", VALUE_DIRECT},
};

enum { VARIABLE_COUNT = sizeof(variables) / sizeof(variables[0]) };

/* Servers that a tool starts for itself are no business of the proxy, which would refuse them. */
static const char direct[] = "localhost,127.0.0.1,::1";

static const char *value_text(enum value value, const char *url)
{
	switch (value) {
	case VALUE_PROXY:
		return url;
	case VALUE_DIRECT:
		return direct;
	case VALUE_ONE:
		return "1";
	case VALUE_TRUE:
		break;
	}
	return "true";
}

/* A word that the shell takes as it is. */
static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = ascii_lower(text.ptr[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("_./:,@%+=-", c))))
			return false;
	}
	return text.len > 0;
}

/* In single quotes nothing means anything but their end (POSIX shell, 2.2.2). */
static void write_shell(FILE *out, const char *text)
{
	if (is_plain(slice_of(text))) {
		fputs(text, out);
		return;
	}
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

static bool url_of_listener(const struct config *c, char ret_url[URL_SIZE])
{
	char text[QUANTITY_TEXT_SIZE];

	if (c->proxy[0].at.port == 0)
		return false;
	endpoint_format_near(&c->proxy[0].at, text, sizeof(text));
	snprintf(ret_url, URL_SIZE, "http://%s", text);
	return true;
}

/* A URL, or host and port alone. */
static bool url_of_flag(const char *given, char ret_url[URL_SIZE])
{
	struct slice text = slice_of(given);
	bool whole = slice_starts(text, SLICE("http://")) || slice_starts(text, SLICE("https://"));
	struct slice rest = slice_after(text, whole ? slice_find(text, ':') + 3 : 0);

	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	if (rest.len == 0 || (!whole && slice_find(rest, '/') < rest.len))
		return false;
	return snprintf(ret_url, URL_SIZE, "%s%s", whole ? "" : "http://", given) < URL_SIZE;
}

/* EXIT_DONE with the URL, or another code with the sentence printed. */
static int find_url(const struct arguments *a, char ret_url[URL_SIZE])
{
	const char *given = a->values[FLAG_PROXY];

	if (given && url_of_flag(given, ret_url))
		return EXIT_DONE;
	if (given) {
		fprintf(stderr, "sallyport: --proxy takes a URL such as http://127.0.0.1:3128\n");
		return EXIT_USAGE;
	}
	struct config *c = cli_load(a, false);
	if (!c)
		return EXIT_REFUSED;
	bool found = url_of_listener(c, ret_url);
	config_free(c);
	if (!found)
		fprintf(stderr,
			"sallyport: the listener's port is chosen at start: say where it is with --proxy URL\n");
	return found ? EXIT_DONE : EXIT_REFUSED;
}

int command_env(const struct arguments *a)
{
	char url[URL_SIZE];
	int status = find_url(a, url);

	if (status != EXIT_DONE)
		return status;
	if (a->given[FLAG_JSON])
		fputs("{", stdout);
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		const char *value = value_text(variables[i].value, url);
		if (a->given[FLAG_JSON]) {
			printf("%s\n  \"%s\": ", i > 0 ? "," : "", variables[i].name);
			json_write_text(stdout, slice_of(value));
			continue;
		}
		printf("export %s=", variables[i].name);
		write_shell(stdout, value);
		fputc('\n', stdout);
	}
	if (a->given[FLAG_JSON])
		fputs("\n}\n", stdout);
	return EXIT_DONE;
}
