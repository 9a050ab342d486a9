/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/stream.h"

#include <stdlib.h>

struct stream *stream_new(struct stream **list, int32_t id)
{
	struct stream *st = calloc(1, sizeof(*st));

	if (!st)
		return NULL;
	st->client_id = id;
	st->client_open = true;
	stream_head_init(&st->request);
	buffer_init(&st->up.held, LIMIT_H2_STREAM_WINDOW);
	buffer_init(&st->down.held, LIMIT_H2_STREAM_WINDOW);
	st->previous = list;
	st->next = *list;
	if (st->next)
		st->next->previous = &st->next;
	*list = st;
	return st;
}

void stream_free(struct stream *st)
{
	*st->previous = st->next;
	if (st->next)
		st->next->previous = st->previous;
	stream_head_done(&st->request);
	edit_free(st->edit);
	stream_section_done(&st->response);
	stream_flow_stop(&st->up);
	stream_flow_stop(&st->down);
	free(st);
}

struct stream_head *stream_section(struct stream_head **section)
{
	stream_section_done(section);
	*section = malloc(sizeof(**section));
	if (*section)
		stream_head_init(*section);
	return *section;
}

void stream_section_done(struct stream_head **section)
{
	if (!*section)
		return;
	stream_head_done(*section);
	free(*section);
	*section = NULL;
}

size_t stream_flow_stop(struct stream_flow *flow)
{
	size_t held = flow->held.len;

	buffer_done(&flow->held);
	stream_section_done(&flow->trailers);
	return held;
}
