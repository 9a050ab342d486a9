/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "tests/unit/resolver_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHAIN(n, m) "c" #n ".test 60 CNAME c" #m ".test"

static const struct stub_row script[] = {
	{"both.test", 1, .records = {"both.test 60 A 192.0.2.1"}},
	{"both.test", 28, .records = {"both.test 60 AAAA 2001:db8::1"}},
	{"four.test", 1, .records = {"four.test 60 A 192.0.2.1", "four.test 60 A 192.0.2.2"}},
	{"four.test", 28, .records = {"test 60 SOA 30"}},
	{"mixed-case.test", 1, .records = {"Mixed-CASE.test 60 A 192.0.2.1"}},
	{"mixed-case.test", 28, .rcode = 0},
	{"zero.test", 1, .records = {"zero.test 0 A 192.0.2.1"}},
	{"zero.test", 28, .rcode = 0},
	{"alias.test", 0,
		.records = {"alias.test 60 CNAME Next.test", "next.test 60 CNAME last.test",
			"last.test 60 A 192.0.2.1"}},
	{"backward.test", 0,
		.records = {"last.test 60 A 192.0.2.1", "next.test 60 CNAME last.test",
			"backward.test 60 CNAME next.test"}},
	{"dangling.test", 0, .records = {"dangling.test 60 CNAME gone.test"}},
	{"foreign.test", 0, .records = {"other.test 60 A 192.0.2.1"}},
	{"loop.test", 0,
		.records = {"loop.test 60 CNAME pool.test", "pool.test 60 CNAME loop.test"}},
	{"c0.test", 0,
		.records = {CHAIN(0, 1), CHAIN(1, 2), CHAIN(2, 3), CHAIN(3, 4), CHAIN(4, 5),
			CHAIN(5, 6), CHAIN(6, 7), CHAIN(7, 8), CHAIN(8, 9), CHAIN(9, 10),
			CHAIN(10, 11), CHAIN(11, 12), CHAIN(12, 13), CHAIN(13, 14), CHAIN(14, 15),
			CHAIN(15, 16), "c16.test 60 A 192.0.2.1"}},
	{"d.test", 0,
		.records = {"d.test 60 CNAME c0.test", CHAIN(0, 1), CHAIN(1, 2), CHAIN(2, 3),
			CHAIN(3, 4), CHAIN(4, 5), CHAIN(5, 6), CHAIN(6, 7), CHAIN(7, 8),
			CHAIN(8, 9), CHAIN(9, 10), CHAIN(10, 11), CHAIN(11, 12), CHAIN(12, 13),
			CHAIN(13, 14), CHAIN(14, 15), CHAIN(15, 16), "c16.test 60 A 192.0.2.1"}},
	{"no-data.test", 0, .records = {"test 60 SOA 30"}},
	{"servfail.test", 0, .rcode = 2},
	{"refused.test", 0, .rcode = 5},
	{"formerr.test", 0, .rcode = 1},
	{"half-servfail.test", 1, .records = {"half-servfail.test 60 A 192.0.2.1"}},
	{"half-servfail.test", 28, .rcode = 2},
	{"half-no-data.test", 1, .records = {"test 60 SOA 30"}},
	{"half-no-data.test", 28, .rcode = 2},
	{"half-nxdomain.test", 1, .rcode = 3},
	{"half-nxdomain.test", 28, .rcode = 2},
	{"slow6.test", 1, .records = {"slow6.test 60 A 192.0.2.1"}},
	{"slow6.test", 28, .delay_ms = SLOW_MS, .records = {"slow6.test 60 AAAA 2001:db8::1"}},
	{"slow4.test", 1, .delay_ms = SLOW_MS, .records = {"slow4.test 60 A 192.0.2.1"}},
	{"slow4.test", 28, .records = {"slow4.test 60 AAAA 2001:db8::1"}},
	{"brisk6.test", 1, .records = {"brisk6.test 60 A 192.0.2.1"}},
	{"brisk6.test", 28, .delay_ms = 10, .records = {"brisk6.test 60 AAAA 2001:db8::1"}},
	{"silent6.test", 1, .records = {"silent6.test 60 A 192.0.2.1"}},
	{"silent6.test", 28, .quirk = QUIRK_SILENT},
	{"silent.test", 0, .quirk = QUIRK_SILENT},
	{"garbage.test", 0, .quirk = QUIRK_GARBAGE},
	{"wrong-id.test", 0, .quirk = QUIRK_WRONG_ID, .records = {"wrong-id.test 60 A 192.0.2.1"}},
	{"cut.test", 0, .quirk = QUIRK_CUT, .records = {"cut.test 60 A 192.0.2.1"}},
	{"truncated.test", 1, .quirk = QUIRK_TRUNCATED,
		.records = {"truncated.test 60 A 192.0.2.1"}},
	{"truncated.test", 28, .quirk = QUIRK_TRUNCATED},
	{"truncated-always.test", 0, .quirk = QUIRK_TRUNCATED_ALWAYS},
	{"huge.test", 0, .quirk = QUIRK_HUGE},
	{"single", 1, .records = {"single 60 A 192.0.2.1"}},
	{"single", 28, .rcode = 0},
	{0},
};

void net_on_closed(void *owner)
{
	((struct net *)owner)->closed = true;
}

static struct resolver *resolver_at(
	struct net *net, const struct endpoint *servers, size_t server_count)
{
	struct resolver_options options = {
		.servers = servers,
		.server_count = server_count,
		.hosts_file = net->hosts,
		.timeout_ms = TIMEOUT_MS,
	};
	char error[200];

	struct resolver *r =
		resolver_new(&net->loop, &options, &net->metrics, error, sizeof(error));
	assert_non_null(r);
	return r;
}

void net_ask(struct net *net, const struct endpoint *servers, size_t server_count)
{
	resolver_close(net->resolver, net_on_closed, net);
	net->resolver = resolver_at(net, servers, server_count);
}

static void write_hosts(struct net *net, const char *text)
{
	FILE *file = fopen(net->hosts, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void on_clock(uv_timer_t *clock)
{
	(void)clock;
}

int net_set_up(void **state)
{
	struct net *net = calloc(1, sizeof(*net));

	assert_int_equal(uv_loop_init(&net->loop), 0);
	strcpy(net->hosts, "/tmp/hosts.XXXXXX");
	close(mkstemp(net->hosts));
	write_hosts(net, "# comment\n192.0.2.50\tFile.test other.test # more\n"
			 "2001:db8::50 file.test\n192.0.2.51 both.test\nfe80::1%lo zone.test\n"
			 "nonsense line\n192.0.2.52 localhost");
	uv_timer_init(&net->loop, &net->clock);
	uv_timer_start(&net->clock, on_clock, 2, 2);
	dns_stub_open(&net->stub, &net->loop, script);
	net->resolver = resolver_at(net, &net->stub.at, 1);
	*state = net;
	return 0;
}

int net_tear_down(void **state)
{
	struct net *net = *state;

	if (net->resolver)
		resolver_close(net->resolver, net_on_closed, net);
	dns_stub_close(&net->stub);
	uv_close((uv_handle_t *)&net->clock, NULL);
	uv_run(&net->loop, UV_RUN_DEFAULT);
	assert_true(net->closed);
	assert_int_equal(uv_loop_close(&net->loop), 0);
	unlink(net->hosts);
	free(net);
	return 0;
}

void net_on_found(void *owner, const struct answer *answer)
{
	struct heard *heard = owner;
	struct net *net = heard->net;

	answer_unref(heard->answer);
	heard->answer = answer_ref(answer);
	heard->count++;
	heard->at_ms = uv_now(&net->loop);
	if (heard->cancel)
		lookup_cancel(heard->cancel);
	heard->cancel = NULL;
	if (heard->again) {
		struct slice host = slice_of(heard->again);
		heard->again = NULL;
		assert_non_null(lookup_start(net->resolver, host, net_on_found, heard));
	}
	if (heard->close) {
		resolver_close(net->resolver, net_on_closed, net);
		net->resolver = NULL;
	}
}

void net_wait(struct heard *heard, int count)
{
	uint64_t start_ms = uv_now(&heard->net->loop);

	while (heard->count < count) {
		uv_run(&heard->net->loop, UV_RUN_ONCE);
		assert_true(uv_now(&heard->net->loop) - start_ms < 5000);
	}
}

uint64_t net_look_up(struct net *net, const char *host, struct heard *ret_heard)
{
	uv_update_time(&net->loop);
	uint64_t start_ms = uv_now(&net->loop);

	*ret_heard = (struct heard){.net = net};
	assert_non_null(lookup_start(net->resolver, slice_of(host), net_on_found, ret_heard));
	assert_int_equal(ret_heard->count, 0);
	net_wait(ret_heard, 1);
	return ret_heard->at_ms - start_ms;
}
