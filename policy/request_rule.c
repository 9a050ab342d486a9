/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/request_rule.h"

#include "base/escape.h"
#include "policy/pattern.h"
#include "policy/suffix.h"

#include <stdio.h>

enum { SHOWN_SIZE = 120 };

/* tchar of RFC 9110 §5.6.2 */
static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = ascii_lower(s.ptr[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c))))
			return false;
	}
	return s.len > 0;
}

static bool refuse(struct slice text, const char *why, char *ret_sentence, size_t size)
{
	char shown[SHOWN_SIZE];

	escape_text(text, shown, sizeof(shown));
	snprintf(ret_sentence, size, "\"%s\" %s", shown, why);
	return false;
}

/* What allows, or keeps the proxy from looking, must not reach further than somebody meant. */
bool request_rule_check_domain(
	struct slice pattern, const struct request_rule *r, char *ret_sentence, size_t size)
{
	struct pattern p;

	if (!pattern_parse(pattern, &p, ret_sentence, size))
		return false;
	bool wildcard = p.kind == PATTERN_BELOW || p.kind == PATTERN_FROM || p.kind == PATTERN_HOLE;
	struct slice base = pattern_base(&p);
	if (r->action == REQUEST_DENY || r->action == REQUEST_HOLD || r->public_suffix ||
		!wildcard || (base.len > 0 && !suffix_is_public(base.ptr)))
		return true;
	return refuse(pattern,
		"covers names that anybody may register: write the names that are meant, or add public_suffix = true to the rule",
		ret_sentence, size);
}

bool request_rule_check_method(struct slice method, char *ret_sentence, size_t size)
{
	if (!is_token(method))
		return refuse(
			method, "is no method: write for example \"GET\"", ret_sentence, size);
	for (size_t i = 0; i < method.len; i++)
		if (ascii_lower(method.ptr[i]) == method.ptr[i] && method.ptr[i] >= 'a' &&
			method.ptr[i] <= 'z')
			return refuse(method,
				"has small letters, and methods are told apart by case: write it in capitals",
				ret_sentence, size);
	if (slice_equal(method, SLICE("CONNECT")) || slice_equal(method, SLICE("TRACE")))
		return refuse(method, "never reaches a host through the proxy: leave it out",
			ret_sentence, size);
	return true;
}

bool request_rule_check_field(struct slice name, char *ret_sentence, size_t size)
{
	if (is_token(name))
		return true;
	return refuse(
		name, "is no field name: write for example \"content-type\"", ret_sentence, size);
}
