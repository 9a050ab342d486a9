/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/keyring.h"

#include "base/container.h"
#include "base/limits.h"
#include "base/log.h"
#include "policy/requests.h"
#include "proxy/secret_read.h"
#include "proxy/secret_run.h"

#include <stdio.h>
#include <stdlib.h>

enum { WHY_SIZE = 128, TEXT_SIZE = 640 };

/* One credential of the policy. */
struct key {
	const struct credential *credential; /* of the keyring's policy */
	struct rule rule;
	struct secret *secret; /* NULL: never read */
	uint64_t due_ms; /* loop time at which it is read again; 0: not by time */
	bool running; /* its command is */
};

struct keyring {
	uv_loop_t *loop;
	uv_timer_t timer;
	keyring_cb on_changed;
	void *owner;
	struct policy *policy; /* NULL before the first load */
	struct key *keys;
	size_t count, changes;
	struct secrets *secrets;
	struct variables variables;
	atomic_bool ending;
};

/* A command that runs beside. */
struct job {
	uv_work_t work;
	struct keyring *keyring;
	struct policy *policy; /* whose the credential is */
	const struct credential *credential;
	struct secret *secret;
	char why[WHY_SIZE];
};

struct keyring *keyring_new(uv_loop_t *loop, keyring_cb on_changed, void *owner)
{
	struct keyring *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->loop = loop;
	k->on_changed = on_changed;
	k->owner = owner;
	uv_timer_init(loop, &k->timer);
	return k;
}

static void free_keys(struct key *keys, size_t count)
{
	for (size_t i = 0; keys && i < count; i++)
		secret_unref(keys[i].secret);
	free(keys);
}

/* `rule's file:line: the secret of WHERE WHY` */
static void describe(const struct key *key, const char *why, char ret_text[TEXT_SIZE])
{
	char where[256];

	credential_describe(key->credential, where, sizeof(where));
	snprintf(ret_text, TEXT_SIZE, "%s:%u: the secret of %s %s", key->rule.file, key->rule.line,
		where, why);
}

static struct key *find_same(struct key *keys, size_t count, const struct credential *c)
{
	for (size_t i = 0; i < count; i++)
		if (credential_same_source(keys[i].credential, c))
			return &keys[i];
	return NULL;
}

/* For the workers. NULL without memory. */
static struct secrets *make_set(const struct policy *policy, struct key *keys, size_t count)
{
	struct secrets *set = secrets_new(count, policy_generation(policy));

	for (size_t i = 0; set && i < count; i++)
		secrets_put(set, i, keys[i].secret);
	return set;
}

/* ---- by time ------------------------------------------------------------------------------- */

static void arm(struct keyring *k);

/* One source was read, or could not be: all keys of it. */
static void settle(struct keyring *k, const struct credential *c, struct secret *s, const char *why)
{
	char text[TEXT_SIZE];
	bool changed = false;
	const struct key *first = NULL;

	for (size_t i = 0; i < k->count; i++) {
		struct key *key = &k->keys[i];
		if (!credential_same_source(key->credential, c))
			continue;
		first = first ? first : key;
		uint64_t wait_ms = s ? c->refresh_ms : LIMIT_CREDENTIAL_RETRY_MS;
		key->running = false;
		key->due_ms = wait_ms > 0 ? uv_now(k->loop) + wait_ms : 0;
		if (!s || secret_equal(key->secret, s))
			continue;
		secret_unref(key->secret);
		key->secret = secret_ref(s);
		changed = true;
	}
	if (!first)
		return;
	if (!s) {
		describe(first, why, text);
		log_warning("%s; %s", text,
			first->secret ? "the one from before stays"
				      : "requests that need it are refused");
	}
	struct secrets *set = changed ? make_set(k->policy, k->keys, k->count) : NULL;
	if (!set)
		return;
	secrets_unref(k->secrets);
	k->secrets = set;
	describe(first, "has changed", text);
	log_info("%s", text);
	k->on_changed(k->owner, text);
}

static void on_run(uv_work_t *work)
{
	struct job *job = CONTAINER(work, struct job, work);

	job->secret =
		secret_run(job->credential, &job->keyring->ending, job->why, sizeof(job->why));
}

static void on_ran(uv_work_t *work, int status)
{
	struct job *job = CONTAINER(work, struct job, work);
	struct keyring *k = job->keyring;

	if (!atomic_load(&k->ending)) {
		settle(k, job->credential, status == 0 ? job->secret : NULL,
			status == 0 ? job->why : "was not asked");
		arm(k);
	}
	secret_unref(job->secret);
	policy_unref(job->policy);
	free(job);
}

static void run(struct keyring *k, struct key *key)
{
	struct job *job = calloc(1, sizeof(*job));

	for (size_t i = 0; i < k->count; i++)
		if (credential_same_source(k->keys[i].credential, key->credential))
			k->keys[i].running = true;
	if (job) {
		*job = (struct job){.keyring = k,
			.policy = policy_ref(k->policy),
			.credential = key->credential};
		if (uv_queue_work(k->loop, &job->work, on_run, on_ran) == 0)
			return;
		policy_unref(job->policy);
		free(job);
	}
	settle(k, key->credential, NULL, "could not be asked for, for want of memory");
}

static void read_again(struct keyring *k, struct key *key)
{
	char why[WHY_SIZE] = "";

	if (key->credential->source == CREDENTIAL_COMMAND) {
		run(k, key);
		return;
	}
	struct secret *s = secret_read_file(key->credential, why, sizeof(why));
	settle(k, key->credential, s, why);
	secret_unref(s);
}

static void on_due(uv_timer_t *timer)
{
	struct keyring *k = CONTAINER(timer, struct keyring, timer);

	for (size_t i = 0; i < k->count; i++) {
		struct key *key = &k->keys[i];
		if (!key->running && key->due_ms > 0 && key->due_ms <= uv_now(k->loop))
			read_again(k, key);
	}
	arm(k);
}

static void arm(struct keyring *k)
{
	uint64_t next_ms = UINT64_MAX, now_ms = uv_now(k->loop);

	for (size_t i = 0; i < k->count; i++)
		if (!k->keys[i].running && k->keys[i].due_ms > 0 && k->keys[i].due_ms < next_ms)
			next_ms = k->keys[i].due_ms;
	if (next_ms == UINT64_MAX)
		uv_timer_stop(&k->timer);
	else
		uv_timer_start(&k->timer, on_due, next_ms > now_ms ? next_ms - now_ms : 0, 0);
}

/* ---- a load -------------------------------------------------------------------------------- */

/* The secret of a source; NULL with why not. Of a command what was there before, and its time has come;
 * at the first load it is waited for. */
static struct secret *read_first(
	struct keyring *k, struct key *key, const struct key *before, char why[WHY_SIZE])
{
	const struct credential *c = key->credential;

	key->due_ms = c->refresh_ms > 0 ? uv_now(k->loop) + c->refresh_ms : 0;
	if (c->source == CREDENTIAL_FILE)
		return secret_read_file(c, why, WHY_SIZE);
	if (c->source == CREDENTIAL_ENVIRONMENT)
		return variables_take(&k->variables, c, why, WHY_SIZE);
	if (!k->policy)
		return secret_run(c, &k->ending, why, WHY_SIZE);
	key->due_ms = uv_now(k->loop) + 1;
	return before && before->secret ? secret_ref(before->secret) : NULL;
}

static bool load_key(struct keyring *k, struct key *keys, size_t at, char *ret_error, size_t size)
{
	struct key *key = &keys[at];
	char why[WHY_SIZE] = "", text[TEXT_SIZE];
	const struct key *before = find_same(k->keys, k->count, key->credential);
	const struct key *same = find_same(keys, at, key->credential);

	if (same) {
		key->due_ms = same->due_ms;
		key->secret = same->secret ? secret_ref(same->secret) : NULL;
		return true;
	}
	key->secret = read_first(k, key, before, why);
	if (key->secret || why[0] == '\0')
		return true;
	describe(key, why, text);
	bool kept = before && before->secret;
	if (!kept && key->credential->source != CREDENTIAL_COMMAND) {
		snprintf(ret_error, size, "%s", text);
		return false;
	}
	key->secret = kept ? secret_ref(before->secret) : NULL;
	key->due_ms = uv_now(k->loop) + LIMIT_CREDENTIAL_RETRY_MS;
	log_warning("%s; %s", text,
		kept ? "the one from before stays" : "requests that need it are refused");
	return true;
}

static size_t count_changes(struct keyring *k, struct key *keys, size_t count)
{
	size_t changes = 0;

	for (size_t i = 0; i < count; i++) {
		const struct key *before = find_same(k->keys, k->count, keys[i].credential);
		changes += before && !secret_equal(before->secret, keys[i].secret);
	}
	return changes;
}

bool keyring_load(struct keyring *k, struct policy *policy, char *ret_error, size_t size)
{
	size_t count = policy_credential_count(policy);
	struct key *keys = calloc(count + 1, sizeof(*keys));
	bool loaded = keys != NULL;

	snprintf(ret_error, size, "out of memory");
	for (size_t i = 0; i < count && loaded; i++) {
		keys[i].credential = policy_credential(policy, i, &keys[i].rule);
		loaded = load_key(k, keys, i, ret_error, size);
	}
	struct secrets *set = loaded && count > 0 ? make_set(policy, keys, count) : NULL;
	if (!loaded || (count > 0 && !set)) {
		free_keys(keys, count);
		return false;
	}
	k->changes = count_changes(k, keys, count);
	free_keys(k->keys, k->count);
	policy_unref(k->policy);
	secrets_unref(k->secrets);
	k->keys = keys;
	k->count = count;
	k->policy = policy_ref(policy);
	k->secrets = set;
	arm(k);
	return true;
}

struct secrets *keyring_secrets(const struct keyring *k)
{
	return k->secrets;
}

size_t keyring_changes(const struct keyring *k)
{
	return k->changes;
}

/* ---- the end ------------------------------------------------------------------------------- */

void keyring_close(struct keyring *k)
{
	if (!k || atomic_load(&k->ending))
		return;
	atomic_store(&k->ending, true);
	uv_close((uv_handle_t *)&k->timer, NULL);
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	free_keys(k->keys, k->count);
	secrets_unref(k->secrets);
	policy_unref(k->policy);
	variables_done(&k->variables);
	free(k);
}
