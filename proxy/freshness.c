/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/freshness.h"

#include "base/limits.h"
#include "proxy/directive.h"

const char *storable_word(enum storable storable)
{
	static const char *const words[STORABLE_COUNT] = {
		[STORABLE] = "stored",
		[STORABLE_NOT_STATUS] = "status",
		[STORABLE_NOT_WANTED] = "no-store",
		[STORABLE_NOT_SHARED] = "private",
		[STORABLE_NOT_VARY] = "vary",
		[STORABLE_NOT_REUSABLE] = "not-reusable",
		[STORABLE_NOT_LARGE] = "too-large",
		[STORABLE_NOT_NOW] = "busy",
	};

	return words[storable];
}

/* ---- directives --------------------------------------------------------------------------- */

/* A directive with seconds. Two that differ, or one that is no number, cannot be relied on: §4.2.1
 * then encourages to take the answer as stale, which 0 does for each of them. */
struct seconds {
	bool is_said;
	uint32_t value;
};

static void say_seconds(struct seconds *s, const struct directive *d, uint32_t bad)
{
	uint32_t value = bad;

	if (!directive_seconds(d->value, &value))
		value = bad;
	s->value = s->is_said && s->value != value ? bad : value;
	s->is_said = true;
}

/* Cache-Control of a response or a request. */
struct control {
	bool is_there, no_store, no_cache, private, public, only_if_cached;
	bool must_revalidate; /* or proxy-revalidate: for a shared cache the same, §5.2.2.8 */
	struct seconds max_age, s_maxage, stale_while, stale_error, min_fresh, max_stale;
};

static void take_switch(struct control *c, struct slice name)
{
	const struct {
		struct slice name;
		bool *value;
	} switches[] = {
		{SLICE("no-store"), &c->no_store},
		{SLICE("no-cache"), &c->no_cache},
		{SLICE("private"), &c->private},
		{SLICE("public"), &c->public},
		{SLICE("must-revalidate"), &c->must_revalidate},
		{SLICE("proxy-revalidate"), &c->must_revalidate},
		{SLICE("only-if-cached"), &c->only_if_cached},
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (slice_equal_nocase(name, switches[i].name))
			*switches[i].value = true;
}

static void take_directive(struct control *c, const struct directive *d)
{
	const struct {
		struct slice name;
		struct seconds *seconds;
	} numbers[] = {
		{SLICE("max-age"), &c->max_age},
		{SLICE("s-maxage"), &c->s_maxage},
		{SLICE("stale-while-revalidate"), &c->stale_while},
		{SLICE("stale-if-error"), &c->stale_error},
		{SLICE("min-fresh"), &c->min_fresh},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (slice_equal_nocase(d->name, numbers[i].name))
			say_seconds(numbers[i].seconds, d, 0);
	/* The one that may stand without a number, §5.2.1.2. */
	if (slice_equal_nocase(d->name, SLICE("max-stale")) && !d->value.ptr)
		c->max_stale = (struct seconds){true, UINT32_MAX};
	else if (slice_equal_nocase(d->name, SLICE("max-stale")))
		say_seconds(&c->max_stale, d, 0);
	take_switch(c, d->name);
}

/* What cannot be read to its end may have hidden anything, no-store too. */
static void take_control(struct control *c, struct slice value)
{
	struct directive d;
	enum directive_step step;

	c->is_there = true;
	while ((step = directive_next(&value, &d)) == DIRECTIVE_ONE)
		take_directive(c, &d);
	c->no_store = c->no_store || step == DIRECTIVE_BAD;
}

static void read_control(const struct field *fields, size_t count, struct control *ret_control)
{
	*ret_control = (struct control){.is_there = false};
	for (size_t i = 0; i < count; i++)
		if (slice_equal_nocase(fields[i].name, SLICE("cache-control")))
			take_control(ret_control, fields[i].value);
}

void freshness_read_request(
	const struct field *fields, size_t count, struct freshness_request *ret_request)
{
	struct control c;
	struct freshness_request r = {.max_age_s = UINT32_MAX};
	bool pragma = false;

	read_control(fields, count, &c);
	for (size_t i = 0; i < count; i++) {
		if (slice_equal_nocase(fields[i].name, SLICE("authorization")) ||
			slice_equal_nocase(fields[i].name, SLICE("cookie")))
			r.credentials = true;
		if (slice_equal_nocase(fields[i].name, SLICE("pragma")) &&
			slice_equal_nocase(fields[i].value, SLICE("no-cache")))
			pragma = true;
	}
	/* §5.4: Pragma counts only where there is no Cache-Control. */
	r.no_cache = c.no_cache || (pragma && !c.is_there);
	r.no_store = c.no_store;
	r.only_if_cached = c.only_if_cached;
	if (c.max_age.is_said)
		r.max_age_s = c.max_age.value;
	if (c.min_fresh.is_said)
		r.min_fresh_s = c.min_fresh.value;
	if (c.max_stale.is_said)
		r.max_stale_s = c.max_stale.value;
	*ret_request = r;
}

/* ---- judging ------------------------------------------------------------------------------ */

static uint32_t clamp(int64_t seconds)
{
	return seconds < 0 ? 0 : seconds < INT32_MAX ? (uint32_t)seconds : INT32_MAX;
}

/* §5.1: of a list the first member, and what is no number is ignored. */
static uint32_t age_field(const struct head *h)
{
	struct slice value = head_field(h, SLICE("age"));
	uint32_t age = 0;

	value = field_trim(slice_first(value, slice_find(value, ',')));
	return directive_seconds(value, &age) ? age : 0;
}

/* Without one that can be read, the time of its coming, RFC 9110 §6.6.1. */
static int64_t date_of(const struct head *h, int64_t response_s)
{
	int64_t date_s = response_s;

	directive_date(head_field(h, SLICE("date")), response_s, &date_s);
	return date_s;
}

/* §4.2.3, corrected_initial_age. */
static uint32_t initial_age(const struct head *h, const struct freshness_times *t)
{
	int64_t apparent = t->response_s - date_of(h, t->response_s);
	int64_t delay = t->response_s > t->asked_s ? t->response_s - t->asked_s : 0;
	int64_t corrected = (int64_t)age_field(h) + delay;

	return clamp(apparent > corrected ? apparent : corrected);
}

/* Whether there is an Expires, and the lifetime that it names: none where it is no date, which "0"
 * is not, or where there are several that differ, §5.3 and §4.2.1. */
static bool expires(const struct head *h, int64_t response_s, uint32_t *ret_lifetime_s)
{
	struct slice first = {NULL, 0};
	bool differ = false;
	int64_t expires_s;

	for (size_t i = 0; i < h->field_count; i++) {
		const struct field *f = &h->fields[i];
		if (!slice_equal_nocase(f->name, SLICE("expires")))
			continue;
		differ = differ || (first.ptr && !slice_equal(first, f->value));
		first = f->value;
	}
	if (!first.ptr)
		return false;
	*ret_lifetime_s = !differ && directive_date(first, response_s, &expires_s)
				  ? clamp(expires_s - date_of(h, response_s))
				  : 0;
	return true;
}

static void read_lifetime(struct freshness *f, const struct control *c, const struct head *h,
	const struct freshness_rules *rules)
{
	f->named = true;
	if (c->s_maxage.is_said) {
		f->lifetime_s = c->s_maxage.value;
	} else if (c->max_age.is_said) {
		f->lifetime_s = c->max_age.value;
	} else if (!expires(h, f->response_s, &f->lifetime_s)) {
		f->lifetime_s = rules->ttl_s;
		f->named = false;
	}
}

static bool has_validator(const struct head *h)
{
	return head_field(h, SLICE("etag")).ptr || head_field(h, SLICE("last-modified")).ptr;
}

static bool varies_well(const struct head *h)
{
	struct buffer kept, variant;

	buffer_init(&kept, LIMIT_HEAD_BYTES);
	buffer_init(&variant, LIMIT_SEARCH_VARIANT_BYTES);
	bool ok = freshness_keep_fields(&kept, h, true) &&
		  freshness_variant(&variant, buffer_bytes(&kept), NULL, 0);
	buffer_done(&kept);
	buffer_done(&variant);
	return ok;
}

enum storable freshness_judge(const struct freshness_rules *rules,
	const struct freshness_request *request, const struct head *response,
	const struct freshness_times *times, struct freshness *ret_freshness)
{
	struct control c;
	struct freshness f = {.response_s = times->response_s};

	read_control(response->fields, response->field_count, &c);
	f.initial_age_s = initial_age(response, times);
	read_lifetime(&f, &c, response, rules);
	f.stale_while_s = c.stale_while.is_said ? c.stale_while.value : 0;
	f.stale_error_s = c.stale_error.is_said ? c.stale_error.value : rules->stale_error_s;
	f.no_cache = c.no_cache;
	f.must_revalidate = c.must_revalidate || c.s_maxage.is_said;
	if (response->status == 304)
		*ret_freshness = f;
	if (response->status != 200)
		return STORABLE_NOT_STATUS;
	if (c.no_store || request->no_store)
		return STORABLE_NOT_WANTED;
	/* §3.5. Cookies are no concern of the RFC's, but make an answer somebody's just as well. */
	bool shared = c.public || c.s_maxage.is_said || c.must_revalidate ||
		      rules->shared_credentials || !request->credentials;
	if (c.private || !shared)
		return STORABLE_NOT_SHARED;
	if (!varies_well(response))
		return STORABLE_NOT_VARY;
	if ((f.no_cache || (f.must_revalidate && f.lifetime_s <= f.initial_age_s)) &&
		!has_validator(response))
		return STORABLE_NOT_REUSABLE;
	*ret_freshness = f;
	return STORABLE;
}

/* ---- use ---------------------------------------------------------------------------------- */

uint32_t freshness_age(const struct freshness *f, int64_t now_s)
{
	int64_t resident = now_s > f->response_s ? now_s - f->response_s : 0;

	return clamp((int64_t)f->initial_age_s + clamp(resident));
}

/* How long it has been stale; -1 while it is fresh, §4.2: fresh is a lifetime above the age. */
static int64_t staleness(const struct freshness *f, int64_t now_s)
{
	int64_t age = freshness_age(f, now_s);

	return age < f->lifetime_s ? -1 : age - f->lifetime_s;
}

enum freshness_use freshness_use(
	const struct freshness *f, const struct freshness_request *request, int64_t now_s)
{
	int64_t age = freshness_age(f, now_s), stale = staleness(f, now_s);

	if (request->no_cache || f->no_cache || age > request->max_age_s)
		return FRESHNESS_VALIDATE;
	if (request->min_fresh_s > 0 && age + request->min_fresh_s >= f->lifetime_s)
		return FRESHNESS_VALIDATE;
	if (stale < 0)
		return FRESHNESS_FRESH;
	if (f->must_revalidate)
		return FRESHNESS_VALIDATE;
	if (request->max_stale_s > 0 && stale <= request->max_stale_s)
		return FRESHNESS_FRESH;
	return stale < f->stale_while_s ? FRESHNESS_WHILE : FRESHNESS_VALIDATE;
}

bool freshness_disconnected(
	const struct freshness *f, const struct freshness_rules *rules, int64_t now_s)
{
	int64_t stale = staleness(f, now_s);

	if (f->no_cache)
		return false;
	return stale < 0 || (!f->must_revalidate && stale < rules->stale_s);
}

bool freshness_after_error(const struct freshness *f, int64_t now_s)
{
	int64_t stale = staleness(f, now_s);

	if (f->no_cache)
		return false;
	return stale < 0 || (!f->must_revalidate && stale < f->stale_error_s);
}

bool freshness_invalidates(struct slice method, uint16_t status)
{
	/* RFC 9110 §9.2.1: the safe ones; any other may have changed what is there. */
	static const struct slice safe[] = {{"GET", 3}, {"HEAD", 4}, {"OPTIONS", 7}, {"TRACE", 5}};

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if (slice_equal(method, safe[i]))
			return false;
	return status >= 200 && status < 400;
}
