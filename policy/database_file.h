/* SPDX-License-Identifier: Apache-2.0 */
/* policy/database_file.h: the file of a database, apart from what is in it. */
#ifndef SALLYPORT_POLICY_DATABASE_FILE_H
#define SALLYPORT_POLICY_DATABASE_FILE_H

#include <stdbool.h>

/* Sees to it that there is a regular file, mode 0600: SQLite would make it readable for others.
 * `existing`: none is made. False with errno set. */
bool database_file_make(const char *path, bool existing);

/* Renames the file and its log to `path`.bad, over an older one. */
void database_file_set_aside(const char *path);

#endif
