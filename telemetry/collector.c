/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/collector.h"

#include "base/limits.h"
#include "telemetry/curl_api.h"
#include "telemetry/otlp.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { HEADER_LISTS = 2 }; /* without and with Content-Encoding */

struct collector {
	char *endpoint, *headers, *ca, *certificate, *key;
	uint32_t timeout_ms;

	const struct curl_api *api; /* NULL until the first post */
	CURLM *multi;
	CURL *easy;
	struct curl_slist *lists[HEADER_LISTS];

	enum post_result result; /* of the post under way or just ended */
	size_t response_len;
	char response[LIMIT_RESPONSE_BYTES];
	uint64_t rejected;
	uint32_t retry_after_ms; /* the collector's own wish, 0: none */
	uint64_t ready_at_ms;
	uint32_t failures; /* in a row */
	char failure[256];
};

/* ---- options ------------------------------------------------------------------------------ */

static bool copy(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return *to || !text;
}

struct collector *collector_new(const struct collector_options *options)
{
	struct collector *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->timeout_ms = options->timeout_ms;
	if (copy(&c->endpoint, options->endpoint) && copy(&c->headers, options->headers) &&
		copy(&c->ca, options->ca) && copy(&c->certificate, options->certificate) &&
		copy(&c->key, options->key))
		return c;
	collector_free(c);
	return NULL;
}

static void curl_done(struct collector *c)
{
	if (!c->api)
		return;
	if (c->multi && c->easy)
		c->api->multi_remove_handle(c->multi, c->easy);
	if (c->easy)
		c->api->easy_cleanup(c->easy);
	if (c->multi)
		c->api->multi_cleanup(c->multi);
	for (size_t i = 0; i < HEADER_LISTS; i++) {
		c->api->slist_free_all(c->lists[i]);
		c->lists[i] = NULL;
	}
	c->easy = NULL;
	c->multi = NULL;
	c->api = NULL;
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	curl_done(c);
	free(c->endpoint);
	free(c->headers);
	free(c->ca);
	free(c->certificate);
	free(c->key);
	free(c);
}

/* ---- libcurl ------------------------------------------------------------------------------ */

static size_t on_response(char *bytes, size_t one, size_t len, void *owner)
{
	struct collector *c = owner;
	size_t room = sizeof(c->response) - c->response_len;
	size_t kept = len < room ? len : room;

	(void)one;
	memcpy(c->response + c->response_len, bytes, kept);
	c->response_len += kept;
	/* What is beyond the bound is read and forgotten: the status is what counts. */
	return len;
}

static bool list_add(struct collector *c, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = c->api->slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

/* The operator's own lines, for instance an Authorization. */
static bool list_add_lines(struct collector *c, struct curl_slist **list)
{
	char *lines, *rest, *line;
	bool ok = true;

	if (!c->headers)
		return true;
	lines = strdup(c->headers);
	if (!lines)
		return false;
	for (line = strtok_r(lines, "\r\n", &rest); line && ok;
		line = strtok_r(NULL, "\r\n", &rest))
		ok = list_add(c, list, line);
	free(lines);
	return ok;
}

static bool lists_make(struct collector *c)
{
	for (size_t i = 0; i < HEADER_LISTS; i++) {
		if (!list_add(c, &c->lists[i], "Content-Type: application/x-protobuf") ||
			!list_add(c, &c->lists[i], "Expect:") || !list_add_lines(c, &c->lists[i]))
			return false;
	}
	return list_add(c, &c->lists[1], "Content-Encoding: gzip");
}

/* Options that stay the same for every post. */
static bool easy_prepare(struct collector *c)
{
	CURLcode (*const set)(CURL *, CURLoption, ...) = c->api->easy_setopt;
	CURLcode code = CURLE_OK;

	code |= set(c->easy, CURLOPT_URL, c->endpoint);
	code |= set(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	code |= set(c->easy, CURLOPT_POST, 1L);
	code |= set(c->easy, CURLOPT_USERAGENT, "sallyport/" SALLYPORT_VERSION);
	code |= set(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	code |= set(c->easy, CURLOPT_NOSIGNAL, 1L);
	/* The collector is reached directly, whatever the environment says about proxies: most
	 * likely it names this one. */
	code |= set(c->easy, CURLOPT_PROXY, "");
	code |= set(c->easy, CURLOPT_NOPROXY, "*");
	code |= set(c->easy, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	code |= set(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)c->timeout_ms);
	code |= set(c->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	code |= set(c->easy, CURLOPT_WRITEFUNCTION, on_response);
	code |= set(c->easy, CURLOPT_WRITEDATA, c);
	code |= set(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->ca)
		code |= set(c->easy, CURLOPT_CAINFO, c->ca);
	if (c->certificate)
		code |= set(c->easy, CURLOPT_SSLCERT, c->certificate);
	if (c->key)
		code |= set(c->easy, CURLOPT_SSLKEY, c->key);
	return code == CURLE_OK;
}

static bool curl_prepare(struct collector *c)
{
	const char *error = "out of memory";

	if (c->api)
		return true;
	c->api = curl_api_load(&error);
	if (c->api) {
		error = "libcurl refused an option";
		c->multi = c->api->multi_init();
		c->easy = c->api->easy_init();
		if (c->multi && c->easy && lists_make(c) && easy_prepare(c))
			return true;
		curl_done(c);
	}
	snprintf(c->failure, sizeof(c->failure), "%s", error);
	return false;
}

/* ---- posting ------------------------------------------------------------------------------ */

bool collector_ready(const struct collector *c, uint64_t now_ms)
{
	return c->result == POST_NONE && now_ms >= c->ready_at_ms;
}

uint32_t collector_delay_ms(const struct collector *c, uint64_t now_ms)
{
	if (c->result != POST_NONE)
		return UINT32_MAX;
	if (now_ms >= c->ready_at_ms)
		return 0;
	uint64_t delay = c->ready_at_ms - now_ms;
	return delay < UINT32_MAX ? (uint32_t)delay : UINT32_MAX - 1;
}

void collector_post(struct collector *c, struct slice body, bool gzip)
{
	CURLcode code = CURLE_OK;

	assert(c->result == POST_NONE);
	c->result = POST_FAILED;
	c->retry_after_ms = 0;
	c->response_len = 0;
	if (!curl_prepare(c))
		return;
	code |= c->api->easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->lists[gzip]);
	code |= c->api->easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	code |= c->api->easy_setopt(c->easy, CURLOPT_POSTFIELDS, body.ptr);
	if (code != CURLE_OK || c->api->multi_add_handle(c->multi, c->easy) != CURLM_OK)
		snprintf(c->failure, sizeof(c->failure), "libcurl refused the request");
	else
		c->result = POST_PENDING;
}

/* 2xx is success (the specification says 200); 429, 502, 503 and 504 ask for a repetition. */
static enum post_result result_of_status(long status)
{
	if (status >= 200 && status <= 299)
		return POST_ACKED;
	if (status == 429 || status == 502 || status == 503 || status == 504)
		return POST_FAILED;
	return POST_REFUSED;
}

static void post_answered(struct collector *c)
{
	long status = 0;
	curl_off_t retry_after = 0;

	c->api->easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	c->result = result_of_status(status);
	if (c->result == POST_ACKED) {
		c->rejected = otlp_rejected(slice_from(c->response, c->response_len));
		c->failure[0] = '\0';
		return;
	}
	/* libcurl reads both forms, seconds and date (RFC 9110 §10.2.3). */
	c->api->easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (retry_after > 0)
		c->retry_after_ms = retry_after < LIMIT_RETRY_AFTER_MS / 1000
					    ? (uint32_t)retry_after * 1000
					    : LIMIT_RETRY_AFTER_MS;
	snprintf(c->failure, sizeof(c->failure), "the collector answered %ld", status);
}

static void post_ended(struct collector *c, CURLcode code)
{
	if (code == CURLE_OK) {
		post_answered(c);
	} else {
		const char *text = c->api->easy_strerror(code);
		c->result = POST_FAILED;
		snprintf(c->failure, sizeof(c->failure), "no answer from the collector: %s", text);
	}
	c->api->multi_remove_handle(c->multi, c->easy);
}

static void post_drive(struct collector *c)
{
	CURLMsg *message;
	int running, left;

	c->api->multi_perform(c->multi, &running);
	while ((message = c->api->multi_info_read(c->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE) {
			post_ended(c, message->data.result);
			return;
		}
}

void collector_wait(struct collector *c, int wake_fd, uint32_t timeout_ms)
{
	int timeout = timeout_ms < INT32_MAX ? (int)timeout_ms : INT32_MAX;

	if (c->result == POST_PENDING) {
		struct curl_waitfd wake = {.fd = wake_fd, .events = CURL_WAIT_POLLIN};
		post_drive(c);
		if (c->result != POST_PENDING)
			return;
		c->api->multi_poll(c->multi, &wake, 1, timeout, NULL);
		post_drive(c);
	} else {
		struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
		poll(&wake, 1, timeout);
	}
}

/* Doubles from half a second to half a minute; the upper half of it is random, so that a thousand
 * proxies do not come back at once. */
static uint32_t backoff_ms(uint32_t failures)
{
	enum { FIRST = 500, MOST = 30000 };
	uint32_t step = failures < 7 ? (uint32_t)FIRST << failures : MOST;
	uint32_t random = 0;

	if (step > MOST)
		step = MOST;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	return step / 2 + random % (step / 2);
}

enum post_result collector_take(struct collector *c, uint64_t now_ms, uint64_t *ret_rejected)
{
	enum post_result result = c->result;

	if (result == POST_NONE || result == POST_PENDING)
		return result;
	c->result = POST_NONE;
	if (result == POST_ACKED) {
		*ret_rejected = c->rejected;
		c->rejected = 0;
	}
	if (result != POST_FAILED) {
		c->failures = 0;
		return result;
	}
	c->ready_at_ms = now_ms + (c->retry_after_ms ? c->retry_after_ms : backoff_ms(c->failures));
	c->failures++;
	return result;
}

const char *collector_failure(const struct collector *c)
{
	return c->failure;
}
