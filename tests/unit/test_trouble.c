/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/trouble.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

static void a_sentence_is_one_line(void **state)
{
	struct trouble t;
	(void)state;
	assert_false(trouble_set(&t, "%s: entry %d", "a\nb\x1b[31m", 3));
	assert_string_equal(t.text, "a\\u{a}b\\u{1b}[31m: entry 3");
}

static void a_long_one_is_cut(void **state)
{
	char text[2 * TROUBLE_TEXT_SIZE];
	struct trouble t;
	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_false(trouble_set(&t, "%s", text));
	assert_true(strlen(t.text) < sizeof(t.text));
	errno = EACCES;
	assert_false(trouble_set_errno(&t, "%s", text));
	assert_true(strlen(t.text) < sizeof(t.text));
}

static void openssl_is_asked_and_its_queue_is_emptied(void **state)
{
	struct trouble t;
	BIO *bio = BIO_new_mem_buf("nothing", -1);
	(void)state;
	assert_null(PEM_read_bio_X509(bio, NULL, NULL, NULL));
	assert_false(trouble_set_openssl(&t, "file"));
	assert_string_equal(t.text, "file: no start line (Expecting: CERTIFICATE)");
	assert_int_equal(ERR_peek_error(), 0);
	assert_false(trouble_set_openssl(&t, "file"));
	assert_string_equal(t.text, "file");
	BIO_free(bio);
}

static void the_system_is_asked(void **state)
{
	struct trouble t;
	(void)state;
	errno = ENOENT;
	assert_false(trouble_set_errno(&t, "%s", "/x"));
	assert_string_equal(t.text, "/x: No such file or directory");
	/* A file that OpenSSL opened. */
	assert_null(BIO_new_file("/nonexistent/x", "r"));
	assert_false(trouble_set_openssl(&t, "x"));
	assert_non_null(strstr(t.text, "x: No such file or directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_is_one_line),
		cmocka_unit_test(a_long_one_is_cut),
		cmocka_unit_test(openssl_is_asked_and_its_queue_is_emptied),
		cmocka_unit_test(the_system_is_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
