/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reason.h"

#include <assert.h>

static const struct reason_row rows[REASON_COUNT] = {
#define REASON(name, word, status, token, proxy_status, message, guidance)                         \
	[REASON_##name] = {word, status, token, proxy_status, message, guidance},
#include "base/reason.def"
#undef REASON
};

const struct reason_row *reason_row(enum reason reason)
{
	assert(reason >= 0 && reason < REASON_COUNT);
	return &rows[reason];
}

const char *reason_word(enum reason reason)
{
	return reason_row(reason)->word;
}
