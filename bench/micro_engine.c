/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time of an intercepted connection's two handshakes against two bare OpenSSL ones with the same
 * peers, of bytes through both engines, and the memory that both hold while they are idle.
 *
 *	bare client ── handshake ── facade engine   upstream engine ── handshake ── bare server
 *
 * The bare peers' own half costs the same in each measure. */
#include "tests/unit/ends.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 1500, BULK_ROUNDS = 4000, IDLE = 200 };

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* What the allocator counts as used; all that an idle pair has is on the heap. */
static size_t used_bytes(void)
{
	return mallinfo2().uordblks;
}

/* The least that a bare proxy would do: verify the name, TLS 1.2 at least, its own buffers. */
static SSL_CTX *plain_client(struct ground *g)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set1_cert_store(c, g->roots);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	return c;
}

static SSL_CTX *plain_server(struct ground *g)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	SSL_CTX_use_certificate(c, g->leaf.certificate);
	SSL_CTX_use_PrivateKey(c, g->leaf.key);
	return c;
}

static SSL_CTX *bare_client, *bare_server;

static void open_bare_client(struct end *d)
{
	end_of_ssl(d, bare_client, false);
	SSL_set_tlsext_host_name(d->ssl, "example.com");
	SSL_set1_host(d->ssl, "example.com");
}

/* Two connections: towards the upstream and towards the client; `ours` in the middle or not. */
static double handshakes(struct ground *g, bool ours, bool fresh)
{
	double start = cpu_ns();

	for (int i = 0; i < ROUNDS; i++) {
		struct end client, facade, upstream, server;
		open_bare_client(&client);
		end_of_ssl(&server, bare_server, true);
		if (ours) {
			enum tls_fault fault;
			struct upstream_target target = {.name = SLICE("example.com"),
				.port = fresh ? (uint16_t)(i + 1) : 443};
			end_of_engine(&upstream, upstream_open(g->upstreams, &target, &fault));
			end_of_engine(&facade, ground_facade(g, "example.com", ALPN_NONE));
		} else {
			open_bare_client(&upstream);
			end_of_ssl(&facade, bare_server, true);
		}
		ends_run(&upstream, &server, 0);
		ends_run(&client, &facade, 0);
		if (!upstream.done || !facade.done)
			abort();
		end_done(&client);
		end_done(&facade);
		end_done(&upstream);
		end_done(&server);
	}
	return (cpu_ns() - start) / ROUNDS;
}

/* 64 KiB written by one engine and read by another, over and over: ns for each byte. */
static double bulk(struct ground *g)
{
	static char text[64 * 1024], plain[64 * 1024];
	struct end a, b;
	size_t read = 0, len = 0;

	end_of_engine(&a, ground_upstream(g, "example.com", SLICE("")));
	end_of_engine(&b, ground_facade(g, "example.com", ALPN_NONE));
	ends_run(&a, &b, 0);
	double start = cpu_ns();
	for (int i = 0; i < BULK_ROUNDS; i++) {
		struct slice said = slice_from(text, sizeof(text));
		engine_write(a.engine, &said);
		struct slice in = engine_output(a.engine);
		size_t all = in.len;
		while (engine_read(b.engine, &in, plain, sizeof(plain), &len) == ENGINE_OK)
			read += len;
		engine_sent(a.engine, all - in.len);
	}
	double ns = (cpu_ns() - start) / (double)read;
	end_done(&a);
	end_done(&b);
	return ns;
}

/* The bytes of idle pairs of engines, whose bare peers are not counted. */
static size_t idle_bytes(struct ground *g)
{
	static struct end kept[IDLE][2];
	size_t bytes = 0;

	for (int i = 0; i < IDLE; i++) {
		struct end client, server;
		size_t before = used_bytes();
		end_of_engine(&kept[i][0], ground_upstream(g, "example.com", LIST_BOTH));
		end_of_engine(&kept[i][1], ground_facade(g, "example.com", ALPN_NONE));
		open_bare_client(&client);
		end_of_ssl(&server, bare_server, true);
		ends_run(&kept[i][0], &server, 0);
		ends_run(&client, &kept[i][1], 0);
		end_done(&client);
		end_done(&server);
		bytes += used_bytes() - before;
	}
	for (int i = 0; i < IDLE; i++) {
		end_done(&kept[i][0]);
		end_done(&kept[i][1]);
	}
	return bytes / IDLE;
}

int main(void)
{
	void *state = NULL;
	if (ground_setup(&state) != 0)
		return 1;
	struct ground *g = state;
	bare_client = plain_client(g);
	bare_server = plain_server(g);
	handshakes(g, false, true);
	double bare = handshakes(g, false, true);
	double ours = handshakes(g, true, true);
	double again = handshakes(g, true, false);
	double bulk_ns = bulk(g);
	printf("engine, two bare handshakes: %.0f ns\n", bare);
	printf("engine, both handshakes: %.0f ns (%.2f of bare)\n", ours, ours / bare);
	printf("engine, both handshakes, upstream resumed: %.0f ns (%.2f of bare)\n", again,
		again / bare);
	printf("engine, through both: %.3f ns per byte\n", bulk_ns);
	printf("engine, idle pair: %zu bytes\n", idle_bytes(g));
	SSL_CTX_free(bare_client);
	SSL_CTX_free(bare_server);
	return ground_teardown(&state);
}
