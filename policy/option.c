/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/option.h"

#include "base/escape.h"
#include "policy/config.h"

#include <assert.h>

static const struct option_row rows[OPTION_COUNT] = {
#define OPTION(id, section, name, type, effect, field, standard, min, max, words, help)            \
	[OPTION_##id] = {section, name, OPTION_TYPE_##type, OPTION_##effect,                       \
		offsetof(struct config, field), standard, min, max, words, help},
#define FOREIGN(id, section, name, type, quiet, help)                                              \
	[OPTION_##id] = {section, name, OPTION_TYPE_##type, OPTION_FOREIGN, 0, quiet, 0,           \
		UINT32_MAX, "", help},
#include "policy/option.def"
#undef OPTION
#undef FOREIGN
};

/* What coding agents keep in the same files and what is none of a proxy's business. */
static const char *const agent_keys[] = {"allow_appshots", "allow_login_shell",
	"allow_managed_hooks_only", "allow_remote_control", "allowed_approval_policies",
	"allowed_approvals_reviewers", "allowed_login_methods", "allowed_permission_profiles",
	"allowed_sandbox_modes", "approval_policy", "apps", "auto_review", "computer_use",
	"default_permissions", "enforce_residency", "feature_requirements", "features",
	"filesystem", "guardian_policy_config", "history", "hooks", "marketplaces", "mcp_servers",
	"model", "model_provider", "model_providers", "permissions", "plugins", "profile",
	"profiles", "projects", "remote_sandbox_config", "rules", "sandbox_mode",
	"sandbox_workspace_write", "shell_environment_policy", "tools", "tui", "web_search"};

enum {
	AGENT_KEY_COUNT = sizeof(agent_keys) / sizeof(agent_keys[0]),
	DISTANCE_BYTES = 40 /* longer words are not compared */
};

const struct option_row *option_row(enum option option)
{
	assert(option >= 0 && option < OPTION_COUNT);
	return &rows[option];
}

/* The section's name in the table: the agents' older name for it means the same. */
static struct slice canonical(struct slice section)
{
	return slice_equal(section, SLICE("experimental_network")) ? SLICE("network") : section;
}

/* Network options may stand at the top level, and the reviewer may stand beside them: that is where
 * agents' files have them. */
static bool stands_in(enum option option, struct slice section)
{
	struct slice own = slice_of(rows[option].section);

	if (slice_equal(own, section))
		return true;
	if (option == OPTION_REVIEWER)
		return section.len == 0 || slice_equal(section, SLICE("network"));
	/* There agents keep rules about commands. */
	if (option == OPTION_RULES)
		return false;
	return section.len == 0 && slice_equal(own, SLICE("network"));
}

enum option option_find(struct slice section, struct slice name)
{
	section = canonical(section);
	for (enum option i = 0; i < OPTION_COUNT; i++)
		if (slice_equal(slice_of(rows[i].name), name) && stands_in(i, section))
			return i;
	return OPTION_COUNT;
}

/* "otel" and "otel.exporter" hold the section "otel.exporter.otlp-http". */
static bool holds(struct slice section, struct slice inner)
{
	return slice_starts(inner, section) &&
	       (inner.len == section.len || inner.ptr[section.len] == '.');
}

bool option_is_section(struct slice section)
{
	section = canonical(section);
	for (enum option i = 0; i < OPTION_COUNT && section.len > 0; i++)
		if (holds(section, slice_of(rows[i].section)))
			return true;
	return false;
}

bool option_adds_up(const struct option_row *row)
{
	switch (row->type) {
	case OPTION_TYPE_ALLOW:
	case OPTION_TYPE_DENY:
	case OPTION_TYPE_DOMAINS:
	case OPTION_TYPE_ALLOW_FILES:
	case OPTION_TYPE_DENY_FILES:
	case OPTION_TYPE_RULES:
	case OPTION_TYPE_PROVIDERS:
		return true;
	case OPTION_TYPE_BOOLEAN:
	case OPTION_TYPE_COUNT:
	case OPTION_TYPE_DURATION:
	case OPTION_TYPE_SPAN:
	case OPTION_TYPE_SIZE:
	case OPTION_TYPE_WORD:
	case OPTION_TYPE_WORDS:
	case OPTION_TYPE_TEXT:
	case OPTION_TYPE_PATH:
	case OPTION_TYPE_URL:
	case OPTION_TYPE_LOG:
	case OPTION_TYPE_LISTEN_PROXY:
	case OPTION_TYPE_LISTEN_CONTROL:
	case OPTION_TYPE_SERVERS:
	case OPTION_TYPE_HEADERS:
	case OPTION_TYPE_EXPORTER:
	case OPTION_TYPE_ANY:
		break;
	}
	return false;
}

uint64_t option_unit_ms(const struct option_row *row)
{
	return row->type == OPTION_TYPE_SPAN ? 1000 : 1;
}

size_t option_label(const struct option_row *row, char *ret_text, size_t size)
{
	int len = snprintf(
		ret_text, size, "%s%s%s", row->section, row->section[0] ? "." : "", row->name);

	assert(len > 0 && (size_t)len < size);
	return (size_t)len;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance: letters to insert, drop or replace. */
static size_t distance(struct slice a, struct slice b)
{
	size_t costs[DISTANCE_BYTES + 1];

	if (a.len > DISTANCE_BYTES || b.len > DISTANCE_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		costs[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = costs[0];
		costs[0] = i + 1;
		for (size_t j = 0; j < b.len; j++) {
			size_t replace = diagonal + (ascii_lower(a.ptr[i]) != b.ptr[j]);
			diagonal = costs[j + 1];
			costs[j + 1] = least(replace, least(costs[j], costs[j + 1]) + 1);
		}
	}
	return costs[b.len];
}

/* The row nearest to `name`, among those of `section` or among all; OPTION_COUNT when none is
 * near enough to be what was meant. */
static enum option nearest(struct slice section, struct slice name, bool anywhere)
{
	enum option best = OPTION_COUNT;
	size_t best_distance = 1 + name.len / 3;

	for (enum option i = 0; i < OPTION_COUNT; i++) {
		if (rows[i].effect == OPTION_FOREIGN || (!anywhere && !stands_in(i, section)))
			continue;
		size_t d = distance(name, slice_of(rows[i].name));
		if (d > best_distance || (d == best_distance && best != OPTION_COUNT))
			continue;
		best = i;
		best_distance = d;
	}
	return best;
}

/* First part of a section below `section`, when it is near `name`. */
static struct slice nearest_section(struct slice section, struct slice name)
{
	for (enum option i = 0; i < OPTION_COUNT; i++) {
		struct slice inner = slice_of(rows[i].section);
		if (!holds(section, inner) && section.len > 0)
			continue;
		inner = slice_after(inner, section.len > 0 ? section.len + 1 : 0);
		inner = slice_first(inner, slice_find(inner, '.'));
		if (inner.len > 0 && distance(name, inner) <= 1 + name.len / 4)
			return inner;
	}
	return (struct slice){NULL, 0};
}

void option_suggest(struct slice section, struct slice name, char *ret_text, size_t size)
{
	section = canonical(section);
	enum option here = nearest(section, name, false);
	enum option there = nearest(section, name, true);
	struct slice table = nearest_section(section, name);

	ret_text[0] = '\0';
	if (table.len > 0 &&
		(here == OPTION_COUNT ||
			distance(name, table) <= distance(name, slice_of(rows[here].name))))
		snprintf(ret_text, size, "did you mean the table [%.*s%s%.*s]?", (int)section.len,
			section.ptr ? section.ptr : "", section.len ? "." : "", (int)table.len,
			table.ptr);
	else if (here != OPTION_COUNT)
		snprintf(ret_text, size, "did you mean \"%s\"?", rows[here].name);
	else if (there != OPTION_COUNT && rows[there].section[0] == '\0')
		snprintf(ret_text, size, "\"%s\" belongs above the first table", rows[there].name);
	else if (there != OPTION_COUNT)
		snprintf(ret_text, size, "\"%s\" belongs in [%s]", rows[there].name,
			rows[there].section);
}

struct slice words_at(const char *words, unsigned index)
{
	struct slice rest = slice_of(words);

	for (; index > 0 && rest.len > 0; index--)
		rest = slice_after(rest, slice_find(rest, '|') + 1);
	return slice_first(rest, slice_find(rest, '|'));
}

int words_find(const char *words, struct slice word)
{
	for (unsigned i = 0;; i++) {
		struct slice known = words_at(words, i);
		if (known.len == 0)
			return -1;
		if (slice_equal(known, word))
			return (int)i;
	}
}

struct slice words_nearest(const char *words, struct slice word)
{
	struct slice best = {NULL, 0};
	size_t best_distance = 2 + word.len / 3;

	for (unsigned i = 0;; i++) {
		struct slice known = words_at(words, i);
		if (known.len == 0)
			return best;
		size_t d = distance(word, known);
		if (d < best_distance) {
			best = known;
			best_distance = d;
		}
	}
}

bool option_is_agent_key(struct slice name)
{
	for (size_t i = 0; i < AGENT_KEY_COUNT; i++)
		if (slice_equal(slice_of(agent_keys[i]), name))
			return true;
	return false;
}
