/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/requests.h: what the control endpoint understands of a stream, as one number. */
#ifndef SALLYPORT_TESTS_REQUESTS_H
#define SALLYPORT_TESTS_REQUESTS_H

#include "control/incoming.h"
#include "control/query.h"

#include <assert.h>
#include <stdlib.h>

static inline uint64_t requests_mix(uint64_t sum, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		sum = (sum ^ (unsigned char)s.ptr[i]) * 1099511628211u;
	return (sum ^ s.len) * 1099511628211u;
}

static inline uint64_t requests_query(uint64_t sum, struct slice query)
{
	struct parameter parameters[CALL_PARAMETERS];
	size_t count = 0;
	char *room = malloc(query.len + 1); /* its end is watched by the sanitizer */

	assert(room);
	if (query_parse(query, room, parameters, &count)) {
		assert(count <= CALL_PARAMETERS);
		for (size_t i = 0; i < count; i++)
			sum = requests_mix(
				requests_mix(sum, parameters[i].name), parameters[i].value);
	}
	free(room);
	return sum;
}

static inline uint64_t requests_step(uint64_t sum, struct incoming *in, enum incoming_step step)
{
	if (step == INCOMING_HEAD) {
		sum = requests_mix(requests_mix(sum, in->method), in->path);
		sum = requests_query(sum, in->query);
		for (size_t i = 0; i < INCOMING_FIELD_COUNT; i++)
			sum = requests_mix(sum, in->fields[i]);
	} else if (step == INCOMING_DONE) {
		sum = requests_mix(sum, in->content);
		incoming_next(in);
	}
	return sum;
}

/* Feeds `bytes` in pieces; the sum of all that was understood and of how it ended. */
static inline uint64_t requests_read(struct slice bytes, size_t piece)
{
	struct incoming in;
	enum incoming_step step = INCOMING_MORE;
	uint64_t sum = 14695981039346656037u;

	incoming_init(&in);
	while (bytes.len > 0 && step != INCOMING_BAD) {
		struct slice input = slice_first(bytes, piece);
		bytes = slice_after(bytes, input.len);
		do {
			step = incoming_read(&in, &input);
			sum = requests_step(sum, &in, step);
		} while (step == INCOMING_HEAD || step == INCOMING_DONE ||
			 (input.len > 0 && step != INCOMING_BAD));
	}
	sum = (sum ^ in.status ^ in.head.len) * 1099511628211u;
	incoming_done(&in);
	return sum;
}

#endif
