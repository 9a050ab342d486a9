/* SPDX-License-Identifier: Apache-2.0 */
/* The event stream as its readers meet it: what they are told, after a break too, and what becomes of
 * those that do not read. */
#include "control/show.h"
#include "control/stream.h"
#include "tests/unit/control_server.h"
#include "tests/unit/desks.h"
#include "tests/unit/rows.h"

#include <stdio.h>

#define HOST   "Host: localhost\r\n"
#define VIEWER HOST AS(TOKEN_VIEWER)

const struct route *const control_routes[] = {stream_routes, NULL};

static struct server server;

static int start(void **state)
{
	(void)state;
	server = (struct server){0};
	server_rows = NULL;
	server_row_count = 0;
	server_rows_missed = 0;
	server_start(&server);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	server_stop(&server);
	return 0;
}

/* A stream that was greeted; `query` as "?kinds=…", `id` what it has, "" for none. */
static struct client listen_to(const char *query, const char *id, bool resumed)
{
	struct client c = client_open(&server, false);
	char request[512];

	snprintf(request, sizeof(request), "GET /v1/events%s HTTP/1.1\r\n" VIEWER "%s%s%s\r\n",
		query, id[0] ? "Last-Event-ID: " : "", id, id[0] ? "\r\n" : "");
	client_send(&server, &c, slice_of(request));
	client_until(&server, &c, "HTTP/1.1 200 OK\r\n");
	client_until(&server, &c, "Content-Type: text/event-stream\r\n");
	client_until(&server, &c,
		resumed ? "\nevent: hello\ndata: {\"resumed\":true}\n\n"
			: "\nevent: hello\ndata: {\"resumed\":false}\n\n");
	return c;
}

static void tell_config(const char *text)
{
	control_reloaded(server.control, "ann", text, false);
}

static void tell_grant(enum news_kind kind, uint64_t id)
{
	struct grant g = {.id = id, .allow = true, .scope = GRANT_TTL, .decider = "ann"};
	struct news news = {.kind = kind, .grant = &g};
	char sentence[256];

	assert_true(pattern_parse(SLICE("a.example"), &g.pattern, sentence, sizeof(sentence)));
	control_tell(server.control, &news);
}

static void events_are_told(void **state)
{
	struct client c = listen_to("", "", false);

	(void)state;
	tell_config("one entry more");
	client_until(&server, &c, "\nevent: config\ndata: {\"actor\":\"ann\",");
	client_until(&server, &c, "\"one entry more\",\"refused\":false}\n\n");
	tell_grant(NEWS_GRANTED, 1);
	client_until(
		&server, &c, "\nevent: grant\ndata: {\"change\":\"added\",\"grant\":{\"id\":\"g-");
	tell_grant(NEWS_REVOKED, 1);
	client_until(&server, &c, "\"change\":\"revoked\"");
	tell_grant(NEWS_GRANT_ENDED, 1);
	client_until(&server, &c, "\"change\":\"expired\"");
	client_close(&server, &c);
	assert_int_equal(server.control->audience.count, 0);
}

static void kinds_are_chosen(void **state)
{
	struct client c = listen_to("?kinds=grant,approval", "", false);

	(void)state;
	tell_config("not for this one");
	tell_grant(NEWS_GRANTED, 1);
	assert_null(strstr(client_until(&server, &c, "\"change\":\"added\""), "config"));
	client_close(&server, &c);
	assert_non_null(
		strstr(server_ask(&server, "GET /v1/events?kinds=gap HTTP/1.1\r\n" VIEWER "\r\n"),
			"HTTP/1.1 400 "));
	assert_non_null(strstr(
		server_ask(&server, "GET /v1/events?kinds=grant,x HTTP/1.1\r\n" VIEWER "\r\n"),
		"HTTP/1.1 400 "));
	assert_non_null(strstr(
		server_ask(&server, "GET /v1/events HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 401 "));
}

static void a_break_loses_nothing(void **state)
{
	struct client c = listen_to("", "", false);
	char id[64];

	(void)state;
	snprintf(id, sizeof(id), "%s-1", server.control->audience.feed.boot);
	tell_config("first");
	client_until(&server, &c, "first");
	client_close(&server, &c);
	tell_config("second");
	tell_config("third");
	c = listen_to("", id, true);
	assert_null(strstr(client_until(&server, &c, "second"), "first"));
	client_until(&server, &c, "third");
	client_close(&server, &c);
	/* Nobody comes back after so long: nothing is kept, and whoever does is told so. */
	server.control->audience.kept_until_ms = 0;
	tell_config("fourth");
	c = listen_to("", id, false);
	client_close(&server, &c);
	c = listen_to("", "elsewhere-1", false);
	client_close(&server, &c);
}

/* ---- questions ---------------------------------------------------------------------------- */

static void questions_are_told_of(void **state)
{
	static struct desk_log log;
	struct client c;

	(void)state;
	desks_init(&log, "listed.example", "");
	server.control->host.desk = log.desk;
	assert_int_equal(desks_ask(&log, 1, "local", "a.example:443", 0), DESK_HELD);
	const struct question *q = desk_question(log.desk, log.last_id);
	assert_non_null(q);
	c = listen_to("", "", false);
	control_tell(server.control, &(struct news){.kind = NEWS_ASKED, .question = q});
	client_until(&server, &c, "\nevent: approval\ndata: {\"id\":\"q-");
	client_until(&server, &c, "\n\n");
	/* However many come and go: once a turn. */
	for (int i = 0; i < 1000; i++)
		control_tell(server.control, &(struct news){.kind = NEWS_WAITERS, .question = q});
	uint64_t before = server.control->audience.feed.last;
	control_turn(server.control);
	control_turn(server.control);
	assert_int_equal(server.control->audience.feed.last, before + 1);
	client_until(&server, &c, "\nevent: approval\n");
	client_until(&server, &c, "\n\n");
	/* More than are noted are told of at once. */
	for (uint64_t id = 0; id < LIMIT_FEED_CHANGED + 1; id++) {
		const struct question other = {.id = id + 1000};
		control_tell(
			server.control, &(struct news){.kind = NEWS_WAITERS, .question = &other});
	}
	assert_int_equal(server.control->audience.changed_count, 1);
	/* A decision brings its grant, once. */
	struct grant g = {.id = 7, .allow = true, .question = q->id};
	char sentence[256];
	assert_true(pattern_parse(SLICE("a.example"), &g.pattern, sentence, sizeof(sentence)));
	control_tell(
		server.control, &(struct news){.kind = NEWS_DECIDED, .question = q, .grant = &g});
	client_until(&server, &c, "event: approval\n");
	client_until(&server, &c, "\nevent: grant\ndata: {\"change\":\"added\"");
	before = server.control->audience.feed.last;
	g.question++;
	control_tell(
		server.control, &(struct news){.kind = NEWS_DECIDED, .question = q, .grant = &g});
	assert_int_equal(server.control->audience.feed.last, before + 1);
	client_close(&server, &c);
	desks_done(&log);
}

/* ---- traffic ------------------------------------------------------------------------------ */

static struct digest_row rows[] = {
	{.sequence = 1, .name = EVENT_POLICY_DECISION, .host = "old.example"},
	{.sequence = 2, .name = EVENT_POLICY_DECISION, .host = "new.example"},
	{.sequence = 3, .name = EVENT_CONNECTION_CLOSED, .host = "end.example"},
	{.sequence = 4, .name = EVENT_POLICY_DECISION, .host = "later.example"},
};

static void traffic_is_told_to_who_wants_it(void **state)
{
	(void)state;
	server_rows = rows;
	server_row_count = 1;
	server_watches = 0;
	struct client people = listen_to("?kinds=approval", "", false);
	control_turn(server.control);
	assert_int_equal(server.control->audience.seen_row, 0);
	assert_int_equal(server_watches, 0);
	struct client c = listen_to("?kinds=decision,closed", "", false);
	assert_true(server_watched);
	server_row_count = 3;
	server_rows_missed = 7;
	control_turn(server.control);
	const char *text = client_until(&server, &c, "\nevent: gap\ndata: {\"skipped\":7}\n\n");
	assert_null(strstr(text, "example"));
	text = client_until(&server, &c, "event: decision\n");
	assert_null(strstr(text, "old.example"));
	client_until(&server, &c, "new.example");
	client_until(&server, &c, "event: closed\n");
	client_until(&server, &c, "end.example");
	/* While it is away the digest keeps what it will want. */
	char id[FEED_ID_SIZE];
	feed_id(&server.control->audience.feed, id);
	struct client other = listen_to("?kinds=closed", "", false);
	client_close(&server, &c);
	assert_true(server_watched && server_watches == 1);
	client_close(&server, &other);
	assert_true(!server_watched && server_watches == 2);
	server_row_count = 4;
	control_turn(server.control);
	c = listen_to("?kinds=decision,closed", id, true);
	control_turn(server.control);
	assert_null(strstr(client_until(&server, &c, "later.example"), "end.example"));
	assert_int_equal(people.in.len, 0);
	client_close(&server, &c);
	client_close(&server, &people);
}

/* ---- bounds ------------------------------------------------------------------------------- */

static void streams_are_bounded(void **state)
{
	static struct client clients[LIMIT_STREAMS];

	(void)state;
	for (size_t i = 0; i < LIMIT_STREAMS; i++)
		clients[i] = listen_to("", "", false);
	assert_non_null(strstr(
		server_ask(&server, "GET /v1/events HTTP/1.1\r\n" VIEWER "\r\n"), "HTTP/1.1 503 "));
	client_close(&server, &clients[0]);
	clients[0] = listen_to("", "", false);
	for (size_t i = 0; i < LIMIT_STREAMS; i++)
		client_close(&server, &clients[i]);
}

static void slow_readers_are_closed(void **state)
{
	static char text[4000];
	struct client c = listen_to("", "", false), other = listen_to("?kinds=grant", "", false);

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	/* More than may wait, and than the kernel takes, and nobody reads. */
	for (int i = 0; i < 3000 && server.control->audience.count == 2; i++)
		tell_config(text);
	assert_int_equal(server.control->audience.count, 1);
	tell_grant(NEWS_GRANTED, 1);
	client_until(&server, &other, "\"added\"");
	assert_true(client_ends(&server, &c));
	client_close(&server, &c);
	client_close(&server, &other);
}

static void silence_is_filled(void **state)
{
	static char text[4000];
	struct client c = listen_to("", "", false);
	struct caller *caller = server.control->callers;

	(void)state;
	stream_ping(caller);
	client_until(&server, &c, ": ping\n\n");
	stream_ping(caller);
	client_until(&server, &c, ": ping\n\n");
	/* A reader that took nothing between two pings is gone. */
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 200; i++)
		tell_config(text);
	stream_ping(caller);
	assert_int_equal(server.control->audience.count, 1);
	stream_ping(caller);
	assert_int_equal(server.control->audience.count, 0);
	client_close(&server, &c);
}

static void a_lost_token_ends_its_streams(void **state)
{
	struct client c = listen_to("", "", false);
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/tokens", server.directory);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("bob viewer 3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\n",
		file);
	fclose(file);
	control_reloaded(server.control, "ann", "refused", true);
	assert_int_equal(server.control->audience.count, 1);
	control_reloaded(server.control, "ann", "taken", false);
	assert_int_equal(server.control->audience.count, 0);
	assert_true(client_ends(&server, &c));
	client_close(&server, &c);
	/* A faulty file changes nothing. */
	file = fopen(path, "w");
	fputs("nonsense\n", file);
	fclose(file);
	control_reloaded(server.control, "ann", "taken", false);
	assert_int_equal(server.control->tokens.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_are_told, start, stop),
		cmocka_unit_test_setup_teardown(kinds_are_chosen, start, stop),
		cmocka_unit_test_setup_teardown(a_break_loses_nothing, start, stop),
		cmocka_unit_test_setup_teardown(questions_are_told_of, start, stop),
		cmocka_unit_test_setup_teardown(traffic_is_told_to_who_wants_it, start, stop),
		cmocka_unit_test_setup_teardown(streams_are_bounded, start, stop),
		cmocka_unit_test_setup_teardown(slow_readers_are_closed, start, stop),
		cmocka_unit_test_setup_teardown(silence_is_filled, start, stop),
		cmocka_unit_test_setup_teardown(a_lost_token_ends_its_streams, start, stop),
	};

	return cmocka_run_group_tests_name("control_stream", tests, NULL, NULL);
}
