/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a web archive, one behind the other: heads end within the bytes, and of an answer that is
 * taken the fields are such as are kept. */
#include "proxy/archive_record.h"
#include "tests/fuzz/searches.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct search_archive a = {.policy = searches_policy(), .answer_bytes = 4096};
	struct slice rest = slice_from((const char *)data, size);
	struct archive_record request = {.memory = NULL}, record;
	struct archive_answer answer;
	struct archive_head head;
	const char *why;
	size_t len;
	while (archive_head_read(rest, &head, &len) == ARCHIVE_HEAD) {
		struct slice block = slice_after(rest, len), fields;
		block = slice_first(block, (size_t)head.content_length);
		assert(len <= rest.len && archive_record_keep(&head, block, &record));
		rest = slice_after(rest, len + block.len + 4);
		bool paired = archive_record_pairs(&record, &request);
		if (record.type == ARCHIVE_RESPONSE &&
			archive_answer_read(&a, paired ? &request : NULL, &record, &answer, &why) ==
				ARCHIVE_ANSWER) {
			struct field f;
			for (fields = answer.entry.fields; freshness_next_field(&fields, &f);)
				assert(!freshness_is_secret(f.name));
			assert(fields.len == 0);
			archive_answer_done(&answer);
		}
		archive_record_done(&request);
		request = record;
	}
	archive_record_done(&request);
	return 0;
}
