/* SPDX-License-Identifier: Apache-2.0 */
/* A whole load from memory; the input is config.toml, then a NUL, then requirements.toml. What loads
 * is compared with itself. */
#include "policy/loading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_from((const char *)data, size);
	struct slice texts[2] = {slice_first(all, slice_find(all, '\0'))};
	struct config_sources sources = {.config_file = "c", .requirements_file = "r"};
	struct fault fault;
	char text[256];

	texts[1] = slice_after(all, texts[0].len + 1);
	struct config *c = config_load_texts(&sources, texts, NULL, NULL, &fault);
	if (c)
		config_difference(c, c, text, sizeof(text));
	config_free(c);
	return 0;
}
