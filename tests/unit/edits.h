/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/edits.h: a policy with credentials, its secrets, and a request of lines "Name: value". */
#ifndef SALLYPORT_TESTS_EDITS_H
#define SALLYPORT_TESTS_EDITS_H

#include "policy/edit.h"
#include "policy/requests.h"
#include "tests/unit/configs.h"
#include "tests/unit/rules.h"

#define RULE "[[network.rules]]\naction = \"allow\"\ndomain = "
#define PUT  "inject = { header = \"authorization\", prefix = \"Bearer \", file = \"/none\""

struct edits {
	struct loaded loaded;
	struct secrets *secrets;
	struct target target;
	struct edit_place place; /* for the others; verified */
};

/* The line behind *rest, whose front moves; false behind the last. */
static inline bool edits_line(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
	struct slice line = slice_first(*rest, slice_find(*rest, '\n'));
	size_t colon = slice_find(line, ':');

	if (rest->len == 0)
		return false;
	*rest = slice_after(*rest, line.len + 1);
	*ret_name = slice_first(line, colon);
	*ret_value = slice_after(line, colon + 2);
	return true;
}

static inline bool edits_at(
	const void *owner, size_t nth, struct slice *ret_name, struct slice *ret_value)
{
	struct slice rest = slice_of(owner);
	bool there = edits_line(&rest, ret_name, ret_value);

	while (there && nth-- > 0)
		there = edits_line(&rest, ret_name, ret_value);
	return there;
}

static inline struct slice edits_field(const void *owner, struct slice name, size_t nth)
{
	struct slice rest = slice_of(owner), found, value;

	while (edits_line(&rest, &found, &value))
		if (slice_equal_nocase(found, name) && nth-- == 0)
			return value.ptr ? value : SLICE("");
	return slice_from(NULL, 0);
}

static inline struct request_view edits_view(
	const char *method, const char *path, const char *fields)
{
	return (struct request_view){
		slice_of(method), slice_of(path), edits_field, fields, edits_at};
}

static inline struct secret *edits_secret(struct slice prefix, const char *bytes)
{
	struct secret *s = secret_new(prefix, strlen(bytes));

	assert_non_null(s);
	memcpy(secret_room(s), bytes, strlen(bytes));
	assert_null(secret_seal(s, strlen(bytes)));
	return s;
}

/* Credential n has the secret "secret-n"; those of commands have none. */
static inline void edits_open(struct edits *e, const char *rules, const char *requirements)
{
	load(&e->loaded, rules, requirements);
	if (!e->loaded.config) {
		print_error("%s\n", e->loaded.fault);
		fail();
	}
	struct policy *p = e->loaded.config->policy;
	size_t count = policy_credential_count(p);
	e->secrets = secrets_new(count, policy_generation(p));
	assert_non_null(e->secrets);
	for (size_t i = 0; i < count; i++) {
		const struct credential *c = policy_credential(p, i, NULL);
		char bytes[] = {'s', 'e', 'c', 'r', 'e', 't', '-', (char)('0' + i), '\0'};
		struct secret *s =
			c->source == CREDENTIAL_COMMAND ? NULL : edits_secret(c->prefix, bytes);
		secrets_put(e->secrets, i, s);
		secret_unref(s);
	}
	e->place = (struct edit_place){
		.policy = p, .secrets = e->secrets, .target = &e->target, .verified = true};
}

static inline void edits_close(struct edits *e)
{
	secrets_unref(e->secrets);
	config_free(e->loaded.config);
}

#endif
