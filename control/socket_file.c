/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a unix socket: in a safe place, ours alone, and nobody else's before. */
#include "control/entrance.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct place {
	const char *path;
	char *error;
	size_t size;
};

static bool refuse(const struct place *p, const char *why)
{
	snprintf(p->error, p->size, "cannot listen at unix:%s: %s", p->path, why);
	return false;
}

/* Whoever may write to the directory may put another socket in place of ours. One level of it is
 * made where it is missing. */
static bool judge_directory(const struct place *p)
{
	char directory[LIMIT_SOCKET_PATH + 1];
	const char *slash = strrchr(p->path, '/');
	size_t len = slash ? (size_t)(slash - p->path) : 0;
	struct stat st;

	memcpy(directory, slash ? p->path : ".", len ? len : 1);
	directory[len ? len : 1] = '\0';
	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		return refuse(p, strerror(errno));
	if (stat(directory, &st) != 0)
		return refuse(p, strerror(errno));
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse(p, "its directory belongs to another user");
	/* In one with the sticky bit others may not remove what is ours. */
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		return refuse(p, "other users may write to its directory");
	return true;
}

static bool answers(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return true;
	/* A full queue is somebody's, too. */
	bool alive =
		connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 || errno != ECONNREFUSED;
	close(fd);
	return alive;
}

static bool clear_way(const struct place *p, const struct sockaddr_un *sa)
{
	struct stat st;

	if (lstat(p->path, &st) != 0)
		return errno == ENOENT || refuse(p, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return refuse(p, "there is a file that is not a socket");
	if (st.st_uid != geteuid())
		return refuse(p, "there is another user's socket");
	if (answers(sa))
		return refuse(p, "another process listens there");
	return unlink(p->path) == 0 || refuse(p, strerror(errno));
}

int socket_file_bind(const char *path, char *ret_error, size_t size)
{
	const struct place p = {path, ret_error, size};
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct slice text = slice_of(path);

	if (text.len == 0 || text.len > LIMIT_SOCKET_PATH) {
		refuse(&p, "the path is too long for a socket");
		return -1;
	}
	memcpy(sa.sun_path, text.ptr, text.len);
	if (!judge_directory(&p) || !clear_way(&p, &sa))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		refuse(&p, strerror(errno));
		return -1;
	}
	/* Nobody gets in before it listens: there is no moment with another mode. */
	bool bound = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;
	if (bound && chmod(path, 0600) == 0)
		return fd;
	refuse(&p, strerror(errno));
	if (bound)
		unlink(path);
	close(fd);
	return -1;
}
