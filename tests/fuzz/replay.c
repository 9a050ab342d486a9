/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/replay.c: feeds a fuzz target every file of its corpus, and beginnings of each file,
 * without libFuzzer. Prints TAP, one line per file; a crash is seen by whoever runs it. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Beginnings tried of one file: each length of a short one, evenly spread over a long one. */
enum { BEGINNINGS = 256 };

/* A copy of its own exact size, so that a sanitizer sees the first byte read past the end. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static uint8_t *read_file(const char *path, size_t *ret_size)
{
	struct stat info;
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	uint8_t *data = NULL;
	if (fstat(fileno(file), &info) == 0 && (data = malloc((size_t)info.st_size + 1)) != NULL)
		*ret_size = fread(data, 1, (size_t)info.st_size, file);
	fclose(file);
	return data;
}

static int replay(const char *path)
{
	size_t size = 0;
	uint8_t *data = read_file(path, &size);
	if (!data)
		return -1;
	size_t step = size / BEGINNINGS + 1;
	for (size_t len = 0; len < size; len += step)
		feed(data, len);
	feed(data, size);
	free(data);
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int count = argc == 2 ? scandir(argv[1], &entries, is_visible, alphasort) : -1;
	if (count <= 0) {
		printf("Bail out! no corpus in %s\n",
			argc == 2 ? argv[1] : "(one directory wanted)");
		return 1;
	}
	printf("1..%d\n", count);
	int failed = 0;
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
		int status = replay(path);
		printf("%s %d - %s\n", status == 0 ? "ok" : "not ok", i + 1, entries[i]->d_name);
		fflush(stdout);
		failed += status != 0;
		free(entries[i]);
	}
	free(entries);
	return failed != 0;
}
