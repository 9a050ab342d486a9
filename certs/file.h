/* SPDX-License-Identifier: Apache-2.0 */
/* certs/file.h: small files, read and written so that nobody else can have a hand in it, and so that
 * a kill at any moment leaves the old one, the new one, or neither: never a part. */
#ifndef SALLYPORT_CERTS_FILE_H
#define SALLYPORT_CERTS_FILE_H

#include "base/slice.h"
#include "certs/trouble.h"

enum file_kind {
	FILE_PUBLIC, /* anybody may read it: 0644; links are followed */
	FILE_SECRET /* ours alone: 0600, an owner we trust, no symbolic link */
};

enum file_end {
	FILE_DONE,
	FILE_ABSENT, /* there is none; no trouble is set */
	FILE_TAKEN, /* there is one already; no trouble is set */
	FILE_FAILED /* with the trouble */
};

/* Reads all of a regular file of at most LIMIT_PEM_BYTES. *ret_bytes is the caller's, given back with
 * file_forget, which wipes it. Of FILE_DONE, FILE_ABSENT, FILE_FAILED. */
enum file_end file_read(const char *path, enum file_kind kind, struct slice *ret_bytes,
	struct trouble *ret_trouble);
void file_forget(struct slice bytes);

/* A file appears under this name, whole and synchronised; one that is there stays. Of FILE_DONE,
 * FILE_TAKEN, FILE_FAILED. PATH.new is written on the way. */
enum file_end file_create(
	const char *path, enum file_kind kind, struct slice bytes, struct trouble *ret_trouble);

/* The same, but takes the place of a plain file that is there; of anything else it does not. */
bool file_replace(
	const char *path, enum file_kind kind, struct slice bytes, struct trouble *ret_trouble);

/* Makes a directory where there is none, missing parents included (0700), and judges it: it must be
 * ours or root's, and nobody else may write to it. Anybody may read it (0755). */
bool file_make_directory(const char *path, struct trouble *ret_trouble);

/* The judgement alone. FILE_DONE, FILE_ABSENT or FILE_FAILED. */
enum file_end file_judge_directory(const char *path, struct trouble *ret_trouble);

/* Waits up to LIMIT_FILE_LOCK_MS for other processes that change files in the directory. Returns a
 * descriptor, to be closed when done, or -1 with the trouble. */
int file_lock(const char *directory, struct trouble *ret_trouble);

#endif
