/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dns_reply.h"

#include "base/reader.h"

enum { TYPE_CNAME = 5, TYPE_SOA = 6, CLASS_IN = 1 };
enum { FLAG_RESPONSE = 0x8000, FLAG_TRUNCATED = 0x0200, MASK_RCODE = 0x000f };
enum { RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3 };
enum { WIRE_NAME_BYTES = 255 }; /* RFC 1035 §2.3.4 */

/* A name as names are compared: uncompressed labels, lower case, with the root's empty one. */
struct wire_name {
	size_t len;
	uint8_t bytes[WIRE_NAME_BYTES];
};

struct record {
	struct wire_name owner;
	uint16_t type, class;
	uint32_t ttl_s;
	struct reader data;
};

/* The sections of a message; each starts where the reader of the one before it stops. */
struct sections {
	struct slice message;
	struct reader answers;
	uint16_t answer_count, authority_count;
};

static bool label_append(struct wire_name *name, struct slice label)
{
	if (label.len > LIMIT_LABEL_BYTES || name->len + 1 + label.len > WIRE_NAME_BYTES)
		return false;
	name->bytes[name->len++] = (uint8_t)label.len;
	for (size_t i = 0; i < label.len; i++)
		name->bytes[name->len++] = (uint8_t)ascii_lower(label.ptr[i]);
	return true;
}

static bool wire_name_equal(const struct wire_name *a, const struct wire_name *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool wire_name_of_host(struct slice host, struct wire_name *ret_name)
{
	ret_name->len = 0;
	while (host.len > 0) {
		size_t dot = slice_find(host, '.');
		if (dot == 0 || !label_append(ret_name, slice_first(host, dot)))
			return false;
		host = slice_after(host, dot + 1);
	}
	return label_append(ret_name, SLICE(""));
}

/* Reads the name at the front of r, RFC 1035 §4.1.4. A pointer must lead to before the name it
 * stands in and each further one to before the last, so that no message makes this go round. */
static bool wire_name_read(struct slice message, struct reader *r, struct wire_name *ret_name)
{
	struct reader at = *r;
	size_t before = message.len - r->rest.len;
	bool jumped = false;
	uint8_t len;

	ret_name->len = 0;
	do {
		len = reader_u8(&at);
		if ((len & 0xc0) == 0xc0) {
			size_t place = (size_t)(len & 0x3f) << 8 | reader_u8(&at);
			if (!jumped)
				*r = at;
			jumped = true;
			if (!reader_ok(&at) || place >= before)
				return false;
			before = place;
			at = reader_over(slice_after(message, place));
		} else {
			struct slice label = reader_bytes(&at, len);
			if (!reader_ok(&at) || !label_append(ret_name, label))
				return false;
		}
	} while (len != 0);
	if (!jumped)
		*r = at;
	return true;
}

static bool record_read(struct slice message, struct reader *r, struct record *ret_record)
{
	if (!wire_name_read(message, r, &ret_record->owner))
		return false;
	ret_record->type = reader_u16(r);
	ret_record->class = reader_u16(r);
	ret_record->ttl_s = reader_u32(r);
	/* RFC 2181 §8: the top bit set means zero. */
	if (ret_record->ttl_s > INT32_MAX)
		ret_record->ttl_s = 0;
	ret_record->data = reader_vector16(r);
	return reader_ok(r);
}

static void least(uint32_t *ttl_s, uint32_t other_s)
{
	if (other_s < *ttl_s)
		*ttl_s = other_s;
}

static bool address_append(struct dns_reply *reply, enum dns_type type, struct record *record)
{
	struct address a = {.family = type == DNS_A ? 4 : 6};
	struct slice bytes = reader_bytes(&record->data, type == DNS_A ? 4 : 16);

	if (!reader_at_end(&record->data))
		return false;
	if (reply->address_count == LIMIT_ADDRESSES)
		return true;
	memcpy(a.bytes, bytes.ptr, bytes.len);
	reply->addresses[reply->address_count++] = a;
	least(&reply->ttl_s, record->ttl_s);
	return true;
}

/* One byte of a label as text. A dot inside a label must not look like a boundary (RFC 1035 §5.1),
 * and what is no host name must not look like one. Returns the bytes written, at most four. */
static size_t byte_format(uint8_t byte, char *ret_text)
{
	bool plain = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
		     byte == '_';

	if (plain) {
		ret_text[0] = (char)byte;
		return 1;
	}
	ret_text[0] = '\\';
	ret_text[1] = (char)('0' + byte / 100);
	ret_text[2] = (char)('0' + byte / 10 % 10);
	ret_text[3] = (char)('0' + byte % 10);
	return 4;
}

static bool alias_append(struct dns_reply *reply, const struct wire_name *name)
{
	size_t start = reply->alias_len;
	size_t len = start;

	if (reply->alias_count == LIMIT_CNAMES)
		return false;
	for (size_t i = 0; name->bytes[i] != 0; i += 1u + name->bytes[i]) {
		if (i > 0)
			reply->aliases[len++] = '.';
		for (size_t j = 1; j <= name->bytes[i]; j++) {
			/* Room for this byte, a dot and the NUL. */
			if (len + 6 > sizeof(reply->aliases))
				return false;
			len += byte_format(name->bytes[i + j], &reply->aliases[len]);
		}
	}
	if (len >= sizeof(reply->aliases))
		return false;
	reply->aliases[len++] = '\0';
	reply->alias_len = (uint32_t)len;
	reply->alias_count++;
	return true;
}

enum step { STEP_ADDRESSES, STEP_ALIAS, STEP_NOTHING, STEP_BAD };

/* Looks once through the answers for what `owner` has: addresses, else an alias, which becomes
 * *owner. */
static enum step step_from(const struct sections *s, enum dns_type type, struct wire_name *owner,
	struct dns_reply *reply)
{
	struct reader r = s->answers;
	struct record record;
	struct wire_name target;
	uint32_t target_ttl_s = 0;
	bool alias = false;

	for (uint16_t i = 0; i < s->answer_count && i < LIMIT_DNS_RECORDS; i++) {
		if (!record_read(s->message, &r, &record))
			return STEP_BAD;
		if (record.class != CLASS_IN || !wire_name_equal(&record.owner, owner))
			continue;
		if (record.type == (uint16_t)type && !address_append(reply, type, &record))
			return STEP_BAD;
		if (record.type != TYPE_CNAME || alias)
			continue;
		if (!wire_name_read(s->message, &record.data, &target))
			return STEP_BAD;
		target_ttl_s = record.ttl_s;
		alias = true;
	}
	if (reply->address_count > 0)
		return STEP_ADDRESSES;
	if (!alias)
		return STEP_NOTHING;
	*owner = target;
	least(&reply->ttl_s, target_ttl_s);
	return alias_append(reply, owner) ? STEP_ALIAS : STEP_BAD;
}

/* RFC 2308 §5: a negative answer is kept for the lesser of its SOA's TTL and minimum, and not at
 * all without an SOA. False when the sections are malformed. */
static bool negative_ttl(const struct sections *s, uint32_t *ret_ttl_s)
{
	struct reader r = s->answers;
	struct record record;
	struct wire_name name;
	unsigned count = (unsigned)s->answer_count + s->authority_count;

	*ret_ttl_s = 0;
	for (unsigned i = 0; i < count && i < LIMIT_DNS_RECORDS; i++) {
		if (!record_read(s->message, &r, &record))
			return false;
		if (i < s->answer_count || record.type != TYPE_SOA || record.class != CLASS_IN)
			continue;
		for (int names = 0; names < 2; names++)
			if (!wire_name_read(s->message, &record.data, &name))
				return false;
		reader_bytes(&record.data, 16); /* serial, refresh, retry, expire */
		*ret_ttl_s = reader_u32(&record.data);
		least(ret_ttl_s, record.ttl_s);
		return reader_at_end(&record.data);
	}
	return true;
}

static enum dns_status negative(
	const struct sections *s, enum dns_status status, struct dns_reply *reply)
{
	return negative_ttl(s, &reply->ttl_s) ? status : DNS_FAULT;
}

static enum dns_status follow(
	const struct sections *s, struct slice host, enum dns_type type, struct dns_reply *reply)
{
	struct wire_name owner;
	enum step step;

	if (!wire_name_of_host(host, &owner))
		return DNS_FAULT;
	reply->ttl_s = UINT32_MAX;
	do {
		step = step_from(s, type, &owner, reply);
	} while (step == STEP_ALIAS); /* at most LIMIT_CNAMES times: a loop is cut there */
	if (step == STEP_BAD)
		return DNS_FAULT;
	return step == STEP_ADDRESSES ? DNS_FOUND : negative(s, DNS_NO_DATA, reply);
}

static enum dns_status parse(
	struct slice message, struct slice host, enum dns_type type, struct dns_reply *reply)
{
	struct sections s = {.message = message, .answers = reader_over(message)};
	struct wire_name name;

	reader_u16(&s.answers); /* id: the channel matched it */
	uint16_t flags = reader_u16(&s.answers);
	uint16_t question_count = reader_u16(&s.answers);
	s.answer_count = reader_u16(&s.answers);
	s.authority_count = reader_u16(&s.answers);
	reader_u16(&s.answers); /* additional records: none of our business */
	if (!reader_ok(&s.answers) || !(flags & FLAG_RESPONSE) || (flags & FLAG_TRUNCATED))
		return DNS_FAULT;
	if (question_count != 1 || !wire_name_read(message, &s.answers, &name))
		return DNS_FAULT;
	reader_u32(&s.answers); /* type and class, matched too */
	if (!reader_ok(&s.answers))
		return DNS_FAULT;
	if ((flags & MASK_RCODE) == RCODE_NXDOMAIN)
		return negative(&s, DNS_NO_NAME, reply);
	if ((flags & MASK_RCODE) != RCODE_NOERROR)
		return DNS_FAULT;
	return follow(&s, host, type, reply);
}

void dns_reply_parse(
	struct slice message, struct slice host, enum dns_type type, struct dns_reply *ret_reply)
{
	ret_reply->address_count = 0;
	ret_reply->alias_count = 0;
	ret_reply->alias_len = 0;
	ret_reply->ttl_s = 0;
	ret_reply->status = parse(message, host, type, ret_reply);
	if (ret_reply->status == DNS_FOUND)
		return;
	ret_reply->address_count = 0;
	ret_reply->alias_count = 0;
	ret_reply->alias_len = 0;
	if (ret_reply->status == DNS_FAULT)
		ret_reply->ttl_s = 0;
}
