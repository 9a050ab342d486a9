/* SPDX-License-Identifier: Apache-2.0 */
/* policy/request_rule.h: one rule about requests as configuration has it, and the checks of its
 * parts. Rules narrow what the lists opened; they never open a name. */
#ifndef SALLYPORT_POLICY_REQUEST_RULE_H
#define SALLYPORT_POLICY_REQUEST_RULE_H

#include "policy/credential.h"

enum request_action {
	REQUEST_ALLOW, /* with the other allow rules of its layer: nothing else goes */
	REQUEST_DENY,
	REQUEST_HOLD, /* goes when somebody approves it */
	REQUEST_TUNNEL, /* the target is not looked into for this layer's sake */
};

/* Rules of two files are judged apart from each other, and the stricter result counts. */
enum request_layer { REQUEST_LOCAL, REQUEST_REQUIRED, REQUEST_LAYERS };

/* A query parameter or a header field that must be there, with one of the values. */
struct condition {
	struct slice name; /* of a query: decoded; of a field: a token, compared without case */
	const struct slice *values;
	size_t value_count; /* 0: any value */
};

/* All slices are copied by request_rules_add. */
struct request_rule {
	const struct slice *domains; /* patterns; without a port they cover every port */
	size_t domain_count; /* at least 1 */
	const struct slice *methods;
	size_t method_count; /* 0: any */
	const struct slice *paths; /* policy/path.h */
	size_t path_count; /* 0: any */
	const struct condition *query;
	size_t query_count;
	const struct condition *headers;
	size_t header_count;
	const struct slice *strip; /* names of fields that do not go upstream; ALLOW, HOLD */
	size_t strip_count;
	struct credential inject; /* source NONE: nothing; ALLOW, HOLD */
	enum request_action action;
	enum request_layer layer;
	bool record_path; /* the path may stand in records of what the rule decides */
	bool public_suffix; /* a wildcard at or above a public suffix is meant */
	struct slice file;
	uint32_t line; /* from 1 */
};

/* False with a sentence that says what to write instead, the bytes of the text escaped. */
bool request_rule_check_domain(
	struct slice pattern, const struct request_rule *r, char *ret_sentence, size_t size);
bool request_rule_check_method(struct slice method, char *ret_sentence, size_t size);
bool request_rule_check_field(struct slice name, char *ret_sentence, size_t size);

#endif
