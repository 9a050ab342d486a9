/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/hello.h"

#include "base/reader.h"

enum {
	RECORD_HEADER_BYTES = 5,
	RECORD_BYTES_MAX = 1 << 14, /* RFC 8446 §5.1 */
	RECORD_HANDSHAKE = 22,
	MESSAGE_HEADER_BYTES = 4,
	MESSAGE_CLIENT_HELLO = 1,
	VERSION_MAJOR = 3, /* of every TLS version on the wire */
	RANDOM_BYTES = 32,
	SESSION_ID_BYTES_MAX = 32,
	NAME_TYPE_HOST_NAME = 0,
	HELLO_BYTES_MAX = LIMIT_HELLO_BYTES,
};

enum extension_type {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_ALPN = 16,
	EXTENSION_ECH = 0xfe0d,
};

/* So that the top byte of a length is zero or tells at once that it is too large. */
_Static_assert(LIMIT_HELLO_BYTES < 1 << 16, "a ClientHello's length must fit two bytes");

/* How far the records carry one handshake message. */
struct assembly {
	char *scratch; /* NULL: only measure */
	size_t offset; /* of the first byte not yet looked at */
	size_t needs; /* bytes from the start that can change the answer, while it is MORE */
	size_t records;
	uint8_t header[MESSAGE_HEADER_BYTES];
	size_t header_len; /* bytes of it seen */
	size_t body_len; /* bytes of the ClientHello seen */
	size_t body_size; /* as declared; known when the header is whole */
	struct slice body; /* where the bytes seen are: in the input, later in the scratch */
	enum reason bad;
};

static enum hello_result refuse(struct assembly *a, enum reason bad)
{
	a->bad = bad;
	return HELLO_BAD;
}

/* The bytes that are there of one record header, judged one by one, so that another protocol is
 * known by its first byte. */
static enum hello_result judge_record_header(struct assembly *a, struct slice header)
{
	enum reason foreign = a->records == 0 ? REASON_NOT_TLS : REASON_HELLO_MALFORMED;
	const uint8_t *h = (const uint8_t *)header.ptr;

	if (header.len > 0 && h[0] != RECORD_HANDSHAKE)
		return refuse(a, foreign);
	if (header.len > 1 && h[1] != VERSION_MAJOR)
		return refuse(a, foreign);
	if (header.len < RECORD_HEADER_BYTES) {
		a->needs = a->offset + header.len + 1;
		return HELLO_MORE;
	}
	size_t len = (size_t)h[3] << 8 | h[4];
	/* RFC 8446 §5.1: no zero-length fragments of handshake types, none above 2^14. */
	if (len == 0 || len > RECORD_BYTES_MAX || a->records == LIMIT_HELLO_RECORDS)
		return refuse(a, REASON_HELLO_MALFORMED);
	a->records++;
	a->offset += RECORD_HEADER_BYTES;
	return HELLO_OK;
}

/* Type and length of the message, from the front of `fragment`; it may be cut anywhere. */
static enum hello_result take_message_header(struct assembly *a, struct slice *fragment)
{
	while (a->header_len < MESSAGE_HEADER_BYTES && fragment->len > 0) {
		a->header[a->header_len++] = (uint8_t)fragment->ptr[0];
		*fragment = slice_after(*fragment, 1);
	}
	if (a->header_len > 0 && a->header[0] != MESSAGE_CLIENT_HELLO)
		return refuse(a, REASON_HELLO_MALFORMED);
	if (a->header_len > 1 && a->header[1] != 0)
		return refuse(a, REASON_HELLO_TOO_LARGE);
	if (a->header_len < MESSAGE_HEADER_BYTES)
		return HELLO_MORE;
	a->body_size = (size_t)a->header[2] << 8 | a->header[3];
	if (a->body_size > HELLO_BYTES_MAX)
		return refuse(a, REASON_HELLO_TOO_LARGE);
	return HELLO_OK;
}

/* Adds to the body; the first fragment is borrowed, with a second one all move to the scratch. */
static void take_body(struct assembly *a, struct slice fragment)
{
	if (fragment.len == 0)
		return;
	if (a->body_len == 0) {
		a->body = fragment;
	} else if (a->scratch) {
		if (a->body.ptr != a->scratch)
			memcpy(a->scratch, a->body.ptr, a->body_len);
		memcpy(a->scratch + a->body_len, fragment.ptr, fragment.len);
		a->body = slice_from(a->scratch, a->body_len + fragment.len);
	}
	a->body_len += fragment.len;
}

/* One record. OK: the message is whole. MORE with offset moved: the next record goes on. */
static enum hello_result take_record(struct assembly *a, struct slice bytes)
{
	struct slice rest = slice_after(bytes, a->offset);
	enum hello_result result = judge_record_header(a, slice_first(rest, RECORD_HEADER_BYTES));
	if (result != HELLO_OK)
		return result;

	size_t record_len = (size_t)(uint8_t)rest.ptr[3] << 8 | (uint8_t)rest.ptr[4];
	struct slice fragment = slice_first(slice_after(bytes, a->offset), record_len);
	size_t record_end = a->offset + record_len;

	a->offset += fragment.len;
	result = take_message_header(a, &fragment);
	if (result == HELLO_BAD)
		return result;
	a->needs = a->offset + 1;
	if (result == HELLO_MORE)
		return result;
	/* What this record holds or will hold: another message behind the hello is not ours to pass,
	 * RFC 8446 §4.1.2 lets the client say nothing more before it is answered. */
	size_t missing = a->body_size - a->body_len;
	size_t carried = fragment.len + (record_end - a->offset);
	if (carried > missing)
		return refuse(a, REASON_HELLO_MALFORMED);
	take_body(a, fragment);
	/* Bytes of the body show nothing before the last one, or before the next record's header. */
	a->needs = carried == missing ? record_end : record_end + 1;
	return a->body_len == a->body_size ? HELLO_OK : HELLO_MORE;
}

static enum hello_result assemble(struct assembly *a, struct slice bytes)
{
	enum hello_result result;
	size_t before;

	do {
		before = a->offset;
		result = take_record(a, bytes);
	} while (result == HELLO_MORE && a->offset > before && a->offset < bytes.len);
	return result;
}

/* RFC 6066 §3: a list of names, of which one type exists, so that exactly one is right. */
static bool parse_server_name(struct reader body, struct hello *h)
{
	struct reader list = reader_vector16(&body);
	uint8_t type = reader_u8(&list);
	struct reader name = reader_vector16(&list);

	if (!reader_at_end(&body) || !reader_at_end(&list) || type != NAME_TYPE_HOST_NAME)
		return false;
	if (name.rest.len == 0)
		return false;
	for (size_t i = 0; i < name.rest.len; i++) {
		uint8_t c = (uint8_t)name.rest.ptr[i];
		if (c < 0x20 || c == 0x7f)
			return false;
	}
	h->has_sni = true;
	h->sni = name.rest;
	return true;
}

/* RFC 7301 §3.1: a list of at least one name, none of them empty. */
static bool parse_alpn(struct reader body, struct hello *h)
{
	struct reader list = reader_vector16(&body);

	if (!reader_at_end(&body) || list.rest.len == 0)
		return false;
	h->alpn = list.rest;
	while (list.rest.len > 0)
		if (reader_vector8(&list).rest.len == 0)
			return false;
	return reader_ok(&list);
}

static bool parse_extension(uint16_t type, struct reader body, struct hello *h)
{
	switch (type) {
	case EXTENSION_SERVER_NAME:
		return parse_server_name(body, h);
	case EXTENSION_ALPN:
		return parse_alpn(body, h);
	case EXTENSION_ECH:
		h->has_ech = true;
		return true;
	default:
		return true;
	}
}

/* RFC 8446 §4.2: no two extensions of one type. One bit for each type there can be. */
static bool parse_extensions(struct reader list, struct hello *h)
{
	uint64_t seen[(UINT16_MAX + 1) / 64] = {0};

	while (list.rest.len > 0) {
		uint16_t type = reader_u16(&list);
		struct reader body = reader_vector16(&list);
		uint64_t bit = UINT64_C(1) << type % 64;
		if (!reader_ok(&list) || (seen[type / 64] & bit))
			return false;
		seen[type / 64] |= bit;
		if (!parse_extension(type, body, h))
			return false;
	}
	return true;
}

/* RFC 8446 §4.1.2; RFC 5246 §7.4.1.2 lets the extensions be absent. */
static bool parse_body(struct slice bytes, struct hello *h)
{
	struct reader r = reader_over(bytes);
	uint8_t major = reader_u8(&r);

	reader_u8(&r);
	reader_bytes(&r, RANDOM_BYTES);
	struct reader session_id = reader_vector8(&r);
	struct reader suites = reader_vector16(&r);
	struct reader compressions = reader_vector8(&r);

	if (!reader_ok(&r) || major != VERSION_MAJOR || session_id.rest.len > SESSION_ID_BYTES_MAX)
		return false;
	if (suites.rest.len == 0 || suites.rest.len % 2 != 0 || compressions.rest.len == 0)
		return false;
	if (reader_at_end(&r))
		return true;
	struct reader extensions = reader_vector16(&r);
	return reader_at_end(&r) && parse_extensions(extensions, h);
}

enum hello_result hello_parse(struct slice bytes, char scratch[LIMIT_HELLO_BYTES],
	struct hello *ret_hello, enum reason *ret_bad)
{
	struct assembly a = {.scratch = scratch};
	struct hello hello = {0};
	enum hello_result result = assemble(&a, bytes);

	if (result == HELLO_OK && !parse_body(a.body, &hello))
		result = refuse(&a, REASON_HELLO_MALFORMED);
	if (result == HELLO_OK)
		*ret_hello = hello;
	if (result == HELLO_BAD)
		*ret_bad = a.bad;
	return result;
}

size_t hello_needs(struct slice bytes)
{
	struct assembly a = {.scratch = NULL};

	return assemble(&a, bytes) == HELLO_MORE ? a.needs : bytes.len + 1;
}
