/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ends.h"

#include <openssl/err.h>
#include <stdlib.h>

static void init(struct end *d)
{
	*d = (struct end){.result = ENGINE_WANT};
	buffer_init(&d->incoming, ENDS_BYTES);
	buffer_init(&d->plain, ENDS_BYTES);
}

void end_of_engine(struct end *d, struct engine *e)
{
	init(d);
	d->engine = e;
	assert_non_null(e);
}

void end_of_ssl(struct end *d, SSL_CTX *context, bool server)
{
	init(d);
	d->ssl = SSL_new(context);
	assert_non_null(d->ssl);
	SSL_set_bio(d->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (server)
		SSL_set_accept_state(d->ssl);
	else
		SSL_set_connect_state(d->ssl);
}

void end_done(struct end *d)
{
	engine_free(d->engine);
	SSL_free(d->ssl);
	buffer_done(&d->incoming);
	buffer_done(&d->plain);
}

static void turn_ssl(struct end *d)
{
	char bytes[4096];
	size_t len = 0;
	int returned = 1;

	ERR_clear_error();
	if (!d->done) {
		returned = SSL_do_handshake(d->ssl);
		d->done = returned == 1;
	}
	while (returned == 1 && d->done) {
		returned = SSL_read_ex(d->ssl, bytes, sizeof(bytes), &len);
		if (returned == 1)
			assert_true(buffer_append(&d->plain, slice_from(bytes, len)));
	}
	int error = SSL_get_error(d->ssl, returned);
	if (error == SSL_ERROR_ZERO_RETURN)
		d->result = ENGINE_END;
	else if (error == SSL_ERROR_WANT_READ)
		d->result = ENGINE_WANT;
	else if (error != SSL_ERROR_NONE) {
		d->result = ENGINE_BAD;
		d->error = d->error ? d->error : ERR_peek_error();
	}
}

static void turn_engine(struct end *d)
{
	struct slice in = buffer_bytes(&d->incoming);
	char bytes[4096];
	size_t len = 0;

	d->result = engine_handshake(d->engine, &in);
	d->done = d->result == ENGINE_OK;
	while (d->result == ENGINE_OK) {
		d->result = engine_read(d->engine, &in, bytes, sizeof(bytes), &len);
		if (d->result == ENGINE_OK)
			assert_true(buffer_append(&d->plain, slice_from(bytes, len)));
	}
	assert_true(d->result != ENGINE_WANT || in.len == 0);
	buffer_take(&d->incoming, d->incoming.len - in.len);
}

static void turn(struct end *d)
{
	if (d->engine)
		turn_engine(d);
	else
		turn_ssl(d);
}

void end_feed(struct end *d, struct slice bytes)
{
	if (d->engine)
		assert_true(buffer_append(&d->incoming, bytes));
	else if (bytes.len > 0)
		assert_int_equal(
			BIO_write(SSL_get_rbio(d->ssl), bytes.ptr, (int)bytes.len), (int)bytes.len);
	turn(d);
}

void end_say(struct end *d, struct slice bytes)
{
	size_t len = 0;

	if (d->engine) {
		assert_int_equal(engine_write(d->engine, &bytes), ENGINE_OK);
		assert_int_equal(bytes.len, 0);
		return;
	}
	assert_int_equal(SSL_write_ex(d->ssl, bytes.ptr, bytes.len, &len), 1);
	assert_int_equal(len, bytes.len);
}

void end_close(struct end *d)
{
	if (d->engine)
		assert_int_equal(engine_close(d->engine), ENGINE_OK);
	else
		assert_true(SSL_shutdown(d->ssl) >= 0);
}

struct slice end_output(struct end *d)
{
	char *bytes;

	if (d->engine)
		return engine_output(d->engine);
	long len = BIO_get_mem_data(SSL_get_wbio(d->ssl), &bytes);
	return slice_from(bytes, (size_t)len);
}

void end_sent(struct end *d, size_t len)
{
	char bytes[4096];

	if (d->engine) {
		engine_sent(d->engine, len);
		return;
	}
	while (len > 0) {
		int part = BIO_read(SSL_get_wbio(d->ssl), bytes,
			(int)(len < sizeof(bytes) ? len : sizeof(bytes)));
		assert_true(part > 0);
		len -= (size_t)part;
	}
}

static unsigned random_state = 20;

static size_t piece(int step, size_t len)
{
	if (step == 0)
		return len;
	if (step != ENDS_RANDOM)
		return (size_t)step < len ? (size_t)step : len;
	random_state = random_state * 1103515245u + 12345u;
	size_t some = 1 + (random_state >> 16) % 64;
	return some < len ? some : len;
}

static bool carry(struct end *from, struct end *to, int step)
{
	struct slice out = end_output(from);
	char *copy;
	size_t len = piece(step, out.len);

	if (len == 0)
		return false;
	/* The receiver's turn may change what the sender holds when a test uses one engine twice. */
	copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, out.ptr, len);
	end_sent(from, len);
	end_feed(to, slice_from(copy, len));
	free(copy);
	return true;
}

void ends_run(struct end *a, struct end *b, int step)
{
	bool moved;

	turn(a);
	turn(b);
	do {
		moved = carry(a, b, step);
		moved |= carry(b, a, step);
	} while (moved);
}

/* ---- the ground ---------------------------------------------------------------------------- */

SSL_CTX *ground_server(const struct forged *leaf, const struct forged *issuer)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_security_level(c, 0);
	SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
	SSL_CTX_set_cipher_list(c, "ALL:@SECLEVEL=0");
	SSL_CTX_set_session_id_context(c, (const unsigned char *)"test", 4);
	assert_int_equal(SSL_CTX_use_certificate(c, leaf->certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(c, leaf->key), 1);
	if (issuer)
		assert_int_equal(SSL_CTX_add1_chain_cert(c, issuer->certificate), 1);
	return c;
}

int ground_setup(void **state)
{
	static struct ground ground;
	struct ground *g = &ground;

	g->root = forge(&(struct forgery){.authority = true, .subject = "root"});
	g->leaf = forge(&(struct forgery){.issuer = &g->root});
	g->roots = X509_STORE_new();
	X509_STORE_add_cert(g->roots, g->root.certificate);
	g->upstreams = upstreams_new(g->roots);
	g->facades = facades_new();
	g->server = ground_server(&g->leaf, NULL);
	g->client = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set1_cert_store(g->client, g->roots);
	SSL_CTX_set_verify(g->client, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_security_level(g->client, 0);
	SSL_CTX_set_min_proto_version(g->client, TLS1_VERSION);
	SSL_CTX_set_cipher_list(g->client, "ALL:@SECLEVEL=0");
	*state = g;
	return g->upstreams && g->facades ? 0 : -1;
}

int ground_teardown(void **state)
{
	struct ground *g = *state;

	upstreams_free(g->upstreams);
	facades_free(g->facades);
	SSL_CTX_free(g->server);
	SSL_CTX_free(g->client);
	X509_STORE_free(g->roots);
	forged_done(&g->leaf);
	forged_done(&g->root);
	return 0;
}

struct engine *ground_upstream(struct ground *g, const char *name, struct slice list)
{
	enum tls_fault fault;

	return upstream_open(g->upstreams,
		&(struct upstream_target){.name = slice_of(name), .port = 443, .alpn = list},
		&fault);
}

struct engine *ground_facade(struct ground *g, const char *name, enum alpn alpn)
{
	enum tls_fault fault;

	return facade_open(g->facades,
		&(struct facade_face){.name = slice_of(name),
			.alpn = alpn,
			.certificate = g->leaf.certificate,
			.key = g->leaf.key},
		&fault);
}

void ground_client(struct ground *g, struct end *d, const char *name, struct slice list)
{
	end_of_ssl(d, g->client, false);
	if (name)
		SSL_set_tlsext_host_name(d->ssl, name);
	if (list.len > 0)
		SSL_set_alpn_protos(d->ssl, (const unsigned char *)list.ptr, (unsigned)list.len);
}
