/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/peer_process.h"

#include "base/container.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "proxy/allowance.h"
#include "proxy/arguments.h"
#include "proxy/claim.h"
#include "proxy/socket_owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- one process --------------------------------------------------------------------------- */

/* Where the search stands. */
struct search {
	int proc; /* /proc */
	char link[48]; /* what a descriptor of the socket points to */
	size_t descriptors; /* that may still be looked at */
};

static bool is_the_socket(const struct search *s, int directory, const char *name)
{
	char link[sizeof(s->link)];
	ssize_t len = readlinkat(directory, name, link, sizeof(link));

	return len > 0 && slice_equal(slice_from(link, (size_t)len), slice_of(s->link));
}

/* The directory of its descriptors, with the one that is the socket; NULL when none is. */
static DIR *open_holder(struct search *s, uint32_t id, struct dirent **ret_entry)
{
	char path[32];

	snprintf(path, sizeof(path), "%u/fd", id);
	int fd = openat(s->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (s->descriptors > 0 && (*ret_entry = readdir(directory))) {
		s->descriptors--;
		if (is_the_socket(s, fd, (*ret_entry)->d_name))
			return directory;
	}
	closedir(directory);
	return NULL;
}

/* The beginning of a file of the process. */
static struct slice read_file(const struct search *s, uint32_t id, const char *name, char *into)
{
	char path[32];
	ssize_t len = 0;

	snprintf(path, sizeof(path), "%u/%s", id, name);
	int fd = openat(s->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, into, LIMIT_PEER_COMMAND_BYTES);
		close(fd);
	}
	return slice_from(into, len > 0 ? (size_t)len : 0);
}

static bool describe(struct search *s, uint32_t id, struct peer_found *ret_found)
{
	char text[LIMIT_PEER_COMMAND_BYTES];
	struct peer_found found = {.process_id = id};
	struct dirent *entry;
	DIR *directory = open_holder(s, id, &entry);

	if (!directory)
		return false;
	struct slice name = read_file(s, id, "comm", text);
	utf8_copy(slice_first(name, slice_find(name, '\n')), found.process, sizeof(found.process));
	arguments_show(read_file(s, id, "cmdline", text), found.command, sizeof(found.command));
	/* Its number may be another process's by now; its directory of descriptors is not. */
	bool same = is_the_socket(s, dirfd(directory), entry->d_name);
	closedir(directory);
	if (same)
		*ret_found = found;
	return same;
}

/* ---- all processes ------------------------------------------------------------------------- */

static uint32_t process_number(const char *name)
{
	uint64_t number = 0;

	for (; *name >= '0' && *name <= '9' && number <= INT32_MAX; name++)
		number = number * 10 + (uint64_t)(*name - '0');
	return *name == '\0' && number <= INT32_MAX ? (uint32_t)number : 0;
}

/* The user's processes, in the order of /proc. */
static size_t list_processes(int proc, DIR *directory, uint32_t *ret_ids)
{
	const uid_t user = geteuid();
	struct dirent *entry;
	struct stat about;
	size_t count = 0;

	while (count < LIMIT_PEER_PROCESSES && (entry = readdir(directory))) {
		uint32_t id = process_number(entry->d_name);
		if (id != 0 && fstatat(proc, entry->d_name, &about, 0) == 0 && about.st_uid == user)
			ret_ids[count++] = id;
	}
	return count;
}

void peer_process_find(
	const struct endpoint *client, const struct endpoint *local, struct peer_found *ret_found)
{
	struct search s = {.descriptors = LIMIT_PEER_DESCRIPTORS};
	struct socket_owner socket;

	*ret_found = (struct peer_found){0};
	if (!socket_owner_find(client, local, &socket) || socket.user != geteuid())
		return;
	snprintf(s.link, sizeof(s.link), "socket:[%llu]", (unsigned long long)socket.inode);
	DIR *directory = opendir("/proc");
	uint32_t *ids = calloc(LIMIT_PEER_PROCESSES, sizeof(*ids));
	if (directory && ids) {
		s.proc = dirfd(directory);
		size_t count = list_processes(s.proc, directory, ids);
		/* The newest first: of a family that shares the socket it is the one that works
		 * with it, and mostly it has just begun. */
		while (count > 0 && s.descriptors > 0 && !describe(&s, ids[count - 1], ret_found))
			count--;
	}
	free(ids);
	if (directory)
		closedir(directory);
}

/* ---- beside the loop ----------------------------------------------------------------------- */

struct peer_process {
	uv_work_t work;
	struct endpoint client, local;
	struct peer_found found;
	uint64_t cpu_ns; /* that it took */
	peer_process_cb on_found; /* NULL: cancelled */
	void *owner;
};

/* Searches under way in this process; they share libuv's few threads. */
static atomic_uint under_way;

/* Where thousands of sockets are open one search takes tens of milliseconds, and thousands of questions
 * may be asked. */
static struct allowance allowance = {.part = LIMIT_PEER_PART, .burst_ms = LIMIT_PEER_BURST_MS};

static uint64_t thread_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static void on_work(uv_work_t *work)
{
	struct peer_process *p = CONTAINER(work, struct peer_process, work);
	uint64_t begun_ns = thread_ns();

	peer_process_find(&p->client, &p->local, &p->found);
	p->cpu_ns = thread_ns() - begun_ns;
}

static void on_worked(uv_work_t *work, int status)
{
	struct peer_process *p = CONTAINER(work, struct peer_process, work);

	atomic_fetch_sub(&under_way, 1);
	allowance_take(&allowance, p->cpu_ns, uv_hrtime());
	if (p->on_found && status == 0)
		p->on_found(p->owner, &p->found);
	free(p);
}

struct peer_process *peer_process_start(uv_loop_t *loop, const struct endpoint *client,
	const struct endpoint *local, peer_process_cb on_found, void *owner)
{
	if (!claim_is_local(&client->address) || !allowance_left(&allowance, uv_hrtime()))
		return NULL;
	struct peer_process *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->client = *client;
	p->local = *local;
	p->on_found = on_found;
	p->owner = owner;
	if (atomic_fetch_add(&under_way, 1) < LIMIT_PEER_SEARCHES &&
		uv_queue_work(loop, &p->work, on_work, on_worked) == 0)
		return p;
	atomic_fetch_sub(&under_way, 1);
	free(p);
	return NULL;
}

void peer_process_cancel(struct peer_process *p)
{
	if (!p)
		return;
	p->on_found = NULL;
	uv_cancel((uv_req_t *)&p->work);
}
