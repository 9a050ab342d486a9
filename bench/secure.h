/* SPDX-License-Identifier: Apache-2.0 */
/* bench/secure.h: one side of TLS 1.3 over a non-blocking socket, for the programs that measure how
 * much looking inside costs: OpenSSL as it comes, without resumption, X25519 and AES-128-GCM. */
#ifndef SALLYPORT_BENCH_SECURE_H
#define SALLYPORT_BENCH_SECURE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

enum secure_step {
	SECURE_DONE,
	SECURE_WAIT, /* for the next readiness */
	SECURE_GONE, /* closed or failed */
};

/* A server with the leaf and its key (PEM files). NULL with a sentence on standard error. */
SSL_CTX *secure_server(const char *certificate, const char *key);
/* A client; `roots`, a PEM file, to verify against, or NULL to take any certificate. */
SSL_CTX *secure_client(const char *roots);

/* A side on a descriptor that stays the caller's; with `name` a client that asks for it, and verifies it
 * where the context has roots. NULL without memory. */
SSL *secure_new(SSL_CTX *context, int fd, const char *name);

enum secure_step secure_handshake(SSL *ssl);
/* One read of at most `size` bytes. */
enum secure_step secure_read(SSL *ssl, void *bytes, size_t size, size_t *ret_len);
/* A message that the socket takes at once, or GONE. */
enum secure_step secure_write(SSL *ssl, const void *bytes, size_t len);

#endif
