/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/otlp.h"

#include "logs.pb-c.h"

#include <assert.h>

static ProtobufCBinaryData binary(struct slice s)
{
	/* protobuf-c reads through it only. */
	return (ProtobufCBinaryData){s.len, (uint8_t *)(uintptr_t)s.ptr};
}

static ProtobufCBinaryData binary_of(const uint8_t *bytes, size_t len)
{
	return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
}

/* The wire format's own numbers: 7 bits a byte, least first. Returns the bytes written. */
static size_t put_varint(uint64_t value, char *to)
{
	size_t len = 0;

	for (; value >= 0x80; value >>= 7)
		to[len++] = (char)(value | 0x80);
	to[len++] = (char)value;
	return len;
}

static size_t varint_len(uint64_t value)
{
	char unused[10];

	return put_varint(value, unused);
}

/* Field number and "length-delimited". */
static char tag(unsigned field)
{
	return (char)(field << 3 | 2);
}

/* ---- records ------------------------------------------------------------------------------ */

static void set_text(Otlp__AnyValue *value, struct slice text)
{
	value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	value->string_value = binary(text);
}

static void set_value(Otlp__AnyValue *value, const struct view_attribute *a)
{
	switch (a->kind) {
	case VIEW_TEXT:
		set_text(value, a->value.text);
		break;
	case VIEW_INTEGER:
		value->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
		value->int_value = a->value.integer;
		break;
	case VIEW_REAL:
		value->value_case = OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE;
		value->double_value = a->value.real;
		break;
	case VIEW_BOOLEAN:
		value->value_case = OTLP__ANY_VALUE__VALUE_BOOL_VALUE;
		value->bool_value = a->value.boolean;
		break;
	}
}

static bool has_trace(const struct event *e)
{
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof(e->trace_id); i++)
		any |= e->trace_id[i];
	return any != 0;
}

static void set_record(Otlp__LogRecord *r, const struct event *e, const struct view *v)
{
	r->time_unix_nano = e->time_ns;
	r->severity_number = v->severity;
	r->severity_text = binary(v->severity_text);
	r->event_name = binary(v->name);
	if (has_trace(e)) {
		r->trace_id = binary_of(e->trace_id, sizeof(e->trace_id));
		r->span_id = binary_of(e->span_id, sizeof(e->span_id));
		r->flags = e->trace_flags;
	}
}

size_t otlp_encode_record(
	const struct event *e, const struct view *v, uint64_t observed_ns, char *to)
{
	Otlp__AnyValue values[VIEW_ATTRIBUTES];
	Otlp__KeyValue pairs[VIEW_ATTRIBUTES];
	Otlp__KeyValue *list[VIEW_ATTRIBUTES];
	Otlp__AnyValue body;
	Otlp__LogRecord record = OTLP__LOG_RECORD__INIT;
	/* A record of up to 2 MiB has at most three bytes of length. */
	enum { LENGTH_BYTES = 3 };

	for (size_t i = 0; i < v->attribute_count; i++) {
		otlp__any_value__init(&values[i]);
		otlp__key_value__init(&pairs[i]);
		set_value(&values[i], &v->attributes[i]);
		pairs[i].key = binary(view_key_name(v->attributes[i].key));
		pairs[i].value = &values[i];
		list[i] = &pairs[i];
	}
	otlp__any_value__init(&body);
	set_text(&body, v->body);
	set_record(&record, e, v);
	record.observed_time_unix_nano = observed_ns;
	record.body = &body;
	record.n_attributes = v->attribute_count;
	record.attributes = list;

	size_t len = otlp__log_record__pack(&record, (uint8_t *)to + 1 + LENGTH_BYTES);
	assert(len < OTLP_RECORD_BYTES - 1 - LENGTH_BYTES);
	to[0] = tag(2); /* ScopeLogs.log_records */
	size_t head = 1 + put_varint(len, to + 1);
	memmove(to + head, to + 1 + LENGTH_BYTES, len);
	return head + len;
}

/* ---- requests ----------------------------------------------------------------------------- */

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

/* A tagged length, and the bytes if there are any yet. */
static char *put_field(unsigned field, size_t len, const char *bytes, char *to)
{
	*to++ = tag(field);
	to += put_varint(len, to);
	if (bytes) {
		memcpy(to, bytes, len);
		to += len;
	}
	return to;
}

char *otlp_encode_head(const struct otlp_origin *o, size_t records_len, char *end)
{
	/* ExportLogsServiceRequest { 1: ResourceLogs { 1: Resource, 2: ScopeLogs { 1: scope,
	 * 2: LogRecord… } } }, lengths from the inside out. */
	size_t resource_len = 1 + varint_len(o->resource_len) + o->resource_len;
	size_t scope_len = 1 + varint_len(o->scope_len) + o->scope_len;
	size_t scope_logs_len = scope_len + records_len;
	size_t scope_logs_head = 1 + varint_len(scope_logs_len);
	size_t resource_logs_len = resource_len + scope_logs_head + scope_logs_len;
	size_t head =
		1 + varint_len(resource_logs_len) + resource_len + scope_logs_head + scope_len;
	char *to = end - head;

	assert(head <= OTLP_HEAD_BYTES);
	to = put_field(1, resource_logs_len, NULL, to);
	to = put_field(1, o->resource_len, o->resource, to);
	to = put_field(2, scope_logs_len, NULL, to);
	to = put_field(1, o->scope_len, o->scope, to);
	assert(to == end);
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
