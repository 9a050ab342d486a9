/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/census.h"

#include "base/container.h"
#include "proxy/claim.h"
#include "proxy/session.h"
#include "proxy/streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* One question to all workers. */
struct census {
	connections_cb on_rows;
	void *owner;
	size_t awaited; /* parts still to come */
	size_t most;
	size_t count, total;
	struct connection_row *rows;
};

struct census_part {
	struct petition petition; /* comes back as one, so that no memory is needed then */
	struct census *census; /* the control thread's own */
	size_t most, count, total;
	struct connection_row rows[];
};

/* ---- the worker's side --------------------------------------------------------------------- */

static void row_fill(struct connection_row *row, const struct session *s)
{
	struct timespec now;
	const struct exchange *x = s->exchange;

	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t unix_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	*row = (struct connection_row){
		.id = s->id,
		.since_ms = unix_ms - (uv_hrtime() - s->since_ns) / 1000000,
		.bytes_up = x ? x->bytes_up : s->exchanged_up,
		.bytes_down = x ? x->bytes_down : s->exchanged_down,
		.grant = s->grant.id,
		.phase = session_phases[s->phase].name,
		.connect = s->connect,
		.port = s->target.port,
		.client_port = s->peer.port,
	};
	if (s->streams) {
		row->bytes_up = streams_bytes_up(s->streams);
		row->bytes_down = streams_bytes_down(s->streams);
	}
	if (s->relay) {
		row->bytes_up += s->relay->up.bytes;
		row->bytes_down += s->relay->down.bytes;
	}
	snprintf(row->host, sizeof(row->host), "%s", s->target.host);
	address_format(&s->peer.address, row->client);
	claim_identity(&s->peer.address, row->identity);
	snprintf(row->session, sizeof(row->session), "%s", s->claim ? s->claim : "");
}

void census_count(struct worker *w, struct census_part *part)
{
	part->total = w->session_count;
	for (int list = 0; list < SESSIONS_LISTS; list++) {
		const struct session *s = w->sessions[list];
		for (; s && part->count < part->most; s = s->next)
			row_fill(&part->rows[part->count++], s);
	}
	/* Refused without memory only: then whoever asked is told by its own deadline, and the rest of
	 * the census stays. */
	if (!mailbox_post(w->hold.clerk, &part->petition))
		free(part);
}

/* ---- the control thread's side -------------------------------------------------------------- */

void census_take(struct petition *p)
{
	struct census_part *part = CONTAINER(p, struct census_part, petition);
	struct census *c = part->census;
	size_t room = c->most - c->count;
	size_t taken = part->count < room ? part->count : room;

	memcpy(c->rows + c->count, part->rows, taken * sizeof(part->rows[0]));
	c->count += taken;
	c->total += part->total;
	free(part);
	if (--c->awaited > 0)
		return;
	c->on_rows(c->owner, c->rows, c->count, c->total);
	free(c->rows);
	free(c);
}

/* Each worker gets the same share of the rows. */
static bool ask_worker(struct worker *w, struct census *census, size_t share)
{
	struct census_part *part = calloc(1, sizeof(*part) + share * sizeof(part->rows[0]));

	if (!part)
		return false;
	part->petition.kind = PETITION_CENSUS;
	part->census = census;
	part->most = share;
	if (worker_census(w, part))
		return true;
	free(part);
	return false;
}

bool census_start(struct crew *crew, size_t most, connections_cb on_rows, void *owner)
{
	struct census *c = calloc(1, sizeof(*c));
	size_t bound = most < LIMIT_ROWS ? most : LIMIT_ROWS;

	if (!c)
		return false;
	*c = (struct census){.on_rows = on_rows, .owner = owner, .most = bound};
	c->rows = calloc(bound ? bound : 1, sizeof(c->rows[0]));
	size_t share = (bound + crew->worker_count - 1) / crew->worker_count;
	for (size_t i = 0; c->rows && i < crew->worker_count; i++)
		c->awaited += ask_worker(crew->workers[i], c, share);
	if (c->awaited > 0)
		return true;
	free(c->rows);
	free(c);
	return false;
}
