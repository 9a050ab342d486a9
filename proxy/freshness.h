/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/freshness.h: whether the answer to a search may be kept, for how long it is good, for whom,
 * and what asks the provider again. A shared cache, RFC 9111; stale-* from RFC 5861. Values in, values
 * out: knows neither the store nor sessions nor the clock.
 *
 * Where the RFC leaves a choice the stricter one is taken: a directive that cannot be read counts as
 * stale, `private` and `no-cache` with field names as without, must-understand is not implemented, and
 * of all statuses only 200 is kept. A search is safe and keyed with its content whatever its method
 * is, because the provider's entry says so: POST is treated like GET. */
#ifndef SALLYPORT_PROXY_FRESHNESS_H
#define SALLYPORT_PROXY_FRESHNESS_H

#include "base/buffer.h"
#include "proxy/head.h"

/* What an operator says about a provider's answers. Seconds. */
struct freshness_rules {
	uint32_t ttl_s; /* lifetime of an answer that names none */
	uint32_t
		stale_s; /* used so long past its lifetime while nothing may be fetched, which §4.2.4
	                     calls disconnected */
	uint32_t
		stale_error_s; /* likewise after a failed fetch, where stale-if-error says nothing */
	bool shared_credentials; /* Authorization and Cookie of a search are an account's key: they
	                            make no answer somebody's own */
};

/* Of a request, what bears on kept answers, §5.2.1. */
struct freshness_request {
	bool credentials; /* has Authorization or Cookie */
	bool no_store, no_cache, only_if_cached;
	/* max-age and min-fresh: UINT32_MAX and 0 when they are not said; max-stale: 0, UINT32_MAX
	 * without a number */
	uint32_t max_age_s, min_fresh_s, max_stale_s;
};
void freshness_read_request(
	const struct field *fields, size_t count, struct freshness_request *ret_request);

/* Whether an answer may be kept, and why not. */
enum storable {
	STORABLE,
	STORABLE_NOT_STATUS, /* not 200: an error, a redirection, a part */
	STORABLE_NOT_WANTED, /* no-store, of request or response */
	STORABLE_NOT_SHARED, /* private, or asked for with credentials */
	STORABLE_NOT_VARY, /* varies by everything, by a secret, or by too much */
	STORABLE_NOT_REUSABLE, /* never to be used without validation, and without a validator */
	STORABLE_NOT_LARGE, /* beyond the bound for one answer; known when it has come */
	STORABLE_NOT_NOW, /* no memory, too many fills, or the store could not */
	STORABLE_COUNT
};
const char *storable_word(enum storable storable); /* a token: "stored", "no-store", … */

/* What is kept of an answer's times and directives. */
struct freshness {
	int64_t response_s; /* Unix time when its head came, or when it was last validated */
	uint32_t initial_age_s; /* §4.2.3, at response_s */
	uint32_t lifetime_s; /* §4.2.1 */
	uint32_t stale_while_s; /* stale-while-revalidate; 0 without */
	uint32_t stale_error_s; /* stale-if-error, or the rules' */
	bool named; /* the provider named the lifetime */
	bool no_cache; /* never without validation */
	bool must_revalidate; /* never stale: must-revalidate, proxy-revalidate, s-maxage */
};

/* Unix time, seconds: when the request was sent and when the head of its response came. */
struct freshness_times {
	int64_t asked_s, response_s;
};

/* May the final response be kept? ret_freshness is set when it is STORABLE, and from a 304, which is
 * STORABLE_NOT_STATUS. */
enum storable freshness_judge(const struct freshness_rules *rules,
	const struct freshness_request *request, const struct head *response,
	const struct freshness_times *times, struct freshness *ret_freshness);

/* ---- use ---------------------------------------------------------------------------------- */

/* §4.2.3; what a clock set back makes negative is 0. */
uint32_t freshness_age(const struct freshness *f, int64_t now_s);

enum freshness_use {
	FRESHNESS_FRESH, /* answer with it */
	FRESHNESS_WHILE, /* stale: answer with it, and have it validated meanwhile */
	FRESHNESS_VALIDATE, /* only after validation, or instead of an error (freshness_after_error) */
};
/* For this request, when a fetch is possible. */
enum freshness_use freshness_use(
	const struct freshness *f, const struct freshness_request *request, int64_t now_s);
/* Nothing may be fetched: fresh, or stale within the bound and not forbidden, §4.2.4. What the request
 * would rather have counts for nothing then. */
bool freshness_disconnected(
	const struct freshness *f, const struct freshness_rules *rules, int64_t now_s);
/* A fetch has failed or ended in 5xx: stale-if-error, §4.3.3 and RFC 5861 §4. */
bool freshness_after_error(const struct freshness *f, int64_t now_s);

/* Whether the outcome of a request that is no search makes answers for its URI invalid, §4.4. */
bool freshness_invalidates(struct slice method, uint16_t status);

/* ---- fields ------------------------------------------------------------------------------- */

/* The fields of a response that are kept, as "Name: value\r\n" each: all but those of the connection,
 * Age, Content-Length, Set-Cookie, Trailer, what counts somebody's requests, and what is named like a
 * secret. False beyond the buffer's bound. `decoded`: the content coding was undone; Content-Encoding
 * and digests of the content go too, and a strong ETag becomes a weak one. */
bool freshness_keep_fields(struct buffer *b, const struct head *response, bool decoded);
/* §3.2: kept fields, updated by those of a 304. */
bool freshness_update_fields(struct buffer *b, struct slice kept, const struct head *response);
/* The next of kept fields; the front of *rest moves. False at the end. */
bool freshness_next_field(struct slice *rest, struct field *ret_field);

/* Validators among kept fields, §4.3.1; ptr NULL: none. */
struct validators {
	struct slice etag, modified;
};
struct validators freshness_validators(struct slice kept);
/* Whether a 304 is about the kept answer, §4.3.4: its ETag, if it has one, is the kept one's. */
bool freshness_is_validated(struct slice kept, const struct head *response);
/* §4.3.2: the client has the kept answer already (If-None-Match, else If-Modified-Since), so that 304
 * with its fields is the reply. */
bool freshness_client_has(struct slice kept, const struct field *fields, size_t count);
/* A request field that must not go out with a fetch that is to fill the store: conditions and
 * ranges of the client's, and Accept-Encoding, for which "gzip" is sent. */
bool freshness_drops_field(struct slice name);

/* ---- variants ----------------------------------------------------------------------------- */

/* What the Vary of kept fields selects by, §4.1: the values of the named fields in the request, as text
 * that is equal where they match (names sorted, values of several fields joined, white space around
 * the elements of Accept-* taken out). Empty: by nothing. Accept-Encoding counts exactly where a
 * content coding was left: what has none suits everybody.
 * False for what is never kept: "*", a secret name, more than LIMIT_SEARCH_VARY names, too many bytes. */
bool freshness_variant(
	struct buffer *b, struct slice kept, const struct field *request, size_t count);
/* A field whose name says that its value is a secret: authorization, cookie, x-…-token, …-key, … */
bool freshness_is_secret(struct slice name);

#endif
