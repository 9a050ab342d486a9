/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_archive.h"

#include "proxy/archive_record.h"

enum { READ_BYTES = 64 * 1024 };

/* A reading of one archive. */
struct reading {
	struct search_import *import;
	const struct search_archive *archive;
	struct squeeze_file *file;
	struct buffer held; /* from the file, not taken yet */
	bool ended; /* the file */
	uint64_t number; /* of the record */
	struct archive_record request, response; /* without the other one so far */
};

static bool fail(struct reading *r, const char *sentence)
{
	snprintf(r->import->sentence, sizeof(r->import->sentence), "%s", sentence);
	return false;
}

/* More of the file, if there is more. */
static bool fill(struct reading *r)
{
	char bytes[READ_BYTES];
	size_t len;

	if (!squeeze_file_read(r->file, bytes, sizeof(bytes), &len))
		return fail(r, "it cannot be read to its end");
	r->ended = len == 0;
	return buffer_append(&r->held, slice_from(bytes, len)) ||
	       fail(r, "a record is longer than any answer");
}

/* ---- pairs --------------------------------------------------------------------------------- */

static bool use(struct reading *r, const struct archive_record *request,
	const struct archive_record *response)
{
	struct archive_answer answer;
	const char *why = NULL;

	switch (archive_answer_read(r->archive, request, response, &answer, &why)) {
	case ARCHIVE_ANSWER:
		break;
	case ARCHIVE_PASSED:
		r->import->counts.passed++;
		return true;
	case ARCHIVE_BAD:
		search_import_fault(r->import, response->number, why);
		return true;
	case ARCHIVE_NO_MEMORY:
		return fail(r, "out of memory");
	}
	bool ok = search_import_entry(r->import, &answer.entry, &answer.texts);
	archive_answer_done(&answer);
	return ok;
}

/* A response whose request does not come any more. */
static bool use_alone(struct reading *r)
{
	bool ok = !r->response.memory || use(r, NULL, &r->response);

	archive_record_done(&r->response);
	return ok;
}

static bool take_request(struct reading *r, struct archive_record *record)
{
	if (archive_record_pairs(record, &r->response)) {
		bool ok = use(r, record, &r->response);
		archive_record_done(&r->response);
		archive_record_done(record);
		return ok;
	}
	archive_record_done(&r->request);
	r->request = *record;
	return use_alone(r);
}

static bool take_response(struct reading *r, struct archive_record *record)
{
	bool ok = use_alone(r);

	if (!archive_record_pairs(record, &r->request)) {
		r->response = *record;
		return ok;
	}
	ok = ok && use(r, &r->request, record);
	archive_record_done(&r->request);
	archive_record_done(record);
	return ok;
}

/* ---- records ------------------------------------------------------------------------------- */

/* Passes over `len` bytes of what is held and of what comes. */
static bool skip(struct reading *r, uint64_t len)
{
	while (len > 0) {
		uint64_t some = len < r->held.len ? len : r->held.len;
		buffer_take(&r->held, (size_t)some);
		len -= some;
		if (len == 0)
			break;
		if (r->ended)
			return fail(r, "its last record is cut short");
		if (!fill(r))
			return false;
	}
	return true;
}

/* The block of a record that matters, behind its head. */
static bool take_block(struct reading *r, const struct archive_head *head, size_t head_len)
{
	struct archive_record record;

	while (r->held.len < head_len + head->content_length) {
		if (r->ended)
			return fail(r, "its last record is cut short");
		if (!fill(r))
			return false;
	}
	struct slice block = slice_after(buffer_bytes(&r->held), head_len);
	block = slice_first(block, (size_t)head->content_length);
	if (!archive_record_keep(head, block, &record))
		return fail(r, "out of memory");
	record.number = r->number;
	return record.type == ARCHIVE_REQUEST ? take_request(r, &record)
					      : take_response(r, &record);
}

/* One record at the front of what is held. */
static bool take_record(struct reading *r)
{
	struct archive_head head;
	size_t len;
	enum archive_step step;

	while ((step = archive_head_read(buffer_bytes(&r->held), &head, &len)) == ARCHIVE_MORE) {
		if (r->ended)
			return fail(r, "its last record is cut short");
		if (!fill(r))
			return false;
	}
	r->number++;
	if (step == ARCHIVE_NO_HEAD) {
		search_import_fault(r->import, r->number, "no WARC record begins here");
		return fail(r, "it cannot be read on behind a fault");
	}
	bool matters = head.type != ARCHIVE_OTHER && head.content_length <= LIMIT_FILL_BYTES;
	uint64_t content_length = head.content_length;
	if (matters && !take_block(r, &head, len))
		return false;
	if (!matters)
		r->import->counts.passed += head.type == ARCHIVE_RESPONSE;
	/* Two line ends are behind each block. */
	return skip(r, len + content_length + 4);
}

static bool read_archive(struct search_import *i, struct squeeze_file *file, void *context)
{
	struct reading r = {.import = i, .archive = context, .file = file};
	bool ok = true;

	buffer_init(&r.held, LIMIT_SEARCH_LINE_BYTES);
	while (ok && !(r.ended && r.held.len == 0))
		ok = r.held.len == 0 ? fill(&r) : take_record(&r);
	ok = ok && use_alone(&r);
	archive_record_done(&r.request);
	archive_record_done(&r.response);
	buffer_done(&r.held);
	return ok;
}

bool search_import_archive(struct search_import *i, const struct search_archive *a)
{
	struct search_archive copy = *a;

	return search_import_run(i, read_archive, &copy);
}

bool search_archive_is_one(const char *path)
{
	struct squeeze_file *file = squeeze_file_open(path);
	char begin[5];
	size_t len = 0;
	bool ok = file && squeeze_file_read(file, begin, sizeof(begin), &len);

	squeeze_file_close(file);
	return ok && slice_equal(slice_from(begin, len), SLICE("WARC/"));
}
