/* SPDX-License-Identifier: Apache-2.0 */
/* For LD_PRELOAD: every thread has a descriptor table of its own. Where a machine's hard limit is
 * lower than what a run holds and cannot be raised, the limit then counts for each worker instead of
 * for the process. What a thread inherits stays open in all; nothing else of the proxy changes.
 * Source: unshare(2), CLONE_FILES. */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

struct start {
	void *(*run)(void *);
	void *argument;
};

static void *run_apart(void *argument)
{
	struct start start = *(struct start *)argument;

	free(argument);
	if (unshare(CLONE_FILES) != 0)
		abort();
	return start.run(start.argument);
}

__attribute__((visibility("default"))) int pthread_create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	union {
		void *object;
		create_fn *function;
	} next = {dlsym(RTLD_NEXT, "pthread_create")};
	struct start *start = malloc(sizeof(*start));

	if (!next.object || !start)
		abort();
	*start = (struct start){run, argument};
	return next.function(thread, attributes, run_apart, start);
}
