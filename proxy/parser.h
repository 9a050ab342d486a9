/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/parser.h: llhttp, strict, one message long. It is fed whole lines and counted content by
 * message.h, and its view is held against ours: a head judged by head.h, an end at the same byte.
 * Source: RFC 9112 §3 to §7. Sans-I/O; allocates the fields only. */
#ifndef SALLYPORT_PROXY_PARSER_H
#define SALLYPORT_PROXY_PARSER_H

#include "proxy/block.h"
#include "proxy/head.h"

/* The fields of a header or trailer section. */
struct section {
	struct field *fields; /* owned; NULL for none */
	size_t count;
	size_t size; /* fields there is room for */
};

/* For reading; llhttp itself is behind it. */
struct parser {
	bool requests;
	struct asked asked; /* responses */
	struct head head;
	struct section header, trailer;
	struct section *section; /* the one llhttp is in */
	struct slice data; /* content that llhttp told of in the last read */
	enum reason fault; /* what is wrong with the head */
	bool headers_complete, message_complete; /* llhttp said so */
};

/* NULL without memory. `asked` is copied. */
struct parser *parser_new(bool requests, const struct asked *asked);
void parser_free(struct parser *p); /* NULL is fine */

/* Reads a head: its first line, its fields and the empty line, all in `b`, which must outlive the
 * fields. REASON_NONE, what head_judge_request and head_judge_response say, or OUT_OF_MEMORY. */
enum reason parser_read_head(struct parser *p, const struct block *b);
/* Likewise a trailer section, which completes its message. */
enum reason parser_read_trailer(struct parser *p, const struct block *b);

/* Reads content or what surrounds a chunk: REASON_NONE, BAD_FRAMING or BAD_REQUEST. */
enum reason parser_read(struct parser *p, struct slice bytes);

/* Bytes that llhttp expects of the content, or of the chunk whose line it read. */
uint64_t parser_expects(const struct parser *p);

#endif
