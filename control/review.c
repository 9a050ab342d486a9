/* SPDX-License-Identifier: Apache-2.0 */
#include "control/review.h"

#include "base/utf8.h"

#include <jansson.h>

static const char wrong_ttl[] = "\"ttl\" must be seconds, 1 to 31622400, and go with scope \"ttl\"";

/* A member that may be missing or null, and else is a string. */
static bool text_of(const json_t *object, const char *name, struct slice *ret_text)
{
	const json_t *value = json_object_get(object, name);

	*ret_text = slice_from(json_string_value(value), json_string_length(value));
	return !value || json_is_null(value) || json_is_string(value);
}

static const char *take_decision(const json_t *object, struct review *r)
{
	struct slice word;

	if (!text_of(object, "decision", &word))
		return "\"decision\" must be \"allow\", \"deny\" or \"ask\"";
	if (slice_equal(word, SLICE("allow")))
		r->decision = REVIEW_ALLOW;
	else if (slice_equal(word, SLICE("deny")))
		r->decision = REVIEW_DENY;
	else if (!slice_equal(word, SLICE("ask")))
		return "\"decision\" must be \"allow\", \"deny\" or \"ask\"";
	return NULL;
}

static const char *take_scope(const json_t *object, struct review *r)
{
	struct slice word;

	if (!text_of(object, "scope", &word))
		return "\"scope\" must be \"once\", \"session\" or \"ttl\"";
	/* Once is the least that a yes can be; a no lasts for its usual time. */
	r->scope = r->decision == REVIEW_ALLOW ? GRANT_ONCE : GRANT_TTL;
	if (word.ptr && !grant_scope_parse(word, &r->scope))
		return "\"scope\" must be \"once\", \"session\" or \"ttl\"";
	if (r->scope == GRANT_ALWAYS)
		return "a reviewer does not decide for ever";
	return NULL;
}

/* After the scope. */
static const char *take_ttl(const json_t *object, struct review *r)
{
	static const double most_s = 366.0 * 86400;
	const json_t *value = json_object_get(object, "ttl");
	double seconds = json_number_value(value);

	if (!value || json_is_null(value))
		return r->decision == REVIEW_ALLOW && r->scope == GRANT_TTL ? wrong_ttl : NULL;
	if (!json_is_number(value) || r->scope != GRANT_TTL || !(seconds >= 1) || seconds > most_s)
		return wrong_ttl;
	r->ttl_ms = (uint64_t)(seconds * 1000);
	return NULL;
}

static const char *take_pattern(const json_t *object, struct review *r)
{
	struct slice text;

	if (!text_of(object, "pattern", &text) || text.len >= sizeof(r->pattern))
		return "\"pattern\" must be a string of at most 1024 bytes";
	if (text.len > 0)
		memcpy(r->pattern, text.ptr, text.len);
	return NULL;
}

static const char *take_note(const json_t *object, struct review *r)
{
	struct slice text;

	if (!text_of(object, "note", &text))
		return "\"note\" must be a string";
	utf8_copy(text, r->note, sizeof(r->note));
	return NULL;
}

static const char *take(const json_t *object, struct review *r)
{
	static const char *(*const takers[])(const json_t *, struct review *) = {
		take_decision, take_scope, take_ttl, take_pattern, take_note};

	if (!json_is_object(object))
		return "the answer must be one JSON object";
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
		const char *fault = takers[i](object, r);
		if (fault)
			return fault;
		if (r->decision == REVIEW_ASK)
			break;
	}
	return NULL;
}

bool review_parse(struct slice answer, struct review *ret_review, const char **ret_fault)
{
	json_t *object =
		json_loadb(answer.ptr ? answer.ptr : "", answer.len, JSON_REJECT_DUPLICATES, NULL);
	struct review r = {.decision = REVIEW_ASK};
	const char *fault = take(object, &r);

	json_decref(object);
	*ret_review = fault ? (struct review){.decision = REVIEW_ASK} : r;
	if (fault)
		*ret_fault = fault;
	return fault == NULL;
}
