/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/resource.h"

#include "base/escape.h"
#include "base/log.h"

#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

enum { OWN_ATTRIBUTES = 4, EXTRA_ATTRIBUTES = 32, TEXT_BYTES = 6 * 1024 };

/* Attributes with the memory for their text. */
struct resource {
	size_t count;
	struct otlp_attribute attributes[OWN_ATTRIBUTES + EXTRA_ATTRIBUTES];
	size_t text_len;
	char text[TEXT_BYTES];
};

static int hex_value(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes into `to`, as long as `text`. False for a percent sign without two digits. */
static bool percent_decode(struct slice text, char *to, size_t *ret_len)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '%') {
			int high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		to[len++] = c;
	}
	*ret_len = len;
	return true;
}

static struct slice trimmed(struct slice s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = slice_after(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static struct slice keep(struct resource *r, struct slice text)
{
	const char *start = r->text + r->text_len;
	size_t len = escape_text(text, r->text + r->text_len, sizeof(r->text) - r->text_len);

	r->text_len += len;
	return slice_from(start, len);
}

static bool add_pair(struct resource *r, struct slice pair)
{
	const char *equals = pair.len > 0 ? memchr(pair.ptr, '=', pair.len) : NULL;
	char decoded[1024];
	size_t len;

	if (!equals || pair.len > sizeof(decoded) || r->count == OWN_ATTRIBUTES + EXTRA_ATTRIBUTES)
		return false;
	struct slice key = trimmed(slice_first(pair, (size_t)(equals - pair.ptr)));
	struct slice value = trimmed(slice_after(pair, (size_t)(equals - pair.ptr) + 1));
	/* Everything may be escaped to four bytes. */
	if (key.len == 0 || 4 * pair.len + 16 > sizeof(r->text) - r->text_len ||
		!percent_decode(value, decoded, &len))
		return false;
	r->attributes[r->count].key = keep(r, key);
	r->attributes[r->count].value = keep(r, slice_from(decoded, len));
	r->count++;
	return true;
}

static bool add_extra(struct resource *r, struct slice extra)
{
	while (extra.len > 0) {
		const char *comma = memchr(extra.ptr, ',', extra.len);
		size_t len = comma ? (size_t)(comma - extra.ptr) : extra.len;
		struct slice pair = trimmed(slice_first(extra, len));
		if (pair.len > 0 && !add_pair(r, pair))
			return false;
		extra = slice_after(extra, len + 1);
	}
	return true;
}

static void set(struct resource *r, struct slice key, struct slice value)
{
	for (size_t i = 0; i < r->count; i++)
		if (slice_equal(r->attributes[i].key, key)) {
			r->attributes[i].value = value;
			return;
		}
	r->attributes[r->count++] = (struct otlp_attribute){key, value};
}

static bool has(const struct resource *r, struct slice key)
{
	for (size_t i = 0; i < r->count; i++)
		if (slice_equal(r->attributes[i].key, key))
			return true;
	return false;
}

/* A random UUID, RFC 9562 §5.4. */
static void make_uuid(char ret_text[37])
{
	uint8_t b[16] = {0};

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		memcpy(b, &(pid_t){getpid()}, sizeof(pid_t));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(ret_text, 37,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

bool resource_init(struct otlp_origin *o, const char *name, const char *version, const char *extra)
{
	struct resource r = {0};
	char uuid[37], host[256] = "";

	if (extra && !add_extra(&r, slice_of(extra))) {
		log_warning("OTEL_RESOURCE_ATTRIBUTES is malformed and left out");
		r.count = 0;
	}
	/* OTEL_SERVICE_NAME wins over the variable, our default does not. */
	if (strcmp(name, "sallyport") != 0 || !has(&r, SLICE("service.name")))
		set(&r, SLICE("service.name"), slice_of(name));
	set(&r, SLICE("service.version"), slice_of(version));
	make_uuid(uuid);
	if (!has(&r, SLICE("service.instance.id")))
		set(&r, SLICE("service.instance.id"), slice_of(uuid));
	if (!has(&r, SLICE("host.name")) && gethostname(host, sizeof(host) - 1) == 0)
		set(&r, SLICE("host.name"), slice_of(host));
	return otlp_origin_init(o, r.attributes, r.count);
}
