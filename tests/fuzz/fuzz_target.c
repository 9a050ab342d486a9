/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is taken for a target, as authority, Host, URI or name, comes out in a form that is taken
 * for the same one again, and that changes no more. */
#include "policy/target.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_from((const char *)data, size), path;
	char canonical[LIMIT_NAME_BYTES + 9];
	struct target t[4], again;
	const enum reason reasons[] = {target_parse_authority(text, &t[0]),
		target_parse_host(text, 80, &t[1]), target_parse_uri(text, &t[2], &path),
		target_parse_name(text, &t[3])};
	for (int i = 0; i < 4; i++) {
		if (reasons[i] != REASON_NONE && reasons[i] != REASON_SCHEME_NOT_ALLOWED)
			continue;
		t[i].port = t[i].port ? t[i].port : 1;
		struct slice once =
			slice_from(canonical, target_format(&t[i], canonical, sizeof(canonical)));
		assert(target_parse_authority(once, &again) == REASON_NONE &&
			target_equal(&t[i], &again));
		assert(t[i].kind == again.kind && address_equal(&t[i].address, &again.address));
	}
	return 0;
}
