/* SPDX-License-Identifier: Apache-2.0 */
#include "control/watch.h"

#include "base/limits.h"
#include "control/client.h"
#include "control/follow.h"
#include "control/key.h"
#include "control/listing.h"
#include "control/moment.h"
#include "control/tail.h"
#include "control/view.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

enum { REDRAW_MS = 1000, RELOAD_MS = 2000, MESSAGE_BYTES = 640 };

struct watch {
	struct remote *remote;
	struct follow *follow;
	struct board board;
	struct screen screen;
	enum follow_state state;
	bool stale; /* the list is to be loaded, */
	uint64_t load_at_ms; /* but not before */
	bool choosing; /* a scope */
	bool everybody;
	size_t wider; /* 0: the exact name, else the n-th wider pattern */
	bool quit;
	char message[MESSAGE_BYTES];
};

/* ---- the list ------------------------------------------------------------------------------ */

/* Decided by whom: a line about one that went while somebody looked. */
static void tell_gone(struct watch *w, const json_t *question)
{
	const char *decider = listing_word(json_object_get(question, "decision"), "decider");
	const char *state = listing_word(question, "state");
	char target[LISTING_TEXT_BYTES], text[MESSAGE_BYTES];

	listing_target(question, target);
	snprintf(text, sizeof(text), "%s: %s%s%s", target, state ? state : "gone",
		decider ? " by " : "", decider ? decider : "");
	terminal_text(slice_of(text), w->message, sizeof(w->message));
}

static void back_to_list(struct watch *w)
{
	w->choosing = w->everybody = false;
	w->wider = 0;
}

static void on_event(void *owner, const struct sse_event *event)
{
	struct watch *w = owner;
	json_t *data = json_loadb(event->data.ptr ? event->data.ptr : "", event->data.len, 0, NULL);
	bool hello = strcmp(event->name, "hello") == 0;

	if (hello && !json_is_true(json_object_get(data, "resumed")))
		w->stale = true;
	if (strcmp(event->name, "approval") == 0) {
		const char *chosen = listing_word(board_chosen(&w->board), "id");
		const char *id = listing_word(data, "id");
		bool mine = chosen && id && strcmp(chosen, id) == 0;
		enum board_change change = board_update(&w->board, data, moment_now());
		if (change == BOARD_FULL)
			w->stale = true;
		if (change == BOARD_WENT)
			tell_gone(w, data);
		if (change == BOARD_WENT && mine)
			back_to_list(w);
	}
	json_decref(data);
}

static void load(struct watch *w)
{
	char path[64], before[64];
	struct client_answer answer;

	snprintf(path, sizeof(path), "/v1/approvals?state=pending&limit=%d", LIMIT_ROWS);
	if (!client_call(w->remote->client, &(struct client_request){.method = "GET", .path = path},
		    &answer)) {
		/* The stream most likely has an end, too, and begins anew. */
		snprintf(w->message, sizeof(w->message), "%s", answer.sentence);
		w->load_at_ms = moment_now() + RELOAD_MS;
		return;
	}
	w->stale = false;
	const char *chosen = listing_word(board_chosen(&w->board), "id");
	snprintf(before, sizeof(before), "%s", chosen ? chosen : "");
	board_load(&w->board, json_object_get(answer.body, "approvals"), moment_now());
	chosen = listing_word(board_chosen(&w->board), "id");
	if (strcmp(before, chosen ? chosen : "") != 0)
		back_to_list(w); /* the menu was about another question */
	json_decref(answer.body);
}

/* ---- deciding ------------------------------------------------------------------------------ */

/* The n-th wider pattern of the chosen question; NULL for the exact name and beyond the last. */
static const char *wider_pattern(const struct watch *w)
{
	const json_t *wider = json_object_get(board_chosen(&w->board), "wider");

	return w->wider > 0 ? json_string_value(json_array_get(wider, w->wider - 1)) : NULL;
}

static void decide(struct watch *w, struct remote_decision *decision)
{
	const json_t *question = board_chosen(&w->board);
	const char *id = listing_word(question, "id");
	char sentence[CLIENT_SENTENCE_BYTES];

	if (!id)
		return;
	if (!board_settled(&w->board, moment_now())) {
		snprintf(w->message, sizeof(w->message),
			"The list has just moved: look again and press once more.");
		return;
	}
	decision->pattern = wider_pattern(w);
	decision->everybody = w->everybody;
	json_t *body = remote_post_decision(w->remote, id, decision, sentence);
	back_to_list(w);
	if (!body) {
		snprintf(w->message, sizeof(w->message), "%s", sentence);
		w->stale = true;
		return;
	}
	const json_t *decided = json_object_get(body, "approval");
	if (board_update(&w->board, decided, moment_now()) == BOARD_WENT)
		tell_gone(w, decided);
	json_decref(body);
}

static void approve(struct watch *w, const char *scope, uint64_t ttl_ms)
{
	decide(w, &(struct remote_decision){.allow = true, .scope = scope, .ttl_ms = ttl_ms});
}

static void next_pattern(struct watch *w)
{
	w->wider++;
	if (!wider_pattern(w))
		w->wider = 0;
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* No key that decides here decides in the list, nor the other way round: who takes one for the other
 * decides nothing. */
static void press_in_menu(struct watch *w, int key)
{
	switch (key) {
	case '1':
		approve(w, "once", 0);
		break;
	case '2':
		approve(w, "session", 0);
		break;
	case '3':
		approve(w, "ttl", 3600 * 1000);
		break;
	case '4':
		approve(w, "ttl", 86400 * 1000);
		break;
	case '5':
		approve(w, "always", 0);
		break;
	case 'w':
		next_pattern(w);
		break;
	case 'e':
		w->everybody = !w->everybody;
		break;
	case 'q':
	case KEY_ESCAPE:
		back_to_list(w);
		break;
	default:
		break;
	}
}

static void press(struct watch *w, int key)
{
	switch (key) {
	case 'j':
	case KEY_DOWN:
		board_move(&w->board, 1);
		break;
	case 'k':
	case KEY_UP:
		board_move(&w->board, -1);
		break;
	case KEY_HOME:
		board_move(&w->board, -LIMIT_ROWS);
		break;
	case KEY_END:
		board_move(&w->board, LIMIT_ROWS);
		break;
	case 'a':
		approve(w, "once", 0);
		break;
	case 'A':
		w->choosing = board_chosen(&w->board) != NULL;
		break;
	case 'd':
		decide(w, &(struct remote_decision){.allow = false});
		break;
	case 'q':
		w->quit = true;
		break;
	default:
		break;
	}
}

/* ---- the loop ------------------------------------------------------------------------------ */

static bool draw(struct watch *w)
{
	char stream[CLIENT_SENTENCE_BYTES + 32] = "live";

	if (w->state == FOLLOW_LOST)
		snprintf(stream, sizeof(stream), "%s; trying again", follow_sentence(w->follow));
	if (w->state == FOLLOW_CONNECTING)
		snprintf(stream, sizeof(stream), "connecting");
	struct view view = {
		.board = &w->board,
		.stream = stream,
		.message = w->message,
		.choosing = w->choosing,
		.pattern = wider_pattern(w),
		.everybody = w->everybody,
		.now_ms = moment_now(),
	};
	return view_draw(&view, &w->screen);
}

static void loop(struct watch *w)
{
	const int fds[] = {STDIN_FILENO, w->screen.signal_fd};
	int key;

	while (!w->quit) {
		if (w->stale && moment_now() >= w->load_at_ms)
			load(w);
		if (!draw(w))
			return;
		w->state = follow_wait(w->follow, fds, 2, REDRAW_MS);
		if (w->state == FOLLOW_REFUSED || !screen_signals(&w->screen))
			return;
		while (!w->quit && (key = screen_key(&w->screen)) != KEY_NONE) {
			w->message[0] = '\0';
			if (w->choosing)
				press_in_menu(w, key);
			else
				press(w, key);
		}
	}
}

/* The stream's first word comes before the terminal is taken: what is wrong with token or place is
 * a sentence below the command then. */
static bool begin(struct watch *w)
{
	while (w->state == FOLLOW_CONNECTING)
		w->state = follow_wait(w->follow, NULL, 0, REDRAW_MS);
	if (w->state == FOLLOW_LIVE)
		return true;
	fprintf(stderr, "sallyport: %s\n", follow_sentence(w->follow));
	return false;
}

bool watch_run(struct remote *r)
{
	struct watch w = {.remote = r};
	bool ok = false;

	if (r->json || !screen_is_possible(&r->terminal))
		return tail_run(r, "approval");
	w.follow = follow_new(r->client, "approval", on_event, &w);
	if (!w.follow || !board_init(&w.board))
		fprintf(stderr, "sallyport: out of memory\n");
	else
		ok = begin(&w);
	if (ok && !screen_open(&w.screen, &r->terminal)) {
		perror("sallyport: the terminal cannot be used");
		ok = false;
	}
	if (ok) {
		loop(&w);
		screen_close(&w.screen);
		screen_pass_on(&w.screen);
		ok = w.state != FOLLOW_REFUSED;
		if (!ok)
			fprintf(stderr, "sallyport: %s\n", follow_sentence(w.follow));
	}
	follow_free(w.follow);
	board_done(&w.board);
	return ok;
}
