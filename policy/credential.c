/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/credential.h"

#include "base/escape.h"
#include "base/limits.h"
#include "policy/pattern.h"
#include "policy/request_rule.h"
#include "policy/suffix.h"

#include <stdio.h>

enum { SHOWN_SIZE = 120, PLACEHOLDER_LEAST = 8 };

static bool refuse(struct slice text, const char *why, char *ret_sentence, size_t size)
{
	char shown[SHOWN_SIZE];

	escape_text(text, shown, sizeof(shown));
	snprintf(ret_sentence, size, "\"%s\" %s", shown, why);
	return false;
}

static bool is_hop_field(struct slice name)
{
	static const struct slice proxy = {"proxy-", 6};
	static const struct slice names[] = {
		{"host", 4},
		{"content-length", 14},
		{"transfer-encoding", 17},
		{"connection", 10},
		{"keep-alive", 10},
		{"te", 2},
		{"trailer", 7},
		{"upgrade", 7},
		{"expect", 6},
		{"via", 3},
		{"max-forwards", 12},
		{"http2-settings", 14},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_nocase(name, names[i]))
			return true;
	return slice_equal_nocase(slice_first(name, proxy.len), proxy);
}

bool credential_check_header(struct slice name, char *ret_sentence, size_t size)
{
	if (!request_rule_check_field(name, ret_sentence, size))
		return false;
	if (name.len > LIMIT_CREDENTIAL_HEADER_BYTES)
		return refuse(name, "is too long for the name of a field", ret_sentence, size);
	return !is_hop_field(name) ||
	       refuse(name,
		       "is the proxy's own to write, for every request: name a field such as \"authorization\"",
		       ret_sentence, size);
}

bool credential_check_prefix(struct slice prefix, char *ret_sentence, size_t size)
{
	for (size_t i = 0; i < prefix.len; i++)
		if (prefix.ptr[i] < 0x20 || prefix.ptr[i] == 0x7f)
			return refuse(prefix,
				"has bytes that no field may have: write for example \"Bearer \"",
				ret_sentence, size);
	if (prefix.len > LIMIT_CREDENTIAL_PREFIX_BYTES)
		return refuse(prefix, "is too long for a prefix", ret_sentence, size);
	return prefix.len == 0 || prefix.ptr[0] != ' ' ||
	       refuse(prefix, "begins with a space, which no field value does: leave it out",
		       ret_sentence, size);
}

/* Found wherever it stands, so it must not be a part of ordinary text, and be the same bytes in a URL,
 * a field and Basic. */
bool credential_check_placeholder(struct slice placeholder, char *ret_sentence, size_t size)
{
	for (size_t i = 0; i < placeholder.len; i++) {
		char c = ascii_lower(placeholder.ptr[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
			    c == '.'))
			return refuse(placeholder,
				"is no placeholder: it has letters, digits, \"-\", \"_\" and \".\" only",
				ret_sentence, size);
	}
	if (placeholder.len < PLACEHOLDER_LEAST || placeholder.len > LIMIT_CREDENTIAL_PREFIX_BYTES)
		return refuse(placeholder,
			"is no placeholder: write 8 to 256 characters that stand nowhere else, such as \"sk-kept-outside\"",
			ret_sentence, size);
	return true;
}

bool credential_check_variable(struct slice name, char *ret_sentence, size_t size)
{
	if (name.len > 0 && slice_find(name, '=') == name.len && slice_find(name, '\0') == name.len)
		return true;
	return refuse(name, "is no environment variable: write its name, not its value",
		ret_sentence, size);
}

bool credential_check_domain(struct slice pattern, char *ret_sentence, size_t size)
{
	struct pattern p;

	if (!pattern_parse(pattern, &p, ret_sentence, size))
		return false;
	if (p.kind == PATTERN_ANY || p.kind == PATTERN_RANGE)
		return refuse(pattern,
			"is no name of somebody's own, and a credential goes to nobody else: write the names that it is for",
			ret_sentence, size);
	struct slice base = pattern_base(&p);
	if (p.kind != PATTERN_NAME && (base.len == 0 || suffix_is_public(base.ptr)))
		return refuse(pattern,
			"covers names that anybody may register, and a credential must not go there: write the names that it is for",
			ret_sentence, size);
	if (p.has_ports && p.port_first == 80 && p.port_last == 80)
		return refuse(pattern,
			"is plain HTTP, and a credential goes over TLS only: leave the port out, or write \":443\"",
			ret_sentence, size);
	return true;
}

bool credential_same_source(const struct credential *a, const struct credential *b)
{
	bool same = a->source == b->source && a->argument_count == b->argument_count &&
		    slice_equal(a->prefix, b->prefix);

	for (size_t i = 0; i < a->argument_count && same; i++)
		same = slice_equal(a->arguments[i], b->arguments[i]);
	return same;
}

size_t credential_describe(const struct credential *c, char *ret_text, size_t size)
{
	static const char *const words[] = {
		[CREDENTIAL_NONE] = "nothing",
		[CREDENTIAL_FILE] = "file",
		[CREDENTIAL_ENVIRONMENT] = "environment variable",
		[CREDENTIAL_COMMAND] = "command",
	};
	char shown[SHOWN_SIZE] = "";

	if (c->argument_count > 0)
		escape_text(c->arguments[0], shown, sizeof(shown));
	int len = snprintf(ret_text, size, "%s \"%s%s\"", words[c->source], shown,
		c->argument_count > 1 ? " …" : "");
	return len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
}
