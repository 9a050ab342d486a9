/* SPDX-License-Identifier: Apache-2.0 */
/* control/listing.h: questions and grants of the API as tables and sentences for people. Takes JSON
 * as it came: a member that is missing or of another type is a "-". */
#ifndef SALLYPORT_CONTROL_LISTING_H
#define SALLYPORT_CONTROL_LISTING_H

#include "control/table.h"

struct json_t;

/* Fills a table that is made here, with the rows of an array of questions: how long they wait where
 * `pending`, else what became of them. table_done is the caller's. */
void listing_questions(
	struct table *ret_table, const struct json_t *questions, bool pending, uint64_t now_ms);
void listing_grants(struct table *ret_table, const struct json_t *grants, uint64_t now_ms);

enum { LISTING_TEXT_BYTES = 512 };

/* The string member of an object, NULL when there is none. */
const char *listing_word(const struct json_t *object, const char *name);
/* "new.example:443", "[2001:db8::1]:443": host and port of a question or event. Raw bytes. */
void listing_target(const struct json_t *object, char ret_text[LISTING_TEXT_BYTES]);
/* What is known of who asks: its own words, process, user agent, request. Raw bytes, "" for
 * nothing. */
/* What it is about beside its host: "request: POST /x"; NULL for nothing. */
const char *listing_subject(const struct json_t *object, char ret_text[LISTING_TEXT_BYTES]);
void listing_about(const struct json_t *question, char ret_text[LISTING_TEXT_BYTES]);
/* The time member as Unix milliseconds; 0 when there is none. */
uint64_t listing_time(const struct json_t *object, const char *name);
uint64_t listing_number(const struct json_t *object, const char *name);

#endif
