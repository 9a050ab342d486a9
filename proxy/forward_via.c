/* SPDX-License-Identifier: Apache-2.0 */
/* Who passed a message on, RFC 9110 §7.6.3. */
#include "proxy/forward.h"

/* The pseudonym alone: the protocol before it is that of each message. */
struct slice forward_via_name(const char *via)
{
	struct slice name = slice_of(via);
	size_t space = slice_find(name, ' ');

	return space < name.len ? slice_after(name, space + 1) : name;
}

static size_t word_len(struct slice s)
{
	size_t tab = slice_find(s, '\t');

	return slice_find(slice_first(s, tab), ' ');
}

bool forward_is_loop(const struct head *h, const char *via)
{
	struct slice name = forward_via_name(via);
	struct slice hop;

	for (size_t i = 0; i < h->field_count; i++) {
		struct slice list = h->fields[i].value;
		if (h->fields[i].id != FIELD_VIA)
			continue;
		while (field_next_element(&list, &hop)) {
			/* received-protocol RWS received-by [ RWS comment ], RFC 9110 §7.6.3 */
			struct slice by = field_trim(slice_after(hop, word_len(hop)));
			if (slice_equal_nocase(slice_first(by, word_len(by)), name))
				return true;
		}
	}
	return false;
}
