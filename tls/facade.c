/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/facade.h"

#include "base/address.h"
#include "base/container.h"
#include "base/limits.h"
#include "base/reader.h"
#include "tls/engine_inside.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdlib.h>

/* TLS 1.2: forward secrecy and AEAD, for a leaf with an ECDSA or an RSA key. */
#define FACADE_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"

struct facades {
	struct engine_side side;
};

/* One connection. */
struct facade {
	struct engine engine;
	enum alpn face_alpn; /* what the upstream chose */
	bool named; /* not an address: SNI must be there */
	uint8_t name_len;
	char name[LIMIT_NAME_BYTES];
};

static struct facade *facade_of(const SSL *ssl)
{
	return CONTAINER(engine_of(ssl), struct facade, engine);
}

/* ---- what OpenSSL asks --------------------------------------------------------------------- */

/* RFC 6066 §3: a list of one host_name. Which spelling is the same name: letters of either case, one
 * dot at the end. */
static bool names_this(const struct facade *f, struct slice extension)
{
	struct reader r = reader_over(extension);
	struct reader list = reader_vector16(&r);
	uint8_t type = reader_u8(&list);
	struct slice name = reader_vector16(&list).rest;

	if (!reader_at_end(&r) || !reader_at_end(&list) || type != TLSEXT_NAMETYPE_host_name)
		return false;
	if (slice_ends(name, SLICE(".")))
		name.len--;
	return slice_equal_nocase(name, slice_from(f->name, f->name_len));
}

/* Runs for each ClientHello, before anything of it is used or a ticket is looked at. */
static int on_client_hello(SSL *ssl, int *ret_alert, void *argument)
{
	struct facade *f = facade_of(ssl);
	const unsigned char *bytes;
	size_t len;

	(void)argument;
	bool there = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len);
	bool right =
		there ? f->named && names_this(f, slice_from((const char *)bytes, len)) : !f->named;
	if (right)
		return SSL_CLIENT_HELLO_SUCCESS;
	engine_fail(&f->engine, TLS_FAULT_WRONG_SNI);
	*ret_alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_CLIENT_HELLO_ERROR;
}

/* Only when the client sent a list. RFC 7301 §3.2. */
static int on_protocols(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
	const unsigned char *bytes, unsigned len, void *argument)
{
	struct facade *f = facade_of(ssl);
	enum alpn alpn = f->face_alpn == ALPN_NONE ? ALPN_HTTP11 : f->face_alpn;
	struct slice name = alpn_name(alpn);

	(void)argument;
	if (!alpn_listed(slice_from((const char *)bytes, len), alpn)) {
		engine_fail(&f->engine, TLS_FAULT_NO_PROTOCOL);
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	*ret_name = (const unsigned char *)name.ptr;
	*ret_len = (unsigned char)name.len;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- one connection ------------------------------------------------------------------------ */

static enum tls_fault on_done(struct engine *e)
{
	const struct facade *f = CONTAINER(e, struct facade, engine);

	/* Without a list the client speaks HTTP/1.1, and the upstream may not be spoken to so. */
	if (f->face_alpn == ALPN_H2 && e->alpn != ALPN_H2)
		return TLS_FAULT_NO_PROTOCOL;
	return TLS_FAULT_NONE;
}

static void on_free(struct engine *e)
{
	free(CONTAINER(e, struct facade, engine));
}

/* A ticket is good only for what is in this digest. */
static bool bind_tickets(SSL *ssl, const struct facade *f)
{
	unsigned char scope[1 + sizeof(f->name)], digest[SHA256_DIGEST_LENGTH];

	scope[0] = (unsigned char)f->face_alpn;
	memcpy(scope + 1, f->name, f->name_len);
	return SHA256(scope, 1u + f->name_len, digest) &&
	       SSL_set_session_id_context(ssl, digest, sizeof(digest));
}

static bool is_address(struct slice name)
{
	struct address address;

	return address_parse_ipv4(name, &address) || address_parse_ipv6(name, &address);
}

struct engine *facade_open(
	struct facades *shared, const struct facade_face *face, enum tls_fault *ret_fault)
{
	assert(face->name.len > 0 && face->name.len <= LIMIT_NAME_BYTES);
	*ret_fault = TLS_FAULT_MEMORY;
	struct facade *f = malloc(sizeof(*f));
	if (!f)
		return NULL;
	*f = (struct facade){.face_alpn = face->alpn,
		.named = !is_address(face->name),
		.name_len = (uint8_t)face->name.len};
	memcpy(f->name, face->name.ptr, face->name.len);
	bool made = engine_init(&f->engine, &shared->side) && bind_tickets(f->engine.ssl, f);
	ERR_clear_error();
	if (made && SSL_use_cert_and_key(
			    f->engine.ssl, face->certificate, face->key, face->issuers, 1)) {
		*ret_fault = TLS_FAULT_NONE;
		return &f->engine;
	}
	if (made && ERR_GET_REASON(ERR_peek_error()) != ERR_R_MALLOC_FAILURE)
		*ret_fault = TLS_FAULT_INTERNAL;
	ERR_clear_error();
	engine_free(&f->engine);
	return NULL;
}

/* ---- what they share ----------------------------------------------------------------------- */

struct facades *facades_new(void)
{
	struct facades *f = malloc(sizeof(*f));

	if (!f)
		return NULL;
	f->side = (struct engine_side){
		.peer = TLS_PEER_CLIENT, .on_done = on_done, .on_free = on_free};
	if (!engine_side_init(&f->side) ||
		!SSL_CTX_set_cipher_list(f->side.context, FACADE_CIPHERS)) {
		facades_free(f);
		return NULL;
	}
	SSL_CTX *c = f->side.context;
	/* Tickets are all that is remembered, and the clients do that. */
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(c, LIMIT_TICKET_S);
	SSL_CTX_set_client_hello_cb(c, on_client_hello, NULL);
	SSL_CTX_set_alpn_select_cb(c, on_protocols, NULL);
	return f;
}

void facades_free(struct facades *f)
{
	if (!f)
		return;
	engine_side_done(&f->side);
	free(f);
}
