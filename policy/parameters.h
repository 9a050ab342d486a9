/* SPDX-License-Identifier: Apache-2.0 */
/* policy/parameters.h: the parameters of one search, from its URL and its content, as its provider
 * reads them. What is secret or does not count is left out at once and copied nowhere.
 * Source: the form encoding of the URL standard §5.1, RFC 8259. */
#ifndef SALLYPORT_POLICY_PARAMETERS_H
#define SALLYPORT_POLICY_PARAMETERS_H

#include "base/buffer.h"
#include "base/limits.h"
#include "policy/provider.h"

enum parameter_place { PLACE_FORM, PLACE_JSON }; /* a URL's are a form's */

struct parameter {
	uint8_t place; /* enum parameter_place */
	uint8_t part; /* enum provider_part: QUERY, SHOWN or UNKNOWN */
	bool is_list; /* one string of a list of queries */
	uint32_t order; /* as it came */
	/* In the bytes of struct parameters. The value is text decoded, of PLACE_JSON JSON in one form;
	 * that of a query is its text in one form (policy/normal.h). */
	uint32_t name, name_len, value, value_len;
};

struct parameters {
	const struct provider *provider;
	struct buffer bytes;
	struct parameter list[LIMIT_SEARCH_PARAMETERS];
	size_t count;
	const char *why; /* PARAMETERS_BAD: a sentence, static */
	bool no_memory;
};

enum parameters_result { PARAMETERS_OK, PARAMETERS_BAD, PARAMETERS_NO_MEMORY };

void parameters_init(struct parameters *ps, const struct provider *p);
void parameters_done(struct parameters *ps);

/* Adds those of a query string or a form. */
enum parameters_result parameters_read_form(struct parameters *ps, struct slice text);
/* Adds the fields of a JSON object. */
enum parameters_result parameters_read_json(struct parameters *ps, struct slice text);

/* Sorts them by place, name and order, and leaves out what says a default. */
void parameters_settle(struct parameters *ps);

static inline struct slice parameter_name(const struct parameters *ps, const struct parameter *p)
{
	return slice_from(buffer_bytes(&ps->bytes).ptr + p->name, p->name_len);
}

static inline struct slice parameter_value(const struct parameters *ps, const struct parameter *p)
{
	return slice_from(buffer_bytes(&ps->bytes).ptr + p->value, p->value_len);
}

#endif
