/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/idn.h"

#include <idn2.h>

/* The same mapping in both directions, so that what configuration can produce is what a target may
 * hold. Without UTS 46 the two disagree about a few symbols. */
enum { IDN_FLAGS = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT };

bool idn_label_valid(struct slice label)
{
	char copy[LIMIT_LABEL_BYTES + 1];
	char *decoded = NULL;
	char *encoded = NULL;
	bool valid = false;

	if (label.len >= sizeof(copy))
		return false;
	memcpy(copy, label.ptr, label.len);
	copy[label.len] = '\0';
	/* A label that decodes to plain ASCII encodes to that ASCII, so the comparison refuses it. */
	if (idn2_to_unicode_8z8z(copy, &decoded, 0) == IDN2_OK &&
		idn2_to_ascii_8z(decoded, &encoded, IDN_FLAGS) == IDN2_OK)
		valid = slice_equal(slice_of(encoded), label);
	idn2_free(decoded);
	idn2_free(encoded);
	return valid;
}

const char *idn_to_ascii(struct slice name, char ret_text[LIMIT_NAME_BYTES + 1], size_t *ret_len)
{
	char copy[LIMIT_PATTERN_BYTES + 1];
	char *encoded = NULL;

	if (name.len >= sizeof(copy))
		return "it is too long";
	memcpy(copy, name.ptr, name.len);
	copy[name.len] = '\0';
	int status = idn2_to_ascii_8z(copy, &encoded, IDN_FLAGS);
	if (status != IDN2_OK)
		return idn2_strerror(status);
	size_t len = strlen(encoded);
	bool fits = len <= LIMIT_NAME_BYTES;
	if (fits) {
		memcpy(ret_text, encoded, len + 1);
		*ret_len = len;
	}
	idn2_free(encoded);
	return fits ? NULL : "it is longer than 253 bytes in A-labels";
}

bool idn_to_unicode(struct slice name, char ret_text[IDN_TEXT_SIZE])
{
	char copy[LIMIT_NAME_BYTES + 1];
	char back[LIMIT_NAME_BYTES + 1];
	char *decoded = NULL;
	size_t back_len = 0;

	if (name.len >= sizeof(copy))
		return false;
	memcpy(copy, name.ptr, name.len);
	copy[name.len] = '\0';
	if (idn2_to_unicode_8z8z(copy, &decoded, 0) != IDN2_OK)
		return false;
	size_t len = strlen(decoded);
	bool differs = !slice_equal(slice_from(decoded, len), name);
	bool fits = differs && len < IDN_TEXT_SIZE && len <= LIMIT_PATTERN_BYTES;
	if (fits)
		memcpy(ret_text, decoded, len + 1);
	idn2_free(decoded);
	return fits && !idn_to_ascii(slice_from(ret_text, len), back, &back_len) &&
	       slice_equal(slice_from(back, back_len), name);
}
