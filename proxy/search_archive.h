/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_archive.h: answers to searches out of web archives, as wget --warc-file and crawlers write
 * them. A response is taken with the request that led to it, before or behind it; one without a request
 * is that to a GET of its URI. What is no search of a provider, or what a live answer would not be kept
 * for, is passed over. Source: ISO 28500 (WARC 1.0 and 1.1), gzip members included. */
#ifndef SALLYPORT_PROXY_SEARCH_ARCHIVE_H
#define SALLYPORT_PROXY_SEARCH_ARCHIVE_H

#include "proxy/library.h"
#include "proxy/search_transfer.h"

struct search_archive {
	const struct policy *policy; /* knows the providers */
	struct freshness_rules rules; /* of answers that name no lifetime */
	uint32_t answer_bytes; /* a larger answer is passed over */
	library_extract_cb extract; /* may be NULL */
};
/* As search_import_lines; places are records. */
bool search_import_archive(struct search_import *i, const struct search_archive *a);

/* Whether the file begins like an archive. False too when it cannot be read. */
bool search_archive_is_one(const char *path);

#endif
