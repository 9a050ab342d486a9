/* SPDX-License-Identifier: Apache-2.0 */
/* The two files behind token.h. Every step may be the last one before a kill: what is there
 * afterwards is whole, and the next start goes on from it. */
#include "control/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATH_BYTES_MAX = 4096,
	FILE_BYTES_MAX = 64 * 1024,
	OTHERS = S_IRWXG | S_IRWXO,
};

struct place {
	const char *directory;
	char path[PATH_BYTES_MAX]; /* of the file in hand */
	char *error;
	size_t error_size;
};

static bool refuse(const struct place *p, const char *text)
{
	snprintf(p->error, p->error_size, "%s: %s", p->path, text);
	return false;
}

static bool name_file(struct place *p, const char *name)
{
	int len = snprintf(p->path, sizeof(p->path), "%s/%s", p->directory, name);

	return len > 0 && (size_t)len < sizeof(p->path) ? true : refuse(p, "the path is too long");
}

/* Nobody but us may have read or written what we trust. */
static bool judge(const struct place *p, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(p, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(p, "not a plain file");
	if (st.st_uid != geteuid())
		return refuse(p, "belongs to another user");
	if (st.st_mode & OTHERS)
		return refuse(p, "other users may read or write it; chmod 600");
	if (st.st_size > FILE_BYTES_MAX)
		return refuse(p, "too large");
	return true;
}

/* Reads a file of ours. *ret_there is false where there is none, and that is no error. */
static bool read_file(const struct place *p, char *ret_bytes, size_t *ret_len, bool *ret_there)
{
	int fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t got = 0;

	*ret_there = fd >= 0;
	*ret_len = 0;
	if (fd < 0)
		return errno == ENOENT || refuse(p, strerror(errno));
	bool good = judge(p, fd);
	while (good && *ret_len < FILE_BYTES_MAX) {
		got = read(fd, ret_bytes + *ret_len, FILE_BYTES_MAX - *ret_len);
		if (got <= 0)
			break;
		*ret_len += (size_t)got;
	}
	if (good && got < 0)
		good = refuse(p, strerror(errno));
	close(fd);
	return good;
}

static bool sync_directory(const struct place *p)
{
	int fd = open(p->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return synced;
}

/* The file appears whole and on disk, or not at all; one that is there is not replaced. */
static bool write_file(const struct place *p, struct slice text)
{
	char fresh[PATH_BYTES_MAX + 4];

	snprintf(fresh, sizeof(fresh), "%s.new", p->path);
	if (unlink(fresh) != 0 && errno != ENOENT)
		return refuse(p, strerror(errno));
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return refuse(p, strerror(errno));
	bool written = write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;
	written = close(fd) == 0 && written;
	written = written && link(fresh, p->path) == 0 && sync_directory(p);
	int error = errno;
	unlink(fresh);
	return written ? true : refuse(p, strerror(error));
}

/* The admin's first token: the one that is there, for an earlier start may have been cut short after
 * it, or a new one. */
static bool first_secret(struct place *p, char *bytes, char ret_secret[SEAL_TEXT_SIZE])
{
	char line[SEAL_TEXT_SIZE + 1];
	struct seal seal;
	size_t len;
	bool there;

	if (!name_file(p, "admin.token") || !read_file(p, bytes, &len, &there))
		return false;
	if (there) {
		struct slice text = slice_first(slice_from(bytes, len), SEAL_TEXT_SIZE - 1);
		struct slice rest = slice_after(slice_from(bytes, len), text.len);
		if (!seal_parse(text, &seal) || !(rest.len == 0 || slice_equal(rest, SLICE("\n"))))
			return refuse(p, "not a token of ours; remove it to get a new one");
		memcpy(ret_secret, text.ptr, text.len);
		ret_secret[text.len] = '\0';
		return true;
	}
	if (!seal_secret(ret_secret))
		return refuse(p, "the system gives no random bytes");
	snprintf(line, sizeof(line), "%s\n", ret_secret);
	bool written = write_file(p, slice_of(line));
	seal_wipe(line, sizeof(line));
	return written;
}

static bool make_files(struct place *p, char *bytes)
{
	char secret[SEAL_TEXT_SIZE], hash[SEAL_TEXT_SIZE], text[256];
	struct seal seal;

	if (!first_secret(p, bytes, secret))
		return false;
	bool sealed = seal_of(slice_of(secret), &seal);
	seal_wipe(secret, sizeof(secret));
	if (!name_file(p, "tokens"))
		return false;
	if (!sealed)
		return refuse(p, "out of memory");
	seal_format(&seal, hash);
	snprintf(text, sizeof(text), "# NAME ROLE SHA256HEX\nadmin admin %s\n", hash);
	return write_file(p, slice_of(text));
}

bool tokens_load(
	const char *directory, struct tokens *ret_tokens, char *ret_error, size_t error_size)
{
	struct place p = {.directory = directory, .error = ret_error, .error_size = error_size};
	static char bytes[FILE_BYTES_MAX];
	size_t len;
	bool there;

	if (!name_file(&p, "tokens") || !read_file(&p, bytes, &len, &there))
		return false;
	if (!there) {
		if (!make_files(&p, bytes) || !name_file(&p, "tokens") ||
			!read_file(&p, bytes, &len, &there))
			return false;
	}
	return tokens_parse(slice_from(bytes, len), p.path, ret_tokens, ret_error, error_size);
}
