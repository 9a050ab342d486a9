/* SPDX-License-Identifier: Apache-2.0 */
#include "control/board.h"

#include "base/limits.h"
#include "control/listing.h"

#include <jansson.h>

bool board_init(struct board *b)
{
	*b = (struct board){.questions = json_array()};
	return b->questions != NULL;
}

void board_done(struct board *b)
{
	json_decref(b->questions);
	b->questions = NULL;
}

static bool is_pending(const json_t *question)
{
	const char *state = listing_word(question, "state");

	return listing_word(question, "id") && state && strcmp(state, "pending") == 0;
}

/* The question with this id; as many as there are when there is none. */
static size_t find(const struct board *b, const char *id)
{
	size_t i, count = board_count(b);

	for (i = 0; i < count; i++)
		if (strcmp(listing_word(board_at(b, i), "id"), id) == 0)
			break;
	return i;
}

/* Behind all that were asked earlier. */
static size_t place_of(const struct board *b, const json_t *question)
{
	uint64_t asked = listing_time(question, "asked_at");
	size_t i = board_count(b);

	while (i > 0 && listing_time(board_at(b, i - 1), "asked_at") > asked)
		i--;
	return i;
}

static bool put(struct board *b, const json_t *question, uint64_t now_ms)
{
	size_t place = place_of(b, question);
	json_t *copy = json_deep_copy(question);

	if (!copy || json_array_insert_new(b->questions, place, copy) != 0)
		return false;
	if (board_count(b) == 1)
		b->moved_ms = now_ms;
	else if (place <= b->chosen)
		b->chosen++;
	return true;
}

static void take_out(struct board *b, size_t place, uint64_t now_ms)
{
	json_array_remove(b->questions, place);
	if (place == b->chosen)
		b->moved_ms = now_ms;
	if (place < b->chosen || (b->chosen > 0 && b->chosen == board_count(b)))
		b->chosen--;
}

enum board_change board_update(struct board *b, const struct json_t *question, uint64_t now_ms)
{
	const char *id = listing_word(question, "id");
	size_t place = id ? find(b, id) : board_count(b);
	bool known = place < board_count(b);

	if (!is_pending(question)) {
		if (!known)
			return BOARD_SAME;
		take_out(b, place, now_ms);
		return BOARD_WENT;
	}
	if (!known) {
		if (board_count(b) >= LIMIT_ROWS || !put(b, question, now_ms))
			return BOARD_FULL;
		return BOARD_CAME;
	}
	if (json_equal(board_at(b, place), question))
		return BOARD_SAME;
	json_t *copy = json_deep_copy(question);
	return copy && json_array_set_new(b->questions, place, copy) == 0 ? BOARD_CHANGED
									  : BOARD_FULL;
}

void board_load(struct board *b, const struct json_t *list, uint64_t now_ms)
{
	const char *was = listing_word(board_chosen(b), "id");
	uint64_t moved_ms = b->moved_ms;
	char id[64] = "";

	snprintf(id, sizeof(id), "%s", was ? was : "");
	json_array_clear(b->questions);
	b->chosen = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		board_update(b, json_array_get(list, i), now_ms);
	size_t place = find(b, id);
	bool kept = place < board_count(b);
	b->chosen = kept ? place : 0;
	b->moved_ms = kept ? moved_ms : now_ms;
}

size_t board_count(const struct board *b)
{
	return json_array_size(b->questions);
}

const struct json_t *board_at(const struct board *b, size_t index)
{
	return json_array_get(b->questions, index);
}

const struct json_t *board_chosen(const struct board *b)
{
	return board_at(b, b->chosen);
}

void board_move(struct board *b, int by)
{
	long last = (long)board_count(b) - 1;
	long to = (long)b->chosen + by;

	to = to > last ? last : to;
	b->chosen = to < 0 ? 0 : (size_t)to;
}

bool board_settled(const struct board *b, uint64_t now_ms)
{
	return now_ms < b->moved_ms || now_ms - b->moved_ms >= LIMIT_SETTLE_MS;
}
