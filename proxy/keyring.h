/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/keyring.h: the secrets of a policy's credentials, read from where the policy says and read again
 * when it is time. What cannot be read any more stays as it was; what could never be read is not there,
 * and requests that need it are refused. Used by the control thread only. */
#ifndef SALLYPORT_PROXY_KEYRING_H
#define SALLYPORT_PROXY_KEYRING_H

#include "policy/policy.h"
#include "policy/secrets.h"

#include <uv.h>

struct keyring; /* opaque */

/* A secret has changed by itself: keyring_secrets gives the new set. `text` says which, and not what it
 * is. */
typedef void (*keyring_cb)(void *owner, const char *text);

/* NULL without memory. */
struct keyring *keyring_new(uv_loop_t *loop, keyring_cb on_changed, void *owner);

/* Makes the secrets those of the policy. False with a sentence when one that was never read cannot be,
 * and then nothing has changed; but for commands, which may fail. The first load waits for those,
 * later ones run them beside. */
bool keyring_load(struct keyring *k, struct policy *policy, char *ret_error, size_t size);

/* The present set, the keyring's reference; NULL while the policy has no credentials. */
struct secrets *keyring_secrets(const struct keyring *k);

/* How many secrets the last load found changed. */
size_t keyring_changes(const struct keyring *k);

/* Ends what is under way; the loop needs to run until it has. NULL is fine. */
void keyring_close(struct keyring *k);
/* Once the loop has ended. NULL is fine. */
void keyring_free(struct keyring *k);

#endif
