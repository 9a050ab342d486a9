/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a ring file holds, it is opened or set aside, read to its end, used and emptied. */
#include "telemetry/ring.h"
#include "telemetry/view.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct view view;
	char path[64], aside[72];
	struct event e = {.host = SLICE("a.test")}, last = e;
	snprintf(path, sizeof(path), "/dev/shm/fuzz_ring.%d", (int)getpid());
	snprintf(aside, sizeof(aside), "%s.bad", path);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert(write(fd, data, size) == (ssize_t)size);
	assert(size < 64 || ftruncate(fd, RING_BYTES_LEAST + sysconf(_SC_PAGESIZE)) == 0);
	struct ring *r = ring_open(path, RING_BYTES_LEAST);
	for (assert(close(fd) == 0 && r); ring_read(r, &last);)
		view_of(&last, &view);
	struct ring_mark mark = ring_mark(r);
	ring_settle(r, &mark);
	assert(ring_record(r, &e) && ring_read(r, &last) && slice_equal(last.host, e.host));
	ring_close(r);
	unlink(path);
	unlink(aside);
	return 0;
}
