/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void pool_init(struct pool *p)
{
	*p = (struct pool){0};
}

static struct pooled pool_remove(struct pool *p, size_t index)
{
	struct pooled taken = p->slots[index];

	p->count--;
	memmove(&p->slots[index], &p->slots[index + 1], (p->count - index) * sizeof(*p->slots));
	return taken;
}

void pool_done(struct pool *p)
{
	pool_expire(p, UINT64_MAX);
	free(p->slots);
	*p = (struct pool){0};
}

/* Alive: nothing to read, not even an end. Bytes that nobody asked for are as bad as an end. */
static bool is_alive(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

int pool_take(struct pool *p, const struct target *target, struct address *ret_address)
{
	for (size_t i = p->count; i > 0; i--) {
		if (!target_equal(&p->slots[i - 1].target, target))
			continue;
		struct pooled taken = pool_remove(p, i - 1);
		if (is_alive(taken.fd)) {
			*ret_address = taken.address;
			return taken.fd;
		}
		close(taken.fd);
	}
	return -1;
}

void pool_give(struct pool *p, const struct target *target, const struct address *address, int fd,
	uint64_t now_ms)
{
	size_t same = 0, oldest_same = 0;

	if (!p->slots)
		p->slots = calloc(LIMIT_POOL, sizeof(*p->slots));
	if (!p->slots) {
		close(fd);
		return;
	}
	for (size_t i = p->count; i > 0; i--) {
		if (!target_equal(&p->slots[i - 1].target, target))
			continue;
		same++;
		oldest_same = i - 1;
	}
	if (same >= LIMIT_POOL_TARGET)
		close(pool_remove(p, oldest_same).fd);
	else if (p->count >= LIMIT_POOL)
		close(pool_remove(p, 0).fd);
	p->slots[p->count++] = (struct pooled){
		.target = *target, .address = *address, .since_ms = now_ms, .fd = fd};
}

void pool_expire(struct pool *p, uint64_t since_ms)
{
	/* Oldest first, so the first young one ends it. */
	while (p->count > 0 && p->slots[0].since_ms < since_ms)
		close(pool_remove(p, 0).fd);
}
