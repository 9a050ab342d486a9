/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a loop tells what is ready. */
#include "base/mailbox.h"
#include "proxy/poller.h"
#include "tests/unit/rows.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char told[16]; /* a letter for each call, in order */

static void tell(char what)
{
	size_t len = strlen(told);

	if (len + 1 < sizeof(told))
		told[len] = what;
}

static void on_message(void *owner, void *message)
{
	(void)owner;
	(void)message;
	tell('m');
}

static void on_ready(struct wire *w, void *owner)
{
	char bytes[16];
	size_t got;

	(void)owner;
	while (w->readable && wire_read(w, bytes, sizeof(bytes), &got) == WIRE_OK)
		tell('w');
}

static void on_closed(void *owner)
{
	(void)owner;
}

/* New rules are in force for whoever comes after they were given to a worker. */
static void a_message_comes_before_what_arrived_after_it(void **state)
{
	uv_loop_t loop;
	struct mailbox inbox;
	int ends[2], message;
	(void)state;

	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(mailbox_init(&inbox, &loop, 4, on_message, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	struct poller *p = poller_new(&loop);
	struct wire *w = wire_open(p, ends[0], on_ready, NULL);
	for (int i = 0; i < 4; i++)
		poller_turn(p, false);
	for (int round = 0; round < 100; round++) {
		memset(told, 0, sizeof(told));
		assert_true(mailbox_post(&inbox, &message));
		assert_int_equal(write(ends[1], "x", 1), 1);
		for (int i = 0; i < 10 && strlen(told) < 2; i++)
			poller_turn(p, false);
		assert_string_equal(told, "mw");
	}
	wire_close(w);
	close(ends[1]);
	mailbox_close(&inbox, on_closed);
	poller_run(p);
	poller_free(p);
	assert_int_equal(uv_loop_close(&loop), 0);
	mailbox_done(&inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_comes_before_what_arrived_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
