/* SPDX-License-Identifier: Apache-2.0 */
#include "control/terms.h"

#include "base/escape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The file's bytes without the line end that editors leave. */
static bool read_secret(struct terms *t, const char *path, char *ret_sentence, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(t->secret, 1, sizeof(t->secret), file) : 0;
	int error = !file || ferror(file) ? errno : 0;

	if (file)
		fclose(file);
	if (error) {
		char safe[256];
		escape_text(slice_of(path), safe, sizeof(safe));
		snprintf(ret_sentence, size, "secret_file %s: %s", safe, strerror(error));
		return false;
	}
	if (len > 0 && t->secret[len - 1] == '\n')
		len--;
	if (len > 0 && t->secret[len - 1] == '\r')
		len--;
	if (len < LIMIT_SECRET_BYTES_LEAST || len > LIMIT_SECRET_BYTES) {
		snprintf(ret_sentence, size, "secret_file: a secret has %d to %d bytes, not %zu",
			LIMIT_SECRET_BYTES_LEAST, LIMIT_SECRET_BYTES, len);
		return false;
	}
	t->secret_len = len;
	return true;
}

/* libcurl keeps the authorities that it has read, so that another file under the same name is new
 * terms. */
static bool seal_terms(struct terms *t, const struct reviewer_options *o)
{
	/* Too short to be a secret. */
	struct slice key = SLICE("unsigned");
	struct stat st = {0};
	char *text;

	if (t->secret_len > 0)
		key = slice_from(t->secret, t->secret_len);
	if (o->ca && stat(o->ca, &st) != 0)
		st.st_size = -1;
	int len = asprintf(&text, "%s\n%u\n%u\n%s\n%llu %lld %lld.%09ld", o->endpoint,
		o->timeout_ms, o->concurrency, o->ca ? o->ca : "", (unsigned long long)st.st_ino,
		(long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (len < 0)
		return false;
	bool ok = seal_keyed(key, slice_from(text, (size_t)len), &t->seal);
	free(text);
	return ok;
}

bool terms_read(struct terms *ret_terms, const struct reviewer_options *options, char *ret_sentence,
	size_t size)
{
	struct terms t = {.secret_len = 0};
	bool ok =
		!options->secret_file || read_secret(&t, options->secret_file, ret_sentence, size);

	if (ok && !seal_terms(&t, options)) {
		snprintf(ret_sentence, size, "out of memory");
		ok = false;
	}
	if (ok)
		*ret_terms = t;
	terms_wipe(&t);
	return ok;
}

bool terms_equal(const struct terms *a, const struct terms *b)
{
	return seal_equal(&a->seal, &b->seal);
}

void terms_wipe(struct terms *t)
{
	seal_wipe(t, sizeof(*t));
}
