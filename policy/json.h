/* SPDX-License-Identifier: Apache-2.0 */
/* policy/json.h: the fields of a JSON object in one form; the only door of policy/ to jansson.
 * Source: RFC 8259; RFC 8785 for the order of members. */
#ifndef SALLYPORT_POLICY_JSON_H
#define SALLYPORT_POLICY_JSON_H

#include "base/slice.h"

enum json_result {
	JSON_OK,
	JSON_BAD, /* no JSON, no object at the top, a name given twice, nested too deep */
	JSON_STOPPED, /* by on_field */
	JSON_NO_MEMORY,
};

/* One field of the object. All slices live until the callback returns. */
struct json_field {
	struct slice name;
	/* Members sorted by name, no white space, each number written as its value is (10 for 10.0 and
	 * 1e1), without the members that are dropped. */
	struct slice value;
	struct slice text; /* of a string: its characters; else ptr NULL */
	bool is_list; /* called once for each string of a list that has only strings, at least one */
};

struct json_reader {
	bool (*drops)(void *owner, struct slice name); /* a member anywhere below the top */
	bool (*lists)(void *owner, struct slice name); /* a field whose strings come one by one */
	bool (*on_field)(void *owner, const struct json_field *field); /* false stops */
	void *owner;
	size_t depth; /* most levels of objects and lists, the top one counted */
};

/* Reads `text` and tells each field of the object, in no order. */
enum json_result json_read(struct slice text, const struct json_reader *reader);

#endif
