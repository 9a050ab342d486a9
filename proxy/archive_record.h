/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/archive_record.h: one record of a web archive, and the answer to a search in two of them. Bytes
 * in, values out. Source: ISO 28500 §4 (records), §5 (named fields), §6.3 and §6.4 (response, request). */
#ifndef SALLYPORT_PROXY_ARCHIVE_RECORD_H
#define SALLYPORT_PROXY_ARCHIVE_RECORD_H

#include "proxy/search_archive.h"

enum archive_type { ARCHIVE_OTHER, ARCHIVE_REQUEST, ARCHIVE_RESPONSE };

/* What matters of a record's head. Slices are the input's. */
struct archive_head {
	enum archive_type type; /* requests and responses of HTTP that are whole; else OTHER */
	uint64_t content_length;
	struct slice uri;
	int64_t date_s; /* Unix time; 0: none */
};
enum archive_step { ARCHIVE_HEAD, ARCHIVE_MORE, ARCHIVE_NO_HEAD };
/* Reads a head at the front of the bytes; *ret_len with the empty line at its end. */
enum archive_step archive_head_read(
	struct slice bytes, struct archive_head *ret_head, size_t *ret_len);

/* A record that waits for the other one. Zeroed: none. */
struct archive_record {
	enum archive_type type;
	uint64_t number;
	int64_t date_s;
	struct slice uri, block;
	char *memory; /* that they are of */
};
/* False without memory. */
bool archive_record_keep(
	const struct archive_head *head, struct slice block, struct archive_record *ret_record);
void archive_record_done(struct archive_record *r);
/* Request and response of the same URI. */
bool archive_record_pairs(const struct archive_record *a, const struct archive_record *b);

struct archive_answer {
	struct search_entry entry;
	struct search_texts texts;
	struct archive_parts *parts; /* what they are of */
};
enum archive_result {
	ARCHIVE_ANSWER, /* to be freed by archive_answer_done */
	ARCHIVE_PASSED, /* no search, or not to be kept */
	ARCHIVE_BAD, /* *ret_why says why; static */
	ARCHIVE_NO_MEMORY,
};
/*   request  NULL: a GET of the response's URI without fields */
enum archive_result archive_answer_read(const struct search_archive *a,
	const struct archive_record *request, const struct archive_record *response,
	struct archive_answer *ret_answer, const char **ret_why);
void archive_answer_done(struct archive_answer *answer);

#endif
