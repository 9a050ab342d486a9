/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport search export | import | stats. */
#include "base/escape.h"
#include "control/moment.h"
#include "policy/quantity.h"
#include "proxy/command_search_store.h"
#include "proxy/search_archive.h"
#include "proxy/search_line.h"
#include "proxy/search_results.h"
#include "proxy/search_transfer.h"

enum { FAULTS_MOST = 20, MISSED_MOST = 10 };

/* ---- export -------------------------------------------------------------------------------- */

static bool write_line(void *owner, const struct search_entry *e, const struct search_texts *texts)
{
	++*(uint64_t *)owner;
	search_line_write(stdout, e, texts);
	return !ferror(stdout);
}

int command_search_export(const struct arguments *a)
{
	struct search_work w;
	uint64_t count = 0;
	int status = search_work_begin(&w, a, 0, false);

	if (status != EXIT_DONE)
		return status;
	bool ok = search_export(w.store, &w.filter, write_line, &count);
	if (ok)
		fprintf(stderr, "%llu answers written\n", (unsigned long long)count);
	return search_work_end(&w, ok ? SEARCH_STORE_OK : SEARCH_STORE_FAILED);
}

/* ---- import -------------------------------------------------------------------------------- */

struct faults {
	const char *path;
	uint64_t count;
};

static void print_fault(void *owner, uint64_t place, const char *why)
{
	struct faults *f = owner;

	if (f->count++ < FAULTS_MOST)
		fprintf(stderr, "%s:%llu: %s\n", f->path, (unsigned long long)place, why);
}

static void print_counts(const struct search_counts *c, bool as_json)
{
	printf(as_json ? "{\"taken\": %llu, \"known\": %llu, \"passed\": %llu}\n"
		       : "%llu answers taken, %llu there as new already, %llu passed over\n",
		(unsigned long long)c->taken, (unsigned long long)c->known,
		(unsigned long long)c->passed);
}

static bool import_file(struct search_import *i, const struct config *c)
{
	const struct search_archive archive = {
		.policy = c->policy,
		.rules = {.ttl_s = c->search_ttl_s,
			.stale_error_s = c->search_stale_s,
			.shared_credentials = true},
		.answer_bytes = (uint32_t)c->search_entry_bytes,
		.extract = search_results_read,
	};

	return search_archive_is_one(i->path) ? search_import_archive(i, &archive)
					      : search_import_lines(i);
}

int command_search_import(const struct arguments *a)
{
	struct faults faults = {.path = a->operands[0]};
	struct search_work w;
	int status = search_work_begin(&w, a, 0, true);

	if (status != EXIT_DONE)
		return status;
	struct search_import i = {.store = w.store,
		.path = a->operands[0],
		.on_fault = print_fault,
		.owner = &faults};
	bool ok = import_file(&i, w.config);
	if (ok || i.counts.taken > 0)
		print_counts(&i.counts, a->given[FLAG_JSON]);
	if (i.sentence[0])
		fprintf(stderr, "sallyport: %s: %s\n", a->operands[0], i.sentence);
	else if (!ok)
		fprintf(stderr, "sallyport: %s: %llu faults, nothing is imported\n", a->operands[0],
			(unsigned long long)faults.count);
	status = search_work_end(&w, SEARCH_STORE_OK);
	return ok ? status : EXIT_REFUSED;
}

/* ---- stats --------------------------------------------------------------------------------- */

static bool print_miss(void *owner, const struct search_miss *miss)
{
	char query[1024];

	(void)owner;
	escape_utf8(miss->query, query, sizeof(query));
	printf("  %6llu  %.*s  %s\n", (unsigned long long)miss->count, (int)miss->provider.len,
		miss->provider.ptr, query);
	return true;
}

static bool write_miss(void *owner, const struct search_miss *miss)
{
	size_t *count = owner;

	printf("%s{\"count\": %llu, \"provider\": ", ++*count > 1 ? ",\n    " : "\n    ",
		(unsigned long long)miss->count);
	json_write_text(stdout, miss->provider);
	fputs(", \"query\": ", stdout);
	json_write_text(stdout, miss->query);
	fputs("}", stdout);
	return true;
}

static void print_size(const char *name, uint64_t bytes)
{
	printf("%-9s %.1f MiB\n", name, (double)bytes / 1048576.0);
}

static void print_statistics(const struct search_statistics *s)
{
	char oldest[MOMENT_TEXT_SIZE];
	uint64_t asked = s->hits + s->misses;

	moment_relative((uint64_t)s->oldest_s * 1000, moment_now(), oldest);
	printf("%-9s %llu\n", "answers", (unsigned long long)s->entries);
	print_size("size", s->bytes);
	print_size("file", s->file_bytes);
	printf("%-9s %s\n", "oldest", s->entries > 0 ? oldest : "-");
	printf("%-9s %llu of %llu", "hits", (unsigned long long)s->hits, (unsigned long long)asked);
	if (asked > 0)
		printf(" (%.0f %%)", 100.0 * (double)s->hits / (double)asked);
	printf("\n%-9s %llu\n%-9s %llu\n", "evicted", (unsigned long long)s->evicted, "damaged",
		(unsigned long long)s->damaged);
}

static void write_statistics(const struct search_statistics *s)
{
	printf("{\n  \"entries\": %llu, \"bytes\": %llu, \"file_bytes\": %llu,\n",
		(unsigned long long)s->entries, (unsigned long long)s->bytes,
		(unsigned long long)s->file_bytes);
	printf("  \"hits\": %llu, \"misses\": %llu, \"evicted\": %llu, \"damaged\": %llu,\n",
		(unsigned long long)s->hits, (unsigned long long)s->misses,
		(unsigned long long)s->evicted, (unsigned long long)s->damaged);
	printf("  \"oldest\": %lld, \"newest\": %lld,\n  \"missed\": [", (long long)s->oldest_s,
		(long long)s->newest_s);
}

int command_search_stats(const struct arguments *a)
{
	struct search_statistics found;
	struct search_work w;
	size_t count = 0;
	int status = search_work_begin(&w, a, MISSED_MOST, false);

	if (status != EXIT_DONE)
		return status;
	enum search_stored stored = search_store_statistics(w.store, &found);
	if (stored != SEARCH_STORE_OK)
		return search_work_end(&w, stored);
	if (a->given[FLAG_JSON]) {
		write_statistics(&found);
		stored = search_misses(w.store, (size_t)w.most, write_miss, &count);
		fputs("\n  ]\n}\n", stdout);
	} else {
		print_statistics(&found);
		printf("missed most\n");
		stored = search_misses(w.store, (size_t)w.most, print_miss, NULL);
	}
	return search_work_end(&w, stored);
}
