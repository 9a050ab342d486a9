/* SPDX-License-Identifier: Apache-2.0 */
/* control/terms.h: on what terms a reviewer is asked: where, signed with what, how long, how often. What
 * the files say counts, not only their names. */
#ifndef SALLYPORT_CONTROL_TERMS_H
#define SALLYPORT_CONTROL_TERMS_H

#include "base/limits.h"
#include "control/reviewer.h"
#include "control/seal.h"

struct terms {
	size_t secret_len; /* 0: nothing is signed */
	char secret[LIMIT_SECRET_BYTES + 2];
	struct seal seal; /* of all of them; the secret cannot be told from it */
};

/* The terms that the options stand for. False with a sentence; nothing to wipe then. */
bool terms_read(struct terms *ret_terms, const struct reviewer_options *options, char *ret_sentence,
	size_t size);
bool terms_equal(const struct terms *a, const struct terms *b);
void terms_wipe(struct terms *t);

#endif
