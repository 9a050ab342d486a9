/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport check: what would happen to a host or a request, offline. */
#include "policy/explain.h"
#include "proxy/cli.h"

#include <stdlib.h>
#include <unistd.h>

static const char *source_word(enum decision_source source)
{
	switch (source) {
	case SOURCE_BASELINE_POLICY:
		return "baseline_policy";
	case SOURCE_MODE_GUARD:
		return "mode_guard";
	case SOURCE_DECIDER:
		return "decider";
	case SOURCE_PROXY_STATE:
		break;
	}
	return "proxy_state";
}

static void write_member(const char *name, const char *text)
{
	printf("  \"%s\": ", name);
	json_write_text(stdout, slice_of(text));
	fputs(",\n", stdout);
}

static void write_json(const struct policy *p, const struct explanation *e)
{
	static const char *const protocols[] = {
		[PORT_TLS] = "tls", [PORT_HTTP] = "http", [PORT_RAW] = "raw"};
	static const char *const decisions[] = {
		[DECISION_ALLOW] = "allow", [DECISION_DENY] = "deny", [DECISION_ASK] = "ask"};
	struct rule rule = policy_rule(p, e->verdict.entry);

	fputs("{\n", stdout);
	if (e->verdict.reason == REASON_BAD_TARGET) {
		fputs("  \"host\": null,\n  \"port\": null,\n", stdout);
	} else {
		write_member("host", e->target.host);
		printf("  \"port\": %u,\n", e->target.port);
	}
	write_member("decision", decisions[e->verdict.decision]);
	write_member("reason", reason_word(e->verdict.reason));
	write_member("source", source_word(e->verdict.source));
	if (e->verdict.decision != DECISION_DENY)
		write_member("protocol", protocols[e->verdict.protocol]);
	if (rule.pattern) {
		fputs("  \"rule\": {\"pattern\": ", stdout);
		json_write_text(stdout, slice_of(rule.pattern));
		fputs(", \"file\": ", stdout);
		json_write_text(stdout, slice_of(rule.file));
		printf(", \"line\": %u},\n", rule.line);
	} else {
		fputs("  \"rule\": null,\n", stdout);
	}
	fputs("  \"text\": ", stdout);
	json_write_text(stdout, slice_of(e->text));
	fputs("\n}\n", stdout);
}

/* Green or red where somebody looks at it. */
static void write_text(const struct explanation *e)
{
	static const char *const colours[] = {[DECISION_ALLOW] = "\033[32m",
		[DECISION_DENY] = "\033[31m",
		[DECISION_ASK] = "\033[33m"};
	bool coloured = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");

	printf("%s%s%s\n", coloured ? colours[e->verdict.decision] : "", e->text,
		coloured ? "\033[0m" : "");
}

int command_check(const struct arguments *a)
{
	struct config *c = cli_load(a, true);
	const char *method = a->given[FLAG_METHOD] ? a->values[FLAG_METHOD] : "GET";
	struct explanation e;

	if (!c)
		return EXIT_REFUSED;
	policy_explain_request(c->policy, slice_of(method), slice_of(a->operands[0]), &e);
	if (a->given[FLAG_JSON])
		write_json(c->policy, &e);
	else
		write_text(&e);
	config_free(c);
	return e.verdict.decision == DECISION_ALLOW ? EXIT_DONE : EXIT_REFUSED;
}
