/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/fault.h"

#include <assert.h>

struct fault_row {
	const char *word;
	enum reason reasons[2]; /* by enum tls_peer */
};

static const struct fault_row rows[TLS_FAULT_COUNT] = {
#define TLS_FAULT(name, word, upstream_reason, client_reason)                                      \
	{word, {REASON_##upstream_reason, REASON_##client_reason}},
#include "tls/fault.def"
#undef TLS_FAULT
};

static const struct fault_row *row_of(enum tls_fault fault)
{
	assert((unsigned)fault < TLS_FAULT_COUNT);
	return &rows[fault];
}

const char *tls_fault_word(enum tls_fault fault)
{
	return row_of(fault)->word;
}

enum reason tls_fault_reason(enum tls_fault fault, enum tls_peer peer)
{
	return row_of(fault)->reasons[peer];
}
