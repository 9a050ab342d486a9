/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an agent asks of its page is answered, decides nothing, and changes nothing but the reason
 * for its own question. Four lines: method, path, Accept, Content-Type; the rest is the body. */
#include "base/utf8.h"
#include "tests/fuzz/agents.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct claimant who = {{"local", 5}, {"run", 3}};
	struct slice rest = slice_from((const char *)data, size), line[4];
	struct desk *d = agents_desk();
	uint64_t waits;
	for (size_t i = 0; i < 4; i++) {
		line[i] = slice_first(rest, slice_find(rest, '\n'));
		rest = slice_after(rest, line[i].len + 1);
	}
	const struct field fields[] = {{SLICE("Accept"), line[2], FIELD_OTHER},
		{SLICE("Content-Type"), line[3], FIELD_OTHER}};
	const struct head h = {.method = line[0], .field_count = 2, .fields = fields};
	struct agent_call *call =
		agent_call_new(&h, line[1], &who, slice_first(rest, LIMIT_AGENT_BODY_BYTES));
	struct agent_reply *r = agent_answer(d, agents_config(), call, 1, &waits);
	assert(r ? waits == 0 && r->status >= 200 : waits == 1 && call->wait_ms > 0);
	assert(!r || utf8_is_valid(slice_from(r->text, r->len)));
	const struct question *own = desk_question(d, 1), *other = desk_question(d, 2);
	const char *said = own->context.justification;
	assert(own->state == QUESTION_PENDING && (!said || utf8_is_valid(slice_of(said))));
	assert(other->state == QUESTION_PENDING && !other->context.justification);
	free(r);
	free(call);
	desk_free(d);
	return 0;
}
