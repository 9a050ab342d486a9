/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "base/address.h"
#include "proxy/address_order.h"
#include "proxy/answer.h"

static struct address address_of(const char *text)
{
	struct address a = {0};

	if (text && !address_parse_ipv4(slice_of(text), &a))
		assert_true(address_parse_ipv6(slice_of(text), &a));
	return a;
}

/* RFC 6724 §10.2 has most of these, for destinations with the sources that the kernel would use. */
static void the_order_is_that_of_rfc_6724(void **state)
{
	static const struct {
		const char *name;
		const char *addresses[4], *sources[4];
		const char *first;
	} rows[] = {
		{"matching scope, global", {"2001:db8:1::1", "198.51.100.121"},
			{"2001:db8:1::2", "169.254.13.78"}, "2001:db8:1::1"},
		{"matching scope, IPv4", {"2001:db8:1::1", "198.51.100.121"},
			{"fe80::1", "198.51.100.117"}, "198.51.100.121"},
		{"higher precedence", {"10.1.2.3", "2001:db8:1::1"}, {"10.1.2.4", "2001:db8:1::2"},
			"2001:db8:1::1"},
		{"smaller scope", {"2001:db8:1::1", "fe80::1"}, {"2001:db8:1::2", "fe80::2"},
			"fe80::1"},
		{"matching label", {"2001:db8:1::1", "2002:c633:6401::1"},
			{"2002:c633:6401::2", "2002:c633:6401::2"}, "2002:c633:6401::1"},
		{"unique local source only", {"2001:db8:1::1", "198.51.100.1"},
			{"fd00::2", "198.51.100.117"}, "198.51.100.1"},
		{"unique local from unique local", {"198.51.100.1", "fd00::1"},
			{"198.51.100.117", "fd00::2"}, "198.51.100.1"},
		{"Teredo source", {"2001:db8:1::1", "198.51.100.1"}, {"2001::2", "198.51.100.117"},
			"198.51.100.1"},
		{"no route", {"2001:db8:1::1", "198.51.100.1"}, {NULL, "198.51.100.117"},
			"198.51.100.1"},
		{"no route at all", {"2001:db8:1::1", "198.51.100.1"}, {NULL, NULL},
			"2001:db8:1::1"},
		{"loopback", {"127.0.0.1", "::1"}, {"127.0.0.1", "::1"}, "::1"},
		{"equal ones as they came", {"198.51.100.9", "198.51.100.1"},
			{"198.51.100.1", "198.51.100.1"}, "198.51.100.9"},
		{"nearness is no merit", {"2001:db8:2::1", "2001:db8:1::1"},
			{"2001:db8:1::2", "2001:db8:1::2"}, "2001:db8:2::1"},
		{"a mapped address is IPv4", {"::ffff:198.51.100.1", "2001:db8:1::1"},
			{"::ffff:198.51.100.2", "2001:db8:1::2"}, "2001:db8:1::1"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address addresses[4], sources[4];
		char text[ADDRESS_TEXT_SIZE];
		for (int j = 0; j < 2; j++) {
			addresses[j] = address_of(rows[i].addresses[j]);
			sources[j] = address_of(rows[i].sources[j]);
		}
		address_order(addresses, sources, 2);
		address_format(&addresses[0], text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].first) == 0, "%s", text);
	}
}

static void one_family_keeps_its_order(void **state)
{
	static const char *const texts[] = {"127.0.0.1", "198.51.100.1", "127.0.0.2"};
	struct address addresses[3];
	(void)state;
	for (int i = 0; i < 3; i++)
		addresses[i] = address_of(texts[i]);
	address_order_here(addresses, 3);
	for (int i = 0; i < 3; i++) {
		struct address want = address_of(texts[i]);
		assert_true(address_equal(&addresses[i], &want));
	}
	/* Here the kernel is asked. */
	addresses[1] = address_of("::1");
	address_order_here(addresses, 3);
	assert_int_equal(addresses[0].family + addresses[1].family + addresses[2].family, 14);
}

struct family {
	enum dns_status status;
	uint32_t ttl_s, count;
	const char *aliases; /* one after the other, each with a NUL, and one more */
};

static void reply_of(const struct family *family, uint8_t version, struct dns_reply *ret_reply)
{
	*ret_reply = (struct dns_reply){
		.status = family->status,
		.ttl_s = family->ttl_s,
		.address_count = family->count,
	};
	for (uint32_t i = 0; i < family->count; i++)
		ret_reply->addresses[i] = (struct address){version, {(uint8_t)i}};
	for (const char *at = family->aliases; at && *at; at += strlen(at) + 1) {
		memcpy(ret_reply->aliases + ret_reply->alias_len, at, strlen(at) + 1);
		ret_reply->alias_len += (uint32_t)strlen(at) + 1;
		ret_reply->alias_count++;
	}
}

static void two_families_make_one_answer(void **state)
{
	static const struct {
		const char *name;
		struct family a, aaaa;
		enum reason reason;
		uint32_t ttl_s;
		size_t ipv6, ipv4; /* addresses */
		const char *aliases; /* with blanks between them */
	} rows[] = {
		{"both", {DNS_FOUND, 60, 2, NULL}, {DNS_FOUND, 50, 1, NULL}, REASON_NONE, 50, 1, 2,
			""},
		{"TTL of an hour", {DNS_FOUND, 3600, 1, NULL}, {DNS_NO_DATA, 5, 0, NULL},
			REASON_NONE, 3600, 0, 1, ""},
		{"TTL of more than an hour", {DNS_FOUND, 3601, 1, NULL}, {DNS_NO_DATA, 5, 0, NULL},
			REASON_NONE, 3600, 0, 1, ""},
		{"TTL 0", {DNS_FOUND, 0, 1, NULL}, {DNS_FOUND, 60, 1, NULL}, REASON_NONE, 0, 1, 1,
			""},
		{"one fails", {DNS_FOUND, 60, 1, NULL}, {DNS_FAULT, 0, 0, NULL}, REASON_NONE, 30, 0,
			1, ""},
		{"one is late", {DNS_LATE, 0, 0, NULL}, {DNS_FOUND, 60, 1, NULL}, REASON_NONE, 30,
			1, 0, ""},
		{"no memory for one", {DNS_NO_MEMORY, 0, 0, NULL}, {DNS_FOUND, 20, 1, NULL},
			REASON_NONE, 20, 1, 0, ""},
		{"eight beside eight", {DNS_FOUND, 60, 16, NULL}, {DNS_FOUND, 60, 16, NULL},
			REASON_NONE, 60, 8, 8, ""},
		{"fourteen beside two", {DNS_FOUND, 60, 2, NULL}, {DNS_FOUND, 60, 16, NULL},
			REASON_NONE, 60, 14, 2, ""},
		{"nine beside seven", {DNS_FOUND, 60, 9, NULL}, {DNS_FOUND, 60, 7, NULL},
			REASON_NONE, 60, 7, 9, ""},
		{"same aliases once", {DNS_FOUND, 60, 1, "b\0c\0"}, {DNS_FOUND, 60, 1, "b\0c\0"},
			REASON_NONE, 60, 1, 1, "b c"},
		{"other aliases too", {DNS_FOUND, 60, 1, "b\0"}, {DNS_FOUND, 60, 1, "c\0d\0"},
			REASON_NONE, 60, 1, 1, "c d b"},
		{"aliases of one", {DNS_FOUND, 60, 1, "b\0"}, {DNS_NO_DATA, 0, 0, NULL},
			REASON_NONE, 60, 0, 1, "b"},
		{"none", {DNS_NO_DATA, 20, 0, NULL}, {DNS_NO_DATA, 10, 0, NULL},
			REASON_DNS_NOT_FOUND, 10, 0, 0, ""},
		{"no name for long", {DNS_NO_NAME, 31, 0, NULL}, {DNS_NO_NAME, 31, 0, NULL},
			REASON_DNS_NOT_FOUND, 30, 0, 0, ""},
		{"no name counts for both", {DNS_LATE, 0, 0, NULL}, {DNS_NO_NAME, 7, 0, NULL},
			REASON_DNS_NOT_FOUND, 7, 0, 0, ""},
		{"none and a fault", {DNS_NO_DATA, 20, 0, NULL}, {DNS_FAULT, 0, 0, NULL},
			REASON_DNS_FAILED, 1, 0, 0, ""},
		{"none and late", {DNS_NO_DATA, 20, 0, NULL}, {DNS_LATE, 0, 0, NULL},
			REASON_DNS_TIMEOUT, 1, 0, 0, ""},
		{"a fault and late", {DNS_FAULT, 0, 0, NULL}, {DNS_LATE, 0, 0, NULL},
			REASON_DNS_FAILED, 1, 0, 0, ""},
		{"no memory", {DNS_NO_MEMORY, 0, 0, NULL}, {DNS_NO_DATA, 9, 0, NULL},
			REASON_OUT_OF_MEMORY, 0, 0, 0, ""},
	};
	static struct dns_reply a, aaaa;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char aliases[64] = "";
		size_t ipv6 = 0;
		reply_of(&rows[i].a, 4, &a);
		reply_of(&rows[i].aaaa, 6, &aaaa);
		struct answer *answer = answer_combine(&a, &aaaa);
		assert_non_null(answer);
		while (ipv6 < answer->address_count && answer->addresses[ipv6].family == 6)
			ipv6++;
		for (size_t j = 0; j < answer->alias_count; j++) {
			strcat(aliases, j ? " " : "");
			strcat(aliases, answer->aliases[j]);
		}
		ROW_CHECK(rows[i].name, answer->reason == rows[i].reason, "%s",
			reason_word(answer->reason));
		ROW_CHECK(rows[i].name, answer->ttl_s == rows[i].ttl_s, "ttl %u", answer->ttl_s);
		ROW_CHECK(rows[i].name, ipv6 == rows[i].ipv6, "%zu IPv6", ipv6);
		ROW_CHECK(rows[i].name, answer->address_count == ipv6 + rows[i].ipv4,
			"%zu addresses", answer->address_count);
		ROW_CHECK(rows[i].name, strcmp(aliases, rows[i].aliases) == 0, "%s", aliases);
		answer_unref(answer);
	}
}

static void the_static_answer_is_never_freed(void **state)
{
	(void)state;
	assert_ptr_equal(answer_ref(&answer_no_memory), &answer_no_memory);
	answer_unref(&answer_no_memory);
	answer_unref(NULL);
	assert_int_equal(answer_no_memory.refs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_is_that_of_rfc_6724),
		cmocka_unit_test(one_family_keeps_its_order),
		cmocka_unit_test(two_families_make_one_answer),
		cmocka_unit_test(the_static_answer_is_never_freed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
