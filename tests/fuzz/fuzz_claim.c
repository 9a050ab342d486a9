/* SPDX-License-Identifier: Apache-2.0 */
/* What a head says of its sender is whole text, and of a path nothing but its shape is kept. The
 * first line of the input is the credentials, the second the user agent, the rest the path. */
#include "base/utf8.h"
#include "proxy/claim.h"
#include "proxy/context.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_from((const char *)data, size), line[3];
	char session[LIMIT_SESSION_BYTES + 1];
	struct question_context c;
	for (size_t i = 0; i < 3; i++) {
		line[i] = slice_first(input, i < 2 ? slice_find(input, '\n') : input.len);
		input = slice_after(input, line[i].len + 1);
	}
	const struct field fields[] = {
		{SLICE("Proxy-Authorization"), line[0], FIELD_PROXY_OTHER},
		{SLICE("User-Agent"), line[1], FIELD_OTHER},
		{SLICE("traceparent"), line[1], FIELD_OTHER},
	};
	const struct head h = {.method = line[1], .field_count = 3, .fields = fields};
	size_t len = claim_session(&h, session);
	assert(len <= LIMIT_SESSION_BYTES && utf8_is_valid(slice_from(session, len)));
	context_fill(&c, &h, line[2]);
	assert(utf8_is_valid(slice_of(c.user_agent)) && utf8_is_valid(slice_of(c.path_class)));
	return 0;
}
