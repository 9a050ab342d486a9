/* SPDX-License-Identifier: Apache-2.0 */
/* What engines share, and what OpenSSL calls them back for: bytes, alerts, messages. */
#include "base/limits.h"
#include "tls/engine_inside.h"

struct engine *engine_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

/* ---- bytes --------------------------------------------------------------------------------- */

static int on_bio_read(BIO *bio, char *into, int size)
{
	struct engine *e = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	/* A fault found on the way ends the call at the next record. */
	if (e->fault != TLS_FAULT_NONE)
		return -1;
	if (!e->in || e->in->len == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	struct slice part = slice_first(*e->in, (size_t)size);
	memcpy(into, part.ptr, part.len);
	*e->in = slice_after(*e->in, part.len);
	return (int)part.len;
}

static int on_bio_write(BIO *bio, const char *bytes, int len)
{
	struct engine *e = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if ((size_t)len > LIMIT_ENGINE_OUTPUT_BYTES - e->out.len) {
		BIO_set_retry_write(bio);
		return -1;
	}
	if (!buffer_append(&e->out, slice_from(bytes, (size_t)len))) {
		engine_fail(e, TLS_FAULT_MEMORY);
		return -1;
	}
	return len;
}

static long on_bio_control(BIO *bio, int command, long number, void *at)
{
	(void)bio;
	(void)number;
	(void)at;
	return command == BIO_CTRL_FLUSH;
}

/* ---- messages and alerts ------------------------------------------------------------------- */

static void count_message(struct engine *e)
{
	if (++e->messages > LIMIT_ENGINE_MESSAGES)
		engine_fail(e, TLS_FAULT_FLOOD);
}

static void on_message(
	int written, int version, int type, const void *bytes, size_t len, SSL *ssl, void *argument)
{
	struct engine *e = engine_of(ssl);

	(void)version;
	(void)bytes;
	(void)len;
	(void)argument;
	if (!written && type == SSL3_RT_HANDSHAKE && e->done)
		count_message(e);
}

static void on_info(const SSL *ssl, int where, int value)
{
	struct engine *e = engine_of(ssl);
	bool fatal = value >> 8 == SSL3_AL_FATAL;

	if (!(where & SSL_CB_ALERT))
		return;
	if (where & SSL_CB_READ && fatal)
		e->alert = (uint8_t)value;
	/* Each warning of ours answers a message that asked to negotiate again. */
	if (where & SSL_CB_WRITE && !fatal && e->done && (uint8_t)value != SSL_AD_CLOSE_NOTIFY)
		count_message(e);
}

/* ---- settings ------------------------------------------------------------------------------ */

static BIO_METHOD *make_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "engine");

	if (!method)
		return NULL;
	BIO_meth_set_read(method, on_bio_read);
	BIO_meth_set_write(method, on_bio_write);
	BIO_meth_set_ctrl(method, on_bio_control);
	return method;
}

bool engine_side_init(struct engine_side *side)
{
	const SSL_METHOD *method =
		side->peer == TLS_PEER_UPSTREAM ? TLS_client_method() : TLS_server_method();
	SSL_CTX *c = SSL_CTX_new(method);

	side->context = c;
	side->method = make_method();
	if (!c || !side->method)
		return false;
	/* Whatever the system's openssl.cnf says, it is this. */
	SSL_CTX_set_security_level(c, 2);
	SSL_CTX_clear_options(c, SSL_CTX_get_options(c));
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
				       SSL_OP_ENABLE_MIDDLEBOX_COMPAT |
				       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_max_cert_list(c, LIMIT_CHAIN_BYTES);
	SSL_CTX_set_verify_depth(c, LIMIT_CHAIN_DEPTH);
	SSL_CTX_set_msg_callback(c, on_message);
	SSL_CTX_set_info_callback(c, on_info);
	return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) &&
	       SSL_CTX_set_max_proto_version(c, 0);
}

void engine_side_done(struct engine_side *side)
{
	SSL_CTX_free(side->context);
	BIO_meth_free(side->method);
	*side = (struct engine_side){.context = NULL};
}
