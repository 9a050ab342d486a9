/* SPDX-License-Identifier: Apache-2.0 */
#include "control/remote.h"

#include "base/limits.h"
#include "control/client.h"
#include "control/listing.h"
#include "control/moment.h"

#include <jansson.h>
#include <stdio.h>

static bool fail(const char *sentence)
{
	fprintf(stderr, "sallyport: %s\n", sentence);
	return false;
}

bool remote_open(struct remote *r, const char *at, const char *token, bool json)
{
	char sentence[CLIENT_SENTENCE_BYTES];

	*r = (struct remote){.json = json};
	terminal_look(&r->terminal);
	r->client = client_new(at, token, sentence);
	return r->client || fail(sentence);
}

void remote_close(struct remote *r)
{
	client_free(r->client);
	r->client = NULL;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* The answer's body, or NULL with the sentence printed. */
static json_t *ask(struct remote *r, const struct client_request *request)
{
	struct client_answer answer;

	if (client_call(r->client, request, &answer)) {
		if (json_is_object(answer.body))
			return answer.body;
		json_decref(answer.body);
		fail("the control endpoint answered with something that is no object");
		return NULL;
	}
	fail(answer.sentence);
	return NULL;
}

static json_t *get(struct remote *r, const char *path)
{
	return ask(r, &(struct client_request){.method = "GET", .path = path});
}

/* ASCII, so that a name which reorders a line or moves a cursor does neither. */
static bool print_json(const json_t *value)
{
	if (json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) != 0)
		return fail("the answer cannot be written");
	fputc('\n', stdout);
	return true;
}

/* Prints the table, or one line in place of an empty one; done with the table afterwards. */
static bool print_table(const struct remote *r, struct table *t, const char *nothing)
{
	bool ok = true;

	if (t->count == 0 && !t->failed)
		puts(nothing);
	else
		ok = table_print(t, stdout, &r->terminal) || fail("out of memory");
	table_done(t);
	return ok;
}

/* ---- approvals ----------------------------------------------------------------------------- */

static json_t *get_questions(struct remote *r, const char *state)
{
	char path[CLIENT_PATH_BYTES] = "/v1/approvals?state=";

	client_path_add(path, slice_of(state));
	size_t len = strlen(path);
	snprintf(path + len, sizeof(path) - len, "&limit=%d", LIMIT_ROWS);
	return get(r, path);
}

bool remote_approvals(struct remote *r, const char *state)
{
	json_t *body = get_questions(r, state);
	struct table table;
	bool ok;

	if (!body)
		return false;
	if (r->json) {
		ok = print_json(body);
	} else {
		bool pending = strcmp(state, "pending") == 0;
		listing_questions(
			&table, json_object_get(body, "approvals"), pending, moment_now());
		ok = print_table(r, &table, pending ? "Nobody waits." : "None.");
	}
	json_decref(body);
	return ok;
}

static bool is_about(const json_t *question, struct slice host)
{
	const char *name = listing_word(question, "host");
	char target[LISTING_TEXT_BYTES];

	listing_target(question, target);
	return (name && slice_equal_nocase(host, slice_of(name))) ||
	       slice_equal_nocase(host, slice_of(target));
}

/* The id of the one pending question about a host; false with the sentence printed. */
static bool find_question(struct remote *r, const char *host, char *ret_id, size_t size)
{
	char shown[256];
	json_t *body = get_questions(r, "pending");
	const json_t *list = json_object_get(body, "approvals");
	size_t hits = 0;

	if (!body)
		return false;
	terminal_text(slice_of(host), shown, sizeof(shown));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *question = json_array_get(list, i);
		const char *id = listing_word(question, "id");
		if (id && is_about(question, slice_of(host)) && hits++ == 0)
			snprintf(ret_id, size, "%s", id);
	}
	json_decref(body);
	if (hits == 0)
		fprintf(stderr, "sallyport: no pending question is about %s\n", shown);
	if (hits > 1)
		fprintf(stderr,
			"sallyport: %zu pending questions are about %s: say which by its id (sallyport approvals list)\n",
			hits, shown);
	return hits == 1;
}

/* "q-0123456789abcdef". A host has no such last label: it would have to be a name of its own. */
static bool is_ident(struct slice text, char letter)
{
	if (text.len != 18 || text.ptr[0] != letter || text.ptr[1] != '-')
		return false;
	for (size_t i = 2; i < text.len; i++) {
		char c = ascii_lower(text.ptr[i]);
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

static bool add_text(json_t *object, const char *name, const char *text)
{
	return !text || json_object_set_new(object, name, json_string(text)) == 0;
}

static bool add_ttl(json_t *object, uint64_t ttl_ms)
{
	json_t *ttl = ttl_ms % 1000 == 0 ? json_integer((json_int_t)(ttl_ms / 1000))
					 : json_real((double)ttl_ms / 1000);

	return json_object_set_new(object, "ttl", ttl) == 0;
}

struct json_t *remote_decision_body(const struct remote_decision *d)
{
	json_t *body = json_object();

	if (body && add_text(body, "scope", d->scope) && add_text(body, "pattern", d->pattern) &&
		add_text(body, "note", d->note) && add_text(body, "protocol", d->protocol) &&
		add_text(body, "subject", d->subject) &&
		add_text(body, "identity", d->everybody ? "*" : NULL) &&
		(d->ttl_ms == 0 || add_ttl(body, d->ttl_ms)))
		return body;
	json_decref(body);
	return NULL;
}

struct json_t *remote_post_decision(struct remote *r, const char *id,
	const struct remote_decision *decision, char *ret_sentence)
{
	char path[CLIENT_PATH_BYTES] = "/v1/approvals/";
	json_t *body = remote_decision_body(decision);
	struct client_answer answer = {.sentence = "out of memory, or a text is no UTF-8"};
	bool ok = body && client_path_add(path, slice_of(id)) && client_path_add(path, SLICE("")) &&
		  strlen(path) + 9 < sizeof(path);

	if (ok) {
		const size_t len = strlen(path);

		snprintf(path + len, sizeof(path) - len, "%s",
			decision->allow ? "/approve" : "/deny");
		ok = client_call(r->client,
			&(struct client_request){.method = "POST", .path = path, .body = body},
			&answer);
	}
	json_decref(body);
	if (!ok)
		snprintf(ret_sentence, CLIENT_SENTENCE_BYTES, "%s", answer.sentence);
	return ok ? answer.body : NULL;
}

/* "approved new.example:443 (once, for local): g-0123456789abcdef" */
static void print_decided(const json_t *body)
{
	const json_t *grant = json_object_get(body, "grant");
	const json_t *question = json_object_get(body, "approval");
	const char *words[] = {listing_word(question, "state"), listing_word(grant, "pattern"),
		listing_word(grant, "scope"), listing_word(grant, "identity"),
		listing_word(grant, "id")};
	char safe[5][256];

	for (size_t i = 0; i < 5; i++) {
		const char *missing = i == 3 ? "everybody" : "-";
		terminal_text(slice_of(words[i] ? words[i] : missing), safe[i], sizeof(safe[i]));
	}
	printf("%s %s (%s, for %s): %s\n", safe[0], safe[1], safe[2], safe[3], safe[4]);
}

bool remote_decide(struct remote *r, const char *which, const struct remote_decision *decision)
{
	char found[64], sentence[CLIENT_SENTENCE_BYTES];
	const char *id = which;

	if (!is_ident(slice_of(which), 'q')) {
		if (!find_question(r, which, found, sizeof(found)))
			return false;
		id = found;
	}
	json_t *body = remote_post_decision(r, id, decision, sentence);
	if (!body)
		return fail(sentence);
	if (r->json)
		print_json(body);
	else
		print_decided(body);
	json_decref(body);
	return true;
}

/* ---- grants -------------------------------------------------------------------------------- */

bool remote_grants(struct remote *r)
{
	json_t *body = get(r, "/v1/grants");
	struct table table;
	bool ok;

	if (!body)
		return false;
	if (r->json) {
		ok = print_json(body);
	} else {
		listing_grants(&table, json_object_get(body, "grants"), moment_now());
		ok = print_table(r, &table, "No grants.");
	}
	json_decref(body);
	return ok;
}

/* One grant as the table that `grants list` prints, or as JSON. Drops the reference. */
static bool print_grant(struct remote *r, json_t *grant)
{
	struct table table;
	bool ok = false;

	if (!grant)
		return false;
	if (r->json) {
		ok = print_json(grant);
		json_decref(grant);
		return ok;
	}
	json_t *list = json_pack("[o]", grant);
	if (!list)
		return fail("out of memory");
	listing_grants(&table, list, moment_now());
	ok = print_table(r, &table, "");
	json_decref(list);
	return ok;
}

bool remote_grant_add(struct remote *r, const char *pattern, const struct remote_decision *decision)
{
	json_t *body = remote_decision_body(decision);
	const char *word = decision->allow ? "allow" : "deny";

	if (!body || !add_text(body, "pattern", pattern) || !add_text(body, "decision", word)) {
		json_decref(body);
		return fail("out of memory, or a text is no UTF-8");
	}
	json_t *grant = ask(
		r, &(struct client_request){.method = "POST", .path = "/v1/grants", .body = body});
	json_decref(body);
	return print_grant(r, grant);
}

bool remote_grant_revoke(struct remote *r, const char *id)
{
	char path[CLIENT_PATH_BYTES] = "/v1/grants/";

	if (!is_ident(slice_of(id), 'g'))
		return fail("a grant's id is g- and 16 hexadecimal digits (sallyport grants list)");
	client_path_add(path, slice_of(id));
	return print_grant(r, ask(r, &(struct client_request){.method = "DELETE", .path = path}));
}

/* ---- link ---------------------------------------------------------------------------------- */

bool remote_link(struct remote *r)
{
	json_t *empty = json_object();
	json_t *body = ask(
		r, &(struct client_request){.method = "POST", .path = "/v1/links", .body = empty});
	const char *url = listing_word(body, "url");
	char safe[512];
	bool ok = true;

	json_decref(empty);
	if (!body)
		return false;
	if (r->json) {
		ok = print_json(body);
	} else if (url) {
		terminal_text(slice_of(url), safe, sizeof(safe));
		puts(safe);
	} else {
		ok = fail("the control endpoint answered without a link");
	}
	json_decref(body);
	return ok;
}
