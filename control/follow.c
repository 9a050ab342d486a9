/* SPDX-License-Identifier: Apache-2.0 */
#include "control/follow.h"

#include "telemetry/curl_api.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct follow {
	struct client *client;
	const struct curl_api *api;
	CURLM *multi;
	CURL *easy; /* NULL between connections */
	struct curl_slist *fields;
	char path[CLIENT_PATH_BYTES];
	struct sse sse;
	sse_cb on_event;
	void *owner;
	enum follow_state state;
	uint32_t failures; /* in a row */
	uint64_t next_ms; /* when to connect again, by clock_ms */
	bool stirred; /* something happened in this wait */
	struct buffer refusal; /* what came with a status that is no success */
	char sentence[CLIENT_SENTENCE_BYTES];
};

/* ---- one connection ------------------------------------------------------------------------ */

static long status_of(struct follow *f)
{
	long status = 0;

	f->api->easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t on_bytes(char *bytes, size_t one, size_t len, void *owner)
{
	struct follow *f = owner;
	struct slice part = slice_from(bytes, len);

	(void)one;
	if (status_of(f) != 200)
		return buffer_append(&f->refusal, part) ? len : 0;
	f->state = FOLLOW_LIVE;
	f->stirred = true;
	f->failures = 0;
	return sse_feed(&f->sse, part, f->on_event, f->owner) ? len : 0;
}

static bool add_field(struct follow *f, const char *line)
{
	struct curl_slist *longer = f->api->slist_append(f->fields, line);

	if (longer)
		f->fields = longer;
	return longer != NULL;
}

/* The client's own fields, and where the stream goes on. An id that is not plain is not sent. */
static bool make_fields(struct follow *f)
{
	char line[SSE_ID_BYTES + 32];

	f->fields = client_fields(f->client);
	for (const char *c = f->sse.id; *c; c++)
		if (*c <= ' ' || *c > '~')
			f->sse.id[0] = '\0';
	snprintf(line, sizeof(line), "Last-Event-ID: %s", f->sse.id);
	return f->fields && add_field(f, "Accept: text/event-stream") &&
	       (f->sse.id[0] == '\0' || add_field(f, line));
}

static void disconnect(struct follow *f)
{
	if (f->easy) {
		f->api->multi_remove_handle(f->multi, f->easy);
		f->api->easy_cleanup(f->easy);
	}
	f->api->slist_free_all(f->fields);
	f->easy = NULL;
	f->fields = NULL;
}

static bool connect_now(struct follow *f)
{
	CURLcode (*const set)(CURL *, CURLoption, ...) = f->api->easy_setopt;
	CURLcode code = CURLE_OK;

	sse_restart(&f->sse);
	buffer_done(&f->refusal);
	buffer_init(&f->refusal, LIMIT_SSE_BYTES);
	f->easy = client_easy(f->client, f->path);
	if (!f->easy || !make_fields(f))
		return false;
	code |= set(f->easy, CURLOPT_HTTPHEADER, f->fields);
	code |= set(f->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	code |= set(f->easy, CURLOPT_WRITEDATA, f);
	/* The endpoint pings; a stream that is silent for longer is dead. */
	code |= set(f->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	code |= set(f->easy, CURLOPT_LOW_SPEED_TIME, (long)LIMIT_PING_MS * 3 / 1000);
	return code == CURLE_OK && f->api->multi_add_handle(f->multi, f->easy) == CURLM_OK;
}

/* ---- ends ---------------------------------------------------------------------------------- */

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A quarter of a second, doubling up to ten: short enough for somebody who looks. */
static uint32_t backoff_ms(const struct follow *f)
{
	static const uint32_t first = 250, most = 10000;
	uint32_t ms = f->failures < 6 ? first << f->failures : most;

	if (f->sse.retry_ms > ms)
		ms = f->sse.retry_ms;
	return ms < most ? ms : most;
}

/* Nobody known, not allowed, no such thing: the same again the next time. */
static bool is_final(long status)
{
	return status >= 400 && status <= 499 && status != 408 && status != 429;
}

static void lost(struct follow *f, const char *why)
{
	f->state = FOLLOW_LOST;
	f->stirred = true;
	f->next_ms = clock_ms() + backoff_ms(f);
	f->failures++;
	snprintf(f->sentence, sizeof(f->sentence), "%s", why);
}

static void ended(struct follow *f, CURLcode code)
{
	struct client_answer answer = {.status = status_of(f)};

	if (answer.status != 0 && answer.status != 200) {
		client_explain(&answer, buffer_bytes(&f->refusal));
		lost(f, answer.sentence);
		if (is_final(answer.status))
			f->state = FOLLOW_REFUSED;
	} else if (f->sse.failed) {
		lost(f, "the event stream makes no sense");
	} else if (code == CURLE_OK) {
		lost(f, "the control endpoint ended the stream");
	} else {
		client_no_answer(f->client, f->easy, (int)code, &answer);
		lost(f, answer.sentence);
	}
	disconnect(f);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static void drive(struct follow *f)
{
	CURLMsg *message;
	int running, left;

	f->api->multi_perform(f->multi, &running);
	/* What came is told before its end, which the next wait finds: who never saw it live gives up. */
	if (f->stirred)
		return;
	message = f->api->multi_info_read(f->multi, &left);
	if (message && message->msg == CURLMSG_DONE)
		ended(f, message->data.result);
}

enum follow_state follow_wait(
	struct follow *f, const int *fds, size_t fd_count, uint32_t timeout_ms)
{
	struct curl_waitfd extra[FOLLOW_FDS];
	uint64_t now = clock_ms();

	assert(fd_count <= FOLLOW_FDS);
	f->stirred = false;
	for (size_t i = 0; i < fd_count; i++)
		extra[i] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
	if (!f->easy && f->state != FOLLOW_REFUSED && now >= f->next_ms && !connect_now(f)) {
		disconnect(f);
		lost(f, "out of memory");
	}
	if (!f->easy && f->state == FOLLOW_LOST && f->next_ms - now < timeout_ms)
		timeout_ms = (uint32_t)(f->next_ms - now);
	if (f->easy)
		drive(f);
	if (!f->stirred)
		f->api->multi_poll(f->multi, extra, (unsigned)fd_count, (int)timeout_ms, NULL);
	if (f->easy)
		drive(f);
	return f->state;
}

const char *follow_sentence(const struct follow *f)
{
	return f->sentence;
}

/* ---- life ---------------------------------------------------------------------------------- */

struct follow *follow_new(struct client *c, const char *kinds, sse_cb on_event, void *owner)
{
	struct follow *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->client = c;
	f->api = client_api(c);
	f->on_event = on_event;
	f->owner = owner;
	sse_init(&f->sse);
	buffer_init(&f->refusal, LIMIT_SSE_BYTES);
	snprintf(f->path, sizeof(f->path), "/v1/events?kinds=%s", kinds);
	f->multi = f->api->multi_init();
	if (f->multi)
		return f;
	follow_free(f);
	return NULL;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	disconnect(f);
	if (f->multi)
		f->api->multi_cleanup(f->multi);
	sse_done(&f->sse);
	buffer_done(&f->refusal);
	free(f);
}
