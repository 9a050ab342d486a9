/* SPDX-License-Identifier: Apache-2.0 */
/* policy/list_file.h: long lists, one pattern a line, or as hosts files have them. Bytes in,
 * entries into a policy builder; no allocation per line. Source: hosts(5). */
#ifndef SALLYPORT_POLICY_LIST_FILE_H
#define SALLYPORT_POLICY_LIST_FILE_H

#include "policy/policy.h"

/* Adds every line of `bytes` to a list. A line is a pattern, or an address and names of a hosts
 * file; "#" starts a comment; blank lines, a byte order mark and CR before LF are skipped, and so
 * are the names of the machine itself that hosts files begin with (localhost, broadcasthost…).
 *   like  what every entry has: the list, and the file for rules and faults
 * False with *ret_fault complete (file, line, column) on the first line that is wrong; *ret_count
 * is the number of entries added either way. */
bool list_file_add(struct policy_builder *b, const struct entry *like, struct slice bytes,
	uint32_t *ret_count, struct fault *ret_fault);

#endif
