/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/nameservers.h"

#include <stdio.h>

enum { DNS_PORT = 53, LINE_BYTES = 512, LINES = 1024 };

/* Takes the word at the front of *rest; empty at the end or at a comment. */
static struct slice next_word(struct slice *rest)
{
	size_t start = strspn(rest->ptr, " \t");
	size_t len = strcspn(rest->ptr + start, " \t\r\n#;");
	struct slice word = slice_from(rest->ptr + start, len);

	*rest = slice_after(*rest, start + len);
	return word;
}

size_t nameservers_read(const char *path, struct endpoint ret_servers[LIMIT_NAME_SERVERS])
{
	char text[LINE_BYTES];
	size_t count = 0;

	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	for (int i = 0; i < LINES && count < LIMIT_NAME_SERVERS; i++) {
		struct endpoint server = {.port = DNS_PORT};
		if (!fgets(text, sizeof(text), file))
			break;
		struct slice line = slice_of(text);
		if (!slice_equal(next_word(&line), SLICE("nameserver")))
			continue;
		struct slice word = next_word(&line);
		if (address_parse_ipv4(word, &server.address) ||
			address_parse_ipv6(word, &server.address))
			ret_servers[count++] = server;
	}
	fclose(file);
	return count;
}
