/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes are steps through a desk, four for each: an action and what it is about, see
 * tests/unit/drill.h. After each one the desk is held against a model. */
#include "tests/unit/drill.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world_init();
	const char *fault = drill_run(data, size);
	world_done();
	if (fault)
		abort();
	return 0;
}
