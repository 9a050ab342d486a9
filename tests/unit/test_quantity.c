/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "policy/quantity.h"

static void durations_have_a_unit(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
		uint64_t ms;
		const char *again;
	} rows[] = {
		{"nought", "0s", true, 0, "0s"},
		{"milliseconds", "500ms", true, 500, "500ms"},
		{"seconds", "30s", true, 30000, "30s"},
		{"minutes", "15m", true, 900000, "15m"},
		{"hours", "1h", true, 3600000, "1h"},
		{"days", "7d", true, 604800000, "7d"},
		{"written in the largest unit", "3600s", true, 3600000, "1h"},
		{"nine digits", "999999999ms", true, 999999999, "999999999ms"},
		{"ten digits", "1000000000ms", false, 0, NULL},
		{"no unit", "30", false, 0, NULL},
		{"no number", "s", false, 0, NULL},
		{"empty", "", false, 0, NULL},
		{"sign", "-1s", false, 0, NULL},
		{"plus", "+1s", false, 0, NULL},
		{"fraction", "1.5s", false, 0, NULL},
		{"space", "1 s", false, 0, NULL},
		{"two units", "1h30m", false, 0, NULL},
		{"upper case", "1S", false, 0, NULL},
		{"unknown unit", "1w", false, 0, NULL},
	};
	char text[QUANTITY_TEXT_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t ms = 7;
		bool ok = duration_parse(slice_of(rows[i].text), &ms);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d", ok);
		ROW_CHECK(rows[i].name, ms == (ok ? rows[i].ms : 7), "ms=%llu",
			(unsigned long long)ms);
		if (!ok)
			continue;
		size_t len = duration_format(ms, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].again) == 0, "%s", text);
		assert_int_equal(len, strlen(text));
	}
}

static void sizes_are_powers_of_two(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
		uint64_t bytes;
		const char *again;
	} rows[] = {
		{"nought", "0B", true, 0, "0B"},
		{"bytes", "1023B", true, 1023, "1023B"},
		{"one more is a KiB", "1024B", true, 1024, "1KiB"},
		{"MiB", "256MiB", true, 268435456, "256MiB"},
		{"TiB", "1TiB", true, UINT64_C(1) << 40, "1TiB"},
		{"largest", "16777215TiB", true, UINT64_C(16777215) << 40, "16777215TiB"},
		{"one more is 2^64", "16777216TiB", false, 0, NULL},
		{"power of ten", "1MB", false, 0, NULL},
		{"no unit", "1024", false, 0, NULL},
		{"lower case", "1mib", false, 0, NULL},
	};
	char text[QUANTITY_TEXT_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t bytes = 7;
		bool ok = size_parse(slice_of(rows[i].text), &bytes);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d", ok);
		ROW_CHECK(rows[i].name, bytes == (ok ? rows[i].bytes : 7), "bytes=%llu",
			(unsigned long long)bytes);
		if (!ok)
			continue;
		size_format(bytes, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].again) == 0, "%s", text);
	}
}

static void endpoints_are_addresses_with_ports(void **state)
{
	static const struct {
		const char *name, *text;
		uint16_t default_port;
		const char *again;
		bool loopback;
	} rows[] = {
		{"IPv4", "127.0.0.1:3128", 0, "127.0.0.1:3128", true},
		{"last of loopback", "127.255.255.255:1", 0, "127.255.255.255:1", true},
		{"first after loopback", "128.0.0.0:1", 0, "128.0.0.0:1", false},
		{"unspecified", "0.0.0.0:1", 0, "0.0.0.0:1", false},
		{"IPv6", "[::1]:3128", 0, "[::1]:3128", true},
		{"IPv6 beyond", "[::2]:3128", 0, "[::2]:3128", false},
		{"mapped", "[::ffff:127.0.0.1]:1", 0, "[::ffff:127.0.0.1]:1", false},
		{"kernel's choice", "127.0.0.1:0", 0, "127.0.0.1:0", true},
		{"no port", "127.0.0.1", 0, NULL, false},
		{"default port", "127.0.0.1", 53, "127.0.0.1:53", true},
		{"IPv6 default port", "[::1]", 53, "[::1]:53", true},
		{"nought where a port is meant", "127.0.0.1:0", 53, NULL, false},
		{"empty port", "127.0.0.1:", 53, NULL, false},
		{"largest port", "127.0.0.1:65535", 0, "127.0.0.1:65535", true},
		{"one above", "127.0.0.1:65536", 0, NULL, false},
		{"six digits", "127.0.0.1:031280", 0, NULL, false},
		{"leading zero", "127.0.0.1:080", 0, NULL, false},
		{"sign", "127.0.0.1:+80", 0, NULL, false},
		{"letters behind", "127.0.0.1:80x", 0, NULL, false},
		{"IPv6 without brackets", "::1:53", 53, NULL, false},
		{"bracket left open", "[::1:53", 53, NULL, false},
		{"something behind the bracket", "[::1]x:53", 53, NULL, false},
		{"IPv4 in brackets", "[127.0.0.1]:53", 53, NULL, false},
		{"name", "localhost:53", 53, NULL, false},
		{"empty", "", 53, NULL, false},
	};
	char text[QUANTITY_TEXT_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct endpoint e = {.port = 7};
		bool ok = endpoint_parse(slice_of(rows[i].text), rows[i].default_port, &e);
		ROW_CHECK(rows[i].name, ok == (rows[i].again != NULL), "ok=%d", ok);
		if (!ok) {
			assert_int_equal(e.port, 7);
			continue;
		}
		endpoint_format(&e, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].again) == 0, "%s", text);
		ROW_CHECK(rows[i].name, endpoint_is_loopback(&e) == rows[i].loopback, "%s", text);
	}
}

static void a_listener_is_reached_from_near(void **state)
{
	static const struct {
		const char *name, *text, *near;
	} rows[] = {
		{"everywhere", "0.0.0.0:80", "127.0.0.1:80"},
		{"next to everywhere", "0.0.0.1:80", "0.0.0.1:80"},
		{"everywhere, IPv6", "[::]:80", "[::1]:80"},
		{"loopback, IPv6", "[::1]:80", "[::1]:80"},
		{"another loopback", "127.0.0.2:3128", "127.0.0.2:3128"},
		{"an address", "[2001:db8::]:1", "[2001:db8::]:1"},
	};
	char text[QUANTITY_TEXT_SIZE];
	struct endpoint e;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(endpoint_parse(slice_of(rows[i].text), 0, &e));
		size_t len = endpoint_format_near(&e, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].near) == 0, "%s", text);
		assert_int_equal(len, strlen(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_a_unit),
		cmocka_unit_test(sizes_are_powers_of_two),
		cmocka_unit_test(endpoints_are_addresses_with_ports),
		cmocka_unit_test(a_listener_is_reached_from_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
