/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "control/terms.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static void a_secret_has_a_length(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		const char *end;
		bool ok;
	} rows[] = {
		{"empty", 0, "", false},
		{"too short", 15, "", false},
		{"short with its line end", 15, "\n", false},
		{"shortest", 16, "\r\n", true},
		{"longest", 1024, "\n", true},
		{"too long", 1025, "", false},
		{"much too long", 1030, "", false},
	};
	char path[] = "/tmp/test_terms_XXXXXX", text[2048], sentence[256];
	const struct reviewer_options options = {
		.endpoint = "http://127.0.0.1:1/", .secret_file = path};
	struct terms terms;

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(text, 's', sizeof(text));
		memcpy(text + rows[i].len, rows[i].end, strlen(rows[i].end));
		write_file(path, text, rows[i].len + strlen(rows[i].end));
		bool ok = terms_read(&terms, &options, sentence, sizeof(sentence));
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "%s", sentence);
		ROW_CHECK(rows[i].name, !ok || terms.secret_len == rows[i].len, "%zu bytes",
			terms.secret_len);
	}
	unlink(path);
	assert_false(terms_read(&terms, &options, sentence, sizeof(sentence)));
	assert_non_null(strstr(sentence, "No such file"));
}

static void without_a_file_nothing_is_signed(void **state)
{
	const struct reviewer_options options = {.endpoint = "http://127.0.0.1:1/"};
	struct terms terms;
	char sentence[256];

	(void)state;
	assert_true(terms_read(&terms, &options, sentence, sizeof(sentence)));
	assert_int_equal(terms.secret_len, 0);
}

static void what_is_in_the_files_counts(void **state)
{
	static const struct {
		const char *name, *endpoint;
		bool with_secret, with_ca;
		uint32_t timeout_ms, concurrency;
		const char *secret, *authorities; /* in the files at that time */
		bool same;
	} rows[] = {
		{"the same", "http://127.0.0.1:1/", true, true, 100, 2, "0123456789abcdef", "one",
			true},
		{"with a line end", "http://127.0.0.1:1/", true, true, 100, 2, "0123456789abcdef\n",
			"one", true},
		{"another path", "http://127.0.0.1:1/x", true, true, 100, 2, "0123456789abcdef",
			"one", false},
		{"another time", "http://127.0.0.1:1/", true, true, 101, 2, "0123456789abcdef",
			"one", false},
		{"more at once", "http://127.0.0.1:1/", true, true, 100, 3, "0123456789abcdef",
			"one", false},
		{"another secret", "http://127.0.0.1:1/", true, true, 100, 2, "0123456789abcdeF",
			"one", false},
		{"no good secret", "http://127.0.0.1:1/", true, true, 100, 2, "short", "one",
			false},
		{"no secret", "http://127.0.0.1:1/", false, true, 100, 2, "0123456789abcdef", "one",
			false},
		{"other authorities", "http://127.0.0.1:1/", true, true, 100, 2, "0123456789abcdef",
			"three", false},
		{"the system's authorities", "http://127.0.0.1:1/", true, false, 100, 2,
			"0123456789abcdef", "one", false},
	};
	char secret[] = "/tmp/test_terms_XXXXXX", ca[] = "/tmp/test_terms_XXXXXX";
	char sentence[256];
	struct stat st;
	struct terms first, now;

	(void)state;
	close(mkstemp(secret));
	close(mkstemp(ca));
	write_file(secret, "0123456789abcdef", 16);
	write_file(ca, "one", 3);
	assert_int_equal(stat(ca, &st), 0);
	const struct timespec then[2] = {st.st_atim, st.st_mtim};
	struct reviewer_options options = {.endpoint = "http://127.0.0.1:1/",
		.secret_file = secret,
		.ca = ca,
		.timeout_ms = 100,
		.concurrency = 2};
	assert_true(terms_read(&first, &options, sentence, sizeof(sentence)));
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file(secret, rows[i].secret, strlen(rows[i].secret));
		write_file(ca, rows[i].authorities, strlen(rows[i].authorities));
		assert_int_equal(utimensat(AT_FDCWD, ca, then, 0), 0);
		options.endpoint = rows[i].endpoint;
		options.secret_file = rows[i].with_secret ? secret : NULL;
		options.ca = rows[i].with_ca ? ca : NULL;
		options.timeout_ms = rows[i].timeout_ms;
		options.concurrency = rows[i].concurrency;
		bool same = terms_read(&now, &options, sentence, sizeof(sentence)) &&
			    terms_equal(&first, &now);
		ROW_CHECK(rows[i].name, same == rows[i].same, "same: %d", same);
	}
	unlink(secret);
	unlink(ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_has_a_length),
		cmocka_unit_test(without_a_file_nothing_is_signed),
		cmocka_unit_test(what_is_in_the_files_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
