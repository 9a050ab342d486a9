/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rules.h"

#include "policy/special.h"

static void ranges_have_edges(void **state)
{
	/* In pairs: the last public address before a range, its first, its last, the next public one.
	 * NULL where the neighbour is local too. */
	static const struct {
		const char *name, *before, *first, *last, *after;
	} rows[] = {
		{"this network", NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
		{"private 10", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
		{"shared", "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
		{"loopback", "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
		{"link-local", "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
		{"private 172", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
		{"protocol assignments", "191.255.255.255", "192.0.0.0", "192.0.0.255",
			"192.0.1.0"},
		{"documentation 1", "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
		{"6to4 relays", "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
		{"private 192", "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
		{"benchmarking", "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
		{"documentation 2", "198.51.99.255", "198.51.100.0", "198.51.100.255",
			"198.51.101.0"},
		{"documentation 3", "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
		{"multicast", "223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},
		{"reserved", NULL, "240.0.0.0", "255.255.255.255", NULL},
		{"unspecified v6", NULL, "::", "::", NULL},
		{"loopback v6", NULL, "::1", "::1", NULL},
		{"local NAT64", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff",
			"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::"},
		{"discard", "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"100::", "100::ffff:ffff:ffff:ffff", "100:0:0:1::"},
		{"IETF v6", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
		{"benchmarking v6", NULL, "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", NULL},
		{"documentation v6", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
			"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
		{"documentation v6, newer", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
		{"segment routing", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f01::"},
		{"unique local", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"},
		{"metadata v6", NULL, "fd00:ec2::254", "fd00:ec2::254", NULL},
		{"link-local v6", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
		{"site-local", NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
		{"multicast v6", NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
		/* embedded: the edges are those of what is embedded */
		{"mapped", "::ffff:9.255.255.255", "::ffff:10.0.0.0", "::ffff:10.255.255.255",
			"::ffff:11.0.0.0"},
		{"mapped, as hex", "::ffff:7eff:ffff", "::ffff:7f00:0", "::ffff:7fff:ffff",
			"::ffff:8000:0"},
		{"compatible", "::126.255.255.255", "::127.0.0.0", "::127.255.255.255",
			"::128.0.0.0"},
		{"translated", "::ffff:0:9.255.255.255", "::ffff:0:10.0.0.0",
			"::ffff:0:10.255.255.255", "::ffff:0:11.0.0.0"},
		{"NAT64", "64:ff9b::a9fd:ffff", "64:ff9b::a9fe:0", "64:ff9b::a9fe:ffff",
			"64:ff9b::a9ff:0"},
		{"6to4", "2002:7eff:ffff::", "2002:7f00::",
			"2002:7fff:ffff:ffff:ffff:ffff:ffff:ffff", "2002:8000::"},
		{"Teredo server", "2001:0:9ff:ffff::f7f7:f7f7", "2001:0:a00:0::f7f7:f7f7",
			"2001:0:aff:ffff::f7f7:f7f7", "2001:0:b00:0::f7f7:f7f7"},
		/* the client is 9.255.255.255 … 11.0.0.0, each bit the other way round */
		{"Teredo client", "2001:0:808:808::f600:0", "2001:0:808:808::f5ff:ffff",
			"2001:0:808:808::f500:0", "2001:0:808:808::f4ff:ffff"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *texts[] = {rows[i].before, rows[i].first, rows[i].last, rows[i].after};
		for (size_t j = 0; j < COUNT(texts); j++) {
			if (!texts[j])
				continue;
			struct address a = rules_address(texts[j]);
			ROW_CHECK(rows[i].name, special_is_local(&a) == (j == 1 || j == 2), "%s",
				texts[j]);
		}
	}
}

static void public_addresses_are_not_local(void **state)
{
	static const char *const texts[] = {"1.1.1.1", "8.8.8.8", "192.31.196.1", "192.52.193.1",
		"192.175.48.1", "2606:4700::1111", "2620:4f:8000::1", "64:ff9b::808:808",
		"2002:808:808::1", "2400::", "::8.8.8.8", "4000::"};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct address a = rules_address(texts[i]);
		ROW_CHECK(texts[i], !special_is_local(&a), "local");
	}
}

static void embedded_addresses_come_out(void **state)
{
	static const struct {
		const char *address;
		const char *embedded[SPECIAL_EMBEDDED_MAX];
	} rows[] = {
		{"10.0.0.1", {NULL}},
		{"2606:4700::1111", {NULL}},
		{"::ffff:10.1.2.3", {"10.1.2.3"}},
		{"::10.1.2.3", {"10.1.2.3"}},
		{"::ffff:0:10.1.2.3", {"10.1.2.3"}},
		{"64:ff9b::10.1.2.3", {"10.1.2.3"}},
		{"64:ff9b:0:0:0:1:a01:203", {NULL}},
		/* RFC 6052 §2.2: lengths 48, 56, 64 and 96 of one prefix */
		{"64:ff9b:1:a01:2:300::", {"10.1.2.3", "1.2.3.0", "2.3.0.0", "0.0.0.0"}},
		{"64:ff9b:1:aa:1:203::", {"0.170.1.2", "170.1.2.3", "1.2.3.0", "0.0.0.0"}},
		{"64:ff9b:1::a:102:300:0", {"0.0.10.1", "0.10.1.2", "10.1.2.3", "3.0.0.0"}},
		{"64:ff9b:1::a01:203", {"0.0.0.0", "0.0.0.0", "0.0.0.10", "10.1.2.3"}},
		{"2002:a01:203::1", {"10.1.2.3"}},
		{"2001:0:a01:203::f5fe:fdfc", {"10.1.2.3", "10.1.2.3"}},
		{"2001:1:a01:203::1", {NULL}},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a = rules_address(rows[i].address);
		struct address found[SPECIAL_EMBEDDED_MAX];
		size_t count = special_embedded(&a, found);
		for (size_t j = 0; j < SPECIAL_EMBEDDED_MAX; j++) {
			char text[ADDRESS_TEXT_SIZE];
			ROW_CHECK(rows[i].address, (j < count) == (rows[i].embedded[j] != NULL),
				"%zu found", count);
			if (j >= count)
				break;
			address_format(&found[j], text);
			ROW_CHECK(rows[i].address, strcmp(text, rows[i].embedded[j]) == 0, "%s",
				text);
		}
	}
}

static void this_machine_in_any_spelling(void **state)
{
	static const struct {
		const char *address;
		bool loopback, unspecified;
	} rows[] = {
		{"127.0.0.1", true, false},
		{"127.255.255.255", true, false},
		{"128.0.0.0", false, false},
		{"::1", true, false},
		{"::2", false, false},
		{"::ffff:127.0.0.1", true, false},
		{"0.0.0.0", false, true},
		{"0.0.0.1", false, false},
		{"::", false, true},
		{"::ffff:0.0.0.0", false, true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a = rules_address(rows[i].address);
		ROW_CHECK(rows[i].address, special_is_loopback(&a) == rows[i].loopback, "loopback");
		ROW_CHECK(rows[i].address, special_is_unspecified(&a) == rows[i].unspecified,
			"unspecified");
	}
	struct address mapped = rules_address("::ffff:192.0.2.7");
	struct address plain = rules_address("192.0.2.7");
	mapped = special_unmapped(&mapped);
	assert_true(address_equal(&mapped, &plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_have_edges),
		cmocka_unit_test(public_addresses_are_not_local),
		cmocka_unit_test(embedded_addresses_come_out),
		cmocka_unit_test(this_machine_in_any_spelling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
