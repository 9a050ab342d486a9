/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/secret_read.h"

#include "base/limits.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files --------------------------------------------------------------------------------- */

/* All of it, or as much as shows that it is too long. False with errno. */
static bool read_all(int fd, struct secret *s, size_t *ret_len)
{
	size_t len = 0;

	while (len <= LIMIT_CREDENTIAL_BYTES) {
		ssize_t got = read(fd, secret_room(s) + len, LIMIT_CREDENTIAL_BYTES + 1 - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return true;
}

static const char *read_secret(int fd, struct secret *s)
{
	size_t len;

	if (!s)
		return "there is no memory for its content";
	if (!read_all(fd, s, &len))
		return strerror(errno);
	return secret_seal(s, len);
}

static const char *judge_file(int fd, const char *path)
{
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "is not a regular file";
	if (status.st_mode & S_IWOTH)
		return "may be written by everybody: chmod o-w";
	if (status.st_mode & S_IROTH)
		log_warning(
			"the credential in %s may be read by everybody on this machine: chmod 600",
			path);
	return NULL;
}

struct secret *secret_read_file(const struct credential *c, char *ret_why, size_t size)
{
	const char *path = c->arguments[0].ptr;
	/* A fifo must not make a reload wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why = judge_file(fd, path);
	struct secret *s = NULL;

	if (!why) {
		s = secret_new(c->prefix, LIMIT_CREDENTIAL_BYTES);
		why = read_secret(fd, s);
	}
	if (fd >= 0)
		close(fd);
	if (!why)
		return s;
	secret_unref(s);
	snprintf(ret_why, size, "%s", why);
	return NULL;
}

/* ---- variables ----------------------------------------------------------------------------- */

struct variable {
	struct variable *next;
	struct secret *secret;
	char name[];
};

struct secret *secret_copy(const struct secret *s, struct slice prefix)
{
	struct slice bytes = secret_bytes(s);
	struct secret *copy = secret_new(prefix, bytes.len);

	if (!copy)
		return NULL;
	memcpy(secret_room(copy), bytes.ptr, bytes.len);
	(void)secret_seal(copy, bytes.len);
	return copy;
}

static const char *take(const char *name, struct secret **ret_secret)
{
	char *value = getenv(name);
	size_t len = value ? strlen(value) : 0;

	if (!value)
		return "is not set";
	struct secret *s = secret_new(SLICE(""), len);
	if (!s)
		return "there is no memory for its content";
	memcpy(secret_room(s), value, len);
	const char *why = len > LIMIT_CREDENTIAL_BYTES ? "is too long" : secret_seal(s, len);
	if (why) {
		secret_unref(s);
		return why;
	}
	secret_wipe(value, len);
	*ret_secret = s;
	return NULL;
}

static struct variable *add(struct variables *v, const char *name, struct secret *s)
{
	size_t bytes = strlen(name) + 1;
	struct variable *added = malloc(sizeof(*added) + bytes);

	if (!added)
		return NULL;
	*added = (struct variable){.next = v->first, .secret = s};
	memcpy(added->name, name, bytes);
	v->first = added;
	return added;
}

struct secret *variables_take(
	struct variables *v, const struct credential *c, char *ret_why, size_t size)
{
	const char *name = c->arguments[0].ptr;
	struct variable *found = v->first;
	struct secret *fresh = NULL;

	while (found && strcmp(found->name, name) != 0)
		found = found->next;
	const char *why = found ? NULL : take(name, &fresh);
	if (fresh)
		found = add(v, name, fresh);
	struct secret *copy = found ? secret_copy(found->secret, c->prefix) : NULL;
	if (fresh && !found)
		secret_unref(fresh);
	if (!copy)
		snprintf(ret_why, size, "%s", why ? why : "there is no memory for its content");
	return copy;
}

void variables_done(struct variables *v)
{
	for (struct variable *next; v->first; v->first = next) {
		next = v->first->next;
		secret_unref(v->first->secret);
		free(v->first);
	}
}
