/* SPDX-License-Identifier: Apache-2.0 */
#include "control/decide.h"

#include "control/form.h"

enum { TTL_MOST = 366 * 24 * 3600 };

static const char *const scopes[] = {[GRANT_ONCE] = "once",
	[GRANT_SESSION] = "session",
	[GRANT_TTL] = "ttl",
	[GRANT_ALWAYS] = "always"};

/* What both kinds of bodies have in common but for the scope. */
static void read_common(struct form *f, const struct call *call, struct decision_ask *a)
{
	static const char *const protocols[] = {
		[PORT_TLS] = "tls", [PORT_HTTP] = "http", [PORT_RAW] = "raw"};
	size_t none = sizeof(protocols) / sizeof(protocols[0]);
	size_t protocol = form_word(f, "protocol", protocols, none, none);

	a->pattern = form_text(f, "pattern", LIMIT_PATTERN_BYTES);
	a->ttl_ms = form_number(f, "ttl", 1, TTL_MOST) * 1000;
	a->note = form_text(f, "note", LIMIT_NOTE_BYTES);
	a->decider = slice_of(call->name);
	a->has_protocol = protocol < none;
	if (!a->has_protocol)
		return;
	a->protocol = (enum port_protocol)protocol;
	if (!a->allow)
		form_fault(f, "Nothing flows after a denial: leave \"protocol\" out.");
}

static void check_time(struct form *f, const struct decision_ask *a)
{
	bool timed = a->scope == GRANT_TTL || a->scope == GRANT_SESSION;

	if (a->ttl_ms > 0 && !timed)
		form_fault(f,
			"A decision for \"%s\" has no \"ttl\": leave it out, or choose \"ttl\".",
			scopes[a->scope]);
	if (a->ttl_ms == 0 && a->scope == GRANT_TTL && a->allow)
		form_fault(f, "The scope \"ttl\" needs a \"ttl\": write for how many seconds.");
}

/* Nothing is read behind this. */
static bool finish(struct form *f, struct call *call, const struct decision_ask *a)
{
	check_time(f, a);
	if (!form_end(f, call))
		return false;
	if (a->scope != GRANT_ALWAYS || call->role >= ROLE_ADMIN)
		return true;
	call_problem(call, 403, "forbidden",
		"Only an admin decides for ever: choose another scope, or ask one.");
	return false;
}

bool decide_read_answer(
	struct call *call, bool allow, const char *identity, struct decision_ask *ret_ask)
{
	struct decision_ask a = {.allow = allow};
	struct form f;

	form_init(&f, call->body);
	read_common(&f, call, &a);
	/* A denial without more lasts deny_ttl. */
	enum grant_scope usual = a.ttl_ms > 0 || !allow ? GRANT_TTL : GRANT_ONCE;
	a.scope = (enum grant_scope)form_word(&f, "scope", scopes, GRANT_SCOPE_COUNT, usual);
	struct slice whom = form_text(&f, "identity", LIMIT_IDENTITY_BYTES);
	a.everybody = slice_equal(whom, SLICE("*"));
	if (whom.len > 0 && !a.everybody && !slice_equal(whom, slice_of(identity)))
		form_fault(&f,
			"The question is of another \"identity\": leave it out, or write \"*\" for everybody.");
	if (!finish(&f, call, &a))
		return false;
	*ret_ask = a;
	return true;
}

/* What a decision ahead of time is about, beside its host. */
static void read_subject(struct form *f, struct decision_ask *a)
{
	static const char *const kinds[SUBJECT_KIND_COUNT] = {"none", "request", "search"};
	struct slice text = form_text(f, "subject", LIMIT_SUBJECT_BYTES);
	enum subject_kind usual = text.len > 0 ? SUBJECT_REQUEST : SUBJECT_NONE;

	a->subject_kind =
		(enum subject_kind)form_word(f, "subject_kind", kinds, SUBJECT_KIND_COUNT, usual);
	/* A JSON text ends with a NUL, and has none inside. */
	a->subject = text.ptr;
	if ((a->subject_kind == SUBJECT_NONE) != (text.len == 0))
		form_fault(f,
			"A \"subject\" has a \"subject_kind\", \"request\" or \"search\", and without a subject there is none.");
	if (a->has_protocol && text.len > 0)
		form_fault(f, "A \"subject\" opens no tunnel: leave \"protocol\" out.");
}

bool decide_read_grant(struct call *call, struct decision_ask *ret_ask, struct slice *ret_identity)
{
	static const char *const decisions[] = {"allow", "deny"};
	/* The scopes that need neither a question nor a session. */
	static const enum grant_scope ahead[] = {GRANT_TTL, GRANT_ALWAYS};
	const char *const words[] = {scopes[ahead[0]], scopes[ahead[1]]};
	struct decision_ask a = {.allow = false};
	struct form f;

	form_init(&f, call->body);
	size_t decision = form_word(&f, "decision", decisions, 2, 2);
	a.allow = decision == 0;
	if (decision == 2)
		form_fault(&f, "Write a \"decision\": \"allow\" or \"deny\".");
	read_common(&f, call, &a);
	a.scope = ahead[form_word(&f, "scope", words, 2, 0)];
	read_subject(&f, &a);
	struct slice whom = form_text(&f, "identity", LIMIT_IDENTITY_BYTES);
	a.everybody = whom.len == 0 || slice_equal(whom, SLICE("*"));
	if (a.pattern.len == 0)
		form_fault(&f,
			"Write a \"pattern\", such as \"*.example.com\" or \"example.com:8443\".");
	if (!finish(&f, call, &a))
		return false;
	*ret_ask = a;
	*ret_identity = a.everybody ? slice_from(NULL, 0) : whom;
	return true;
}

void decide_problem(struct call *call, enum desk_result result, const char *sentence)
{
	static const struct {
		unsigned status;
		const char *code;
	} rows[] = {
		[DESK_NOT_FOUND] = {404, "not_found"},
		[DESK_CONFLICT] = {409, "already_decided"},
		[DESK_GONE] = {410, "gone"},
		[DESK_REFUSED_PATTERN] = {422, "bad_pattern"},
		[DESK_REFUSED_BY_POLICY] = {409, "refused_by_policy"},
		[DESK_FULL] = {429, "too_many"},
		[DESK_NOT_KEPT] = {503, "not_stored"},
	};

	call_problem(call, rows[result].status, rows[result].code, sentence);
}
