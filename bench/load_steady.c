/* SPDX-License-Identifier: Apache-2.0 */
/* steady: set-ups at a fixed rate, in turns of half a second, against a proxy that holds `count`
 * connections and one that holds none. Beside them, also at fixed rates, connections for names that
 * nobody listed come and go: the holding proxy makes questions of them and one in twenty is denied by
 * a call; the other refuses them and answers the same calls. Each latency counts from the moment the
 * rate wanted the operation, so that waiting for a stalled proxy is not forgotten. */
#include "bench/holders.h"
#include "bench/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TURN_NS     500000000u
#define TURNS       42
#define QUESTIONS_S 100 /* that come and go, per second */
#define DECIDED     20 /* one in so many is decided */
#define STAY        20 /* so many stay at once: each for a fifth of a second */

/* One of the two proxies, with its latencies. */
struct side {
	uint16_t port;
	uint64_t *ns;
	size_t count;
};

/* One set-up under way. */
struct set_up {
	struct tunnel tunnel;
	uint64_t due_ns;
	struct side *side;
};

struct steady {
	struct load *load;
	struct tunnel_plan plans[2];
	struct side sides[2];
	struct set_up *set_ups; /* `concurrency` slots */
	size_t next, under_way;
	struct watch guests[STAY]; /* the connections that come and go */
	struct watch api[2]; /* kept connections to the control endpoints */
	uint64_t guest_count;
};

static struct steady steady;

/* ---- what is measured ----------------------------------------------------------------------- */

static void on_set_up(struct tunnel *t)
{
	struct set_up *s = (struct set_up *)(void *)t;

	s->side->ns[s->side->count++] = loop_now_ns() - s->due_ns;
	steady.load->loop.progress++;
	steady.under_way--;
	tunnel_close(t);
}

static void on_set_up_failed(struct tunnel *t)
{
	steady.load->result.failed++;
	steady.under_way--;
	tunnel_close(t);
}

/* False when every slot is taken: the proxy has fallen behind the rate for good. */
static bool start_set_up(struct side *side, uint64_t due_ns)
{
	size_t size = steady.load->options->concurrency, looked = 1;
	struct set_up *s = &steady.set_ups[steady.next++ % size];

	for (; s->tunnel.phase != TUNNEL_CLOSED && looked < size; looked++)
		s = &steady.set_ups[steady.next++ % size];
	if (s->tunnel.phase != TUNNEL_CLOSED)
		return false;
	s->tunnel = (struct tunnel){.watch.fd = -1,
		.plan = &steady.plans[side - steady.sides],
		.on_open = on_set_up,
		.on_failed = on_set_up_failed,
		.on_ready = on_set_up_failed};
	s->due_ns = due_ns;
	s->side = side;
	steady.under_way++;
	return tunnel_start(&s->tunnel, (uint32_t)steady.load->started++);
}

/* ---- what goes on beside it ----------------------------------------------------------------- */

static void on_ignored(struct watch *w)
{
	char bytes[16384];

	while (recv(w->fd, bytes, sizeof(bytes), 0) > 0)
		continue;
}

static bool reach(struct watch *w, int fd)
{
	if (fd < 0)
		return false;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return loop_watch(&steady.load->loop, w, fd, on_ignored);
}

/* A new name; the eldest of the others leaves. */
static bool come_and_go(const struct side *side)
{
	struct watch *w = &steady.guests[steady.guest_count % STAY];
	bool holds = side == &steady.sides[0];
	char head[256];
	int len = snprintf(head, sizeof(head),
		"CONNECT n%llu.%s.test:443 HTTP/1.1\r\nHost: x\r\n\r\n",
		(unsigned long long)steady.guest_count, holds ? "new" : "denied");

	loop_close(w);
	steady.guest_count++;
	int fd = loop_dial_blocking(side->port, (uint32_t)steady.guest_count);
	return reach(w, fd) && send(fd, head, (size_t)len, MSG_NOSIGNAL) == len;
}

/* Denies the newest name for a second: whoever waits for it is refused, the question is answered. */
static bool decide(const struct side *side)
{
	size_t n = (size_t)(side - steady.sides);
	const struct control *control =
		n == 0 ? &steady.load->options->control : &steady.load->options->base_control;
	char body[160], call[640];
	int len = snprintf(body, sizeof(body),
		"{\"decision\":\"deny\",\"pattern\":\"n%llu.new.test:443\",\"scope\":\"ttl\",\"ttl\":1}",
		(unsigned long long)steady.guest_count - 1);

	len = snprintf(call, sizeof(call),
		"POST /v1/grants HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		control->port, control->token, len, body);
	return send(steady.api[n].fd, call, (size_t)len, MSG_NOSIGNAL) == len;
}

/* ---- turns ---------------------------------------------------------------------------------- */

static bool take_turn(struct side *side)
{
	uint64_t begin = loop_now_ns(), step = 1000000000u / steady.load->options->rate;
	uint64_t guest_step = 1000000000u / QUESTIONS_S, due = begin, guest_due = begin;
	unsigned guests = 0;

	while (loop_now_ns() < begin + TURN_NS || steady.under_way > 0) {
		uint64_t now = loop_now_ns();
		if (now - begin > 20 * (uint64_t)TURN_NS)
			return false;
		for (; due <= now && due < begin + TURN_NS; due += step)
			if (!start_set_up(side, due))
				return false;
		if (guest_due <= now && guest_due < begin + TURN_NS) {
			guest_due += guest_step;
			if (!come_and_go(side) || (guests++ % DECIDED == 0 && !decide(side)))
				return false;
		}
		loop_turn_until(&steady.load->loop, due < guest_due ? due : guest_due);
	}
	return true;
}

static int by_size(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static uint64_t part_of(struct side *side, unsigned percent)
{
	qsort(side->ns, side->count, sizeof(side->ns[0]), by_size);
	return side->count ? side->ns[side->count * percent / 100] : 0;
}

static bool take_turns(struct load *l)
{
	for (unsigned turn = 0; turn < TURNS; turn++) {
		/* Held, not, not, held: whatever grows with time hits both alike. */
		struct side *side = &steady.sides[((turn + 1) / 2) % 2];
		size_t from = side->count;
		if (!take_turn(side)) {
			fprintf(stderr, "load: turn %u cannot keep the rate: %s\n", turn,
				strerror(errno));
			return false;
		}
		/* The first turn of each warms its caches. */
		if (turn < 2)
			side->count = from;
	}
	l->result.operations = steady.sides[0].count;
	l->result.p50_ns = part_of(&steady.sides[0], 50);
	l->result.p99_ns = part_of(&steady.sides[0], 99);
	l->result.base_p50_ns = part_of(&steady.sides[1], 50);
	l->result.base_p99_ns = part_of(&steady.sides[1], 99);
	return true;
}

static bool prepare(struct load *l)
{
	const struct load_options *o = l->options;
	size_t most = (size_t)TURNS * o->rate;

	steady = (struct steady){.load = l};
	steady.plans[0] = steady.plans[1] = l->plan;
	steady.plans[1].port = o->base_port;
	steady.sides[0] = (struct side){.port = o->port, .ns = calloc(most, sizeof(uint64_t))};
	steady.sides[1] = (struct side){.port = o->base_port, .ns = calloc(most, sizeof(uint64_t))};
	steady.set_ups = calloc(o->concurrency, sizeof(*steady.set_ups));
	for (int i = 0; i < STAY; i++)
		steady.guests[i].fd = -1;
	return steady.sides[0].ns && steady.sides[1].ns && steady.set_ups;
}

static bool reach_api(const struct load_options *o)
{
	return reach(&steady.api[0], loop_dial_blocking(o->control.port, 0)) &&
	       reach(&steady.api[1], loop_dial_blocking(o->base_control.port, 0));
}

static bool run_steady(struct load *l)
{
	struct origin_plan plan = {.play = ORIGIN_TUNNEL, .answer_bytes = l->options->answer_bytes};
	const struct load_options *o = l->options;
	const struct holder_plan holding = {.port = o->port,
		.control = &o->control,
		.count = o->count,
		.questions = o->questions};
	struct holders holders = {.before = -1};
	bool ok = prepare(l) && load_origin(l, &plan, 4 * o->concurrency) &&
		  holders_start(&holders, &holding) && reach_api(o) && take_turns(l);

	for (int i = 0; i < STAY; i++)
		loop_close(&steady.guests[i]);
	ok = holders_end(&holders) && ok;
	free(steady.sides[0].ns);
	free(steady.sides[1].ns);
	free(steady.set_ups);
	return ok;
}

const struct workload workload_steady = {"steady", run_steady};
