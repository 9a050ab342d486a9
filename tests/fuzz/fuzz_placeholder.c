/* SPDX-License-Identifier: Apache-2.0 */
/* A placeholder, a line break, and a text that may carry it. Where it is replaced it must stand. */
#include "policy/placeholder.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_from((const char *)data, size), sentence = SLICE("secret");
	struct slice placeholder = slice_first(all, slice_find(all, '\n'));
	struct slice text = slice_after(all, placeholder.len + 1);
	struct secret *secret = secret_new(SLICE("Bearer "), sentence.len), *made = NULL;
	if (placeholder.len > 0 && secret) {
		memcpy(secret_room(secret), sentence.ptr, sentence.len);
		assert(!secret_seal(secret, sentence.len));
		bool stands = placeholder_stands(placeholder, text);
		assert(placeholder_fill_basic(placeholder, text, secret, &made));
		assert(stands || !made);
		assert(!made || placeholder_stands(sentence, secret_value(made)));
	}
	secret_unref(made);
	secret_unref(secret);
	return 0;
}
