/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/placeholder.h"

#include "base/base64.h"
#include "policy/path.h"

#include <stdlib.h>

/* What stands behind "Basic"; ptr NULL when it is something else. */
static struct slice basic_token(struct slice text)
{
	struct slice scheme = slice_first(text, slice_find(text, ' '));
	struct slice token = slice_after(text, scheme.len);

	while (token.len > 0 && token.ptr[0] == ' ')
		token = slice_after(token, 1);
	return slice_equal_nocase(scheme, SLICE("Basic")) ? token : slice_from(NULL, 0);
}

static bool begins_encoded(struct slice text, struct slice placeholder)
{
	size_t len;

	for (; placeholder.len > 0; placeholder = slice_after(placeholder, 1)) {
		if (text.len == 0 || path_byte(text, &len) != (unsigned char)placeholder.ptr[0])
			return false;
		text = slice_after(text, len);
	}
	return true;
}

static bool stands_plain(struct slice placeholder, struct slice text)
{
	if (text.len < placeholder.len)
		return false;
	if (memmem(text.ptr, text.len, placeholder.ptr, placeholder.len))
		return true;
	if (slice_find(text, '%') == text.len)
		return false;
	for (; text.len >= placeholder.len; text = slice_after(text, 1))
		if (begins_encoded(text, placeholder))
			return true;
	return false;
}

bool placeholder_stands(struct slice placeholder, struct slice text)
{
	struct slice token = basic_token(text);

	if (stands_plain(placeholder, text))
		return true;
	if (token.len == 0)
		return false;
	char *decoded = malloc(token.len);
	if (!decoded)
		return true;
	size_t len = base64_decode(token, decoded);
	bool stands = stands_plain(placeholder, slice_from(decoded, len));
	free(decoded);
	return stands;
}

/* Basic with one part replaced. */
static struct secret *make_basic(
	struct slice user, struct slice password, const struct secret *secret, bool in_user)
{
	struct slice bytes = secret_bytes(secret);
	struct slice first = in_user ? bytes : user, second = in_user ? password : bytes;
	size_t len = first.len + 1 + second.len;
	struct secret *plain = secret_new(SLICE(""), len);
	struct secret *made = secret_new(SLICE("Basic "), base64_encoded_len(len));

	if (plain && made) {
		char *room = secret_room(plain);
		memcpy(room, first.ptr, first.len);
		room[first.len] = ':';
		memcpy(room + first.len + 1, second.ptr, second.len);
		base64_encode(slice_from(room, len), secret_room(made));
		if (!secret_seal(made, base64_encoded_len(len))) {
			secret_unref(plain);
			return made;
		}
	}
	secret_unref(plain);
	secret_unref(made);
	return NULL;
}

bool placeholder_fill_basic(struct slice placeholder, struct slice text,
	const struct secret *secret, struct secret **ret_made)
{
	struct slice token = basic_token(text);
	char *decoded = token.len > 0 ? malloc(token.len) : NULL;

	*ret_made = NULL;
	if (!decoded)
		return token.len == 0;
	struct slice pair = slice_from(decoded, base64_decode(token, decoded));
	struct slice user = slice_first(pair, slice_find(pair, ':'));
	struct slice password = slice_after(pair, user.len + 1);
	bool in_user = slice_equal(user, placeholder);
	bool there = user.len < pair.len && (in_user || slice_equal(password, placeholder));
	if (there)
		*ret_made = make_basic(user, password, secret, in_user);
	free(decoded);
	return !there || *ret_made;
}
