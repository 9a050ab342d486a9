/* SPDX-License-Identifier: Apache-2.0 */
/* certs/vault.h: where authorities are kept, and when one gives way to the next.
 *
 *     authority.pem   key and certificate of the one that signs, mode 0600
 *     next.pem        the same of its successor, where there is one
 *     ca.pem, bundle.pem, truststore.p12   what clients take; see certs/bundle.h
 *
 *     since ─────────────────────────────────┬───────────────┬───────────────► until
 *                       signs alone          │ signs still,  │ the successor signs;
 *                                            │ both exported │ the old one is forgotten
 *                                     until − 2 overlap   until − overlap
 *
 * overlap is LIMIT_CA_OVERLAP_S, or a quarter of the lifetime where that is less. An authority that
 * others signed is never followed by one of our own: clients would not know it.
 * Whoever changes a file locks the directory (flock). A file appears whole under its name or not at all, so a kill at any moment leaves what a next
 * start goes on from; of two processes that create at once, both end up with the one that won.
 * One thread at a time; what it hands out may be used by any. */
#ifndef SALLYPORT_CERTS_VAULT_H
#define SALLYPORT_CERTS_VAULT_H

#include "certs/authority.h"

struct vault;

/* Borrowed during the call; copied. */
struct vault_settings {
	const char *directory; /* made where it is missing (0755); also for exports */
	bool in_memory; /* keys are on no disk: a new authority with each process */
	int64_t lifetime_s; /* of authorities that are made */
	const char *host; /* see struct authority_order */
	const char *permitted;
};

/* What is believed and what signs. References that the holder gives back with vault_seal_done. */
struct vault_view {
	struct authority *issuer; /* signs leaves now */
	struct authority *next; /* will, later; NULL for none. Clients must know both */
};

/* What to do where there is no authority, or where there is one. */
enum vault_how {
	VAULT_CREATE, /* read what is there; make one where there is none */
	VAULT_EXISTING, /* only read; where there is nothing fail with the trouble "" */
	VAULT_ANEW /* do not read: a new one takes the place of all that are there, at once */
};

/* Opens the directory. Refused with the trouble, and NULL then: whatever authority_parse refuses; an
 * authority that has ended; a directory or file that somebody else could change, or that others can
 * read where it has a key; symbolic links. */
struct vault *vault_open(const struct vault_settings *settings, enum vault_how how, int64_t now_s,
	struct trouble *ret_trouble);
void vault_close(struct vault *v); /* NULL is fine; views stay good */

enum vault_turn {
	VAULT_SAME,
	VAULT_CHANGED, /* take a new view: leaves are dropped, exports written again */
	VAULT_FAILED /* with the trouble; the view is as before */
};

/* What is due: reads files anew that another process changed, makes the successor, lets it take
 * over. Call it hourly and at each reload. */
enum vault_turn vault_turn(struct vault *v, int64_t now_s, struct trouble *ret_trouble);

/* The view as of the last turn. */
struct vault_view vault_view(const struct vault *v);
void vault_view_done(struct vault_view *view);

/* Makes the successor before it is due; it signs after its overlap. False with the trouble, as where
 * there is one already. */
bool vault_rotate(struct vault *v, int64_t now_s, struct trouble *ret_trouble);

#endif
