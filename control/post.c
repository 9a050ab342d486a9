/* SPDX-License-Identifier: Apache-2.0 */
#include "control/post.h"

#include "base/buffer.h"
#include "base/container.h"
#include "telemetry/curl_api.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* A socket of libcurl's that the loop watches. */
struct watch {
	uv_poll_t poll;
	struct poster *poster;
	curl_socket_t socket;
	struct watch *next; /* in poster->watches */
};

struct poster {
	uv_loop_t *loop;
	const struct curl_api *api;
	CURLM *multi;
	char *url, *ca;
	uint32_t timeout_ms, connections;
	size_t answer_bytes;
	uv_timer_t timer;
	struct watch *watches;
	unsigned open; /* handles whose close callback is still to come */
	unsigned posts;
	void (*on_closed)(void *owner);
	void *owner;
};

struct post {
	struct poster *poster;
	CURL *easy;
	struct curl_slist *fields;
	struct buffer answer;
	posted_cb on_posted;
	void *owner;
};

/* ---- one post ------------------------------------------------------------------------------ */

static size_t on_answer(char *bytes, size_t one, size_t len, void *owner)
{
	struct post *post = owner;

	(void)one;
	return buffer_append(&post->answer, slice_from(bytes, len)) ? len : 0;
}

static void post_free(struct post *post)
{
	const struct curl_api *api = post->poster->api;

	if (post->easy)
		api->easy_cleanup(post->easy);
	api->slist_free_all(post->fields);
	buffer_done(&post->answer);
	free(post);
}

static bool add_field(struct post *post, const char *line)
{
	struct curl_slist *longer = post->poster->api->slist_append(post->fields, line);

	if (longer)
		post->fields = longer;
	return longer != NULL;
}

static CURLcode set_transfer(struct post *post, struct slice body)
{
	CURLcode (*const set)(CURL *, CURLoption, ...) = post->poster->api->easy_setopt;
	CURLcode code = set(post->easy, CURLOPT_URL, post->poster->url);

	code |= set(post->easy, CURLOPT_HTTPHEADER, post->fields);
	code |= set(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	code |= set(post->easy, CURLOPT_COPYPOSTFIELDS, body.ptr);
	code |= set(post->easy, CURLOPT_WRITEFUNCTION, on_answer);
	code |= set(post->easy, CURLOPT_WRITEDATA, post);
	code |= set(post->easy, CURLOPT_PRIVATE, post);
	code |= set(post->easy, CURLOPT_USERAGENT, "sallyport/" SALLYPORT_VERSION);
	code |= set(post->easy, CURLOPT_TIMEOUT_MS, (long)post->poster->timeout_ms);
	return code;
}

static CURLcode set_manners(struct post *post)
{
	CURLcode (*const set)(CURL *, CURLoption, ...) = post->poster->api->easy_setopt;
	CURLcode code = set(post->easy, CURLOPT_PROTOCOLS_STR, "http,https");

	code |= set(post->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	code |= set(post->easy, CURLOPT_NOSIGNAL, 1L);
	code |= set(post->easy, CURLOPT_FOLLOWLOCATION, 0L);
	code |= set(post->easy, CURLOPT_PROXY, "");
	code |= set(post->easy, CURLOPT_NOPROXY, "*");
	code |= set(post->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	code |= set(post->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	code |= set(post->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (post->poster->ca)
		code |= set(post->easy, CURLOPT_CAINFO, post->poster->ca);
	return code;
}

struct post *post_start(
	struct poster *p, struct slice body, const char *field, posted_cb on_posted, void *owner)
{
	struct post *post = calloc(1, sizeof(*post));

	if (!post)
		return NULL;
	post->poster = p;
	post->on_posted = on_posted;
	post->owner = owner;
	buffer_init(&post->answer, p->answer_bytes);
	post->easy = p->api->easy_init();
	if (!post->easy || !add_field(post, "Content-Type: application/json") ||
		!add_field(post, "Accept: application/json") || !add_field(post, "Expect:") ||
		(field && !add_field(post, field)) || set_transfer(post, body) != CURLE_OK ||
		set_manners(post) != CURLE_OK ||
		p->api->multi_add_handle(p->multi, post->easy) != CURLM_OK) {
		post_free(post);
		return NULL;
	}
	p->posts++;
	return post;
}

void post_cancel(struct post *post)
{
	struct poster *p = post->poster;

	p->api->multi_remove_handle(p->multi, post->easy);
	post_free(post);
	p->posts--;
}

static void post_ended(struct poster *p, CURL *easy, CURLcode code)
{
	struct posted posted = {.status = 0};
	struct post *post = NULL;

	p->api->easy_getinfo(easy, CURLINFO_PRIVATE, &post);
	p->api->multi_remove_handle(p->multi, easy);
	p->posts--;
	if (code == CURLE_OK) {
		p->api->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &posted.status);
		posted.answer = buffer_bytes(&post->answer);
	} else {
		posted.late = code == CURLE_OPERATION_TIMEDOUT;
		posted.large = post->answer.failed;
		posted.failure = p->api->easy_strerror(code);
	}
	post->on_posted(post->owner, &posted);
	post_free(post);
}

/* ---- between libcurl and the loop ---------------------------------------------------------- */

static void drive(struct poster *p, curl_socket_t socket, int events)
{
	CURLMsg *message;
	int running, left;

	p->api->multi_socket_action(p->multi, socket, events, &running);
	while ((message = p->api->multi_info_read(p->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			post_ended(p, message->easy_handle, message->data.result);
}

static void on_timed(uv_timer_t *timer)
{
	drive(CONTAINER(timer, struct poster, timer), CURL_SOCKET_TIMEOUT, 0);
}

static void on_polled(uv_poll_t *poll, int status, int events)
{
	struct watch *w = CONTAINER(poll, struct watch, poll);
	int flags = status < 0 ? CURL_CSELECT_ERR : 0;

	flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
	flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
	drive(w->poster, w->socket, flags);
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *owner)
{
	struct poster *p = owner;

	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(&p->timer);
	else
		uv_timer_start(&p->timer, on_timed, (uint64_t)timeout_ms, 0);
	return 0;
}

static void handle_gone(struct poster *p)
{
	if (--p->open > 0)
		return;
	void (*on_closed)(void *) = p->on_closed;
	void *owner = p->owner;
	free(p->url);
	free(p->ca);
	free(p);
	if (on_closed)
		on_closed(owner);
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = CONTAINER(handle, struct watch, poll);
	struct poster *p = w->poster;

	free(w);
	handle_gone(p);
}

static void watch_close(struct watch *w)
{
	struct watch **at = &w->poster->watches;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static struct watch *watch_new(struct poster *p, curl_socket_t socket)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w || uv_poll_init(p->loop, &w->poll, socket) != 0) {
		free(w);
		return NULL;
	}
	w->poster = p;
	w->socket = socket;
	w->next = p->watches;
	p->watches = w;
	p->open++;
	return w;
}

/* Without memory a socket is not watched, and its post ends when its time is over. */
static int on_socket_wanted(CURL *easy, curl_socket_t socket, int what, void *owner, void *known)
{
	struct poster *p = owner;
	struct watch *w = known;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			watch_close(w);
		p->api->multi_assign(p->multi, socket, NULL);
		return 0;
	}
	if (!w) {
		w = watch_new(p, socket);
		if (!w)
			return 0;
		p->api->multi_assign(p->multi, socket, w);
	}
	events |= what & CURL_POLL_IN ? UV_READABLE : 0;
	events |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
	uv_poll_start(&w->poll, events, on_polled);
	return 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static bool set_multi(struct poster *p)
{
	CURLMcode (*const set)(CURLM *, CURLMoption, ...) = p->api->multi_setopt;

	return set(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted) == CURLM_OK &&
	       set(p->multi, CURLMOPT_SOCKETDATA, p) == CURLM_OK &&
	       set(p->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted) == CURLM_OK &&
	       set(p->multi, CURLMOPT_TIMERDATA, p) == CURLM_OK &&
	       set(p->multi, CURLMOPT_MAXCONNECTS, (long)p->connections) == CURLM_OK;
}

struct poster *poster_new(const struct poster_options *options, char *ret_sentence, size_t size)
{
	struct poster *p = calloc(1, sizeof(*p));
	const char *failure = "out of memory";

	if (p) {
		p->loop = options->loop;
		p->timeout_ms = options->timeout_ms;
		p->connections = options->connections;
		p->answer_bytes = options->answer_bytes;
		p->url = strdup(options->url);
		p->ca = options->ca ? strdup(options->ca) : NULL;
		p->api = curl_api_load(&failure);
		if (p->url && (p->ca || !options->ca) && p->api)
			p->multi = p->api->multi_init();
		if (p->multi && set_multi(p) && uv_timer_init(p->loop, &p->timer) == 0) {
			p->open = 1;
			return p;
		}
		if (p->multi)
			p->api->multi_cleanup(p->multi);
		free(p->url);
		free(p->ca);
		free(p);
	}
	snprintf(ret_sentence, size, "%s", failure);
	return NULL;
}

static void on_timer_closed(uv_handle_t *handle)
{
	handle_gone(CONTAINER(handle, struct poster, timer));
}

void poster_close(struct poster *p, void (*on_closed)(void *owner), void *owner)
{
	assert(p->posts == 0);
	p->on_closed = on_closed;
	p->owner = owner;
	/* Idle connections are closed by libcurl; whatever it still had watched is forgotten first. */
	while (p->watches)
		watch_close(p->watches);
	p->api->multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, NULL);
	p->api->multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, NULL);
	p->api->multi_cleanup(p->multi);
	p->multi = NULL;
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}
