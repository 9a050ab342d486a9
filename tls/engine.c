/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/engine.h"

#include "base/limits.h"
#include "tls/engine_inside.h"

#include <assert.h>
#include <openssl/err.h>

enum {
	PLAIN_BYTES_MAX = SSL3_RT_MAX_PLAIN_LENGTH, /* of one record */
	/* Room that one record takes, with a key update of ours before it. */
	RECORD_ROOM = SSL3_RT_MAX_PACKET_SIZE + 256,
};

_Static_assert(LIMIT_ENGINE_OUTPUT_BYTES >= 2 * RECORD_ROOM, "a record must fit beside the rest");

bool engine_init(struct engine *e, const struct engine_side *side)
{
	*e = (struct engine){.side = side, .ssl = SSL_new(side->context)};
	buffer_init(&e->out, LIMIT_ENGINE_OUTPUT_BYTES);
	BIO *bio = e->ssl ? BIO_new(side->method) : NULL;
	if (!bio || !SSL_set_app_data(e->ssl, e)) {
		BIO_free(bio);
		return false;
	}
	BIO_set_data(bio, e);
	BIO_set_init(bio, 1);
	SSL_set_bio(e->ssl, bio, bio);
	if (side->peer == TLS_PEER_UPSTREAM)
		SSL_set_connect_state(e->ssl);
	else
		SSL_set_accept_state(e->ssl);
	return true;
}

void engine_done(struct engine *e)
{
	/* RFC 8446 §6.1: only a fatal alert spoils the tickets of a connection; OpenSSL would have one that
	 * simply ended spoil them. */
	if (e->ssl && (e->fault == TLS_FAULT_NONE || e->fault == TLS_FAULT_TRUNCATED))
		SSL_set_shutdown(e->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(e->ssl);
	e->ssl = NULL;
	buffer_done(&e->out);
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	engine_done(e);
	e->side->on_free(e);
}

enum engine_result engine_fail(struct engine *e, enum tls_fault fault)
{
	if (e->fault == TLS_FAULT_NONE)
		e->fault = fault;
	return ENGINE_BAD;
}

/* Every call into OpenSSL stands between these two: errors of others are not taken for this one's. */
static void enter(struct engine *e, struct slice *in)
{
	ERR_clear_error();
	e->in = in;
}

/* What the return value of a call means. */
static enum engine_result leave(struct engine *e, int returned)
{
	int error = SSL_get_error(e->ssl, returned);

	e->in = NULL;
	if (e->fault != TLS_FAULT_NONE) {
		ERR_clear_error();
		return ENGINE_BAD;
	}
	switch (error) {
	case SSL_ERROR_NONE:
		return ENGINE_OK;
	case SSL_ERROR_WANT_READ:
		return ENGINE_WANT;
	case SSL_ERROR_WANT_WRITE:
		return ENGINE_FULL;
	case SSL_ERROR_ZERO_RETURN:
		e->ended = true;
		return ENGINE_END;
	default:
		return engine_explain(e);
	}
}

static enum engine_result finish_handshake(struct engine *e)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(e->ssl, &name, &len);
	/* RFC 7301 §3.2: a server chooses what the client listed; we list and choose nothing else. */
	if (len > 0 && !alpn_parse(slice_from((const char *)name, len), &e->alpn))
		return engine_fail(e, TLS_FAULT_MALFORMED);
	enum tls_fault fault = e->side->on_done(e);
	if (fault != TLS_FAULT_NONE)
		return engine_fail(e, fault);
	e->messages = 0;
	e->done = true;
	return ENGINE_OK;
}

enum engine_result engine_handshake(struct engine *e, struct slice *in)
{
	if (e->fault != TLS_FAULT_NONE)
		return ENGINE_BAD;
	if (e->done)
		return ENGINE_OK;
	enter(e, in);
	enum engine_result result = leave(e, SSL_do_handshake(e->ssl));
	if (result == ENGINE_OK)
		return finish_handshake(e);
	if (result == ENGINE_END)
		return engine_fail(e, TLS_FAULT_CUT_HANDSHAKE);
	return result;
}

/* A message behind the handshake makes OpenSSL take its buffer for writing and keep it. Free while
 * nothing of a record is in the other one: it waits for a header ("RH") and has no part of it. */
static void release_buffers(struct engine *e)
{
	if (e->messages > 0 && strcmp(SSL_rstate_string(e->ssl), "RH") == 0)
		SSL_free_buffers(e->ssl);
}

enum engine_result engine_read(
	struct engine *e, struct slice *in, char *plain, size_t size, size_t *ret_len)
{
	size_t len = 0, got = 0;
	int returned;

	assert(e->done && size > 0);
	if (e->fault != TLS_FAULT_NONE)
		return ENGINE_BAD;
	if (e->ended)
		return ENGINE_END;
	enter(e, in);
	do {
		returned = SSL_read_ex(e->ssl, plain + len, size - len, &got);
		len += returned == 1 ? got : 0;
	} while (returned == 1 && len < size);
	enum engine_result result = leave(e, returned);
	if (result == ENGINE_WANT)
		release_buffers(e);
	if (len == 0)
		return result;
	/* Plaintext first; what ended it is told by the next call. */
	e->messages = 0;
	*ret_len = len;
	return ENGINE_OK;
}

enum engine_result engine_write(struct engine *e, struct slice *plain)
{
	enum engine_result result = ENGINE_OK;

	assert(e->done && !e->closed);
	if (e->fault != TLS_FAULT_NONE)
		return ENGINE_BAD;
	while (plain->len > 0 && result == ENGINE_OK) {
		size_t put = 0;
		/* A record is begun only where it can end: OpenSSL keeps none back. */
		if (LIMIT_ENGINE_OUTPUT_BYTES - e->out.len < RECORD_ROOM)
			return ENGINE_FULL;
		struct slice part = slice_first(*plain, PLAIN_BYTES_MAX);
		enter(e, NULL);
		result = leave(e, SSL_write_ex(e->ssl, part.ptr, part.len, &put));
		*plain = slice_after(*plain, put);
	}
	return result;
}

enum engine_result engine_close(struct engine *e)
{
	if (e->fault != TLS_FAULT_NONE)
		return ENGINE_BAD;
	if (e->closed || !e->done)
		return ENGINE_OK;
	if (LIMIT_ENGINE_OUTPUT_BYTES - e->out.len < RECORD_ROOM)
		return ENGINE_FULL;
	/* OpenSSL says nothing while a message of the peer is half read. */
	if (SSL_in_init(e->ssl))
		return ENGINE_WANT;
	enter(e, NULL);
	int returned = SSL_shutdown(e->ssl);
	enum engine_result result = returned < 0 ? leave(e, returned) : ENGINE_OK;
	e->in = NULL;
	e->closed = result == ENGINE_OK;
	return result;
}

enum engine_result engine_cut(struct engine *e)
{
	if (e->fault != TLS_FAULT_NONE)
		return ENGINE_BAD;
	if (e->ended)
		return ENGINE_END;
	return engine_fail(e, e->done ? TLS_FAULT_TRUNCATED : TLS_FAULT_CUT_HANDSHAKE);
}

enum engine_result engine_starve(struct engine *e)
{
	return engine_fail(e, TLS_FAULT_MEMORY);
}

struct slice engine_output(const struct engine *e)
{
	return buffer_bytes(&e->out);
}

void engine_sent(struct engine *e, size_t len)
{
	buffer_take(&e->out, len);
}

enum tls_fault engine_fault(const struct engine *e)
{
	return e->fault;
}

enum alpn engine_alpn(const struct engine *e)
{
	return e->alpn;
}

const char *engine_version(const struct engine *e)
{
	return SSL_get_version(e->ssl);
}

bool engine_resumed(const struct engine *e)
{
	return SSL_session_reused(e->ssl);
}
