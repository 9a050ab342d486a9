/* SPDX-License-Identifier: Apache-2.0 */
/* certs/key.h: the key that all leaves of a mint share. */
#ifndef SALLYPORT_CERTS_KEY_H
#define SALLYPORT_CERTS_KEY_H

#include <openssl/types.h>

/* A new P-256 key (RFC 5480), which the caller frees; NULL with the reasons on OpenSSL's queue. Any
 * thread may sign with it. */
EVP_PKEY *key_new(void);

#endif
