/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/secure.h"

#include <openssl/err.h>
#include <stdio.h>

static SSL_CTX *failed(SSL_CTX *context, const char *what)
{
	fprintf(stderr, "TLS: %s\n", what);
	ERR_print_errors_fp(stderr);
	SSL_CTX_free(context);
	return NULL;
}

/* The same for both sides: what a run compares must not be a matter of suites. */
static SSL_CTX *context_new(const SSL_METHOD *method)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
		SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
		SSL_CTX_set1_groups_list(context, "X25519") != 1)
		return failed(context, "no context");
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	return context;
}

SSL_CTX *secure_server(const char *certificate, const char *key)
{
	SSL_CTX *context = context_new(TLS_server_method());

	if (!context)
		return NULL;
	SSL_CTX_set_num_tickets(context, 0);
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
		SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return failed(context, certificate);
	return context;
}

SSL_CTX *secure_client(const char *roots)
{
	SSL_CTX *context = context_new(TLS_client_method());

	if (!context || !roots)
		return context;
	if (SSL_CTX_load_verify_file(context, roots) != 1)
		return failed(context, roots);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	return context;
}

SSL *secure_new(SSL_CTX *context, int fd, const char *name)
{
	SSL *ssl = SSL_new(context);

	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		goto fail;
	if (!name)
		SSL_set_accept_state(ssl);
	else if (SSL_set_tlsext_host_name(ssl, name) != 1 || SSL_set1_host(ssl, name) != 1)
		goto fail;
	else
		SSL_set_connect_state(ssl);
	return ssl;
fail:
	SSL_free(ssl);
	return NULL;
}

static enum secure_step step_of(SSL *ssl, int result)
{
	if (result > 0)
		return SECURE_DONE;
	int error = SSL_get_error(ssl, result);
	ERR_clear_error();
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? SECURE_WAIT
									     : SECURE_GONE;
}

enum secure_step secure_handshake(SSL *ssl)
{
	return step_of(ssl, SSL_do_handshake(ssl));
}

enum secure_step secure_read(SSL *ssl, void *bytes, size_t size, size_t *ret_len)
{
	return step_of(ssl, SSL_read_ex(ssl, bytes, size, ret_len));
}

enum secure_step secure_write(SSL *ssl, const void *bytes, size_t len)
{
	size_t written;
	enum secure_step step = step_of(ssl, SSL_write_ex(ssl, bytes, len, &written));

	return step == SECURE_DONE && written == len ? SECURE_DONE : SECURE_GONE;
}
