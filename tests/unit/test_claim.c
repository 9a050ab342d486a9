/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/heads.h"

#include "proxy/claim.h"

static void loopback_is_local_in_every_form(void **state)
{
	static const struct {
		const char *name;
		struct address address;
		const char *identity;
	} rows[] = {
		{"127.0.0.1", {4, {127, 0, 0, 1}}, "local"},
		{"last of 127/8", {4, {127, 255, 255, 255}}, "local"},
		{"just above", {4, {128, 0, 0, 0}}, "128.0.0.0"},
		{"just below", {4, {126, 255, 255, 255}}, "126.255.255.255"},
		{"::1", {6, {[15] = 1}}, "local"},
		{"::2", {6, {[15] = 2}}, "::2"},
		{"mapped", {6, {[10] = 0xff, 0xff, 127, 0, 0, 1}}, "local"},
		{"mapped and not loopback", {6, {[10] = 0xff, 0xff, 192, 0, 2, 7}}, "192.0.2.7"},
		{"IPv4-compatible is another address", {6, {[12] = 127, 0, 0, 1}}, "::127.0.0.1"},
		{"IPv6", {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 9}}, "2001:db8::9"},
		{"no address", {0, {0}}, "unknown"},
	};
	char identity[LIMIT_IDENTITY_BYTES + 1];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = claim_identity(&rows[i].address, identity);
		ROW_CHECK(rows[i].name, strcmp(identity, rows[i].identity) == 0, "%s", identity);
		ROW_CHECK(rows[i].name, len == strlen(identity), "%zu", len);
		bool local = claim_is_local(&rows[i].address);
		ROW_CHECK(rows[i].name, local == (strcmp(identity, "local") == 0), "%d", local);
	}
}

static void claim_of(const char *lines, char *session, size_t *ret_len)
{
	char text[4096];

	snprintf(
		text, sizeof(text), "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n%s\r\n", lines);
	struct message *m = read_head(MESSAGE_REQUEST, text, "");
	*ret_len = claim_session(message_head(m), session);
	message_free(m);
}

#define BASIC(token) "Proxy-Authorization: Basic " token "\r\n"

static void the_user_name_is_the_session(void **state)
{
	static const struct {
		const char *name, *lines, *session;
	} rows[] = {
		{"none", "", ""},
		{"user:pass", BASIC("dXNlcjpwYXNz"), "user"},
		{"one pad, empty password", BASIC("YWdlbnQtNzo="), "agent-7"},
		{"two pads", BASIC("YWI6cA=="), "ab"},
		{"scheme and name without case", "proxy-authorization: bAsIc dTpw\r\n", "u"},
		{"more spaces", "Proxy-Authorization: Basic   dTpw \r\n", "u"},
		{"colons in the password", BASIC("dTphOmI6Yw=="), "u"},
		{"percent stays", BASIC("YSUyMGI6cA=="), "a%20b"},
		{"UTF-8", BASIC("w6Q6cA=="), "\xc3\xa4"},
		{"not UTF-8", BASIC("5Dpw"), ""},
		{"empty name", BASIC("OnBhc3M="), ""},
		{"no colon", BASIC("dXNlcg=="), ""},
		{"line break in the name", BASIC("dQpzZXI6cA=="), ""},
		{"NUL in the name", BASIC("dQBzZXI6cA=="), ""},
		{"control in the password", BASIC("dTpwAQ=="), ""},
		{"DEL in the password", BASIC("dTpwfw=="), ""},
		{"no token", "Proxy-Authorization: Basic\r\n", ""},
		{"empty value", "Proxy-Authorization:\r\n", ""},
		{"another scheme", "Proxy-Authorization: Bearer dTpw\r\n", ""},
		{"a tab is no space", "Proxy-Authorization: Basic\tdTpw\r\n", ""},
		{"padding is missing", BASIC("YWI6cA"), ""},
		{"padding is too long", BASIC("dTpw===="), ""},
		{"padding inside", BASIC("YWI6cA==dTpw"), ""},
		{"three pads", BASIC("Y==="), ""},
		{"cut bits are not zero, two pads", BASIC("YWI6cB=="), ""},
		{"cut bits are not zero, one pad", BASIC("YWdlbnQtNzp="), ""},
		{"the URL alphabet", BASIC("dT8_cDo="), ""},
		{"a space inside", BASIC("dTpw dTpw"), ""},
		{"two tokens", BASIC("dTpw, Basic dTpw"), ""},
		{"two fields", BASIC("dTpw") BASIC("dTpw"), ""},
		{"for the origin", "Authorization: Basic dTpw\r\n", ""},
	};
	char session[LIMIT_SESSION_BYTES + 1];
	size_t len;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		claim_of(rows[i].lines, session, &len);
		ROW_CHECK(rows[i].name, strcmp(session, rows[i].session) == 0, "\"%s\"", session);
		ROW_CHECK(rows[i].name, len == strlen(session), "%zu", len);
	}
}

/* 63 times "a" and 64 times, with ":" behind them. */
static void the_name_has_a_bound(void **state)
{
	char lines[256] = "Proxy-Authorization: Basic ";
	char session[LIMIT_SESSION_BYTES + 1];
	size_t len;
	(void)state;
	for (int i = 0; i < 21; i++)
		strcat(lines, "YWFh");
	char *end = lines + strlen(lines);
	strcpy(end, "Og==\r\n");
	claim_of(lines, session, &len);
	assert_int_equal(len, LIMIT_SESSION_BYTES);
	strcpy(end, "YTo=\r\n");
	claim_of(lines, session, &len);
	assert_int_equal(len, 0);
	assert_string_equal(session, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_local_in_every_form),
		cmocka_unit_test(the_user_name_is_the_session),
		cmocka_unit_test(the_name_has_a_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
