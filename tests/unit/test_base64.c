/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "tests/unit/rows.h"

/* RFC 4648 §10. */
static void texts_are_encoded_and_decoded(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		const char *text;
	} rows[] = {
		{"nothing", {"", 0}, ""},
		{"f", {"f", 1}, "Zg=="},
		{"fo", {"fo", 2}, "Zm8="},
		{"foo", {"foo", 3}, "Zm9v"},
		{"foob", {"foob", 4}, "Zm9vYg=="},
		{"fooba", {"fooba", 5}, "Zm9vYmE="},
		{"foobar", {"foobar", 6}, "Zm9vYmFy"},
		{"all digits", {"\x00\x10\x83\xfb\xef\xbe\xff\xff\xff", 9}, "ABCD++++////"},
	};
	char text[32], bytes[32];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice want = slice_of(rows[i].text);
		ROW_CHECK(rows[i].name, base64_encoded_len(rows[i].bytes.len) == want.len, "len");
		base64_encode(rows[i].bytes, text);
		ROW_CHECK(rows[i].name, memcmp(text, want.ptr, want.len) == 0, "%.*s",
			(int)want.len, text);
		size_t len = base64_decode(want, bytes);
		ROW_CHECK(rows[i].name, slice_equal(slice_from(bytes, len), rows[i].bytes), "%zu",
			len);
	}
}

static void decoding_is_generous(void **state)
{
	static const struct {
		const char *name, *text, *bytes;
	} rows[] = {
		{"no padding", "Zm9vYg", "foob"},
		{"too much padding", "Zg====", "f"},
		{"bits that nobody needs", "Zh==", "f"},
		{"a digit alone", "Z", ""},
		{"the alphabet of URLs", "-_-_", "\xfb\xff\xbf"},
		{"mixed alphabets", "+_-/", "\xfb\xff\xbf"},
		{"ends at what is no digit", "Zm9v Zm9v", "foo"},
	};
	char bytes[32];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = base64_decode(slice_of(rows[i].text), bytes);
		ROW_CHECK(rows[i].name,
			slice_equal(slice_from(bytes, len), slice_of(rows[i].bytes)), "%.*s",
			(int)len, bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_encoded_and_decoded),
		cmocka_unit_test(decoding_is_generous),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
