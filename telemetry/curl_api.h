/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/curl_api.h: the functions of libcurl that are used, found when first needed. libcurl
 * brings a dozen libraries and several MiB with it, which a proxy that has delivered nothing yet
 * need not hold. */
#ifndef SALLYPORT_TELEMETRY_CURL_API_H
#define SALLYPORT_TELEMETRY_CURL_API_H

#include <curl/curl.h>

struct curl_api {
	CURLcode (*global_init)(long flags);
	const char *(*easy_strerror)(CURLcode code);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *easy);
	CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*easy_perform)(CURL *easy);
	CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_cleanup)(CURLM *multi);
	CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_perform)(CURLM *multi, int *ret_running);
	CURLMcode (*multi_poll)(CURLM *multi, struct curl_waitfd *extra, unsigned count,
		int timeout_ms, int *ret_ready);
	CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
	CURLMcode (*multi_socket_action)(
		CURLM *multi, curl_socket_t socket, int events, int *ret_running);
	CURLMcode (*multi_assign)(CURLM *multi, curl_socket_t socket, void *owner);
	CURLMsg *(*multi_info_read)(CURLM *multi, int *ret_left);
};

/* Loads libcurl once for the process and initialises it; any thread. NULL with a sentence in
 * *ret_error (static) when it is missing. Never unloaded. */
const struct curl_api *curl_api_load(const char **ret_error);

#endif
