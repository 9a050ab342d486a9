/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/cover.h"

#include "policy/special.h"

#include <assert.h>

struct cover cover_of(const struct pattern *p, bool allow)
{
	struct cover c = {.kind = p->kind,
		.base_start = p->base_start,
		.hole_at = p->hole_at,
		.prefix_bits = p->prefix_bits,
		.network = p->network,
		.host = slice_from(p->host, p->host_len)};

	if (p->has_ports) {
		c.port_first = p->port_first;
		c.port_last = p->port_last;
	} else if (!allow) {
		c.port_first = 1;
		c.port_last = UINT16_MAX;
	}
	return c;
}

bool cover_port(const struct cover *c, uint16_t port)
{
	if (c->port_first == 0)
		return port == 80 || port == 443;
	return port >= c->port_first && port <= c->port_last;
}

/* What stands around the hole in the leftmost label. */
static struct slice hole_front(const struct cover *c)
{
	assert(c->host.ptr);
	return slice_first(c->host, c->hole_at);
}

static struct slice hole_back(const struct cover *c)
{
	size_t dot = slice_find(c->host, '.');

	return slice_from(c->host.ptr + c->hole_at + 1, dot - c->hole_at - 1);
}

static bool fills_hole(const struct cover *c, struct slice label)
{
	return slice_find(label, '.') == label.len && label.len + 1 >= slice_find(c->host, '.') &&
	       slice_starts(label, hole_front(c)) && slice_ends(label, hole_back(c));
}

/* `name` is `base` or below it; *ret_front is what stands before it and its dot. */
static bool is_from(struct slice name, struct slice base, struct slice *ret_front)
{
	if (!slice_ends(name, base))
		return false;
	*ret_front = slice_first(name, name.len - base.len);
	if (ret_front->len == 0 || base.len == 0)
		return true;
	ret_front->len--;
	return ret_front->ptr[ret_front->len] == '.';
}

static bool covers_name(const struct cover *c, struct slice name)
{
	struct slice front;

	if (c->kind == PATTERN_RANGE)
		return false;
	assert(c->host.ptr && name.ptr);
	if (!is_from(name, cover_base(c), &front))
		return false;
	switch (c->kind) {
	case PATTERN_NAME:
		return front.len == 0;
	case PATTERN_BELOW:
		return front.len > 0;
	case PATTERN_HOLE:
		return front.len > 0 && fills_hole(c, front);
	case PATTERN_FROM:
	case PATTERN_ANY:
	case PATTERN_RANGE:
		break;
	}
	return true;
}

bool cover_target(const struct cover *c, const struct target *t)
{
	if (!cover_port(c, t->port))
		return false;
	if (t->kind == TARGET_NAME)
		return covers_name(c, target_host(t));
	if (c->kind != PATTERN_RANGE)
		return false;
	struct address plain = special_unmapped(&t->address);
	return address_in_prefix(&plain, &c->network, c->prefix_bits);
}

static bool all_ports(const struct cover *outer, const struct cover *inner)
{
	if (inner->port_first == 0)
		return cover_port(outer, 80) && cover_port(outer, 443);
	if (outer->port_first == 0)
		return inner->port_first == inner->port_last &&
		       cover_port(outer, inner->port_first);
	return outer->port_first <= inner->port_first && inner->port_last <= outer->port_last;
}

/* A hole in a hole: what the inner one has around it begins and ends as the outer one wants. */
static bool holds_hole(const struct cover *outer, const struct cover *inner)
{
	assert(outer->host.ptr && inner->host.ptr);
	return slice_equal(cover_base(outer), cover_base(inner)) &&
	       slice_starts(hole_front(inner), hole_front(outer)) &&
	       slice_ends(hole_back(inner), hole_back(outer));
}

static bool all_names(const struct cover *outer, const struct cover *inner)
{
	struct slice front;

	if (outer->kind == PATTERN_ANY)
		return true;
	if (inner->kind == PATTERN_NAME)
		return covers_name(outer, cover_base(inner));
	if (inner->kind == PATTERN_HOLE && outer->kind == PATTERN_HOLE)
		return holds_hole(outer, inner);
	if (inner->kind == PATTERN_ANY || outer->kind == PATTERN_HOLE ||
		outer->kind == PATTERN_NAME)
		return false;
	if (!is_from(cover_base(inner), cover_base(outer), &front))
		return false;
	return outer->kind == PATTERN_FROM || inner->kind != PATTERN_FROM || front.len > 0;
}

bool cover_all(const struct cover *outer, const struct cover *inner)
{
	if (!all_ports(outer, inner) ||
		(outer->kind == PATTERN_RANGE) != (inner->kind == PATTERN_RANGE))
		return false;
	if (outer->kind != PATTERN_RANGE)
		return all_names(outer, inner);
	return outer->prefix_bits <= inner->prefix_bits &&
	       address_in_prefix(&inner->network, &outer->network, outer->prefix_bits);
}
