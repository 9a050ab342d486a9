/* SPDX-License-Identifier: Apache-2.0 */
/* A line of an import that is taken says the same when it is written and read again. */
#include "proxy/search_line.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct search_line line, again;
	const char *why = NULL;
	char *text = NULL;
	size_t len = 0;
	if (search_line_read(slice_from((const char *)data, size), &line, &why) != SEARCH_LINE_OK)
		return 0;
	FILE *out = open_memstream(&text, &len);
	assert(out);
	search_line_write(out, &line.entry, &line.texts);
	assert(fclose(out) == 0 && len > 0 && text[len - 1] == '\n');
	assert(search_line_read(slice_from(text, len - 1), &again, &why) == SEARCH_LINE_OK);
	assert(slice_equal(line.entry.body, again.entry.body));
	assert(slice_equal(line.entry.fields, again.entry.fields));
	assert(line.texts.count == again.texts.count);
	search_line_done(&again);
	search_line_done(&line);
	free(text);
	return 0;
}
