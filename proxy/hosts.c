/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/hosts.h"

#include "base/container.h"
#include "base/log.h"
#include "proxy/name_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 1000 };

/* One name on one line. */
struct host_line {
	struct name_node node; /* in the map only for the first line with this name */
	struct host_line *same; /* the next line with this name */
	struct address address;
};

struct hosts {
	char *path;
	struct timespec changed; /* of the file as read */
	off_t file_size;
	ino_t inode;
	uint64_t looked_ms;
	bool looked;
	char *text; /* the file, lower case; the names point into it */
	struct host_line *lines;
	size_t line_count, line_size;
	bool cut; /* there were more lines than line_size */
	struct name_map names;
};

static void clear(struct hosts *h)
{
	name_map_done(&h->names);
	free(h->lines);
	free(h->text);
	h->lines = NULL;
	h->text = NULL;
	h->line_count = 0;
	h->line_size = 0;
	h->cut = false;
}

/* The next run of bytes between blanks; empty at the end. */
static struct slice next_word(struct slice *rest)
{
	size_t start = 0, end;

	while (start < rest->len &&
		(rest->ptr[start] == ' ' || rest->ptr[start] == '\t' || rest->ptr[start] == '\r'))
		start++;
	end = start;
	while (end < rest->len && rest->ptr[end] != ' ' && rest->ptr[end] != '\t' &&
		rest->ptr[end] != '\r')
		end++;
	struct slice word = slice_from(rest->ptr + start, end - start);
	*rest = slice_after(*rest, end);
	return word;
}

static void add_name(struct hosts *h, struct slice name, const struct address *address)
{
	if (slice_ends(name, SLICE(".")))
		name.len--;
	if (name.len == 0 || name.len > LIMIT_NAME_BYTES)
		return;
	if (h->line_count == h->line_size) {
		h->cut = true;
		return;
	}
	struct host_line *line = &h->lines[h->line_count++];
	*line = (struct host_line){.node.name = name, .address = *address};
	struct name_node *node = name_map_find(&h->names, name);
	if (!node) {
		name_map_add(&h->names, &line->node);
		return;
	}
	struct host_line *last = CONTAINER(node, struct host_line, node);
	for (size_t i = 0; last->same && i < LIMIT_ADDRESSES; i++)
		last = last->same;
	/* Lines beyond the bound are unreachable, as if they were not there. */
	if (!last->same)
		last->same = line;
}

static void read_line(struct hosts *h, struct slice line)
{
	struct address address;

	line = slice_first(line, slice_find(line, '#'));
	struct slice word = next_word(&line);
	if (!address_parse_ipv4(word, &address) && !address_parse_ipv6(word, &address))
		return; /* comments, zones and nonsense */
	while ((word = next_word(&line)).len > 0)
		add_name(h, word, &address);
}

/* No more names than runs of non-blanks, so the lines are allocated once and never move. */
static size_t word_count(struct slice text)
{
	size_t count = 0;
	bool inside = false;

	for (size_t i = 0; i < text.len; i++) {
		bool blank = text.ptr[i] == ' ' || text.ptr[i] == '\t' || text.ptr[i] == '\r' ||
			     text.ptr[i] == '\n';
		count += !blank && !inside;
		inside = !blank;
	}
	return count;
}

static bool index_text(struct hosts *h, size_t len)
{
	struct slice text = slice_from(h->text, len);
	size_t words = word_count(text);

	for (size_t i = 0; i < len; i++)
		h->text[i] = ascii_lower(h->text[i]);
	h->line_size = words < LIMIT_HOSTS_NAMES ? words : LIMIT_HOSTS_NAMES;
	h->lines = calloc(h->line_size + 1, sizeof(h->lines[0]));
	if (!h->lines || !name_map_init(&h->names, h->line_size))
		return false;
	while (text.len > 0) {
		size_t end = slice_find(text, '\n');
		read_line(h, slice_first(text, end));
		text = slice_after(text, end + 1);
	}
	if (h->cut)
		log_warning("%s: only the first %d names are used", h->path, LIMIT_HOSTS_NAMES);
	return true;
}

/* Returns the bytes read, or -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, text + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

static void load(struct hosts *h, const struct stat *file)
{
	clear(h);
	if (file->st_size > LIMIT_HOSTS_BYTES) {
		log_warning(
			"%s is larger than %d bytes and is not used", h->path, LIMIT_HOSTS_BYTES);
		return;
	}
	int fd = open(h->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		log_warning("cannot read %s: %s", h->path, strerror(errno));
		return;
	}
	h->text = malloc((size_t)file->st_size + 1);
	ssize_t len = h->text ? read_all(fd, h->text, (size_t)file->st_size) : -1;
	if (len < 0 || !index_text(h, (size_t)len)) {
		log_warning("cannot read %s: %s", h->path, strerror(errno));
		clear(h);
	}
	close(fd);
}

static void look(struct hosts *h, uint64_t now_ms)
{
	struct stat file;

	if (h->looked && now_ms - h->looked_ms < LOOK_MS)
		return;
	h->looked = true;
	h->looked_ms = now_ms;
	if (stat(h->path, &file) != 0 || !S_ISREG(file.st_mode))
		file = (struct stat){0};
	if (file.st_mtim.tv_sec == h->changed.tv_sec &&
		file.st_mtim.tv_nsec == h->changed.tv_nsec && file.st_size == h->file_size &&
		file.st_ino == h->inode)
		return;
	h->changed = file.st_mtim;
	h->file_size = file.st_size;
	h->inode = file.st_ino;
	if (file.st_ino == 0)
		clear(h);
	else
		load(h, &file);
}

struct hosts *hosts_new(const char *path)
{
	struct hosts *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->path = strdup(path);
	if (!h->path) {
		free(h);
		return NULL;
	}
	look(h, 0);
	h->looked = false;
	return h;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	clear(h);
	free(h->path);
	free(h);
}

/* What a name stands for by itself: an address, or localhost (RFC 6761 §6.3). */
static size_t plain(struct slice host, struct address ret_addresses[LIMIT_ADDRESSES])
{
	static const struct address loopback[] = {{4, {127, 0, 0, 1}}, {6, {[15] = 1}}};

	if (address_parse_ipv4(host, ret_addresses))
		return 1;
	if (slice_find(host, ':') < host.len)
		return address_parse_ipv6(host, ret_addresses) ? 1 : 0;
	if (!slice_equal(host, SLICE("localhost")) && !slice_ends(host, SLICE(".localhost")))
		return 0;
	memcpy(ret_addresses, loopback, sizeof(loopback));
	return sizeof(loopback) / sizeof(loopback[0]);
}

size_t hosts_find(struct hosts *h, struct slice host, uint64_t now_ms,
	struct address ret_addresses[LIMIT_ADDRESSES])
{
	size_t count = plain(host, ret_addresses);

	if (count > 0)
		return count;
	look(h, now_ms);
	struct name_node *node = h->line_count ? name_map_find(&h->names, host) : NULL;
	struct host_line *line = node ? CONTAINER(node, struct host_line, node) : NULL;
	for (; line && count < LIMIT_ADDRESSES; line = line->same)
		ret_addresses[count++] = line->address;
	return count;
}
