/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport env: the variables that point tools at the proxy. */
#include "policy/quantity.h"
#include "proxy/ca.h"
#include "proxy/cli.h"

#include <stdlib.h>
#include <unistd.h>

enum { URL_SIZE = 512 };

enum value {
	VALUE_PROXY,
	VALUE_DIRECT,
	VALUE_ONE,
	VALUE_TRUE,
	VALUE_CA, /* a file for tools that add it to the roots they have */
	VALUE_BUNDLE, /* one for tools that take it instead */
	VALUE_JAVA, /* options of the Java machine */
};

/* What the values are made of. */
struct place {
	char url[URL_SIZE]; /* of the proxy */
	char ca[CA_PATH_SIZE], bundle[CA_PATH_SIZE]; /* "" where there is no CA */
	char java[CA_PATH_SIZE + URL_SIZE]; /* "" where nothing can be said */
};

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
	/* OpenSSL, and with it Python, Ruby, Perl, wget; Go; uv and what else is Rust */
	{"SSL_CERT_FILE", VALUE_BUNDLE},
	{"CURL_CA_BUNDLE", VALUE_BUNDLE},
	{"GIT_SSL_CAINFO", VALUE_BUNDLE},
	{"NODE_EXTRA_CA_CERTS", VALUE_CA},
	{"npm_config_cafile", VALUE_BUNDLE},
	{"NPM_CONFIG_CAFILE", VALUE_BUNDLE},
	{"YARN_HTTPS_CA_FILE_PATH", VALUE_BUNDLE},
	{"DENO_CERT", VALUE_CA},
	{"REQUESTS_CA_BUNDLE", VALUE_BUNDLE},
	{"PIP_CERT", VALUE_BUNDLE},
	{"CARGO_HTTP_CAINFO", VALUE_BUNDLE},
	{"BUNDLE_SSL_CA_CERT", VALUE_BUNDLE},
	{"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", VALUE_BUNDLE},
	{"AWS_CA_BUNDLE", VALUE_BUNDLE},
	{"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", VALUE_BUNDLE},
	{"NIX_SSL_CERT_FILE", VALUE_BUNDLE},
	{"HEX_CACERTS_PATH", VALUE_BUNDLE},
	{"JAVA_TOOL_OPTIONS", VALUE_JAVA},
};

enum { VARIABLE_COUNT = sizeof(variables) / sizeof(variables[0]) };

/* Servers that a tool starts for itself are no business of the proxy, which would refuse them. */
static const char direct[] = "localhost,127.0.0.1,::1";

/* NULL where the variable is not to be set. */
static const char *value_text(enum value value, const struct place *p)
{
	switch (value) {
	case VALUE_PROXY:
		return p->url;
	case VALUE_DIRECT:
		return direct;
	case VALUE_ONE:
		return "1";
	case VALUE_CA:
		return p->ca[0] ? p->ca : NULL;
	case VALUE_BUNDLE:
		return p->bundle[0] ? p->bundle : NULL;
	case VALUE_JAVA:
		return p->java[0] ? p->java : NULL;
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
static int find_url(const struct arguments *a, const struct config *c, char ret_url[URL_SIZE])
{
	const char *given = a->values[FLAG_PROXY];

	if (given ? url_of_flag(given, ret_url) : c && url_of_listener(c, ret_url))
		return EXIT_DONE;
	if (given) {
		fprintf(stderr, "sallyport: --proxy takes a URL such as http://127.0.0.1:3128\n");
		return EXIT_USAGE;
	}
	fprintf(stderr,
		"sallyport: the listener's port is chosen at start: say where it is with --proxy URL\n");
	return EXIT_REFUSED;
}

/* ---- certificates -------------------------------------------------------------------------- */

/* Where tools see the directory of what clients take; tools have working directories of their own.
 * False where there is no CA. */
static bool find_directory(
	const struct arguments *a, const struct config *c, char ret_directory[CA_PATH_SIZE])
{
	char *whole;

	if (a->given[FLAG_CA])
		return snprintf(ret_directory, CA_PATH_SIZE, "%s", a->values[FLAG_CA]) <
		       CA_PATH_SIZE;
	if (!c || !ca_path(c, BUNDLE_PEM, ret_directory) || access(ret_directory, F_OK) != 0)
		return false;
	whole = realpath(c->export_directory, NULL);
	bool found = whole && snprintf(ret_directory, CA_PATH_SIZE, "%s", whole) < CA_PATH_SIZE;
	free(whole);
	return found;
}

static bool join(const char *directory, enum bundle_part part, char ret_path[CA_PATH_SIZE])
{
	int len = snprintf(ret_path, CA_PATH_SIZE, "%s/%s", directory, bundle_file(part));

	return len > 0 && len < CA_PATH_SIZE;
}

/* "HOST" and "PORT" of "http://HOST:PORT". False for what Java's options cannot say: a user name, a
 * path, an IPv6 address, TLS to the proxy. */
static bool split_url(const char *url, struct slice *ret_host, const char **ret_port)
{
	const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	const struct slice scheme = SLICE("http://");

	if (!slice_starts(slice_of(url), scheme))
		return false;
	const char *host = url + scheme.len;
	size_t len = strspn(host, letters);
	const char *port = host + len + 1;
	if (len == 0 || host[len] != ':' || port[0] == '\0' || port[strspn(port, "0123456789")])
		return false;
	*ret_host = slice_from(host, len);
	*ret_port = port;
	return true;
}

/* The Java machine takes neither proxies nor roots from other variables. Options are apart by spaces,
 * those in quotes are not. */
static void describe_java(struct place *p, const char *truststore)
{
	size_t left = sizeof(p->java);
	char *at = p->java;
	struct slice host;
	const char *port;

	if (split_url(p->url, &host, &port)) {
		int len = snprintf(at, left,
			"-Dhttp.proxyHost=%.*s -Dhttp.proxyPort=%s -Dhttps.proxyHost=%.*s -Dhttps.proxyPort=%s",
			(int)host.len, host.ptr, port, (int)host.len, host.ptr, port);
		at += len;
		left -= (size_t)len;
	}
	if (truststore[0])
		snprintf(at, left,
			"%s-Djavax.net.ssl.trustStoreType=PKCS12 \"-Djavax.net.ssl.trustStore=%s\"",
			at > p->java ? " " : "", truststore);
}

static int find_place(const struct arguments *a, struct place *ret_place)
{
	char directory[CA_PATH_SIZE], truststore[CA_PATH_SIZE] = "";
	struct fault fault = {.line = 0};
	struct config *c;

	/* Whoever says where the proxy is may have no configuration; it could only tell of a CA. */
	c = a->given[FLAG_PROXY] ? config_load(&a->sources, NULL, NULL, &fault)
				 : cli_load(a, false);
	if (!c && !a->given[FLAG_PROXY])
		return EXIT_REFUSED;
	int status = find_url(a, c, ret_place->url);
	if (status == EXIT_DONE && find_directory(a, c, directory) &&
		!(join(directory, BUNDLE_CA, ret_place->ca) &&
			join(directory, BUNDLE_PEM, ret_place->bundle) &&
			join(directory, BUNDLE_JAVA, truststore))) {
		fprintf(stderr, "sallyport: the path of the CA's files is too long\n");
		status = EXIT_REFUSED;
	}
	describe_java(ret_place, truststore);
	config_free(c);
	return status;
}

int command_env(const struct arguments *a)
{
	struct place place = {.url = ""};
	int status = find_place(a, &place);
	bool any = false;

	if (status != EXIT_DONE)
		return status;
	if (a->given[FLAG_JSON])
		fputs("{", stdout);
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		const char *value = value_text(variables[i].value, &place);
		if (!value)
			continue;
		if (a->given[FLAG_JSON]) {
			printf("%s\n  \"%s\": ", any ? "," : "", variables[i].name);
			json_write_text(stdout, slice_of(value));
		} else {
			printf("export %s=", variables[i].name);
			write_shell(stdout, value);
			fputc('\n', stdout);
		}
		any = true;
	}
	if (a->given[FLAG_JSON])
		fputs("\n}\n", stdout);
	return EXIT_DONE;
}
