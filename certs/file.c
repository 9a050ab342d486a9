/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/file.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	PATH_SIZE = 4096,
	OTHERS = S_IRWXG | S_IRWXO,
	OTHERS_WRITE = S_IWGRP | S_IWOTH,
	LOCK_STEP_MS = 10,
};

/* ---- reading ------------------------------------------------------------------------------- */

/* Root acts for whom the place belongs to; everybody else trusts nobody else. */
static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() || geteuid() == 0;
}

static bool judge_file(
	const char *path, enum file_kind kind, const struct stat *st, struct trouble *t)
{
	if (!S_ISREG(st->st_mode))
		return trouble_set(t, "%s: not a plain file", path);
	if (kind == FILE_SECRET && !is_ours(st))
		return trouble_set(t, "%s: belongs to another user (%u)", path, st->st_uid);
	if (kind == FILE_SECRET && (st->st_mode & OTHERS))
		return trouble_set(t, "%s: other users may read or change it: chmod 600 it", path);
	if (st->st_size > LIMIT_PEM_BYTES)
		return trouble_set(t, "%s: larger than %d bytes", path, LIMIT_PEM_BYTES);
	return true;
}

static bool read_all(int fd, char *bytes, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, bytes + len, size - len);
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

enum file_end file_read(
	const char *path, enum file_kind kind, struct slice *ret_bytes, struct trouble *ret_trouble)
{
	const int links = kind == FILE_SECRET ? O_NOFOLLOW : 0;
	char *bytes = NULL;
	struct stat st;
	size_t len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | links);

	if (fd < 0 && errno == ENOENT)
		return FILE_ABSENT;
	if (fd < 0 && errno == ELOOP && links) {
		trouble_set(ret_trouble, "%s: is a symbolic link", path);
		return FILE_FAILED;
	}
	if (fd < 0 || fstat(fd, &st) != 0) {
		trouble_set_errno(ret_trouble, "%s", path);
		goto fail;
	}
	if (!judge_file(path, kind, &st, ret_trouble))
		goto fail;
	/* At least one byte, for an empty file. It may shrink meanwhile, and what it grew is not
	 * read: then it is no PEM any more, and that is said. */
	bytes = OPENSSL_malloc((size_t)st.st_size + 1);
	if (!bytes) {
		trouble_set(ret_trouble, "%s: out of memory", path);
		goto fail;
	}
	if (!read_all(fd, bytes, (size_t)st.st_size, &len)) {
		trouble_set_errno(ret_trouble, "%s", path);
		goto fail;
	}
	close(fd);
	*ret_bytes = slice_from(bytes, len);
	return FILE_DONE;
fail:
	OPENSSL_free(bytes);
	if (fd >= 0)
		close(fd);
	return FILE_FAILED;
}

void file_forget(struct slice bytes)
{
	OPENSSL_clear_free((char *)(uintptr_t)bytes.ptr, bytes.len);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* "/a/b" of "/a/b/c"; "." where there is no slash. */
static bool directory_of(const char *path, char ret_directory[PATH_SIZE], struct trouble *t)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 1;

	if (strlen(path) + sizeof(".new") > PATH_SIZE)
		return trouble_set(t, "the path is too long: %s", path);
	if (slash && len == 0)
		len = 1;
	memcpy(ret_directory, slash ? path : ".", len);
	ret_directory[len] = '\0';
	return true;
}

static bool sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return synced;
}

static bool write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t put = write(fd, bytes.ptr, bytes.len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes = slice_after(bytes, (size_t)put);
	}
	return true;
}

/* What root writes in somebody's directory is for them. */
static bool give(int fd, const char *directory)
{
	struct stat st;

	if (geteuid() != 0)
		return true;
	return stat(directory, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0;
}

/* Writes PATH.new; a part of one that a kill left behind goes first. */
static bool write_fresh(
	const char *fresh, const char *directory, enum file_kind kind, struct slice bytes)
{
	const mode_t mode = kind == FILE_SECRET ? 0600 : 0644;

	if (unlink(fresh) != 0 && errno != ENOENT)
		return false;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	/* Nobody gets at the bytes before the mode is right; umask has no say in it. */
	bool written = fchmod(fd, mode) == 0 && give(fd, directory) && write_all(fd, bytes) &&
		       fsync(fd) == 0;
	int error = errno;
	bool closed = close(fd) == 0;
	if (!written)
		errno = error;
	return written && closed;
}

static enum file_end put(const char *path, enum file_kind kind, struct slice bytes,
	int (*name_it)(const char *from, const char *to), struct trouble *t)
{
	char fresh[PATH_SIZE], directory[PATH_SIZE];

	if (!directory_of(path, directory, t))
		return FILE_FAILED;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	bool done = write_fresh(fresh, directory, kind, bytes) && name_it(fresh, path) == 0 &&
		    sync_directory(directory);
	int error = errno;
	unlink(fresh);
	if (done)
		return FILE_DONE;
	errno = error;
	if (error == EEXIST)
		return FILE_TAKEN;
	trouble_set_errno(t, "cannot write %s", path);
	return FILE_FAILED;
}

enum file_end file_create(
	const char *path, enum file_kind kind, struct slice bytes, struct trouble *ret_trouble)
{
	return put(path, kind, bytes, link, ret_trouble);
}

bool file_replace(
	const char *path, enum file_kind kind, struct slice bytes, struct trouble *ret_trouble)
{
	struct stat st;

	/* Never a device, nor what a link leads to. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return trouble_set(ret_trouble, "cannot write %s: not a plain file", path);
	enum file_end end = put(path, kind, bytes, rename, ret_trouble);

	if (end == FILE_TAKEN)
		trouble_set(ret_trouble, "cannot write %s: another process writes it", path);
	return end == FILE_DONE;
}

/* ---- directories --------------------------------------------------------------------------- */

enum file_end file_judge_directory(const char *path, struct trouble *ret_trouble)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		if (errno == ENOENT)
			return FILE_ABSENT;
		trouble_set_errno(ret_trouble, "%s", path);
		return FILE_FAILED;
	}
	if (!S_ISDIR(st.st_mode))
		trouble_set(ret_trouble, "%s: not a directory", path);
	else if (!is_ours(&st) && st.st_uid != 0)
		trouble_set(ret_trouble, "%s: belongs to another user (%u)", path, st.st_uid);
	else if (st.st_mode & OTHERS_WRITE)
		trouble_set(ret_trouble,
			"%s: other users may put files there: chmod go-w it, or choose another directory",
			path);
	else
		return FILE_DONE;
	return FILE_FAILED;
}

bool file_make_directory(const char *path, struct trouble *ret_trouble)
{
	char part[PATH_SIZE];
	const size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return trouble_set(ret_trouble, "the directory's path is empty or too long");
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		bool made = mkdir(part, 0700) == 0;
		if (!made && errno != EEXIST)
			return trouble_set_errno(ret_trouble, "cannot make %s", part);
		if (made && i == len && chmod(part, 0755) != 0)
			return trouble_set_errno(ret_trouble, "cannot open %s to readers", part);
		part[i] = path[i];
	}
	enum file_end end = file_judge_directory(path, ret_trouble);
	return end == FILE_ABSENT ? trouble_set(ret_trouble, "%s: went away", path)
				  : end == FILE_DONE;
}

int file_lock(const char *directory, struct trouble *ret_trouble)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000};
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		trouble_set_errno(ret_trouble, "%s", directory);
		return -1;
	}
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_STEP_MS) {
		if (errno == EWOULDBLOCK && waited < LIMIT_FILE_LOCK_MS) {
			nanosleep(&step, NULL);
			continue;
		}
		trouble_set_errno(ret_trouble, "%s: cannot be locked", directory);
		close(fd);
		return -1;
	}
	return fd;
}
