/* SPDX-License-Identifier: Apache-2.0 */
/* policy/credential.h: a credential that a rule puts into requests, as configuration has it: where it
 * goes and where its secret comes from, never the secret itself.
 * Source: RFC 9110 §5.1, §5.5 (names and values of fields), §11.6.2 (Authorization). */
#ifndef SALLYPORT_POLICY_CREDENTIAL_H
#define SALLYPORT_POLICY_CREDENTIAL_H

#include "base/slice.h"

enum credential_source {
	CREDENTIAL_NONE,
	CREDENTIAL_FILE, /* arguments[0] is its path */
	CREDENTIAL_ENVIRONMENT, /* arguments[0] is the variable's name */
	CREDENTIAL_COMMAND, /* the arguments of a program, its name first; no shell */
};

struct credential {
	enum credential_source source;
	struct slice header; /* a token, compared without case */
	struct slice prefix; /* stands before the secret; may be empty */
	struct slice placeholder; /* what the sandbox has instead of the secret; empty: nothing */
	const struct slice *arguments;
	size_t argument_count;
	uint32_t refresh_ms; /* the source is asked again after so long; 0: only at a reload */
};

/* A field that rules may take out or put in: none that frames, routes or is for one hop only. False
 * with a sentence that says what to write instead, the bytes of the text escaped; as all below. */
bool credential_check_header(struct slice name, char *ret_sentence, size_t size);
bool credential_check_prefix(struct slice prefix, char *ret_sentence, size_t size);
bool credential_check_placeholder(struct slice placeholder, char *ret_sentence, size_t size);
bool credential_check_variable(struct slice name, char *ret_sentence, size_t size);

/* A domain of a rule that injects: names of somebody's own, reachable over TLS. */
bool credential_check_domain(struct slice pattern, char *ret_sentence, size_t size);

/* The same source, that is, the same secret behind the same prefix. */
bool credential_same_source(const struct credential *a, const struct credential *b);

/* Where the secret comes from, for people: `file "/run/secrets/x"`, `command "pass …"`; escaped,
 * cut. Of a command the program alone, for arguments may be secrets themselves. */
size_t credential_describe(const struct credential *c, char *ret_text, size_t size);

#endif
