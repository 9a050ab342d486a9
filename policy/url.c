/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/url.h"

#include "policy/quantity.h"

bool url_parse(struct slice text, struct url *ret_url)
{
	struct slice scheme = slice_first(text, slice_find(text, ':'));
	struct url u = {.https = slice_equal_nocase(scheme, SLICE("https"))};

	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	if (!u.https && !slice_equal_nocase(scheme, SLICE("http")))
		return false;
	if (!slice_starts(slice_after(text, scheme.len), SLICE("://")))
		return false;
	u.authority = slice_after(text, scheme.len + 3);
	for (size_t i = 0; i < u.authority.len; i++) {
		char c = u.authority.ptr[i];
		if (c == '/' || c == '?' || c == '#') {
			u.rest = slice_after(u.authority, i);
			u.authority.len = i;
			break;
		}
	}
	if (u.authority.len == 0 || u.authority.ptr[0] == ':')
		return false;
	if (slice_find(u.authority, '@') < u.authority.len ||
		slice_find(u.authority, '\\') < u.authority.len)
		return false;
	*ret_url = u;
	return true;
}

bool url_is_here(const struct url *u)
{
	struct slice name = slice_first(u->authority, slice_find(u->authority, ':'));
	struct endpoint e;

	if (slice_equal_nocase(name, SLICE("localhost")))
		return true;
	return endpoint_parse(u->authority, 80, &e) && endpoint_is_loopback(&e);
}

bool url_is_private(const struct url *u)
{
	return u->https || url_is_here(u);
}
