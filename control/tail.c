/* SPDX-License-Identifier: Apache-2.0 */
#include "control/tail.h"

#include "base/limits.h"
#include "control/client.h"
#include "control/follow.h"
#include "control/listing.h"
#include "control/moment.h"

#include <jansson.h>
#include <stdio.h>

enum { SEEN = 1024, ID_BYTES = 24, WAIT_MS = 60000 };

struct tail {
	struct remote *remote;
	bool questions; /* they are among the kinds */
	bool stale; /* those that wait are to be told */
	bool broken; /* standard output takes no more */
	size_t seen_count;
	char seen[SEEN][ID_BYTES]; /* pending ones told of, the newest of them; a ring */
};

/* ---- printing ------------------------------------------------------------------------------ */

static void print_json(struct tail *t, const char *kind, const char *id, const json_t *data)
{
	json_t *line = json_object();

	json_object_set_new(line, "event", json_string(kind));
	json_object_set_new(line, "id", id[0] ? json_string(id) : json_null());
	json_object_set(line, "data", (json_t *)(uintptr_t)data);
	if (json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) != 0)
		t->broken = true;
	fputc('\n', stdout);
	json_decref(line);
}

/* A pending question is told once; its waiters come and go without a word. */
static bool is_new(struct tail *t, const json_t *question)
{
	const char *id = listing_word(question, "id"), *state = listing_word(question, "state");

	if (!id || !state || strcmp(state, "pending") != 0)
		return true;
	for (size_t i = 0; i < t->seen_count && i < SEEN; i++)
		if (strncmp(t->seen[i], id, ID_BYTES - 1) == 0)
			return false;
	snprintf(t->seen[t->seen_count++ % SEEN], ID_BYTES, "%s", id);
	return true;
}

static const char *colour_of(const struct tail *t, const char *line)
{
	static const struct {
		struct slice word;
		const char *colour;
	} rows[] = {
		{{"allow", 5}, TERMINAL_GREEN},
		{{"approved", 8}, TERMINAL_GREEN},
		{{"deny", 4}, TERMINAL_RED},
		{{"denied", 6}, TERMINAL_RED},
		{{"ask", 3}, TERMINAL_YELLOW},
	};

	for (size_t i = 0; t->remote->terminal.colour && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_starts(slice_of(line), rows[i].word))
			return rows[i].colour;
	return "";
}

static void print_line(struct tail *t, const char *kind, const json_t *data)
{
	char line[TAIL_LINE_BYTES], clock[MOMENT_TEXT_SIZE];
	uint64_t at = listing_time(data, "at");

	if (strcmp(kind, "approval") == 0) {
		if (!is_new(t, data))
			return;
		at = listing_time(data, "decided_at");
		at = at ? at : listing_time(data, "asked_at");
	}
	if (!tail_line(kind, data, line))
		return;
	moment_clock(at ? at : moment_now(), clock);
	const char *colour = colour_of(t, line);
	printf("%s  %s%s%s\n", clock, colour, line, colour[0] ? TERMINAL_PLAIN : "");
}

static void tell(struct tail *t, const char *kind, const char *id, const json_t *data)
{
	if (t->remote->json)
		print_json(t, kind, id, data);
	else
		print_line(t, kind, data);
	if (fflush(stdout) != 0)
		t->broken = true;
}

/* ---- events -------------------------------------------------------------------------------- */

static void on_event(void *owner, const struct sse_event *event)
{
	struct tail *t = owner;
	json_t *data = json_loadb(event->data.ptr ? event->data.ptr : "", event->data.len, 0, NULL);

	if (strcmp(event->name, "hello") == 0)
		t->stale = t->questions && !json_is_true(json_object_get(data, "resumed"));
	else if (data)
		tell(t, event->name, event->id, data);
	json_decref(data);
}

static void tell_waiting(struct tail *t)
{
	char path[64];
	struct client_answer answer;

	t->stale = false;
	snprintf(path, sizeof(path), "/v1/approvals?state=pending&limit=%d", LIMIT_ROWS);
	if (!client_call(t->remote->client, &(struct client_request){.method = "GET", .path = path},
		    &answer)) {
		fprintf(stderr, "sallyport: %s\n", answer.sentence);
		return;
	}
	const json_t *list = json_object_get(answer.body, "approvals");
	for (size_t i = 0; i < json_array_size(list); i++)
		tell(t, "approval", "", json_array_get(list, i));
	json_decref(answer.body);
}

bool tail_run(struct remote *r, const char *kinds)
{
	static struct tail t; /* too large for a stack; a process follows once */
	enum follow_state state = FOLLOW_CONNECTING, before;
	bool was_live = false;

	t = (struct tail){.remote = r, .questions = strstr(kinds, "approval") != NULL};
	struct follow *f = follow_new(r->client, kinds, on_event, &t);
	while (f && !t.broken) {
		before = state;
		state = follow_wait(f, NULL, 0, WAIT_MS);
		was_live = was_live || state == FOLLOW_LIVE;
		bool trouble = state == FOLLOW_REFUSED || (state == FOLLOW_LOST && before != state);
		if (trouble)
			fprintf(stderr, "sallyport: %s%s\n", follow_sentence(f),
				state == FOLLOW_LOST && was_live ? "; trying again" : "");
		if (state == FOLLOW_REFUSED || (trouble && !was_live))
			break;
		if (t.stale)
			tell_waiting(&t);
	}
	if (!f)
		fprintf(stderr, "sallyport: out of memory\n");
	follow_free(f);
	return false;
}
