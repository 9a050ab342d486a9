/* SPDX-License-Identifier: Apache-2.0 */
/* A question as JSON, with what helps a person to tell whose name it is. */
#include "control/show.h"

#include "base/escape.h"
#include "policy/idn.h"
#include "policy/suffix.h"

static json_t *show_registrable(const struct target *t)
{
	return show_word(t->kind == TARGET_NAME ? suffix_registrable(t->host) : NULL);
}

/* Only what looks like what it is: a U-label that would need an escape is not shown. */
static json_t *show_unicode(const struct target *t)
{
	char decoded[IDN_TEXT_SIZE], seen[IDN_TEXT_SIZE];

	if (t->kind != TARGET_NAME || !idn_to_unicode(target_host(t), decoded))
		return json_null();
	escape_utf8(slice_of(decoded), seen, sizeof(seen));
	return strcmp(decoded, seen) == 0 ? json_string(decoded) : json_null();
}

static json_t *show_process(const struct question_texts *context)
{
	json_t *shown;

	if (context->process_id == 0 && !context->process)
		return json_null();
	shown = json_object();
	show_put(&shown, "name", show_text(context->process));
	show_put(&shown, "command", show_text(context->command));
	show_put(&shown, "pid",
		context->process_id ? json_integer(context->process_id) : json_null());
	return shown;
}

static json_t *show_context(const struct question_texts *context)
{
	json_t *shown = json_object();

	show_put(&shown, "method", show_text(context->method));
	show_put(&shown, "path_class", show_text(context->path_class));
	show_put(&shown, "path", show_text(context->path));
	show_put(&shown, "user_agent", show_text(context->user_agent));
	show_put(&shown, "traceparent", show_text(context->traceparent));
	show_put(&shown, "process", show_process(context));
	return shown;
}

static json_t *show_wider(const struct target *t)
{
	char patterns[DESK_WIDER][PATTERN_HOST_SIZE];
	size_t count = desk_wider(t, patterns, DESK_WIDER);
	json_t *shown = json_array();

	for (size_t i = 0; i < count; i++)
		show_append(&shown, json_string(patterns[i]));
	return shown;
}

/* What of a grant matters to somebody who asks how the question ended. */
static json_t *show_outcome(const struct question *q, const struct grant *g)
{
	char pattern[GRANT_PATTERN_SIZE];
	json_t *shown = json_object();

	grant_pattern_format(g, pattern);
	show_put(&shown, "decision", json_string(g->allow ? "allow" : "deny"));
	show_put(&shown, "scope", json_string(grant_scope_word(g->scope)));
	show_put(&shown, "pattern", json_string(pattern));
	show_put(&shown, "decider", show_text(g->decider));
	show_put(&shown, "note", g->note[0] ? show_text(g->note) : json_string(""));
	show_put(&shown, "at", show_time(q->decided_ms));
	show_put(&shown, "grant", show_ident('g', g->id));
	return shown;
}

json_t *show_question(const struct question *q, const struct grant *decision)
{
	json_t *shown = json_object();

	show_put(&shown, "id", show_ident('q', q->id));
	show_put(&shown, "state", json_string(question_state_word(q->state)));
	show_put(&shown, "identity", show_text(q->identity));
	show_put(&shown, "session", show_text(q->session));
	show_put(&shown, "host", json_string(q->target.host));
	show_put(&shown, "port", json_integer(q->target.port));
	show_put(&shown, "protocol", json_string(question_protocol_word(q->protocol)));
	show_put(&shown, "subject_kind", json_string(subject_kind_word(q->subject_kind)));
	show_put(&shown, "subject", show_subject(q->subject));
	show_put(&shown, "registrable", show_registrable(&q->target));
	show_put(&shown, "unicode", show_unicode(&q->target));
	show_put(&shown, "asked_at", show_time(q->asked_ms));
	show_put(&shown, "expires_at", show_time(q->expires_ms));
	show_put(&shown, "decided_at", show_time(q->decided_ms));
	show_put(&shown, "waiters", json_integer(q->waiters));
	show_put(&shown, "asks", json_integer(q->asks));
	show_put(&shown, "context", show_context(&q->context));
	show_put(&shown, "justification", show_text(q->context.justification));
	show_put(&shown, "wider", show_wider(&q->target));
	show_put(&shown, "decision", decision ? show_outcome(q, decision) : json_null());
	return shown;
}
