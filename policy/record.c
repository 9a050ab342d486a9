/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/record.h"

#include <assert.h>

size_t record_bound(const struct record_meta *meta)
{
	/* Header, ports, hole, bits and network, attached, own host, text and NUL. */
	return sizeof(struct record) + 4 + 1 + 17 + 2 + PATTERN_HOST_SIZE + meta->text.len + 1;
}

static char *put(char *at, const void *bytes, size_t len)
{
	/* Nothing may come from nowhere: an empty slice has no bytes to point at. */
	if (len > 0)
		memcpy(at, bytes, len);
	return at + len;
}

static uint8_t flags_of(const struct pattern *p, const struct record_meta *meta)
{
	unsigned flags = 0;

	if (p->has_ports)
		flags |= RECORD_PORTS;
	if (p->kind == PATTERN_HOLE)
		flags |= RECORD_HOLE;
	if (p->kind == PATTERN_RANGE)
		flags |= p->network.family == 4 ? RECORD_V4 : RECORD_V6;
	if (meta->attached > 0)
		flags |= RECORD_ATTACHED;
	if (!slice_starts(meta->text, slice_from(p->host, p->host_len)))
		flags |= RECORD_OWN_HOST;
	return (uint8_t)flags;
}

size_t record_write(char *at, const struct pattern *p, const struct record_meta *meta)
{
	struct record *r = (struct record *)(void *)at;
	char *end = r->rest;

	*r = (struct record){
		.line = meta->line,
		.file = meta->file,
		.kind = (unsigned)p->kind & 0xfu,
		.list = (unsigned)meta->list & 1u,
		.protocol = (unsigned)meta->protocol & 3u,
		.flags = flags_of(p, meta),
		.base_start = (uint8_t)p->base_start,
		.base_len = (uint8_t)(p->host_len - p->base_start),
	};
	if (record_has(r, RECORD_PORTS)) {
		end = put(end, &p->port_first, 2);
		end = put(end, &p->port_last, 2);
	}
	if (record_has(r, RECORD_HOLE))
		end = put(end, &p->hole_at, 1);
	if (record_has(r, RECORD_V4) || record_has(r, RECORD_V6)) {
		end = put(end, &p->prefix_bits, 1);
		end = put(end, p->network.bytes, record_has(r, RECORD_V4) ? 4 : 16);
	}
	if (record_has(r, RECORD_ATTACHED))
		end = put(end, &meta->attached, 2);
	if (record_has(r, RECORD_OWN_HOST))
		end = put(end, p->host, (size_t)p->host_len + 1);
	end = put(end, meta->text.ptr, meta->text.len);
	*end++ = '\0';
	return (size_t)(end - at);
}

size_t record_size(const struct record *r)
{
	const char *text = record_text(r);

	return (size_t)(text + strlen(text) + 1 - (const char *)r);
}

/* Offsets in rest of the optional parts. */
static const char *part_hole(const struct record *r)
{
	return r->rest + (record_has(r, RECORD_PORTS) ? 4 : 0);
}

void record_hole(const struct record *r, struct slice *ret_prefix, struct slice *ret_suffix)
{
	const char *host = record_host(r);
	size_t hole = (uint8_t)*part_hole(r);
	/* The label ends before the dot of the base, which a hole at the root has not. */
	size_t label = r->base_len > 0 ? r->base_start - 1u : r->base_start;

	*ret_prefix = slice_from(host, hole);
	*ret_suffix = slice_from(host + hole + 1, label - hole - 1);
}

struct address record_network(const struct record *r, unsigned *ret_bits)
{
	const char *part = part_hole(r);
	struct address network = {.family = record_has(r, RECORD_V4) ? 4 : 6};

	assert(r->kind == PATTERN_RANGE);
	*ret_bits = (uint8_t)part[0];
	memcpy(network.bytes, part + 1, network.family == 4 ? 4 : 16);
	return network;
}

uint16_t record_attached(const struct record *r)
{
	uint16_t count = 0;

	if (record_has(r, RECORD_ATTACHED))
		memcpy(&count, record_host(r) - 2, 2);
	return count;
}

bool record_covers_port(const struct record *r, uint16_t port, uint32_t *ret_span)
{
	uint16_t first = 1, last = UINT16_MAX;

	if (!record_has(r, RECORD_PORTS) && r->list == LIST_ALLOW) {
		*ret_span = 2;
		return port == 80 || port == 443;
	}
	if (record_has(r, RECORD_PORTS)) {
		memcpy(&first, r->rest, 2);
		memcpy(&last, r->rest + 2, 2);
	}
	*ret_span = (uint32_t)(last - first) + 1;
	return port >= first && port <= last;
}

static bool hole_matches(const struct record *r, struct slice label)
{
	struct slice prefix, suffix;

	record_hole(r, &prefix, &suffix);
	return label.len >= prefix.len + suffix.len && slice_starts(label, prefix) &&
	       slice_ends(label, suffix);
}

bool record_matches_name(const struct record *r, struct slice host)
{
	struct slice base = record_base(r);

	if (r->kind == PATTERN_RANGE)
		return false;
	if (r->kind == PATTERN_ANY)
		return true;
	if (!slice_ends(host, base))
		return false;
	if (host.len == base.len)
		return r->kind == PATTERN_NAME || r->kind == PATTERN_FROM;
	size_t front = host.len - base.len;
	if (base.len > 0 && host.ptr[front - 1] != '.')
		return false;
	if (r->kind != PATTERN_HOLE)
		return r->kind != PATTERN_NAME;
	struct slice label = slice_first(host, base.len > 0 ? front - 1 : front);
	return slice_find(label, '.') == label.len && hole_matches(r, label);
}

bool record_matches_address(const struct record *r, const struct address *a)
{
	unsigned bits;

	if (r->kind != PATTERN_RANGE)
		return false;
	struct address network = record_network(r, &bits);
	return address_in_prefix(a, &network, bits);
}
