/* SPDX-License-Identifier: Apache-2.0 */
#include "control/review.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct review review;
	const char *fault = NULL;
	bool good = review_parse(slice_from((const char *)data, size), &review, &fault);

	assert(good == (fault == NULL));
	assert(good || review.decision == REVIEW_ASK);
	assert(review.scope != GRANT_ALWAYS);
	assert(review.decision != REVIEW_ALLOW || review.scope != GRANT_TTL ||
		review.ttl_ms >= 1000);
	return 0;
}
