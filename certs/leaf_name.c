/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/leaf_name.h"

#include "base/escape.h"

#include <assert.h>

static_assert((int)LEAF_KEY_SIZE >= (int)ADDRESS_TEXT_SIZE, "an address fits, too");

static bool is_label_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool leaf_name_is_canonical(struct slice host)
{
	size_t label = 0;

	if (host.len == 0 || host.len > LIMIT_NAME_BYTES)
		return false;
	for (size_t i = 0; i < host.len; i++) {
		bool dot = host.ptr[i] == '.';
		if (dot ? label == 0 : !is_label_byte(host.ptr[i]))
			return false;
		label = dot ? 0 : label + 1;
		if (label > LIMIT_LABEL_BYTES)
			return false;
	}
	return label > 0;
}

bool leaf_name_is_good(const struct leaf_name *name)
{
	return name->address.family != 0 || leaf_name_is_canonical(name->host);
}

size_t leaf_name_format(const struct leaf_name *name, char ret_text[LEAF_KEY_SIZE])
{
	if (name->address.family != 0)
		return address_format(&name->address, ret_text);
	return escape_text(name->host, ret_text, LEAF_KEY_SIZE);
}

size_t leaf_name_key(const struct leaf_name *name, char ret_key[LEAF_KEY_SIZE])
{
	/* A byte that no name has keeps addresses apart from names. */
	if (name->address.family != 0) {
		ret_key[0] = (char)name->address.family;
		memcpy(ret_key + 1, name->address.bytes, sizeof(name->address.bytes));
		return 1 + sizeof(name->address.bytes);
	}
	memcpy(ret_key, name->host.ptr, name->host.len);
	return name->host.len;
}
