/* SPDX-License-Identifier: Apache-2.0 */
/* What real clients said, as captured, and what attackers say; the files are the fuzz corpus. */
#include "tests/unit/hellos.h"

#include <stdio.h>

struct input {
	size_t len;
	char bytes[32 * 1024];
};

static struct slice read_corpus(const char *file, struct input *input)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", HELLO_CORPUS, file);
	FILE *f = fopen(path, "rb");
	ROW_CHECK(file, f != NULL, "cannot open %s", path);
	input->len = fread(input->bytes, 1, sizeof(input->bytes), f);
	fclose(f);
	return slice_from(input->bytes, input->len);
}

static void real_clients_are_understood(void **state)
{
	static const struct {
		const char *file;
		enum hello_result result;
		enum reason bad;
		const char *sni; /* NULL: none */
		bool has_ech;
		struct slice alpn;
	} rows[] = {
		{"openssl", HELLO_OK, REASON_NONE, "www.example.com", false, {"", 0}},
		{"openssl-no-sni", HELLO_OK, REASON_NONE, NULL, false, {"", 0}},
		{"openssl-tls12", HELLO_OK, REASON_NONE, "www.example.com", false, {"", 0}},
		{"curl-h2", HELLO_OK, REASON_NONE, "www.example.com", false,
			{"\x02h2\x08http/1.1", 12}},
		{"node", HELLO_OK, REASON_NONE, "www.example.com", false, {"\x08http/1.1", 9}},
		{"go", HELLO_OK, REASON_NONE, "www.example.com", false, {"\x02h2\x08http/1.1", 12}},
		{"python", HELLO_OK, REASON_NONE, "www.example.com", false, {"", 0}},
		{"chromium", HELLO_OK, REASON_NONE, "www.example.com", true,
			{"\x02h2\x08http/1.1", 12}},
		{"records-of-20", HELLO_OK, REASON_NONE, "www.example.com", true,
			{"\x02h2\x08http/1.1", 12}},
		{"one-byte-records", HELLO_OK, REASON_NONE, "www.example.com", false, {"", 0}},
		{"padded-16384", HELLO_OK, REASON_NONE, "www.example.com", false, {"", 0}},
		{"over-16384", HELLO_BAD, REASON_HELLO_TOO_LARGE, NULL, false, {"", 0}},
		{"ech-grease", HELLO_OK, REASON_NONE, "www.example.com", true, {"", 0}},
		{"early-data", HELLO_OK, REASON_NONE, "www.example.com", false, {"", 0}},
		{"two-names", HELLO_BAD, REASON_HELLO_MALFORMED, NULL, false, {"", 0}},
		{"nul-in-name", HELLO_BAD, REASON_HELLO_MALFORMED, NULL, false, {"", 0}},
		{"duplicate-extension", HELLO_BAD, REASON_HELLO_MALFORMED, NULL, false, {"", 0}},
		{"empty-record", HELLO_BAD, REASON_HELLO_MALFORMED, NULL, false, {"", 0}},
		{"declared-16m", HELLO_BAD, REASON_HELLO_TOO_LARGE, NULL, false, {"", 0}},
		{"sslv2", HELLO_BAD, REASON_NOT_TLS, NULL, false, {"", 0}},
		{"alert-first", HELLO_BAD, REASON_NOT_TLS, NULL, false, {"", 0}},
		{"ssh", HELLO_BAD, REASON_NOT_TLS, NULL, false, {"", 0}},
		{"http", HELLO_BAD, REASON_NOT_TLS, NULL, false, {"", 0}},
		{"http2-preface", HELLO_BAD, REASON_NOT_TLS, NULL, false, {"", 0}},
	};
	static struct input input;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice bytes = read_corpus(rows[i].file, &input);
		struct judged j = judge(bytes);
		ROW_CHECK(rows[i].file, j.result == rows[i].result, "result %d", (int)j.result);
		ROW_CHECK(rows[i].file, j.bad == rows[i].bad, "%s", reason_word(j.bad));
		if (j.result == HELLO_OK) {
			const char *sni = rows[i].sni ? rows[i].sni : "";
			ROW_CHECK(rows[i].file, j.hello.has_sni == (rows[i].sni != NULL), "sni");
			ROW_CHECK(rows[i].file,
				slice_equal(slice_from(j.sni, j.hello.sni.len), slice_of(sni)),
				"%.*s", (int)j.hello.sni.len, j.sni);
			ROW_CHECK(rows[i].file, j.hello.has_ech == rows[i].has_ech, "ech");
			ROW_CHECK(rows[i].file,
				slice_equal(slice_from(j.alpn, j.hello.alpn.len), rows[i].alpn),
				"%.*s", (int)j.hello.alpn.len, j.alpn);
		}
		struct judged by_byte = judge_by_byte(rows[i].file, bytes);
		check_same(rows[i].file, &j, &by_byte);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_clients_are_understood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
