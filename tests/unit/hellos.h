/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/hellos.h: ClientHellos judged at once and byte by byte. */
#ifndef SALLYPORT_TESTS_HELLOS_H
#define SALLYPORT_TESTS_HELLOS_H

#include "tests/unit/rows.h"

#include "tls/hello.h"

#include <stdlib.h>

/* An answer with copies of what it points to, so that answers can be compared. */
struct judged {
	enum hello_result result;
	enum reason bad;
	struct hello hello;
	char sni[256], alpn[256];
};

static inline struct judged judge(struct slice bytes)
{
	static char scratch[LIMIT_HELLO_BYTES];
	/* A copy of the exact size, so that a sanitizer sees a read past its end. */
	char *copy = malloc(bytes.len + 1);
	struct judged j = {.bad = REASON_NONE};

	assert_non_null(copy);
	memcpy(copy, bytes.ptr ? bytes.ptr : "", bytes.len);
	char *exact = realloc(copy, bytes.len ? bytes.len : 1);
	assert_non_null(exact);
	j.result = hello_parse(slice_from(exact, bytes.len), scratch, &j.hello, &j.bad);
	if (j.result == HELLO_OK) {
		assert_true(j.hello.sni.len <= sizeof(j.sni) && j.hello.alpn.len <= sizeof(j.alpn));
		memcpy(j.sni, j.hello.sni.len ? j.hello.sni.ptr : "", j.hello.sni.len);
		memcpy(j.alpn, j.hello.alpn.len ? j.hello.alpn.ptr : "", j.hello.alpn.len);
	}
	free(exact);
	return j;
}

/* Every prefix gives MORE until one gives the answer of the whole, which then stays; hello_needs
 * never skips past it and is never satisfied by what is there. */
static inline struct judged judge_by_byte(const char *name, struct slice bytes)
{
	struct judged j = {.result = HELLO_MORE};
	size_t needs = 0;

	for (size_t len = 0; len <= bytes.len; len++) {
		struct judged now = judge(slice_first(bytes, len));
		ROW_CHECK(name, j.result == HELLO_MORE || now.result == j.result,
			"%d then %d at byte %zu", (int)j.result, (int)now.result, len);
		bool changed = j.result == HELLO_MORE && now.result != HELLO_MORE;
		ROW_CHECK(name, !changed || len >= needs, "needs %zu, told at %zu", needs, len);
		j = now;
		if (j.result == HELLO_MORE) {
			size_t next = hello_needs(slice_first(bytes, len));
			ROW_CHECK(name, next > len && next >= needs, "needs %zu at %zu", next, len);
			needs = next;
		}
	}
	return j;
}

static inline void check_same(const char *name, const struct judged *a, const struct judged *b)
{
	ROW_CHECK(name, a->result == b->result, "%d and %d", (int)a->result, (int)b->result);
	ROW_CHECK(name, a->bad == b->bad, "%s and %s", reason_word(a->bad), reason_word(b->bad));
	if (a->result != HELLO_OK)
		return;
	ROW_CHECK(name, a->hello.has_sni == b->hello.has_sni, "has_sni");
	ROW_CHECK(name, a->hello.has_ech == b->hello.has_ech, "has_ech");
	ROW_CHECK(name,
		a->hello.sni.len == b->hello.sni.len &&
			memcmp(a->sni, b->sni, a->hello.sni.len) == 0,
		"sni");
	ROW_CHECK(name,
		a->hello.alpn.len == b->hello.alpn.len &&
			memcmp(a->alpn, b->alpn, a->hello.alpn.len) == 0,
		"alpn");
}

#endif
