/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/ring_file.h"

#include "telemetry/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'S', 'P', 'R', 'I', 'N', 'G', '0', '1'};

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static uint64_t load(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

/* Whether the file's first bytes are a ring that this build can go on with. */
static bool header_sane(const struct ring_header *h, uint64_t file_bytes)
{
	uint64_t head = load(&h->head), settled = load(&h->settled);

	if (memcmp(h->magic, magic, sizeof(magic)) != 0 || h->layout != record_layout() ||
		h->page_bytes != page_bytes())
		return false;
	if (h->size < RING_BYTES_LEAST || h->size > RING_BYTES_MOST ||
		(h->size & (h->size - 1)) != 0 || file_bytes < h->page_bytes + h->size)
		return false;
	/* The halves of the number range keep sums from wrapping. */
	return settled <= head && head - settled <= h->size && head % 8 == 0 && settled % 8 == 0 &&
	       head < UINT64_MAX / 2 && load(&h->begun) < UINT64_MAX / 2 &&
	       load(&h->dropped) < UINT64_MAX / 2 && load(&h->reported) <= load(&h->dropped) &&
	       load(&h->settled_sequence) <= load(&h->begun);
}

/* Nothing in it that anyone still has to deliver or report. */
static bool header_idle(const struct ring_header *h)
{
	return load(&h->head) == load(&h->settled) && load(&h->dropped) == load(&h->reported) &&
	       load(&h->begun) == load(&h->settled_sequence);
}

enum found { FOUND_NOTHING, FOUND_RING, FOUND_FOREIGN, FOUND_ERROR };

/* Looks at a locked file. FOUND_RING sets *ret_size. */
static enum found file_look(int fd, uint64_t *ret_size)
{
	struct ring_header h;
	struct stat status;
	ssize_t got;

	if (fstat(fd, &status) != 0)
		return FOUND_ERROR;
	if (status.st_size == 0)
		return FOUND_NOTHING;
	got = pread(fd, &h, sizeof(h), 0);
	if (got < 0)
		return FOUND_ERROR;
	if ((size_t)got < sizeof(h) || !header_sane(&h, (uint64_t)status.st_size))
		return FOUND_FOREIGN;
	if (header_idle(&h))
		return FOUND_NOTHING;
	*ret_size = h.size;
	return FOUND_RING;
}

/* Whoever closes an empty ring removes it while it holds the lock: what was locked after that is a
 * file without a name, and the next try makes a new one. */
static int file_lock(const char *path)
{
	enum { TRIES = 4 };
	int saved = EWOULDBLOCK;

	for (int i = 0; i < TRIES; i++) {
		struct stat status;
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0)
			saved = errno;
		else if (fstat(fd, &status) == 0 && status.st_nlink > 0)
			return fd;
		close(fd);
	}
	errno = saved;
	return -1;
}

static bool file_set_aside(const char *path)
{
	char aside[4096];
	int len = snprintf(aside, sizeof(aside), "%s.bad", path);

	if (len < 0 || (size_t)len >= sizeof(aside)) {
		errno = ENAMETOOLONG;
		return false;
	}
	return rename(path, aside) == 0;
}

/* Space is reserved now: a full disk must not end the process when a page is first written. */
static bool file_create(int fd, uint64_t size)
{
	struct ring_header h = {.layout = record_layout(), .size = size};
	off_t bytes = (off_t)(page_bytes() + size);
	int error;

	memcpy(h.magic, magic, sizeof(magic));
	h.page_bytes = (uint32_t)page_bytes();
	if (ftruncate(fd, 0) != 0)
		return false;
	error = posix_fallocate(fd, 0, bytes);
	if (error) {
		errno = error;
		return false;
	}
	return pwrite(fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h);
}

/* Header and data, and the data once more right behind, so that no record wraps. */
static bool file_map(struct ring_file *f, uint64_t size)
{
	const int access = PROT_READ | PROT_WRITE;
	size_t page = page_bytes();
	char *base = mmap(NULL, page + 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return false;
	if (mmap(base, page + size, access, MAP_SHARED | MAP_FIXED, f->fd, 0) == MAP_FAILED ||
		mmap(base + page + size, size, access, MAP_SHARED | MAP_FIXED, f->fd,
			(off_t)page) == MAP_FAILED) {
		int saved = errno;
		munmap(base, page + 2 * size);
		errno = saved;
		return false;
	}
	f->header = (struct ring_header *)(void *)base;
	f->data = base + page;
	f->size = size;
	return true;
}

/* Sets f->fd to a locked file that holds a ring of *size bytes. */
static bool file_prepare(struct ring_file *f, const char *path, uint64_t *size)
{
	enum found found;

	f->fd = path ? file_lock(path) : memfd_create("ring", MFD_CLOEXEC);
	if (f->fd < 0)
		return false;
	found = file_look(f->fd, size);
	if (path && found == FOUND_FOREIGN) {
		if (!file_set_aside(path))
			return false;
		close(f->fd);
		f->foreign = true;
		f->fd = file_lock(path);
		if (f->fd < 0)
			return false;
		found = file_look(f->fd, size);
	}
	if (found == FOUND_NOTHING)
		return file_create(f->fd, *size);
	return found == FOUND_RING;
}

bool ring_file_open(struct ring_file *f, const char *path, size_t size)
{
	uint64_t map_size = size;
	int saved;

	*f = (struct ring_file){.fd = -1};
	if (path) {
		f->path = strdup(path);
		if (!f->path)
			return false;
	}
	if (file_prepare(f, path, &map_size) && file_map(f, map_size))
		return true;
	saved = errno;
	ring_file_close(f, false);
	errno = saved;
	return false;
}

void ring_file_close(struct ring_file *f, bool remove)
{
	if (f->header)
		munmap(f->header, page_bytes() + 2 * f->size);
	/* Removed while still locked: nobody can have taken it meanwhile. */
	if (remove && f->path)
		unlink(f->path);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	*f = (struct ring_file){.fd = -1};
}
