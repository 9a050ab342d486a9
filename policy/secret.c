/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/secret.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

struct secret {
	atomic_uint references;
	size_t mapped; /* bytes of all of it */
	size_t size, len; /* of the bytes behind the prefix */
	size_t prefix_len;
	char value[];
};

void secret_wipe(void *bytes, size_t len)
{
	explicit_bzero(bytes, len);
}

struct secret *secret_new(struct slice prefix, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t needed = sizeof(struct secret) + prefix.len + size + 1;
	size_t mapped = (needed + page - 1) / page * page;

	struct secret *s =
		mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	/* Without the first a core would have it: that counts as no memory. The second is a wish, which
	 * RLIMIT_MEMLOCK may refuse. */
	if (madvise(s, mapped, MADV_DONTDUMP) != 0) {
		munmap(s, mapped);
		return NULL;
	}
	(void)mlock(s, mapped);
	s->references = 1;
	s->mapped = mapped;
	s->size = size;
	s->prefix_len = prefix.len;
	if (prefix.len > 0)
		memcpy(s->value, prefix.ptr, prefix.len);
	return s;
}

char *secret_room(struct secret *s)
{
	return s->value + s->prefix_len;
}

const char *secret_seal(struct secret *s, size_t len)
{
	const char *bytes = secret_room(s);

	if (len > s->size)
		return "is too long";
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	if (len == 0)
		return "is empty";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c < 0x20 || c == 0x7f)
			return "has a line break or another control character";
	}
	if (bytes[0] == ' ' || bytes[len - 1] == ' ')
		return "begins or ends with a space";
	s->len = len;
	return NULL;
}

struct slice secret_bytes(const struct secret *s)
{
	return slice_from(s->value + s->prefix_len, s->len);
}

struct slice secret_value(const struct secret *s)
{
	return slice_from(s->value, s->prefix_len + s->len);
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	return a == b || (a && b && slice_equal(secret_value(a), secret_value(b)));
}

struct secret *secret_ref(struct secret *s)
{
	atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
	return s;
}

void secret_unref(struct secret *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) > 1)
		return;
	size_t mapped = s->mapped;
	secret_wipe(s, mapped);
	munmap(s, mapped);
}
