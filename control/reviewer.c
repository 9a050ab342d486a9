/* SPDX-License-Identifier: Apache-2.0 */
#include "control/reviewer.h"

#include "base/escape.h"
#include "base/log.h"
#include "control/moment.h"
#include "control/post.h"
#include "control/show.h"
#include "control/terms.h"

#include <stdlib.h>

/* What can be the trouble; each is logged by itself. */
enum trouble {
	TROUBLE_NO_ANSWER,
	TROUBLE_LATE,
	TROUBLE_LARGE,
	TROUBLE_STATUS,
	TROUBLE_NONSENSE,
	TROUBLE_CROWDED,
	TROUBLE_MEMORY,
	TROUBLE_COUNT
};

/* A question on its way. */
struct asking {
	struct reviewer *reviewer;
	uint64_t question;
	char *body;
	struct post *post; /* NULL while it waits in the queue */
	struct asking *next;
};

struct reviewer {
	struct poster *poster;
	uv_idle_t starter; /* runs while something waits and may go */
	uint32_t concurrency;
	reviewed_cb on_reviewed;
	void *owner;
	struct asking *first, **last; /* in order of asking */
	uint32_t waiting, under_way;
	uint64_t logged_ms[TROUBLE_COUNT]; /* loop's time + 1; 0: never */
	uv_loop_t *loop;
	struct reviewer_counts counts;
	struct terms terms;
	unsigned open; /* things whose end is still to come */
	void (*on_stopped)(void *owner);
	void *stop_owner;
};

/* ---- trouble ------------------------------------------------------------------------------- */

static void complain(struct reviewer *r, enum trouble trouble, const char *what)
{
	uint64_t now = uv_now(r->loop) + 1, last = r->logged_ms[trouble];
	char safe[256];

	if (last && now - last < LIMIT_REVIEW_SILENCE_MS)
		return;
	r->logged_ms[trouble] = now;
	escape_text(slice_of(what), safe, sizeof(safe));
	log_warning("reviewer: %s; people are asked instead", safe);
}

static void answer_failed(struct reviewer *r, const struct posted *posted)
{
	char text[64];

	if (posted->late) {
		complain(r, TROUBLE_LATE, "no answer in time");
	} else if (posted->large) {
		complain(r, TROUBLE_LARGE, "the answer is too long");
	} else if (posted->status == 0) {
		complain(r, TROUBLE_NO_ANSWER, posted->failure);
	} else {
		snprintf(text, sizeof(text), "it answered with status %ld", posted->status);
		complain(r, TROUBLE_STATUS, text);
	}
}

/* ---- askings ------------------------------------------------------------------------------- */

static void asking_release(struct asking *a)
{
	if (a->post)
		a->reviewer->under_way--;
	else
		a->reviewer->waiting--;
	free(a->body);
	free(a);
}

static void asking_free(struct asking *a)
{
	struct reviewer *r = a->reviewer;
	struct asking **at = &r->first;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	if (r->last == &a->next)
		r->last = at;
	asking_release(a);
}

static struct asking *find(const struct reviewer *r, uint64_t question)
{
	for (struct asking *a = r->first; a; a = a->next)
		if (a->question == question)
			return a;
	return NULL;
}

static void count(struct reviewer_counts *counts, const struct review *review)
{
	switch (review->decision) {
	case REVIEW_ALLOW:
		counts->allowed++;
		break;
	case REVIEW_DENY:
		counts->denied++;
		break;
	case REVIEW_ASK:
		counts->passed++;
		break;
	}
}

static void on_starting(uv_idle_t *idle);

/* A turn of the loop later, so that no answer comes from within reviewer_ask. */
static void go_on(struct reviewer *r)
{
	if (r->waiting > 0 && r->under_way < r->concurrency)
		uv_idle_start(&r->starter, on_starting);
	else
		uv_idle_stop(&r->starter);
}

static void on_posted(void *owner, const struct posted *posted)
{
	struct asking *a = owner;
	struct reviewer *r = a->reviewer;
	uint64_t question = a->question;
	struct review review = {.decision = REVIEW_ASK};
	const char *fault = NULL;
	bool good = posted->status == 200 && review_parse(posted->answer, &review, &fault);

	asking_free(a);
	go_on(r);
	if (good) {
		count(&r->counts, &review);
	} else {
		r->counts.failed++;
		if (fault)
			complain(r, TROUBLE_NONSENSE, fault);
		else
			answer_failed(r, posted);
	}
	if (review.decision != REVIEW_ASK)
		r->on_reviewed(r->owner, question, &review);
}

/* ---- sending ------------------------------------------------------------------------------- */

/* "X-Sallyport-Signature: t=UNIX,v1=HEX" over "UNIX.BODY": who has the secret knows that the question
 * is ours, and of now. */
enum { FIELD_BYTES = 160 };
static bool sign(const struct reviewer *r, const char *body, char ret_field[FIELD_BYTES])
{
	unsigned long long now_s = (unsigned long long)(moment_now() / 1000);
	char hex[SEAL_TEXT_SIZE], *text;
	struct seal seal;
	int len = asprintf(&text, "%llu.%s", now_s, body);

	if (len < 0)
		return false;
	bool ok = seal_keyed(slice_from(r->terms.secret, r->terms.secret_len),
		slice_from(text, (size_t)len), &seal);
	free(text);
	if (!ok)
		return false;
	seal_format(&seal, hex);
	snprintf(ret_field, FIELD_BYTES, "X-Sallyport-Signature: t=%llu,v1=%s", now_s, hex);
	return true;
}

static void put(struct asking *a)
{
	struct reviewer *r = a->reviewer;
	char field[FIELD_BYTES];
	bool is_signed = r->terms.secret_len > 0;

	if (!is_signed || sign(r, a->body, field))
		a->post = post_start(
			r->poster, slice_of(a->body), is_signed ? field : NULL, on_posted, a);
	if (a->post) {
		r->waiting--;
		r->under_way++;
		return;
	}
	r->counts.failed++;
	complain(r, TROUBLE_MEMORY, "out of memory");
	asking_free(a);
}

static void on_starting(uv_idle_t *idle)
{
	struct reviewer *r = idle->data;
	struct asking *next;

	for (struct asking *a = r->first; a && r->under_way < r->concurrency; a = next) {
		next = a->next;
		if (!a->post)
			put(a);
	}
	go_on(r);
}

/* ---- asking -------------------------------------------------------------------------------- */

static bool crowded(struct reviewer *r, enum trouble trouble, const char *why)
{
	r->counts.crowded++;
	complain(r, trouble, why);
	return false;
}

bool reviewer_ask(struct reviewer *r, const struct question *q)
{
	struct asking *known = find(r, q->id);

	if (known && known->post)
		return true;
	if (!known && r->waiting >= LIMIT_REVIEWS)
		return crowded(r, TROUBLE_CROWDED, "too many questions wait for it");
	json_t *shown = show_question(q, NULL);
	char *body = shown ? json_dumps(shown, JSON_COMPACT) : NULL;
	json_decref(shown);
	struct asking *a = known ? known : calloc(1, sizeof(*a));
	if (!body || !a) {
		free(body);
		if (!known)
			free(a);
		return crowded(r, TROUBLE_MEMORY, "out of memory");
	}
	free(a->body);
	a->body = body;
	if (known)
		return true;
	a->reviewer = r;
	a->question = q->id;
	*r->last = a;
	r->last = &a->next;
	r->waiting++;
	r->counts.asked++;
	go_on(r);
	return true;
}

void reviewer_forget(struct reviewer *r, uint64_t question)
{
	struct asking *a = find(r, question);

	if (!a)
		return;
	if (a->post)
		post_cancel(a->post);
	asking_free(a);
	r->counts.forgotten++;
	go_on(r);
}

struct reviewer_counts reviewer_counts(const struct reviewer *r)
{
	return r->counts;
}

void review_to_ask(const struct review *review, struct decision_ask *ret_ask)
{
	*ret_ask = (struct decision_ask){
		.allow = review->decision == REVIEW_ALLOW,
		.scope = review->scope,
		.pattern = slice_of(review->pattern),
		.ttl_ms = review->ttl_ms,
		.decider = SLICE("reviewer"),
		.note = slice_of(review->note),
	};
}

/* ---- life ---------------------------------------------------------------------------------- */

static void reviewer_free(struct reviewer *r)
{
	terms_wipe(&r->terms);
	free(r);
}

struct reviewer *reviewer_start(
	const struct reviewer_options *options, char *ret_sentence, size_t size)
{
	struct reviewer *r = calloc(1, sizeof(*r));
	struct poster_options to = {
		.loop = options->loop,
		.url = options->endpoint,
		.ca = options->ca,
		.timeout_ms = options->timeout_ms,
		.connections = options->concurrency,
		.answer_bytes = LIMIT_REVIEW_BYTES,
	};

	snprintf(ret_sentence, size, "out of memory");
	if (!r)
		return NULL;
	r->loop = options->loop;
	r->concurrency = options->concurrency;
	r->on_reviewed = options->on_reviewed;
	r->owner = options->owner;
	r->last = &r->first;
	if (terms_read(&r->terms, options, ret_sentence, size))
		r->poster = poster_new(&to, ret_sentence, size);
	if (!r->poster) {
		reviewer_free(r);
		return NULL;
	}
	uv_idle_init(r->loop, &r->starter);
	r->starter.data = r;
	r->open = 2;
	return r;
}

static void end(void *reviewer)
{
	struct reviewer *r = reviewer;

	if (--r->open > 0)
		return;
	void (*on_stopped)(void *) = r->on_stopped;
	void *owner = r->stop_owner;
	reviewer_free(r);
	if (on_stopped)
		on_stopped(owner);
}

bool reviewer_fits(const struct reviewer *r, const struct reviewer_options *options)
{
	struct terms terms;
	char sentence[256];
	bool fits = terms_read(&terms, options, sentence, sizeof(sentence)) &&
		    terms_equal(&terms, &r->terms);

	terms_wipe(&terms);
	return fits;
}

static void on_starter_closed(uv_handle_t *handle)
{
	end(handle->data);
}

void reviewer_stop(struct reviewer *r, void (*on_stopped)(void *owner), void *owner)
{
	if (!r) {
		if (on_stopped)
			on_stopped(owner);
		return;
	}
	r->on_stopped = on_stopped;
	r->stop_owner = owner;
	for (struct asking *a = r->first, *next; a; a = next) {
		next = a->next;
		if (a->post)
			post_cancel(a->post);
		asking_release(a);
	}
	r->first = NULL;
	uv_close((uv_handle_t *)&r->starter, on_starter_closed);
	poster_close(r->poster, end, r);
}
