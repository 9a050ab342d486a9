/* SPDX-License-Identifier: Apache-2.0 */
#include "control/client.h"

#include "base/buffer.h"
#include "base/escape.h"
#include "base/limits.h"
#include "policy/url.h"
#include "telemetry/curl_api.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { BASE_BYTES = 300, TOKEN_BYTES = 512 };

struct client {
	const struct curl_api *api;
	char base[BASE_BYTES]; /* "http://localhost", without a slash at the end */
	char socket[LIMIT_SOCKET_PATH + 1]; /* "" for TCP */
	struct curl_slist *fields; /* Authorization and Accept */
	struct curl_slist *fields_json; /* and Content-Type */
	CURL *easy; /* kept from call to call, with its connection */
	struct buffer answer;
};

/* ---- where --------------------------------------------------------------------------------- */

static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	return text.len > 0;
}

static bool use_socket(struct client *c, struct slice path, char *ret_sentence)
{
	if (path.len == 0 || path.len > LIMIT_SOCKET_PATH) {
		snprintf(ret_sentence, CLIENT_SENTENCE_BYTES, "a socket's path has 1 to %d bytes",
			LIMIT_SOCKET_PATH);
		return false;
	}
	memcpy(c->socket, path.ptr, path.len);
	snprintf(c->base, sizeof(c->base), "http://localhost");
	return true;
}

static bool use_url(struct client *c, struct slice text, char *ret_sentence)
{
	bool whole = slice_starts(slice_after(text, slice_find(text, ':')), SLICE("://"));
	char spelled[BASE_BYTES];
	struct url u;

	snprintf(spelled, sizeof(spelled), "%s%.*s", whole ? "" : "http://", (int)text.len,
		text.ptr);
	if (text.len > BASE_BYTES - 16 || !url_parse(slice_of(spelled), &u) ||
		(u.rest.len > 0 && !slice_equal(u.rest, SLICE("/")))) {
		snprintf(ret_sentence, CLIENT_SENTENCE_BYTES,
			"the control endpoint is unix:/path, 127.0.0.1:PORT or http://127.0.0.1:PORT");
		return false;
	}
	if (!url_is_private(&u)) {
		snprintf(ret_sentence, CLIENT_SENTENCE_BYTES,
			"plain HTTP beyond this machine would show the token: use https or a tunnel to 127.0.0.1");
		return false;
	}
	snprintf(c->base, sizeof(c->base), "%s://%.*s", u.https ? "https" : "http",
		(int)u.authority.len, u.authority.ptr);
	return true;
}

static bool use_place(struct client *c, struct slice at, char *ret_sentence)
{
	if (slice_starts(at, SLICE("unix:")))
		return use_socket(c, slice_after(at, 5), ret_sentence);
	if (slice_starts(at, SLICE("/")))
		return use_socket(c, at, ret_sentence);
	return use_url(c, at, ret_sentence);
}

/* ---- life ---------------------------------------------------------------------------------- */

static bool add_field(struct client *c, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = c->api->slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool make_fields(struct client *c, const char *token)
{
	char line[TOKEN_BYTES + 32];

	snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
	bool ok = add_field(c, &c->fields, line) && add_field(c, &c->fields_json, line) &&
		  add_field(c, &c->fields_json, "Content-Type: application/json") &&
		  add_field(c, &c->fields_json, "Expect:");
	explicit_bzero(line, sizeof(line));
	return ok;
}

struct curl_slist *client_fields(const struct client *c)
{
	struct curl_slist *copy = NULL;

	for (const struct curl_slist *field = c->fields; field; field = field->next) {
		struct curl_slist *longer = c->api->slist_append(copy, field->data);
		if (!longer) {
			c->api->slist_free_all(copy);
			return NULL;
		}
		copy = longer;
	}
	return copy;
}

struct client *client_new(
	const char *at, const char *token, char ret_sentence[CLIENT_SENTENCE_BYTES])
{
	struct client *c = calloc(1, sizeof(*c));
	const char *failure = "out of memory";

	snprintf(ret_sentence, CLIENT_SENTENCE_BYTES, "%s", failure);
	if (!c)
		return NULL;
	buffer_init(&c->answer, LIMIT_ANSWER_BYTES);
	if (!is_plain(slice_of(token)) || strlen(token) > TOKEN_BYTES) {
		snprintf(ret_sentence, CLIENT_SENTENCE_BYTES,
			"the token is empty, too long or not one line of printable characters");
		goto fail;
	}
	if (!use_place(c, slice_of(at), ret_sentence))
		goto fail;
	c->api = curl_api_load(&failure);
	if (!c->api) {
		snprintf(ret_sentence, CLIENT_SENTENCE_BYTES, "%s", failure);
		goto fail;
	}
	c->easy = client_easy(c, "/");
	if (c->easy && make_fields(c, token))
		return c;
fail:
	client_free(c);
	return NULL;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	if (c->api) {
		if (c->easy)
			c->api->easy_cleanup(c->easy);
		c->api->slist_free_all(c->fields);
		c->api->slist_free_all(c->fields_json);
	}
	buffer_done(&c->answer);
	free(c);
}

const struct curl_api *client_api(const struct client *c)
{
	return c->api;
}

/* ---- one call ------------------------------------------------------------------------------ */

static CURLcode set_url(struct client *c, CURL *easy, const char *path)
{
	char url[BASE_BYTES + CLIENT_PATH_BYTES];

	snprintf(url, sizeof(url), "%s%s", c->base, path);
	return c->api->easy_setopt(easy, CURLOPT_URL, url);
}

void *client_easy(struct client *c, const char *path)
{
	CURL *easy = c->api->easy_init();
	CURLcode (*const set)(CURL *, CURLoption, ...) = c->api->easy_setopt;
	CURLcode code = CURLE_OK;

	if (!easy)
		return NULL;
	code |= set_url(c, easy, path);
	code |= set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	code |= set(easy, CURLOPT_USERAGENT, "sallyport/" SALLYPORT_VERSION);
	code |= set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	code |= set(easy, CURLOPT_NOSIGNAL, 1L);
	/* Reached directly, whatever the environment says: most likely it names this very proxy, which
	 * refuses to be asked about itself. */
	code |= set(easy, CURLOPT_PROXY, "");
	code |= set(easy, CURLOPT_NOPROXY, "*");
	code |= set(easy, CURLOPT_FOLLOWLOCATION, 0L);
	code |= set(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	code |= set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_CLIENT_CONNECT_MS);
	code |= set(easy, CURLOPT_HTTPHEADER, c->fields);
	if (c->socket[0])
		code |= set(easy, CURLOPT_UNIX_SOCKET_PATH, c->socket);
	if (code == CURLE_OK)
		return easy;
	c->api->easy_cleanup(easy);
	return NULL;
}

/* libcurl takes less than was offered as an error and ends the transfer. */
static size_t on_answered(char *bytes, size_t one, size_t len, void *owner)
{
	struct client *c = owner;

	(void)one;
	return buffer_append(&c->answer, slice_from(bytes, len)) ? len : 0;
}

static CURLcode prepare(struct client *c, const struct client_request *r, const char *body)
{
	CURLcode (*const set)(CURL *, CURLoption, ...) = c->api->easy_setopt;
	CURLcode code = set_url(c, c->easy, r->path);

	code |= set(c->easy, CURLOPT_HTTPHEADER, body ? c->fields_json : c->fields);
	code |= set(c->easy, CURLOPT_HTTPGET, 1L);
	if (body)
		code |= set(c->easy, CURLOPT_POSTFIELDS, body);
	code |= set(c->easy, CURLOPT_CUSTOMREQUEST, r->method);
	code |= set(c->easy, CURLOPT_TIMEOUT_MS, (long)LIMIT_CLIENT_MS);
	code |= set(c->easy, CURLOPT_WRITEFUNCTION, on_answered);
	code |= set(c->easy, CURLOPT_WRITEDATA, c);
	return code;
}

void client_no_answer(
	const struct client *c, void *easy, int code, struct client_answer *ret_answer)
{
	char place[256];
	const char *why = c->answer.failed ? "the answer is too large"
					   : c->api->easy_strerror((CURLcode)code);
	const char *advice = "";
	long error = 0;

	c->api->easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
	bool unreachable = code == CURLE_COULDNT_CONNECT;
	if (unreachable && (error == EACCES || error == EPERM)) {
		why = "permission denied";
		advice = "; it is for the user that runs the proxy";
	} else if (unreachable) {
		advice = "; is `sallyport serve` running?";
	}
	escape_text(slice_of(c->socket[0] ? c->socket : c->base), place, sizeof(place));
	snprintf(ret_answer->sentence, sizeof(ret_answer->sentence),
		"no answer from the control endpoint at %s: %s%s", place, why, advice);
}

bool client_call(
	struct client *c, const struct client_request *request, struct client_answer *ret_answer)
{
	char *body = request->body ? json_dumps(request->body, JSON_COMPACT) : NULL;

	*ret_answer = (struct client_answer){.status = 0};
	if (request->body && !body) {
		snprintf(ret_answer->sentence, sizeof(ret_answer->sentence), "out of memory");
		return false;
	}
	buffer_done(&c->answer);
	buffer_init(&c->answer, LIMIT_ANSWER_BYTES);
	CURLcode code = prepare(c, request, body);
	if (code == CURLE_OK)
		code = c->api->easy_perform(c->easy);
	free(body);
	if (code != CURLE_OK) {
		client_no_answer(c, c->easy, (int)code, ret_answer);
		return false;
	}
	c->api->easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &ret_answer->status);
	struct slice bytes = buffer_bytes(&c->answer);
	if (ret_answer->status < 200 || ret_answer->status > 299) {
		client_explain(ret_answer, bytes);
		return false;
	}
	ret_answer->body =
		json_loadb(bytes.ptr ? bytes.ptr : "", bytes.len, JSON_REJECT_DUPLICATES, NULL);
	if (ret_answer->body || bytes.len == 0)
		return true;
	snprintf(ret_answer->sentence, sizeof(ret_answer->sentence),
		"the control endpoint answered %ld with something that is no JSON",
		ret_answer->status);
	return false;
}

/* ---- problems ------------------------------------------------------------------------------ */

void client_explain(struct client_answer *answer, struct slice body)
{
	json_t *problem = json_loadb(body.ptr ? body.ptr : "", body.len, 0, NULL);
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	const char *code = json_string_value(json_object_get(problem, "code"));

	snprintf(answer->code, sizeof(answer->code), "%s", code ? code : "");
	if (detail && detail[0])
		escape_text(slice_of(detail), answer->sentence, sizeof(answer->sentence));
	else
		snprintf(answer->sentence, sizeof(answer->sentence),
			"the control endpoint answered %ld", answer->status);
	json_decref(problem);
}

bool client_path_add(char path[CLIENT_PATH_BYTES], struct slice text)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t len = strlen(path);

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		char low = ascii_lower((char)c);
		if (len + 4 > CLIENT_PATH_BYTES)
			return false;
		if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
			c == '_' || c == '~') {
			path[len++] = (char)c;
		} else {
			path[len++] = '%';
			path[len++] = digits[c >> 4];
			path[len++] = digits[c & 15];
		}
	}
	path[len] = '\0';
	return true;
}
