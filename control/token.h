/* SPDX-License-Identifier: Apache-2.0 */
/* control/token.h: who may use the control endpoint, from the file `tokens` in the state directory:
 *
 *	# NAME ROLE SHA256HEX, one a line; lines that begin with '#' and empty lines do not count
 *	admin admin 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 *
 * The tokens themselves are kept nowhere, but for the first admin's: where there is no `tokens`, it is
 * made with one admin, whose token is written to `admin.token` for the command line. Both files are
 * ours alone (mode 0600). Source: shared design §8. */
#ifndef SALLYPORT_CONTROL_TOKEN_H
#define SALLYPORT_CONTROL_TOKEN_H

#include "base/limits.h"
#include "control/role.h"
#include "control/seal.h"

/* The longest token that is looked at, bytes. */
enum { TOKEN_BYTES_MAX = 512, TOKEN_NAME_SIZE = LIMIT_DECIDER_BYTES + 1 };

struct token {
	char name[TOKEN_NAME_SIZE]; /* [A-Za-z0-9._@-], not "reviewer" or "sallyport" */
	enum role role; /* never ROLE_NOBODY */
	struct seal seal; /* of the token's text */
};

struct tokens {
	struct token list[LIMIT_TOKENS];
	size_t count;
};

/* Reads the file, makes both files where it is missing. `directory` exists. False with one sentence
 * naming file and line, *ret_tokens untouched: a file that others may read or write or own, a
 * malformed line, a name twice, the hash of the empty token, no token at all. */
bool tokens_load(
	const char *directory, struct tokens *ret_tokens, char *ret_error, size_t error_size);

/* The content of such a file; `path` for the sentence. */
bool tokens_parse(struct slice content, const char *path, struct tokens *ret_tokens,
	char *ret_error, size_t error_size);

/* Whose token this is, NULL for nobody's. Takes the same time whichever it is, or none; what is empty
 * or longer than TOKEN_BYTES_MAX is nobody's without being hashed. */
const struct token *tokens_find(const struct tokens *t, struct slice given);
/* By name, NULL when there is none. */
const struct token *tokens_named(const struct tokens *t, struct slice name);

#endif
