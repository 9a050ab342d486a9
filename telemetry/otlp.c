/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/otlp.h"

#include "logs.pb-c.h"

#include <assert.h>
#include <endian.h>

/* ---- the wire format ---------------------------------------------------------------------- */

/* Protobuf encoding, message structure: what a field's bytes are. */
enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* A field's tag in one byte: logs.proto has no field above 15. */
static inline void put_tag(struct pen *p, unsigned field, enum wire wire)
{
	*p->at++ = (char)(field << 3 | wire);
}

/* 7 bits a byte, least first. */
static inline void put_varint(struct pen *p, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*p->at++ = (char)(value | 0x80);
	*p->at++ = (char)value;
}

/* Bytes of a varint: one for each 7 bits begun. */
static inline size_t varint_len(uint64_t value)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);

	return (bits * 9 + 64) / 64;
}

/* Bytes of a field of `len` bytes with its tag and length. */
static inline size_t field_len(size_t len)
{
	return 1 + varint_len(len) + len;
}

/* Tag and length of a field of which `len` bytes follow. */
static inline void put_head(struct pen *p, unsigned field, size_t len)
{
	put_tag(p, field, WIRE_BYTES);
	put_varint(p, len);
}

static inline void put_bytes(struct pen *p, unsigned field, struct slice bytes)
{
	put_head(p, field, bytes.len);
	pen_put(p, bytes);
}

/* Fixed numbers are little-endian. Inline: eight stores become one. */
static inline void put_fixed64(struct pen *p, unsigned field, uint64_t value)
{
	put_tag(p, field, WIRE_FIXED64);
	value = htole64(value);
	memcpy(p->at, &value, sizeof(value));
	p->at += sizeof(value);
}

static inline void put_fixed32(struct pen *p, unsigned field, uint32_t value)
{
	put_tag(p, field, WIRE_FIXED32);
	value = htole32(value);
	memcpy(p->at, &value, sizeof(value));
	p->at += sizeof(value);
}

/* ---- records ------------------------------------------------------------------------------ */

/* Bytes of an AnyValue. */
static size_t value_len(const struct view_attribute *a)
{
	switch (a->kind) {
	case VIEW_TEXT:
		return field_len(a->value.text.len);
	case VIEW_INTEGER:
		return 1 + varint_len((uint64_t)a->value.integer);
	case VIEW_REAL:
		return 1 + sizeof(a->value.real);
	case VIEW_BOOLEAN:
		break;
	}
	return 2;
}

/* AnyValue is a oneof: empty text and zero are written. */
static void put_value(struct pen *p, const struct view_attribute *a)
{
	uint64_t bits;

	switch (a->kind) {
	case VIEW_TEXT:
		put_bytes(p, 1, a->value.text);
		break;
	case VIEW_BOOLEAN:
		put_tag(p, 2, WIRE_VARINT);
		put_varint(p, a->value.boolean);
		break;
	case VIEW_INTEGER:
		put_tag(p, 3, WIRE_VARINT);
		put_varint(p, (uint64_t)a->value.integer);
		break;
	case VIEW_REAL:
		memcpy(&bits, &a->value.real, sizeof(bits));
		put_fixed64(p, 4, bits);
		break;
	}
}

/* LogRecord.attributes: KeyValue { 1: key, 2: AnyValue }. */
static void put_attribute(struct pen *p, const struct view_attribute *a)
{
	size_t key_len = offsetof(struct view_key, name) + (size_t)a->key->len;
	size_t len = value_len(a);

	pen_room(p, sizeof(*a->key) + len + 16);
	put_head(p, 6, key_len + field_len(len));
	/* All of it, whose length the compiler knows; what stands behind the name is written over. */
	memcpy(p->at, a->key, sizeof(*a->key));
	p->at += key_len;
	put_head(p, 2, len);
	put_value(p, a);
}

static bool has_trace(const struct event *e)
{
	uint64_t words[2];

	static_assert(sizeof(words) == sizeof(e->trace_id), "two words");
	memcpy(words, e->trace_id, sizeof(words));
	return (words[0] | words[1]) != 0;
}

/* A LogRecord's fields in the order of their numbers; a number that is zero is left out. */
static void put_record(
	struct pen *p, const struct event *e, const struct view *v, uint64_t observed_ns)
{
	pen_room(p, v->body.len + 64);
	if (e->time_ns != 0)
		put_fixed64(p, 1, e->time_ns);
	put_tag(p, 2, WIRE_VARINT);
	put_varint(p, v->severity);
	put_bytes(p, 3, v->severity_text);
	put_head(p, 5, field_len(v->body.len));
	put_bytes(p, 1, v->body);
	for (size_t i = 0; i < v->attribute_count; i++)
		put_attribute(p, &v->attributes[i]);
	pen_room(p, v->name.len + 64);
	if (has_trace(e)) {
		if (e->trace_flags != 0)
			put_fixed32(p, 8, e->trace_flags);
		put_bytes(p, 9, slice_from((const char *)e->trace_id, sizeof(e->trace_id)));
		put_bytes(p, 10, slice_from((const char *)e->span_id, sizeof(e->span_id)));
	}
	if (observed_ns != 0)
		put_fixed64(p, 11, observed_ns);
	put_bytes(p, 12, v->name);
}

size_t otlp_encode_record(
	const struct event *e, const struct view *v, uint64_t observed_ns, char *to)
{
	/* Room for the length of nearly every record; one of another length is moved. */
	enum { LENGTH_BYTES = 2, HEAD_BYTES = 1 + LENGTH_BYTES };
	struct pen head = {to, to + OTLP_RECORD_BYTES};
	struct pen p = {to + HEAD_BYTES, to + OTLP_RECORD_BYTES - sizeof(uint64_t)};

	put_record(&p, e, v, observed_ns);
	size_t len = (size_t)(p.at - to) - HEAD_BYTES;
	size_t shift = varint_len(len);
	if (shift != LENGTH_BYTES)
		memmove(to + 1 + shift, to + HEAD_BYTES, len);
	put_head(&head, 2, len); /* ScopeLogs.log_records */
	return 1 + shift + len;
}

/* ---- requests ----------------------------------------------------------------------------- */

static ProtobufCBinaryData binary(struct slice s)
{
	/* protobuf-c reads through it only. */
	return (ProtobufCBinaryData){s.len, (uint8_t *)(uintptr_t)s.ptr};
}

static void set_text(Otlp__AnyValue *value, struct slice text)
{
	value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	value->string_value = binary(text);
}

bool otlp_origin_init(struct otlp_origin *o, const struct otlp_attribute *attributes, size_t count)
{
	enum { MOST = 64 };
	Otlp__AnyValue values[MOST];
	Otlp__KeyValue pairs[MOST];
	Otlp__KeyValue *list[MOST];
	Otlp__Resource resource = OTLP__RESOURCE__INIT;
	Otlp__InstrumentationScope scope = OTLP__INSTRUMENTATION_SCOPE__INIT;

	if (count > MOST)
		return false;
	for (size_t i = 0; i < count; i++) {
		otlp__any_value__init(&values[i]);
		otlp__key_value__init(&pairs[i]);
		set_text(&values[i], attributes[i].value);
		pairs[i].key = binary(attributes[i].key);
		pairs[i].value = &values[i];
		list[i] = &pairs[i];
	}
	resource.n_attributes = count;
	resource.attributes = list;
	scope.name = binary(SLICE("sallyport"));
	scope.version = binary(slice_of(SALLYPORT_VERSION));
	if (otlp__resource__get_packed_size(&resource) > sizeof(o->resource) ||
		otlp__instrumentation_scope__get_packed_size(&scope) > sizeof(o->scope))
		return false;
	o->resource_len = otlp__resource__pack(&resource, (uint8_t *)o->resource);
	o->scope_len = otlp__instrumentation_scope__pack(&scope, (uint8_t *)o->scope);
	return true;
}

char *otlp_encode_head(const struct otlp_origin *o, size_t records_len, char *end)
{
	/* ExportLogsServiceRequest { 1: ResourceLogs { 1: Resource, 2: ScopeLogs { 1: scope,
	 * 2: LogRecord… } } }, lengths from the inside out. */
	size_t scope_logs_len = field_len(o->scope_len) + records_len;
	size_t resource_logs_len = field_len(o->resource_len) + field_len(scope_logs_len);
	size_t head = field_len(resource_logs_len) - records_len;
	struct pen p = {end - head, end};

	assert(head <= OTLP_HEAD_BYTES);
	put_head(&p, 1, resource_logs_len);
	put_bytes(&p, 1, slice_from(o->resource, o->resource_len));
	put_head(&p, 2, scope_logs_len);
	put_bytes(&p, 1, slice_from(o->scope, o->scope_len));
	assert(p.at == end);
	return end - head;
}

uint64_t otlp_rejected(struct slice response)
{
	Otlp__ExportLogsServiceResponse *r;
	int64_t rejected = 0;

	if (response.len == 0)
		return 0;
	r = otlp__export_logs_service_response__unpack(
		NULL, response.len, (const uint8_t *)response.ptr);
	if (!r)
		return 0;
	if (r->partial_success)
		rejected = r->partial_success->rejected_log_records;
	otlp__export_logs_service_response__free_unpacked(r, NULL);
	return rejected > 0 ? (uint64_t)rejected : 0;
}
