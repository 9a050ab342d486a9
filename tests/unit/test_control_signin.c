/* SPDX-License-Identifier: Apache-2.0 */
/* Links, codes and cookies of browsers. */
#include "control/signin.h"
#include "tests/unit/rows.h"

#include <stdio.h>

static struct signin s;
static char code[SEAL_TEXT_SIZE], cookie[SEAL_TEXT_SIZE];

static int fresh(void **state)
{
	(void)state;
	s = (struct signin){0};
	return 0;
}

static enum signin_result redeem(const char *text, uint64_t now_ms)
{
	return signin_redeem(&s, slice_of(text), now_ms, cookie);
}

static void a_code_is_good_once(void **state)
{
	(void)state;
	assert_int_equal(signin_invite(&s, "ann", 1000, code), SIGNIN_OK);
	assert_int_equal(redeem(code, 1000), SIGNIN_OK);
	assert_string_not_equal(code, cookie);
	assert_string_equal(signin_name(&s, slice_of(cookie), 1000), "ann");
	/* The code is no cookie. */
	assert_null(signin_name(&s, slice_of(code), 1000));
	assert_int_equal(redeem(code, 1000), SIGNIN_UNKNOWN);
	signin_leave(&s, slice_of(cookie));
	assert_null(signin_name(&s, slice_of(cookie), 1000));
}

static void time_ends_both(void **state)
{
	(void)state;
	assert_int_equal(signin_invite(&s, "ann", 1, code), SIGNIN_OK);
	assert_int_equal(redeem(code, 1 + LIMIT_LINK_MS), SIGNIN_UNKNOWN);
	assert_int_equal(redeem(code, LIMIT_LINK_MS), SIGNIN_OK);
	assert_non_null(signin_name(&s, slice_of(cookie), LIMIT_LINK_MS + LIMIT_SIGNED_IN_MS - 1));
	assert_null(signin_name(&s, slice_of(cookie), LIMIT_LINK_MS + LIMIT_SIGNED_IN_MS));
}

static void nothing_else_is_a_code(void **state)
{
	static const char *const rows[] = {"", "0",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"00000000000000000000000000000000000000000000000000000000000000000"};

	(void)state;
	assert_int_equal(signin_invite(&s, "ann", 1, code), SIGNIN_OK);
	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i], redeem(rows[i], 100000 * (i + 1)) == SIGNIN_UNKNOWN, "code");
	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i], !signin_name(&s, slice_of(rows[i]), 1), "cookie");
	code[63] = code[63] == '0' ? '1' : '0';
	assert_int_equal(redeem(code, 1000000), SIGNIN_UNKNOWN);
}

static void guesses_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(signin_invite(&s, "ann", 10000, code), SIGNIN_OK);
	for (int i = 0; i < LIMIT_GUESSES; i++)
		assert_int_equal(redeem("x", 10000), SIGNIN_UNKNOWN);
	assert_int_equal(redeem("x", 10000), SIGNIN_TOO_MANY);
	assert_int_equal(redeem("x", 10999), SIGNIN_TOO_MANY);
	assert_int_equal(redeem("x", 11000), SIGNIN_UNKNOWN);
	assert_int_equal(redeem("x", 11000), SIGNIN_TOO_MANY);
	/* Nobody keeps the right one out. */
	assert_int_equal(redeem(code, 11000), SIGNIN_OK);
	assert_int_equal(redeem("x", 100000), SIGNIN_UNKNOWN);
}

static void the_oldest_gives_way(void **state)
{
	static char codes[LIMIT_LINKS + 1][SEAL_TEXT_SIZE];
	static char cookies[LIMIT_SIGNED_IN + 1][SEAL_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i <= LIMIT_LINKS; i++)
		assert_int_equal(signin_invite(&s, "ann", 1 + i, codes[i]), SIGNIN_OK);
	assert_int_equal(redeem(codes[0], 100), SIGNIN_UNKNOWN);
	assert_int_equal(redeem(codes[1], 100), SIGNIN_OK);
	assert_int_equal(redeem(codes[LIMIT_LINKS], 100), SIGNIN_OK);
	s = (struct signin){0};
	for (size_t i = 0; i <= LIMIT_SIGNED_IN; i++) {
		assert_int_equal(signin_invite(&s, "ann", 1 + i, code), SIGNIN_OK);
		assert_int_equal(redeem(code, 1 + i), SIGNIN_OK);
		memcpy(cookies[i], cookie, sizeof(cookie));
	}
	assert_null(signin_name(&s, slice_of(cookies[0]), 1000));
	assert_non_null(signin_name(&s, slice_of(cookies[1]), 1000));
	assert_non_null(signin_name(&s, slice_of(cookies[LIMIT_SIGNED_IN]), 1000));
}

static void seals_are_the_standards(void **state)
{
	/* RFC 4231 §4.3 and FIPS 180-4's "abc". */
	struct seal seal, other;
	char text[SEAL_TEXT_SIZE];

	(void)state;
	assert_true(seal_of(SLICE("abc"), &seal));
	seal_format(&seal, text);
	assert_string_equal(
		text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(seal_keyed(SLICE("Jefe"), SLICE("what do ya want for nothing?"), &seal));
	seal_format(&seal, text);
	assert_string_equal(
		text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_true(seal_parse(slice_of(text), &other) && seal_equal(&seal, &other));
	other.bytes[31] ^= 1;
	assert_false(seal_equal(&seal, &other));
	assert_false(seal_keyed(SLICE(""), SLICE("x"), &seal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_code_is_good_once, fresh),
		cmocka_unit_test_setup(time_ends_both, fresh),
		cmocka_unit_test_setup(nothing_else_is_a_code, fresh),
		cmocka_unit_test_setup(guesses_are_bounded, fresh),
		cmocka_unit_test_setup(the_oldest_gives_way, fresh),
		cmocka_unit_test(seals_are_the_standards),
	};

	return cmocka_run_group_tests_name("control_signin", tests, NULL, NULL);
}
