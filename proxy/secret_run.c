/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/secret_run.h"

#include "base/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SLICE_MS = 20 };

/* A command under way. */
struct run {
	pid_t pid; /* also its process group */
	int out; /* what it prints; -1: it printed its last */
	int status; /* once `ended` */
	bool ended;
	struct secret *secret;
	size_t len;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Signals as a program expects to find them, a group of its own, and none of our descriptors. */
static int spawn(char *const *arguments, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	int error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	error = error ? error : posix_spawn_file_actions_adddup2(&actions, out, 1);
	error = error ? error
		      : posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	error = error ? error : posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	error = error ? error : posix_spawnattr_setsigmask(&attributes, &none);
	error = error ? error : posix_spawnattr_setsigdefault(&attributes, &all);
	error = error ? error : posix_spawnattr_setpgroup(&attributes, 0);
	error = error ? error
		      : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
								      POSIX_SPAWN_SETSIGDEF |
								      POSIX_SPAWN_SETPGROUP);
	error = error ? error
		      : posix_spawnp(
				ret_pid, arguments[0], &actions, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int begin(const struct credential *c, struct run *r)
{
	char **arguments = calloc(c->argument_count + 1, sizeof(*arguments));
	int pipes[2] = {-1, -1};

	assert(c->argument_count > 0);
	if (!arguments)
		return ENOMEM;
	for (size_t i = 0; i < c->argument_count; i++)
		arguments[i] = (char *)(uintptr_t)c->arguments[i].ptr;
	int error = pipe2(pipes, O_CLOEXEC) == 0 ? 0 : errno;
	if (error == 0)
		error = spawn(arguments, pipes[1], &r->pid);
	free(arguments);
	if (pipes[1] >= 0)
		close(pipes[1]);
	if (error != 0 && pipes[0] >= 0)
		close(pipes[0]);
	if (error == 0) {
		r->out = pipes[0];
		fcntl(r->out, F_SETFL, O_NONBLOCK);
	}
	return error;
}

/* Takes what was printed so far. */
static void take(struct run *r)
{
	while (r->out >= 0 && r->len <= LIMIT_CREDENTIAL_BYTES) {
		ssize_t got = read(r->out, secret_room(r->secret) + r->len,
			LIMIT_CREDENTIAL_BYTES + 1 - r->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			close(r->out);
			r->out = -1;
			return;
		}
		r->len += (size_t)got;
	}
}

/* Waits for its end, or until it has printed too much or the time is over. What it printed before its
 * end is there then, whoever else may have the pipe. */
static void watch(struct run *r, const atomic_bool *ending)
{
	uint64_t until = now_ms() + LIMIT_CREDENTIAL_MS;

	while (!r->ended && r->len <= LIMIT_CREDENTIAL_BYTES && now_ms() < until &&
		!atomic_load(ending)) {
		struct pollfd look = {.fd = r->out, .events = POLLIN};
		poll(&look, 1, SLICE_MS);
		r->ended = waitpid(r->pid, &r->status, WNOHANG) == r->pid;
		take(r);
	}
}

static void end(struct run *r)
{
	/* Its children, too. */
	kill(-r->pid, SIGKILL);
	while (!r->ended && waitpid(r->pid, &r->status, 0) < 0 && errno == EINTR)
		;
	if (r->out >= 0)
		close(r->out);
}

struct secret *secret_run(
	const struct credential *c, const atomic_bool *ending, char *ret_why, size_t size)
{
	struct run r = {.out = -1, .secret = secret_new(c->prefix, LIMIT_CREDENTIAL_BYTES)};
	const char *why = NULL;
	int error = r.secret ? begin(c, &r) : ENOMEM;

	if (error != 0) {
		snprintf(ret_why, size, "cannot be run: %s", strerror(error));
		secret_unref(r.secret);
		return NULL;
	}
	watch(&r, ending);
	bool ended = r.ended;
	end(&r);
	if (ended && WIFEXITED(r.status) && WEXITSTATUS(r.status) == 0)
		why = secret_seal(r.secret, r.len);
	if (ended && WIFEXITED(r.status) && WEXITSTATUS(r.status) == 0 && !why)
		return r.secret;
	if (why || r.len > LIMIT_CREDENTIAL_BYTES)
		snprintf(ret_why, size, "printed a secret that %s", why ? why : "is too long");
	else if (!ended)
		snprintf(ret_why, size, "did not end within %d s", LIMIT_CREDENTIAL_MS / 1000);
	else if (WIFEXITED(r.status))
		snprintf(ret_why, size, "failed with exit code %d", WEXITSTATUS(r.status));
	else
		snprintf(ret_why, size, "was ended by a signal");
	secret_unref(r.secret);
	return NULL;
}
