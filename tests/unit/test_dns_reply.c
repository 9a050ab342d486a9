/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/dns_reply.h"

/* Messages by hand: the question is "a.test", whose name stands at offset 12 and whose zone at 14;
 * the first answer starts at 24. */
#define HEAD(flags, answers, authorities) "\0\0" flags "\0\1\0" answers "\0" authorities "\0\0"
#define QUESTION                          "\1a\4test\0\0\1\0\1"
#define ASKED(answers)                    HEAD("\x81\x80", answers, "\0") QUESTION
#define A                                 "\0\1\0\1\0\0\0\x3c\0\4"
#define CNAME                             "\0\5\0\1\0\0\0\x3c"
#define SOA_DATA                          "\0\0" /* two root names */ "sssskkkkrrrreeee"
#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static void each_message_has_its_meaning(void **state)
{
	static const struct {
		const char *name;
		struct slice message;
		enum dns_status status;
		uint32_t ttl_s, addresses;
		const char *alias; /* the last one */
	} rows[] = {
		{"one address", BYTES(ASKED("\1") "\xc0\x0c" A "\xc0\0\2\1"), DNS_FOUND, 60, 1, ""},
		{"owner in full and in capitals", BYTES(ASKED("\1") "\1A\4tESt\0" A "\xc0\0\2\1"),
			DNS_FOUND, 60, 1, ""},
		{"owner in two parts", BYTES(ASKED("\1") "\1a\xc0\x0e" A "\xc0\0\2\1"), DNS_FOUND,
			60, 1, ""},
		{"least TTL of two",
			BYTES(ASKED("\2") "\xc0\x0c" A "\xc0\0\2\1"
					  "\xc0\x0c\0\1\0\1\0\0\0\7\0\4\xc0\0\2\2"),
			DNS_FOUND, 7, 2, ""},
		{"TTL 2^31-1", BYTES(ASKED("\1") "\xc0\x0c\0\1\0\1\x7f\xff\xff\xff\0\4\xc0\0\2\1"),
			DNS_FOUND, INT32_MAX, 1, ""},
		{"TTL 2^31 is 0", BYTES(ASKED("\1") "\xc0\x0c\0\1\0\1\x80\0\0\0\0\4\xc0\0\2\1"),
			DNS_FOUND, 0, 1, ""},
		{"alias with the lesser TTL",
			BYTES(ASKED("\2") "\xc0\x0c\0\5\0\1\0\0\0\5\0\4\1b\xc0\x0e"
					  "\1b\xc0\x0e" A "\xc0\0\2\1"),
			DNS_FOUND, 5, 1, "b.test"},
		{"alias that is no host name",
			BYTES(ASKED("\2") "\xc0\x0c" CNAME "\0\7\4.\0 \xff\xc0\x0e"
					  "\4.\0 \xff\xc0\x0e" A "\xc0\0\2\1"),
			DNS_FOUND, 60, 1, "\\046\\000\\032\\255.test"},
		{"address and alias of one name",
			BYTES(ASKED("\2") "\xc0\x0c" CNAME "\0\4\1b\xc0\x0e\xc0\x0c" A
					  "\xc0\0\2\1"),
			DNS_FOUND, 60, 1, ""},
		{"another class", BYTES(ASKED("\1") "\xc0\x0c\0\1\0\3\0\0\0\x3c\0\4\xc0\0\2\1"),
			DNS_NO_DATA, 0, 0, ""},
		{"another type", BYTES(ASKED("\1") "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\4\xc0\0\2\1"),
			DNS_NO_DATA, 0, 0, ""},
		{"a name below", BYTES(ASKED("\1") "\1b\xc0\x0c" A "\xc0\0\2\1"), DNS_NO_DATA, 0, 0,
			""},
		{"no records", BYTES(ASKED("\0")), DNS_NO_DATA, 0, 0, ""},
		{"SOA: its minimum is less",
			BYTES(HEAD("\x81\x80", "\0", "\1") QUESTION
				"\xc0\x0e\0\6\0\1\0\0\0\x3c\0\x16" SOA_DATA "\0\0\0\5"),
			DNS_NO_DATA, 5, 0, ""},
		{"SOA: its TTL is less",
			BYTES(HEAD("\x81\x80", "\0", "\1") QUESTION
				"\xc0\x0e\0\6\0\1\0\0\0\4\0\x16" SOA_DATA "\0\0\0\5"),
			DNS_NO_DATA, 4, 0, ""},
		{"SOA of NXDOMAIN",
			BYTES(HEAD("\x81\x83", "\0", "\1") QUESTION
				"\xc0\x0e\0\6\0\1\0\0\0\x3c\0\x16" SOA_DATA "\0\0\0\5"),
			DNS_NO_NAME, 5, 0, ""},
		{"SOA that is too short",
			BYTES(HEAD("\x81\x83", "\0", "\1") QUESTION
				"\xc0\x0e\0\6\0\1\0\0\0\x3c\0\x15" SOA_DATA "\0\0\0"),
			DNS_FAULT, 0, 0, ""},
		{"SOA that is too long",
			BYTES(HEAD("\x81\x83", "\0", "\1") QUESTION
				"\xc0\x0e\0\6\0\1\0\0\0\x3c\0\x17" SOA_DATA "\0\0\0\5\0"),
			DNS_FAULT, 0, 0, ""},
		{"NXDOMAIN", BYTES(HEAD("\x81\x83", "\0", "\0") QUESTION), DNS_NO_NAME, 0, 0, ""},
		{"SERVFAIL", BYTES(HEAD("\x81\x82", "\0", "\0") QUESTION), DNS_FAULT, 0, 0, ""},
		{"a question, no response", BYTES(HEAD("\1\0", "\0", "\0") QUESTION), DNS_FAULT, 0,
			0, ""},
		{"truncated", BYTES(HEAD("\x83\x80", "\0", "\0") QUESTION), DNS_FAULT, 0, 0, ""},
		{"no question", BYTES("\0\0\x81\x80\0\0\0\0\0\0\0\0"), DNS_FAULT, 0, 0, ""},
		{"two questions", BYTES("\0\0\x81\x80\0\2\0\0\0\0\0\0" QUESTION QUESTION),
			DNS_FAULT, 0, 0, ""},
		{"a record too few", BYTES(ASKED("\2") "\xc0\x0c" A "\xc0\0\2\1"), DNS_FAULT, 0, 0,
			""},
		{"address of three bytes",
			BYTES(ASKED("\1") "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\3\xc0\0\2"), DNS_FAULT, 0,
			0, ""},
		{"address of five bytes",
			BYTES(ASKED("\1") "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\5\xc0\0\2\1\1"), DNS_FAULT,
			0, 0, ""},
		{"pointer to itself", BYTES(ASKED("\1") "\xc0\x18" A "\xc0\0\2\1"), DNS_FAULT, 0, 0,
			""},
		{"pointer forward", BYTES(ASKED("\1") "\xc0\x1a" A "\xc0\0\2\1"), DNS_FAULT, 0, 0,
			""},
		{"pointer out of the message", BYTES(ASKED("\1") "\xff\xff" A "\xc0\0\2\1"),
			DNS_FAULT, 0, 0, ""},
		{"pointer back into its own name", BYTES(ASKED("\1") "\1a\xc0\x18" A "\xc0\0\2\1"),
			DNS_FAULT, 0, 0, ""},
		{"label type 01", BYTES(ASKED("\1") "\x41\xc0\x0c" A "\xc0\0\2\1"), DNS_FAULT, 0, 0,
			""},
		{"label type 10", BYTES(ASKED("\1") "\x81\xc0\x0c" A "\xc0\0\2\1"), DNS_FAULT, 0, 0,
			""},
		{"alias cut by its length", BYTES(ASKED("\1") "\xc0\x0c" CNAME "\0\3\1b\xc0\x0e"),
			DNS_FAULT, 0, 0, ""},
		{"header alone", BYTES("\0\0\x81\x80\0\1\0\1\0\0\0\0"), DNS_FAULT, 0, 0, ""},
		{"nothing", BYTES(""), DNS_FAULT, 0, 0, ""},
	};
	static struct dns_reply reply;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *alias = reply.aliases;
		dns_reply_parse(rows[i].message, SLICE("a.test"), DNS_A, &reply);
		ROW_CHECK(rows[i].name, reply.status == rows[i].status, "status %d", reply.status);
		ROW_CHECK(rows[i].name, reply.ttl_s == rows[i].ttl_s, "ttl %u", reply.ttl_s);
		ROW_CHECK(rows[i].name, reply.address_count == rows[i].addresses, "%u addresses",
			reply.address_count);
		ROW_CHECK(rows[i].name, reply.alias_count == (rows[i].alias[0] != '\0'),
			"%u aliases", reply.alias_count);
		ROW_CHECK(rows[i].name, reply.alias_count == 0 || strcmp(alias, rows[i].alias) == 0,
			"%s", alias);
	}
}

/* Every beginning of a good message is malformed, never less than that. */
static void a_cut_message_is_a_fault(void **state)
{
	static const char message[] = ASKED("\2") "\xc0\x0c" CNAME "\0\4\1b\xc0\x0e"
						  "\1b\xc0\x0e" A "\xc0\0\2\1";
	static struct dns_reply reply;
	(void)state;
	for (size_t len = 0; len < sizeof(message) - 1; len++) {
		/* On the heap, where reading past the end is noticed. */
		char *copy = test_malloc(len + 1);
		memcpy(copy + 1, message, len);
		dns_reply_parse(slice_from(copy + 1, len), SLICE("a.test"), DNS_A, &reply);
		assert_int_equal(reply.status, DNS_FAULT);
		assert_int_equal(reply.address_count + reply.alias_count + reply.alias_len, 0);
		test_free(copy);
	}
	dns_reply_parse(slice_from(message, sizeof(message) - 1), SLICE("a.test"), DNS_A, &reply);
	assert_int_equal(reply.status, DNS_FOUND);
}

/* RFC 1035 §2.3.4: 255 bytes of name with the root's zero, and not one more. */
static void a_name_has_255_bytes_at_most(void **state)
{
	static const struct {
		const char *name;
		uint8_t last_label; /* after three of 63 bytes */
		enum dns_status status;
	} rows[] = {
		{"255 bytes", 61, DNS_NO_DATA},
		{"256 bytes", 62, DNS_FAULT},
	};
	static struct dns_reply reply;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char message[512] = ASKED("\1");
		size_t len = sizeof(ASKED("\1")) - 1;
		for (int label = 0; label < 4; label++) {
			size_t size = label < 3 ? 63 : rows[i].last_label;
			message[len++] = (char)size;
			memset(message + len, 'x', size);
			len += size;
		}
		memcpy(message + len, "\0" A "\xc0\0\2\1", 15);
		dns_reply_parse(slice_from(message, len + 15), SLICE("a.test"), DNS_A, &reply);
		ROW_CHECK(rows[i].name, reply.status == rows[i].status, "status %d", reply.status);
	}
}

static void an_ipv6_answer_has_sixteen_bytes(void **state)
{
	static const char message[] = ASKED("\2") "\xc0\x0c" A "\xc0\0\2\1"
						  "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10"
						  "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	static struct dns_reply reply;
	char text[ADDRESS_TEXT_SIZE];
	(void)state;
	dns_reply_parse(
		slice_from(message, sizeof(message) - 1), SLICE("a.test"), DNS_AAAA, &reply);
	assert_int_equal(reply.status, DNS_FOUND);
	assert_int_equal(reply.address_count, 1);
	address_format(&reply.addresses[0], text);
	assert_string_equal(text, "2001:db8::1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_has_its_meaning),
		cmocka_unit_test(a_cut_message_is_a_fault),
		cmocka_unit_test(a_name_has_255_bytes_at_most),
		cmocka_unit_test(an_ipv6_answer_has_sixteen_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
