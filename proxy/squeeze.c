/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/squeeze.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum {
	/* Answers are written once and read often; higher levels take longer for little. */
	LEVEL = 4,
	STEP_BYTES = 16 * 1024,
	/* What inflateInit2 takes for each wrapper, zlib.h. */
	BITS_GZIP = 15 + 16,
	BITS_ZLIB = 15,
	BITS_RAW = -15,
};

/* zlib never writes through next_in, but has no const in its type. */
static Bytef *input(const char *ptr)
{
	union {
		const char *given;
		Bytef *taken;
	} same = {ptr};

	return same.taken;
}

uint32_t squeeze_sum(struct slice bytes)
{
	return (uint32_t)crc32_z(0, input(bytes.ptr), bytes.len);
}

char *squeeze(struct slice plain, size_t *ret_len)
{
	uLongf len = compressBound(plain.len);
	char *squeezed = malloc(len);

	if (!squeezed || compress2((Bytef *)squeezed, &len, input(plain.len ? plain.ptr : ""),
				 plain.len, LEVEL) != Z_OK) {
		free(squeezed);
		return NULL;
	}
	/* Most of what compressBound asked for is not needed. */
	char *small = realloc(squeezed, len);
	*ret_len = len;
	return small ? small : squeezed;
}

bool unsqueeze(struct slice squeezed, char *ret_plain, size_t len)
{
	uLongf plain = len;
	char none[1];

	/* A stream of nothing ends only where it may write. */
	return uncompress((Bytef *)(len ? ret_plain : none), &plain, input(squeezed.ptr),
		       squeezed.len) == Z_OK &&
	       plain == len;
}

/* ---- content codings ---------------------------------------------------------------------- */

/* One stream to its end; the front of *coded moves past it. */
static enum inflated inflate_one(z_stream *z, struct slice *coded, struct buffer *b)
{
	char step[STEP_BYTES];
	int code = Z_OK;

	z->next_in = input(coded->ptr);
	z->avail_in = (uInt)coded->len;
	while (code == Z_OK) {
		z->next_out = (Bytef *)step;
		z->avail_out = sizeof(step);
		code = inflate(z, Z_NO_FLUSH);
		if (!buffer_append(b, slice_from(step, sizeof(step) - z->avail_out)))
			return INFLATED_LARGE;
		/* Nothing more to read and nothing written: it is cut short. */
		if (code == Z_OK && z->avail_in == 0 && z->avail_out == sizeof(step))
			return INFLATED_BAD;
	}
	*coded = slice_after(*coded, coded->len - z->avail_in);
	if (code == Z_MEM_ERROR)
		return INFLATED_NO_MEMORY;
	return code == Z_STREAM_END ? INFLATED : INFLATED_BAD;
}

static enum inflated inflate_all(int bits, struct slice coded, struct buffer *b)
{
	z_stream z = {.zalloc = NULL};
	enum inflated inflated = INFLATED;

	if (coded.len > INT32_MAX)
		return INFLATED_LARGE;
	if (inflateInit2(&z, bits) != Z_OK)
		return INFLATED_NO_MEMORY;
	do {
		inflated = inflate_one(&z, &coded, b);
		/* RFC 1952 §2.2: members follow one another. */
	} while (inflated == INFLATED && bits == BITS_GZIP && coded.len > 0 &&
		 inflateReset(&z) == Z_OK);
	inflateEnd(&z);
	return inflated;
}

/* The wrapper of RFC 1950 begins with a multiple of 31 and method 8; some servers leave it out. */
static int deflate_bits(struct slice coded)
{
	if (coded.len < 2)
		return BITS_RAW;
	unsigned first = (unsigned char)coded.ptr[0], second = (unsigned char)coded.ptr[1];
	return (first & 15) == 8 && (first << 8 | second) % 31 == 0 ? BITS_ZLIB : BITS_RAW;
}

enum inflated squeeze_decode(
	struct slice coding, struct slice coded, struct buffer *ret_plain, bool *ret_known)
{
	int bits;

	*ret_known = true;
	if (slice_equal_nocase(coding, SLICE("gzip")) ||
		slice_equal_nocase(coding, SLICE("x-gzip"))) {
		bits = BITS_GZIP;
	} else if (slice_equal_nocase(coding, SLICE("deflate"))) {
		bits = deflate_bits(coded);
	} else {
		*ret_known = false;
		return INFLATED;
	}
	return inflate_all(bits, coded, ret_plain);
}

/* ---- files -------------------------------------------------------------------------------- */

struct squeeze_file {
	gzFile file;
};

struct squeeze_file *squeeze_file_open(const char *path)
{
	struct squeeze_file *f = calloc(1, sizeof(*f));
	int fd = f ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		goto fail;
	f->file = gzdopen(fd, "rb");
	if (f->file)
		return f;
	close(fd);
	errno = ENOMEM;
fail:
	free(f);
	return NULL;
}

bool squeeze_file_read(struct squeeze_file *f, char *ret_bytes, size_t size, size_t *ret_len)
{
	int code = Z_OK;
	int len = gzread(f->file, ret_bytes, (unsigned)(size < INT32_MAX ? size : INT32_MAX));

	/* A file that ends inside a member reads as a short one, with Z_BUF_ERROR. */
	gzerror(f->file, &code);
	if (len < 0 || code == Z_BUF_ERROR)
		return false;
	*ret_len = (size_t)len;
	return true;
}

void squeeze_file_close(struct squeeze_file *f)
{
	if (!f)
		return;
	gzclose(f->file);
	free(f);
}
