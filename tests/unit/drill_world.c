/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/drill_world.h"

#include "policy/requests.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const identities[WORLD_IDENTITIES] = {"local", "10.0.0.1"};
static const char *const sessions[WORLD_SESSIONS] = {"", "s", "t"};
static const char *const names[WORLD_TARGETS] = {"a.x.example:443", "b.x.example:443",
	"a.x.example:8443", "y.example:80", "8.8.8.8:443", "[::ffff:8.8.8.8]:443"};
/* What each policy denies; the second one allows the first target too. */
static const char *const denied[WORLD_POLICIES] = {"", "y.example", "**.x.example"};
static const char *const patterns[WORLD_PATTERNS] = {"", "*.x.example", "**.x.example:*",
	"a.x.example", "b.x.example:443", "*.example", "a*.x.example:443", "y.example:80",
	"**.y.example:1-80", "8.8.8.8", "8.8.0.0/16:443", "a.x.example:443"};

static const struct {
	enum subject_kind kind;
	const char *text;
} subjects[WORLD_SUBJECTS] = {{SUBJECT_NONE, ""}, {SUBJECT_REQUEST, "POST /in/"},
	{SUBJECT_SEARCH, "POST /in/"}, {SUBJECT_SEARCH, "POST /in/ "}};

static struct target targets[WORLD_TARGETS];
static struct policy *policies[WORLD_POLICIES];

static void add(struct policy_builder *b, enum policy_list list, const char *pattern)
{
	struct entry e = {.list = list, .pattern = slice_of(pattern), .file = SLICE("drill")};
	struct fault fault;

	if (e.pattern.len > 0 && !policy_builder_add(b, &e, &fault))
		abort();
}

/* The rule that asks about the world's requests. */
static void hold(struct policy_builder *b)
{
	const struct slice domain = SLICE("*"), method = SLICE("POST"), path = SLICE("/in/");
	const struct request_rule rule = {.domains = &domain,
		.domain_count = 1,
		.methods = &method,
		.method_count = 1,
		.paths = &path,
		.path_count = 1,
		.action = REQUEST_HOLD,
		.file = SLICE("drill"),
		.line = 1};
	struct fault fault;

	if (!policy_builder_add_rule(b, &rule, &fault))
		abort();
}

void world_init(void)
{
	const struct policy_settings settings = {.unlisted = UNLISTED_HOLD};

	for (int i = 0; i < WORLD_TARGETS; i++)
		if (target_parse_authority(slice_of(names[i]), &targets[i]) != REASON_NONE)
			abort();
	for (int i = 0; i < WORLD_POLICIES; i++) {
		struct policy_builder *b = policy_builder_new();
		if (!b)
			abort();
		hold(b);
		add(b, LIST_ALLOW, i == 1 ? "a.x.example:443" : "");
		add(b, LIST_DENY, denied[i]);
		policies[i] = policy_builder_finish(b, &settings);
		if (!policies[i])
			abort();
	}
}

void world_done(void)
{
	for (int i = 0; i < WORLD_POLICIES; i++)
		policy_unref(policies[i]);
}

struct world_ask world_ask(uint8_t who, uint8_t what)
{
	return (struct world_ask){who % WORLD_IDENTITIES, who / WORLD_IDENTITIES % WORLD_SESSIONS,
		what % WORLD_TARGETS, what / WORLD_TARGETS % 2,
		what / WORLD_TARGETS / 2 % WORLD_SUBJECTS};
}

static uint8_t place_of(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return (uint8_t)i;
	abort();
}

struct world_ask world_ask_of(const struct question *q)
{
	struct world_ask ask = {.identity = place_of(identities, WORLD_IDENTITIES, q->identity),
		.session = place_of(sessions, WORLD_SESSIONS, q->session),
		.protocol = (uint8_t)q->protocol,
		.subject = world_subject_of(question_subject(q))};

	while (!target_equal(&q->target, &targets[ask.target]))
		ask.target++;
	return ask;
}

struct claimant world_claimant(const struct world_ask *ask)
{
	return (struct claimant){
		slice_of(identities[ask->identity]), slice_of(sessions[ask->session])};
}

const struct target *world_target(const struct world_ask *ask)
{
	return &targets[ask->target];
}

struct subject world_subject(uint8_t index)
{
	return subject_of(subjects[index].kind, subjects[index].text);
}

struct concern world_concern(const struct world_ask *ask)
{
	return (struct concern){world_target(ask), (enum question_protocol)ask->protocol,
		world_subject(ask->subject)};
}

uint8_t world_subject_of(struct subject subject)
{
	for (unsigned i = 0; i < WORLD_SUBJECTS; i++) {
		const struct subject known = world_subject((uint8_t)i);
		if (subject_equal(&known, &subject))
			return (uint8_t)i;
	}
	abort();
}

const struct policy *world_policy(unsigned index)
{
	return policies[index];
}

enum decision world_rules(unsigned policy, const struct world_ask *ask)
{
	/* What is asked about beside the host is asked about at a listed one too. */
	if (policy == 1 && ask->target == 0)
		return ask->subject > 0 ? DECISION_ASK : DECISION_ALLOW;
	/* The port is not listed. */
	if (policy == 1 && ask->target == 2)
		return DECISION_DENY;
	if (denied[policy][0] && world_covers(denied[policy], false, &targets[ask->target]))
		return DECISION_DENY;
	return DECISION_ASK;
}

const char *world_pattern(unsigned index)
{
	return patterns[index % WORLD_PATTERNS];
}

static bool covers_host(struct slice pattern, struct slice host)
{
	size_t star = slice_find(pattern, '*');

	if (star == pattern.len)
		return slice_equal(pattern, host);
	if (slice_starts(pattern, SLICE("**.")))
		return covers_host(slice_after(pattern, 3), host) ||
		       slice_ends(host, slice_after(pattern, 2));
	if (slice_starts(pattern, SLICE("*.")))
		return slice_ends(host, slice_after(pattern, 1));
	/* The holes of this world stand at the end of their label. */
	return slice_starts(host, slice_first(pattern, star)) &&
	       slice_equal(
		       slice_after(host, slice_find(host, '.')), slice_after(pattern, star + 1));
}

bool world_covers(const char *pattern, bool allow, const struct target *t)
{
	struct slice text = slice_of(pattern), host = target_host(t);
	struct slice front = slice_first(text, slice_find(text, ':'));
	struct slice ports = slice_after(text, front.len + 1);
	size_t dash = slice_find(ports, '-');
	unsigned first = (unsigned)strtoul(ports.len ? ports.ptr : "0", NULL, 10);
	unsigned last =
		dash < ports.len ? (unsigned)strtoul(ports.ptr + dash + 1, NULL, 10) : first;

	if (ports.len == 0 && allow && t->port != 80 && t->port != 443)
		return false;
	if (ports.len > 0 && ports.ptr[0] != '*' && (t->port < first || t->port > last))
		return false;
	/* The one address of this world is also asked for in its mapped form. */
	if (t->kind == TARGET_ADDRESS)
		return slice_starts(front, SLICE("8.8."));
	return covers_host(front, host);
}
