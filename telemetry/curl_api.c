/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/curl_api.h"

#include "base/slice.h"
#include "base/trim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static struct curl_api api;
static char failure[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* POSIX lets a data pointer from dlsym stand for a function; C does not say so. */
#define FIND(library, member)                                                                      \
	do {                                                                                       \
		void *found = dlsym(library, "curl_" #member);                                     \
		if (!found) {                                                                      \
			snprintf(failure, sizeof(failure), "libcurl has no curl_%s", #member);     \
			return;                                                                    \
		}                                                                                  \
		memcpy(&api.member, &found, sizeof(found));                                        \
	} while (0)

static void find_all(void *library)
{
	FIND(library, easy_strerror);
	FIND(library, easy_init);
	FIND(library, easy_cleanup);
	FIND(library, easy_setopt);
	FIND(library, easy_perform);
	FIND(library, easy_getinfo);
	FIND(library, slist_append);
	FIND(library, slist_free_all);
	FIND(library, multi_init);
	FIND(library, multi_cleanup);
	FIND(library, multi_add_handle);
	FIND(library, multi_remove_handle);
	FIND(library, multi_perform);
	FIND(library, multi_poll);
	FIND(library, multi_setopt);
	FIND(library, multi_socket_action);
	FIND(library, multi_assign);
	FIND(library, multi_info_read);
	FIND(library, global_init);
}

static void load(void)
{
	/* The second has the same functions over another TLS library. */
	static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
	void *library = NULL;

	for (size_t i = 0; i < 2 && !library; i++)
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		const char *reason = dlerror();
		snprintf(failure, sizeof(failure), "libcurl cannot be loaded: %s",
			reason ? reason : "no reason given");
		return;
	}
	find_all(library);
	if (failure[0] == '\0' && api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		snprintf(failure, sizeof(failure), "libcurl cannot be initialised");
	trim_code();
}

const struct curl_api *curl_api_load(const char **ret_error)
{
	pthread_once(&once, load);
	if (failure[0] == '\0')
		return &api;
	*ret_error = failure;
	return NULL;
}
