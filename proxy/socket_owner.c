/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/socket_owner.h"

#include "base/limits.h"

#include <stdio.h>

#ifdef __linux__

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- sock_diag ----------------------------------------------------------------------------- */

struct diag_request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

static bool diag_send(int fd, const struct endpoint *near, const struct endpoint *far)
{
	struct diag_request request = {
		.header = {.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST},
		.body = {.sdiag_family = near->address.family == 4 ? AF_INET : AF_INET6,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = UINT32_MAX,
			.id = {.idiag_sport = htons(near->port),
				.idiag_dport = htons(far->port),
				.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};

	memcpy(request.body.id.idiag_src, near->address.bytes, sizeof(near->address.bytes));
	memcpy(request.body.id.idiag_dst, far->address.bytes, sizeof(far->address.bytes));
	return send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request);
}

/* The kernel has named a socket once, so what it does not find is not there. */
static atomic_bool diag_answers;

static bool diag_receive(int fd, struct socket_owner *ret_owner)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_msg body;
		char more[512]; /* attributes that nobody asked for */
	} answer;
	ssize_t got = recv(fd, &answer, sizeof(answer), 0);

	if (got < (ssize_t)offsetof(__typeof__(answer), more) ||
		answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY || answer.body.idiag_inode == 0)
		return false;
	*ret_owner = (struct socket_owner){
		.inode = answer.body.idiag_inode, .user = answer.body.idiag_uid};
	atomic_store(&diag_answers, true);
	return true;
}

static bool find_by_diag(
	const struct endpoint *near, const struct endpoint *far, struct socket_owner *ret_owner)
{
	/* The kernel answers within the call; the time is for kernels that do not. */
	const struct timeval patience = {.tv_sec = 1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	bool found = diag_send(fd, near, far) && diag_receive(fd, ret_owner);
	close(fd);
	return found;
}

/* ---- /proc/net ----------------------------------------------------------------------------- */

/* "0100007F:1F90": words of the address as this machine reads them, and the port. */
static size_t format_listed(const struct endpoint *e, bool six, char *text, size_t size)
{
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
	uint32_t words[4];
	int len = 0;

	if (e->address.family == 6)
		memcpy(bytes, e->address.bytes, 16);
	else
		memcpy(bytes + 12, e->address.bytes, 4);
	memcpy(words, bytes, sizeof(words));
	for (int i = six ? 0 : 3; i < 4; i++)
		len += snprintf(text + len, size - (size_t)len, "%08X", words[i]);
	len += snprintf(text + len, size - (size_t)len, ":%04X", e->port);
	return (size_t)len;
}

/* The next word of a line and what is behind it. */
static struct slice next_word(struct slice *line)
{
	size_t start = 0, end;

	while (start < line->len && line->ptr[start] == ' ')
		start++;
	struct slice rest = slice_after(*line, start);
	for (end = 0; end < rest.len && rest.ptr[end] != ' ' && rest.ptr[end] != '\n';)
		end++;
	*line = slice_after(rest, end);
	return slice_first(rest, end);
}

static uint64_t decimal(struct slice word)
{
	uint64_t value = 0;

	for (size_t i = 0; i < word.len && i < 19 && word.ptr[i] >= '0' && word.ptr[i] <= '9'; i++)
		value = value * 10 + (uint64_t)(word.ptr[i] - '0');
	return value;
}

/* "sl local remote st tx:rx tr:when retrnsmt uid timeout inode …" */
static bool take_listed(struct slice line, const char *pair, struct socket_owner *ret_owner)
{
	struct slice ends = slice_of(pair), word[10] = {{NULL, 0}};
	size_t split = slice_find(ends, ' ');

	for (size_t i = 0; i < 10; i++)
		word[i] = next_word(&line);
	if (!slice_equal(word[1], slice_first(ends, split)) ||
		!slice_equal(word[2], slice_after(ends, split + 1)))
		return false;
	uint64_t inode = decimal(word[9]);
	if (inode == 0)
		return false;
	*ret_owner = (struct socket_owner){.inode = inode, .user = (uint32_t)decimal(word[7])};
	return true;
}

static bool find_in(const char *path, const char *pair, struct socket_owner *ret_owner)
{
	FILE *file = fopen(path, "re");
	char line[512];
	bool found = false;

	if (!file)
		return false;
	for (unsigned i = 0; i < LIMIT_PEER_SOCKETS && !found; i++) {
		if (!fgets(line, sizeof(line), file))
			break;
		found = take_listed(slice_of(line), pair, ret_owner);
	}
	fclose(file);
	return found;
}

bool socket_owner_find_listed(
	const struct endpoint *near, const struct endpoint *far, struct socket_owner *ret_owner)
{
	char pair[128];
	bool four = near->address.family == 4;

	/* An IPv6 socket may speak IPv4, and is listed with mapped addresses then. */
	for (int six = four ? 0 : 1; six < 2; six++) {
		size_t len = format_listed(near, six, pair, sizeof(pair));
		pair[len++] = ' ';
		format_listed(far, six, pair + len, sizeof(pair) - len);
		if (find_in(six ? "/proc/net/tcp6" : "/proc/net/tcp", pair, ret_owner))
			return true;
	}
	return false;
}

bool socket_owner_find(
	const struct endpoint *near, const struct endpoint *far, struct socket_owner *ret_owner)
{
	if (near->address.family != far->address.family || near->address.family == 0)
		return false;
	if (find_by_diag(near, far, ret_owner))
		return true;
	/* Reading the list of all sockets takes tens of milliseconds when there are many. */
	return !atomic_load(&diag_answers) && socket_owner_find_listed(near, far, ret_owner);
}

#else

bool socket_owner_find_listed(
	const struct endpoint *near, const struct endpoint *far, struct socket_owner *ret_owner)
{
	(void)near, (void)far, (void)ret_owner;
	return false;
}

bool socket_owner_find(
	const struct endpoint *near, const struct endpoint *far, struct socket_owner *ret_owner)
{
	return socket_owner_find_listed(near, far, ret_owner);
}

#endif
