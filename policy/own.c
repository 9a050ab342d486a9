/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/own.h"

#include "policy/special.h"

#include <ifaddrs.h>
#include <stdlib.h>

static bool append(struct own *o, const struct address *a, uint16_t port)
{
	if (o->count == LIMIT_OWN_ENDPOINTS)
		return false;
	struct endpoint *larger = realloc(o->endpoints, (o->count + 1) * sizeof(*larger));
	if (!larger)
		return false;
	o->endpoints = larger;
	larger[o->count++] = (struct endpoint){special_unmapped(a), port};
	return true;
}

/* Every address of this machine: a listener on the unspecified address hears them all. */
static bool append_interfaces(struct own *o, uint16_t port)
{
	struct ifaddrs *list;
	bool done = true;
	uint16_t unused;

	if (getifaddrs(&list) != 0)
		return false;
	for (const struct ifaddrs *i = list; i && done; i = i->ifa_next) {
		if (!i->ifa_addr)
			continue;
		struct address a = address_from_sockaddr(i->ifa_addr, &unused);
		if (a.family != 0)
			done = append(o, &a, port);
	}
	freeifaddrs(list);
	return done;
}

bool own_add(struct own *o, const struct endpoint *endpoints, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct endpoint *e = &endpoints[i];
		if (e->port == 0 || e->address.family == 0)
			continue;
		if (!append(o, &e->address, e->port))
			return false;
		if (special_is_unspecified(&e->address) && !append_interfaces(o, e->port))
			return false;
	}
	return true;
}

void own_done(struct own *o)
{
	free(o->endpoints);
	*o = (struct own){0};
}

static bool reaches(const struct endpoint *e, const struct address *a)
{
	/* Connecting to 0.0.0.0 or :: is connecting to this machine. */
	if (address_equal(&e->address, a) || special_is_unspecified(a))
		return true;
	return special_is_unspecified(&e->address) && special_is_loopback(a);
}

bool own_covers(const struct own *o, const struct address *a, uint16_t port)
{
	struct address forms[SPECIAL_EMBEDDED_MAX + 1];

	for (size_t i = 0; i < o->count; i++) {
		if (o->endpoints[i].port != port)
			continue;
		forms[0] = *a;
		size_t count = 1 + special_embedded(a, forms + 1);
		for (size_t j = 0; j < count; j++)
			if (reaches(&o->endpoints[i], &forms[j]))
				return true;
	}
	return false;
}
