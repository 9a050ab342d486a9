/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/alpn.h"

#include "base/reader.h"

bool alpn_parse(struct slice name, enum alpn *ret_alpn)
{
	if (slice_equal(name, alpn_name(ALPN_H2)))
		*ret_alpn = ALPN_H2;
	else if (slice_equal(name, alpn_name(ALPN_HTTP11)))
		*ret_alpn = ALPN_HTTP11;
	else
		return false;
	return true;
}

struct slice alpn_name(enum alpn alpn)
{
	switch (alpn) {
	case ALPN_H2:
		return SLICE("h2");
	case ALPN_HTTP11:
		return SLICE("http/1.1");
	case ALPN_NONE:
		break;
	}
	return SLICE("");
}

struct alpn_offer alpn_meet(struct slice list)
{
	struct alpn_offer offer = {0};
	struct reader r = reader_over(list);
	bool offered[ALPN_H2 + 1] = {false};

	while (r.rest.len > 0) {
		struct slice name = reader_vector8(&r).rest;
		enum alpn alpn;
		if (!alpn_parse(name, &alpn) || offered[alpn])
			continue;
		offered[alpn] = true;
		offer.bytes[offer.len] = (char)name.len;
		memcpy(offer.bytes + offer.len + 1, name.ptr, name.len);
		offer.len = (uint8_t)(offer.len + 1 + name.len);
	}
	return offer;
}

bool alpn_listed(struct slice list, enum alpn alpn)
{
	struct reader r = reader_over(list);

	while (r.rest.len > 0)
		if (slice_equal(reader_vector8(&r).rest, alpn_name(alpn)))
			return true;
	return false;
}
