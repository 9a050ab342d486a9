/* SPDX-License-Identifier: Apache-2.0 */
/* Events as lines for people. */
#include "control/listing.h"
#include "control/moment.h"
#include "control/tail.h"

#include <jansson.h>
#include <stdio.h>

enum { RAW_BYTES = 900 };

/* "1.4 MiB" */
static void format_bytes(uint64_t bytes, char ret_text[MOMENT_TEXT_SIZE])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes / 1024;
	size_t i = 0;

	while (value >= 1024 && i < 3) {
		value /= 1024;
		i++;
	}
	if (bytes < 1024)
		snprintf(ret_text, MOMENT_TEXT_SIZE, "%u B", (unsigned)bytes);
	else
		snprintf(ret_text, MOMENT_TEXT_SIZE, "%.1f %s", value, units[i]);
}

static const char *or_dash(const char *text)
{
	return text && text[0] ? text : "-";
}

static void decision_line(const json_t *d, char *ret, size_t size)
{
	const json_t *rule = json_object_get(d, "rule");
	const char *word = listing_word(d, "decision"), *reason = listing_word(d, "reason");
	const char *pattern = listing_word(rule, "pattern"), *file = listing_word(rule, "file");
	const char *grant = listing_word(d, "grant");
	char target[LISTING_TEXT_BYTES], because[256] = "";

	listing_target(d, target);
	if (pattern && file)
		snprintf(because, sizeof(because), ", %s (%s:%u)", pattern, file,
			(unsigned)listing_number(rule, "line"));
	else if (grant)
		snprintf(because, sizeof(because), ", %s", grant);
	snprintf(ret, size, "%-6s %s for %s%s%s%s", or_dash(word), target,
		or_dash(listing_word(d, "identity")), reason ? ": " : "", reason ? reason : "",
		because);
}

static void closed_line(const json_t *d, char *ret, size_t size)
{
	char target[LISTING_TEXT_BYTES], up[MOMENT_TEXT_SIZE], down[MOMENT_TEXT_SIZE];
	const char *reason = listing_word(d, "reason");

	listing_target(d, target);
	format_bytes(listing_number(d, "bytes_up"), up);
	format_bytes(listing_number(d, "bytes_down"), down);
	snprintf(ret, size, "closed %s after %.1fs, %s up, %s down%s%s", target,
		json_number_value(json_object_get(d, "duration")), up, down, reason ? ": " : "",
		reason ? reason : "");
}

/* "asked", or how it ended and by whose word. */
static void approval_line(const json_t *q, char *ret, size_t size)
{
	const char *state = listing_word(q, "state");
	const json_t *decision = json_object_get(q, "decision");
	const char *decider = listing_word(decision, "decider");
	char target[LISTING_TEXT_BYTES], about[LISTING_TEXT_BYTES];
	bool pending = state && strcmp(state, "pending") == 0;

	listing_target(q, target);
	listing_about(q, about);
	if (pending)
		snprintf(ret, size, "asked  %s for %s (%s)%s%.300s", target,
			or_dash(listing_word(q, "identity")), or_dash(listing_word(q, "id")),
			about[0] ? ": " : "", about);
	else
		snprintf(ret, size, "%s %s for %s (%s)%s%s%s%s", or_dash(state), target,
			or_dash(listing_word(q, "identity")), or_dash(listing_word(q, "id")),
			decider ? " by " : "", decider ? decider : "", decision ? ", " : "",
			decision ? or_dash(listing_word(decision, "scope")) : "");
}

static void grant_line(const json_t *d, char *ret, size_t size)
{
	const json_t *grant = json_object_get(d, "grant");
	const char *identity = listing_word(grant, "identity");

	snprintf(ret, size, "grant %s: %s %s (%s) for %s, %s", or_dash(listing_word(d, "change")),
		or_dash(listing_word(grant, "decision")), or_dash(listing_word(grant, "pattern")),
		or_dash(listing_word(grant, "scope")), identity ? identity : "everybody",
		or_dash(listing_word(grant, "id")));
}

bool tail_line(const char *kind, const struct json_t *data, char ret_line[TAIL_LINE_BYTES])
{
	char raw[RAW_BYTES];

	if (strcmp(kind, "decision") == 0)
		decision_line(data, raw, sizeof(raw));
	else if (strcmp(kind, "closed") == 0)
		closed_line(data, raw, sizeof(raw));
	else if (strcmp(kind, "approval") == 0)
		approval_line(data, raw, sizeof(raw));
	else if (strcmp(kind, "grant") == 0)
		grant_line(data, raw, sizeof(raw));
	else if (strcmp(kind, "config") == 0)
		snprintf(raw, sizeof(raw), "config by %s%s: %s",
			or_dash(listing_word(data, "actor")),
			json_is_true(json_object_get(data, "refused")) ? ", refused" : "",
			or_dash(listing_word(data, "text")));
	else if (strcmp(kind, "gap") == 0)
		snprintf(raw, sizeof(raw), "... %u more that were left out",
			(unsigned)listing_number(data, "skipped"));
	else
		return false;
	terminal_text(slice_of(raw), ret_line, TAIL_LINE_BYTES);
	return true;
}
