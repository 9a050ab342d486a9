/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/database_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The log first: a log without its file is never read. */
void database_file_set_aside(const char *path)
{
	static const char *const suffixes[] = {"-wal", "-shm", ""};
	char name[4096], aside[4096];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		snprintf(aside, sizeof(aside), "%s.bad%s", path, suffixes[i]);
		unlink(aside);
		if (rename(name, aside) != 0 && errno != ENOENT)
			unlink(name);
	}
}

/* What is there is not opened: closing it would give up the locks that another connection of this
 * process has on it, fcntl(2). */
bool database_file_make(const char *path, bool existing)
{
	struct stat status;

	if (stat(path, &status) == 0) {
		errno = EINVAL;
		if (!S_ISREG(status.st_mode))
			return false;
		return (status.st_mode & 07777) == 0600 || chmod(path, 0600) == 0;
	}
	if (errno != ENOENT || existing)
		return false;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && fchmod(fd, 0600) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}
