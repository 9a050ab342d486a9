/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/hello.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct writer {
	unsigned char *at;
	size_t len;
};

static void put8(struct writer *w, unsigned value)
{
	assert(w->len < HELLO_SIZE);
	w->at[w->len++] = (unsigned char)value;
}

static void put16(struct writer *w, size_t value)
{
	put8(w, (unsigned)(value >> 8) & 0xff);
	put8(w, (unsigned)value & 0xff);
}

static void put_text(struct writer *w, const char *text)
{
	for (; *text; text++)
		put8(w, (unsigned char)*text);
}

/* Bytes that look random and are the same every time. */
static void put_noise(struct writer *w, size_t count)
{
	uint32_t x = 0x9e3779b9;

	for (size_t i = 0; i < count; i++) {
		x = x * 1664525 + 1013904223;
		put8(w, x >> 24);
	}
}

/* An extension, or any block, of a list of 16-bit values behind a length of `width` bytes. */
static void put_list16(struct writer *w, unsigned width, const uint16_t *values, size_t count)
{
	if (width == 2)
		put16(w, count * 2);
	else
		put8(w, (unsigned)(count * 2));
	for (size_t i = 0; i < count; i++)
		put16(w, values[i]);
}

static void put_server_name(struct writer *w, const char *name)
{
	size_t len = strlen(name);

	if (len == 0)
		return;
	put16(w, 0); /* server_name */
	put16(w, len + 5);
	put16(w, len + 3);
	put8(w, 0); /* host_name */
	put16(w, len);
	put_text(w, name);
}

static void put_extensions(struct writer *w, const char *name)
{
	static const uint16_t groups[] = {0x001d, 0x0017, 0x001e, 0x0019, 0x0018};
	static const uint16_t signatures[] = {
		0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501};
	static const uint16_t versions[] = {0x0304, 0x0303};

	put_server_name(w, name);
	put16(w, 0x0017); /* extended_master_secret */
	put16(w, 0);
	put16(w, 0x000a); /* supported_groups */
	put16(w, 2 + sizeof(groups));
	put_list16(w, 2, groups, sizeof(groups) / sizeof(groups[0]));
	put16(w, 0x000d); /* signature_algorithms */
	put16(w, 2 + sizeof(signatures));
	put_list16(w, 2, signatures, sizeof(signatures) / sizeof(signatures[0]));
	put16(w, 0x0010); /* ALPN: h2, http/1.1 */
	put16(w, 14);
	put16(w, 12);
	put8(w, 2);
	put_text(w, "h2");
	put8(w, 8);
	put_text(w, "http/1.1");
	put16(w, 0x002b); /* supported_versions */
	put16(w, 1 + sizeof(versions));
	put_list16(w, 1, versions, sizeof(versions) / sizeof(versions[0]));
	put16(w, 0x002d); /* psk_key_exchange_modes: psk_dhe_ke */
	put16(w, 2);
	put8(w, 1);
	put8(w, 1);
	put16(w, 0x0033); /* key_share: x25519 */
	put16(w, 38);
	put16(w, 36);
	put16(w, 0x001d);
	put16(w, 32);
	put_noise(w, 32);
	put16(w, 0x0015); /* padding, RFC 7685: all the rest */
	put16(w, HELLO_SIZE - w->len - 2);
	while (w->len < HELLO_SIZE)
		put8(w, 0);
}

void hello_write(const char *name, unsigned char ret_bytes[HELLO_SIZE])
{
	static const uint16_t suites[] = {0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0xcca9, 0xcca8,
		0xc02b, 0xc02f, 0xc024, 0xc028, 0xc023, 0xc027, 0x009d, 0x009c, 0x00ff};
	struct writer w = {ret_bytes, 0};

	put8(&w, 22); /* handshake record, of TLS 1.0 for old middleboxes */
	put16(&w, 0x0301);
	put16(&w, HELLO_SIZE - 5);
	put8(&w, 1); /* client_hello */
	put8(&w, 0);
	put16(&w, HELLO_SIZE - 9);
	put16(&w, 0x0303);
	put_noise(&w, 32); /* random */
	put8(&w, 32); /* legacy_session_id */
	put_noise(&w, 32);
	put_list16(&w, 2, suites, sizeof(suites) / sizeof(suites[0]));
	put8(&w, 1); /* no compression */
	put8(&w, 0);
	put16(&w, HELLO_SIZE - w.len - 2);
	put_extensions(&w, name);
}
