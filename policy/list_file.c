/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/list_file.h"

#include <stdio.h>

struct cursor {
	struct slice line; /* what is left of it, without comment */
	const char *line_start; /* for columns */
	uint32_t number;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of the line; empty at its end. */
static struct slice take_word(struct cursor *c)
{
	size_t start = 0, end;

	while (start < c->line.len && is_blank(c->line.ptr[start]))
		start++;
	for (end = start; end < c->line.len && !is_blank(c->line.ptr[end]);)
		end++;
	struct slice word = slice_first(slice_after(c->line, start), end - start);
	c->line = slice_after(c->line, end);
	return word;
}

static bool fail(struct fault *ret_fault, const struct cursor *c, const struct entry *like,
	struct slice word)
{
	int len = (int)slice_first(like->file, sizeof(ret_fault->file) - 1).len;

	snprintf(ret_fault->file, sizeof(ret_fault->file), "%.*s", len, like->file.ptr);
	ret_fault->line = c->number;
	ret_fault->column = (uint32_t)(word.ptr - c->line_start) + 1;
	return false;
}

/* hosts(5) lines begin with an address; a zone may stand behind it ("fe80::1%lo0 localhost"). */
static bool is_address(struct slice word)
{
	struct address a;
	struct slice bare = slice_first(word, slice_find(word, '%'));

	return address_parse_ipv4(word, &a) || address_parse_ipv6(bare, &a);
}

/* Names that hosts files give to the machine itself: they are no entries of a blocklist, and
 * denying them would take away what an operator may have listed. */
static bool is_own_name(struct slice word)
{
	static const char *const names[] = {"localhost", "localhost.localdomain", "local",
		"localhost4", "localhost6", "broadcasthost", "0.0.0.0"};

	if (slice_starts(word, SLICE("ip6-")))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(word, slice_of(names[i])))
			return true;
	return false;
}

static bool add_hosts_line(struct policy_builder *b, struct entry *entry, struct cursor *c,
	uint32_t *count, struct fault *ret_fault)
{
	for (struct slice word = take_word(c); word.len > 0; word = take_word(c)) {
		if (is_own_name(word))
			continue;
		entry->pattern = word;
		if (!policy_builder_add(b, entry, ret_fault))
			return fail(ret_fault, c, entry, word);
		++*count;
	}
	return true;
}

static bool add_line(struct policy_builder *b, struct entry *entry, struct cursor *c,
	uint32_t *count, struct fault *ret_fault)
{
	struct slice first = take_word(c);
	struct cursor after = *c;
	struct slice second = take_word(&after);

	if (first.len == 0)
		return true;
	entry->line = c->number;
	if (second.len > 0 && is_address(first))
		return add_hosts_line(b, entry, c, count, ret_fault);
	if (second.len > 0) {
		snprintf(ret_fault->text, sizeof(ret_fault->text),
			"more than one pattern in a line: write one a line, or an address and names as in a hosts file");
		return fail(ret_fault, c, entry, second);
	}
	entry->pattern = first;
	if (!policy_builder_add(b, entry, ret_fault))
		return fail(ret_fault, c, entry, first);
	++*count;
	return true;
}

bool list_file_add(struct policy_builder *b, const struct entry *like, struct slice bytes,
	uint32_t *ret_count, struct fault *ret_fault)
{
	struct entry entry = *like;
	struct cursor c = {.number = 0};

	*ret_count = 0;
	if (slice_starts(bytes, SLICE("\xef\xbb\xbf")))
		bytes = slice_after(bytes, 3);
	while (bytes.len > 0) {
		struct slice line = slice_first(bytes, slice_find(bytes, '\n'));
		bytes = slice_after(bytes, line.len + 1);
		c.line_start = line.ptr;
		c.line = slice_first(line, slice_find(line, '#'));
		c.number++;
		if (!add_line(b, &entry, &c, ret_count, ret_fault))
			return false;
	}
	return true;
}
