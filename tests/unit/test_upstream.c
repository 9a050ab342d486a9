/* SPDX-License-Identifier: Apache-2.0 */
/* The engine towards an upstream, against bare servers that do it wrong. */
#include "tests/unit/ends.h"

#include "base/limits.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <time.h>

/* Who signs what a row shows. */
enum issuer {
	ISSUER_ROOT,
	ISSUER_ITSELF,
	ISSUER_STRANGER, /* a root that nobody trusts, not shown */
	ISSUER_STRANGER_SHOWN,
	ISSUER_SMALL, /* a trusted chain whose middle has an RSA key of 1024 bits */
	ISSUER_OLD, /* a middle that is signed with SHA-1 */
	ISSUER_NARROW, /* a middle that may only sign for good.test */
	ISSUER_WIDE, /* one that may not sign for bad.test */
	ISSUER_OVER, /* one that has expired */
	ISSUER_NO_AUTHORITY, /* a server's certificate that signs another */
	ISSUER_COUNT
};

static struct forged issuers[ISSUER_COUNT];

static int setup(void **state)
{
	assert_int_equal(ground_setup(state), 0);
	struct ground *g = *state;
	const struct forgery wanted[ISSUER_COUNT] = {
		[ISSUER_STRANGER] = {.authority = true, .subject = "stranger"},
		[ISSUER_STRANGER_SHOWN] = {.authority = true, .subject = "shown"},
		[ISSUER_SMALL] = {.issuer = &g->root,
			.authority = true,
			.subject = "small",
			.rsa_bits = 1024},
		[ISSUER_OLD] = {.issuer = &g->root,
			.authority = true,
			.subject = "old",
			.digest = "SHA1"},
		[ISSUER_NARROW] = {.issuer = &g->root,
			.authority = true,
			.subject = "narrow",
			.constraints = "critical,permitted;DNS:good.test"},
		[ISSUER_WIDE] = {.issuer = &g->root,
			.authority = true,
			.subject = "wide",
			.constraints = "critical,excluded;DNS:bad.test"},
		[ISSUER_OVER] = {.issuer = &g->root,
			.authority = true,
			.subject = "over",
			.since_s = -2L * FORGER_DAY_S,
			.until_s = -1},
		[ISSUER_NO_AUTHORITY] = {.issuer = &g->root, .subject = "server"},
	};
	for (int i = ISSUER_STRANGER; i < ISSUER_COUNT; i++)
		issuers[i] = forge(&wanted[i]);
	return 0;
}

static int teardown(void **state)
{
	for (int i = 0; i < ISSUER_COUNT; i++)
		forged_done(&issuers[i]);
	return ground_teardown(state);
}

/* A whole handshake with a server of these settings; the fault of ours. Nothing may have been read. */
static enum tls_fault shake(struct ground *g, SSL_CTX *server, const char *name, int step)
{
	struct end ours, theirs;

	end_of_engine(&ours, ground_upstream(g, name, SLICE("")));
	end_of_ssl(&theirs, server, true);
	ends_run(&ours, &theirs, step);
	enum tls_fault fault = engine_fault(ours.engine);
	assert_true(ours.done == (fault == TLS_FAULT_NONE));
	assert_int_equal(ours.plain.len, 0);
	end_done(&ours);
	end_done(&theirs);
	return fault;
}

struct certificate_row {
	const char *name;
	const char *host; /* whom we want; NULL: example.com */
	enum issuer issuer;
	struct forgery forgery;
	enum tls_fault fault;
};

#define WRONG TLS_FAULT_WRONG_NAME

static const struct certificate_row certificate_rows[] = {
	{"right", NULL, ISSUER_ROOT, {.names = NULL}, TLS_FAULT_NONE},
	{"ends in a minute", NULL, ISSUER_ROOT, {.until_s = 60}, TLS_FAULT_NONE},
	{"ended just now", NULL, ISSUER_ROOT, {.until_s = -1}, TLS_FAULT_EXPIRED},
	{"issuer expired", NULL, ISSUER_OVER, {.names = NULL}, TLS_FAULT_EXPIRED},
	{"began a minute ago", NULL, ISSUER_ROOT, {.since_s = -60}, TLS_FAULT_NONE},
	{"begins in a minute", NULL, ISSUER_ROOT, {.since_s = 60}, TLS_FAULT_NOT_YET_VALID},
	{"other name", NULL, ISSUER_ROOT, {.names = "DNS:example.org"}, WRONG},
	{"name below", NULL, ISSUER_ROOT, {.names = "DNS:www.example.com"}, WRONG},
	{"name above", NULL, ISSUER_ROOT, {.names = "DNS:com"}, WRONG},
	{"second of two", NULL, ISSUER_ROOT, {.names = "DNS:a.test,DNS:example.com"},
		TLS_FAULT_NONE},
	{"other letter case", NULL, ISSUER_ROOT, {.names = "DNS:EXAMPLE.com"}, TLS_FAULT_NONE},
	{"no names, right common name", NULL, ISSUER_ROOT, {.subject = "example.com", .names = ""},
		WRONG},
	{"right common name, other name", NULL, ISSUER_ROOT,
		{.subject = "example.com", .names = "DNS:a.test"}, WRONG},
	{"wildcard", "www.example.com", ISSUER_ROOT, {.names = "DNS:*.example.com"},
		TLS_FAULT_NONE},
	{"wildcard two below", "a.b.example.com", ISSUER_ROOT, {.names = "DNS:*.example.com"},
		WRONG},
	{"wildcard at the name", NULL, ISSUER_ROOT, {.names = "DNS:*.example.com"}, WRONG},
	{"wildcard of a top level", NULL, ISSUER_ROOT, {.names = "DNS:*.com"}, WRONG},
	{"bare wildcard", NULL, ISSUER_ROOT, {.names = "DNS:*"}, WRONG},
	{"half a wildcard", "www.example.com", ISSUER_ROOT, {.names = "DNS:w*.example.com"}, WRONG},
	{"wildcard inside", "www.example.com", ISSUER_ROOT, {.names = "DNS:www.*.com"}, WRONG},
	{"nul behind the name", NULL, ISSUER_ROOT, {.raw_name = {"example.com\0.evil.test", 22}},
		WRONG},
	{"nul at the end", NULL, ISSUER_ROOT, {.raw_name = {"example.com\0", 12}}, WRONG},
	{"dot at the end", NULL, ISSUER_ROOT, {.raw_name = {"example.com.", 12}}, WRONG},
	{"name in another kind", NULL, ISSUER_ROOT, {.names = "URI:https://example.com"}, WRONG},
	{"address", "192.0.2.7", ISSUER_ROOT, {.names = "IP:192.0.2.7"}, TLS_FAULT_NONE},
	{"other address", "192.0.2.7", ISSUER_ROOT, {.names = "IP:192.0.2.8"}, WRONG},
	{"address as a name", "192.0.2.7", ISSUER_ROOT, {.names = "DNS:192.0.2.7"}, WRONG},
	{"IPv6", "2001:db8::1", ISSUER_ROOT, {.names = "IP:2001:db8::1"}, TLS_FAULT_NONE},
	{"other IPv6", "2001:db8::1", ISSUER_ROOT, {.names = "IP:2001:db8::2"}, WRONG},
	{"self-signed", NULL, ISSUER_ITSELF, {.names = NULL}, TLS_FAULT_SELF_SIGNED},
	{"issuer not shown", NULL, ISSUER_STRANGER, {.names = NULL}, TLS_FAULT_UNKNOWN_ISSUER},
	{"issuer shown", NULL, ISSUER_STRANGER_SHOWN, {.names = NULL}, TLS_FAULT_UNKNOWN_ISSUER},
	{"RSA 2048", NULL, ISSUER_ROOT, {.rsa_bits = 2048}, TLS_FAULT_NONE},
	{"RSA 1024", NULL, ISSUER_ROOT, {.rsa_bits = 1024}, TLS_FAULT_WEAK_KEY},
	{"issuer of RSA 1024", NULL, ISSUER_SMALL, {.names = NULL}, TLS_FAULT_WEAK_KEY},
	{"SHA-384", NULL, ISSUER_ROOT, {.digest = "SHA384"}, TLS_FAULT_NONE},
	{"SHA-1", NULL, ISSUER_ROOT, {.digest = "SHA1"}, TLS_FAULT_WEAK_SIGNATURE},
	{"issuer by SHA-1", NULL, ISSUER_OLD, {.names = NULL}, TLS_FAULT_WEAK_SIGNATURE},
	{"permitted name", "a.good.test", ISSUER_NARROW, {.names = "DNS:a.good.test"},
		TLS_FAULT_NONE},
	{"name not permitted", NULL, ISSUER_NARROW, {.names = NULL}, TLS_FAULT_NAME_CONSTRAINT},
	{"name excluded", "a.bad.test", ISSUER_WIDE, {.names = "DNS:a.bad.test"},
		TLS_FAULT_NAME_CONSTRAINT},
	{"name beside the excluded", NULL, ISSUER_WIDE, {.names = NULL}, TLS_FAULT_NONE},
	{"for servers", NULL, ISSUER_ROOT, {.usage = "serverAuth"}, TLS_FAULT_NONE},
	{"for clients", NULL, ISSUER_ROOT, {.usage = "clientAuth"}, TLS_FAULT_BAD_CERTIFICATE},
	{"signed by a server", NULL, ISSUER_NO_AUTHORITY, {.names = NULL},
		TLS_FAULT_BAD_CERTIFICATE},
	{"promises a status", NULL, ISSUER_ROOT, {.must_staple = true}, TLS_FAULT_NO_STATUS},
};

static void every_wrong_certificate_has_its_fault(void **state)
{
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(certificate_rows); i++) {
		const struct certificate_row *row = &certificate_rows[i];
		struct forgery wanted = row->forgery;
		const struct forged *issuer = &issuers[row->issuer];
		if (row->issuer == ISSUER_ROOT)
			issuer = &g->root;
		wanted.issuer = row->issuer == ISSUER_ITSELF ? NULL : issuer;
		struct forged leaf = forge(&wanted);
		bool shown = row->issuer >= ISSUER_STRANGER_SHOWN;
		SSL_CTX *server = ground_server(&leaf, shown ? issuer : NULL);
		for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
			SSL_CTX_set_max_proto_version(server, version);
			upstreams_free(g->upstreams);
			g->upstreams = upstreams_new(g->roots);
			enum tls_fault fault =
				shake(g, server, row->host ? row->host : "example.com", 0);
			ROW_CHECK(row->name, fault == row->fault, "%s", tls_fault_word(fault));
		}
		enum tls_fault fault = shake(g, server, row->host ? row->host : "example.com", 1);
		ROW_CHECK(row->name, fault == row->fault, "by byte: %s", tls_fault_word(fault));
		SSL_CTX_free(server);
		forged_done(&leaf);
	}
}

/* ---- stapled status ------------------------------------------------------------------------ */

static unsigned char staple[4096];
static size_t staple_len;

static int on_status_wanted(SSL *ssl, void *argument)
{
	(void)argument;
	if (staple_len == 0)
		return SSL_TLSEXT_ERR_NOACK;
	unsigned char *copy = OPENSSL_memdup(staple, staple_len);
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple_len);
	return SSL_TLSEXT_ERR_OK;
}

enum signer { SIGNER_ISSUER, SIGNER_DELEGATE, SIGNER_UNASKED, SIGNER_STRANGER };

struct status_row {
	const char *name;
	int status;
	long since_s, until_s;
	enum signer signer;
	bool about_another, sha256, promised;
	int response_status;
	size_t cut; /* keep so many bytes */
	enum tls_fault fault;
};

#define GOOD    V_OCSP_CERTSTATUS_GOOD
#define REVOKED V_OCSP_CERTSTATUS_REVOKED

static const struct status_row status_rows[] = {
	{"good", GOOD, -60, 600, .fault = TLS_FAULT_NONE},
	{"revoked", REVOKED, -60, 600, .fault = TLS_FAULT_REVOKED},
	{"revoked, by SHA-256", REVOKED, -60, 600, .sha256 = true, .fault = TLS_FAULT_REVOKED},
	{"revoked, says a delegate", REVOKED, -60, 600, SIGNER_DELEGATE,
		.fault = TLS_FAULT_REVOKED},
	{"revoked, says one not asked", REVOKED, -60, 600, SIGNER_UNASKED, .fault = TLS_FAULT_NONE},
	{"revoked, says a stranger", REVOKED, -60, 600, SIGNER_STRANGER, .fault = TLS_FAULT_NONE},
	{"revoked is another", REVOKED, -60, 600, .about_another = true, .fault = TLS_FAULT_NONE},
	{"revoked, but old", REVOKED, -1000, -400, .fault = TLS_FAULT_NONE},
	{"unknown", V_OCSP_CERTSTATUS_UNKNOWN, -60, 600, .fault = TLS_FAULT_NONE},
	{"try later", GOOD, -60, 600, .response_status = OCSP_RESPONSE_STATUS_TRYLATER,
		.fault = TLS_FAULT_NONE},
	{"cut", REVOKED, -60, 600, .cut = 100, .fault = TLS_FAULT_NONE},
	{"promised, good", GOOD, -60, 600, .promised = true, .fault = TLS_FAULT_NONE},
	{"promised, revoked", REVOKED, -60, 600, .promised = true, .fault = TLS_FAULT_REVOKED},
	{"promised, old within the skew", GOOD, -600, -200, .promised = true,
		.fault = TLS_FAULT_NONE},
	{"promised, old", GOOD, -1000, -400, .promised = true, .fault = TLS_FAULT_NO_STATUS},
	{"promised, not yet", GOOD, 400, 600, .promised = true, .fault = TLS_FAULT_NO_STATUS},
	{"promised, unknown", V_OCSP_CERTSTATUS_UNKNOWN, -60, 600, .promised = true,
		.fault = TLS_FAULT_NO_STATUS},
	{"promised, of another", GOOD, -60, 600, .about_another = true, .promised = true,
		.fault = TLS_FAULT_NO_STATUS},
	{"promised, says a stranger", GOOD, -60, 600, SIGNER_STRANGER, .promised = true,
		.fault = TLS_FAULT_NO_STATUS},
};

static void a_stapled_status_is_believed_when_it_is_proved(void **state)
{
	struct ground *g = *state;
	struct forged signers[] = {
		[SIGNER_ISSUER] = g->root,
		[SIGNER_DELEGATE] = forge(&(struct forgery){
			.issuer = &g->root, .subject = "says", .usage = "OCSPSigning"}),
		[SIGNER_UNASKED] =
			forge(&(struct forgery){.issuer = &g->root, .subject = "unasked"}),
		[SIGNER_STRANGER] = issuers[ISSUER_STRANGER],
	};

	for (size_t i = 0; i < COUNT(status_rows); i++) {
		const struct status_row *row = &status_rows[i];
		struct forged leaf =
			forge(&(struct forgery){.issuer = &g->root, .must_staple = row->promised});
		staple_len = forge_status(
			&(struct forged_status){.about = row->about_another ? &g->leaf : &leaf,
				.issuer = &g->root,
				.signer = &signers[row->signer],
				.status = row->status,
				.since_s = row->since_s,
				.until_s = row->until_s,
				.id_digest = row->sha256 ? EVP_sha256() : NULL,
				.response_status = row->response_status},
			staple, sizeof(staple));
		if (row->cut > 0)
			staple_len = row->cut;
		SSL_CTX *server = ground_server(&leaf, NULL);
		SSL_CTX_set_tlsext_status_cb(server, on_status_wanted);
		for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
			SSL_CTX_set_max_proto_version(server, version);
			upstreams_free(g->upstreams);
			g->upstreams = upstreams_new(g->roots);
			enum tls_fault fault = shake(g, server, "example.com", 0);
			ROW_CHECK(row->name, fault == row->fault, "%s", tls_fault_word(fault));
			/* And when it is resumed. */
			fault = shake(g, server, "example.com", 0);
			ROW_CHECK(
				row->name, fault == row->fault, "again: %s", tls_fault_word(fault));
		}
		SSL_CTX_free(server);
		forged_done(&leaf);
	}
	forged_done(&signers[SIGNER_DELEGATE]);
	forged_done(&signers[SIGNER_UNASKED]);
}

/* A certificate that is itself a root of ours stands above any status. */
static void a_trusted_server_certificate_needs_no_issuer(void **state)
{
	struct forged alone = forge(&(struct forgery){.names = NULL});
	X509_STORE *roots = X509_STORE_new();
	struct ground g = *(struct ground *)*state;

	X509_STORE_add_cert(roots, alone.certificate);
	g.upstreams = upstreams_new(roots);
	SSL_CTX *server = ground_server(&alone, NULL);
	assert_int_equal(shake(&g, server, "example.com", 0), TLS_FAULT_NONE);
	SSL_CTX_free(server);
	upstreams_free(g.upstreams);
	X509_STORE_free(roots);
	forged_done(&alone);
}

/* ---- what the server wants, and speaks ----------------------------------------------------- */

static void a_client_certificate_is_not_given(void **state)
{
	struct ground *g = *state;

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		SSL_CTX *server = ground_server(&g->leaf, NULL);
		SSL_CTX_set_verify(server, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_max_proto_version(server, version);
		assert_int_equal(
			shake(g, server, "example.com", 0), TLS_FAULT_CLIENT_CERTIFICATE_WANTED);
		SSL_CTX_free(server);
	}
}

static void old_versions_are_refused(void **state)
{
	static const struct {
		const char *name;
		int version;
		enum tls_fault fault;
	} rows[] = {
		{"TLS 1.0", TLS1_VERSION, TLS_FAULT_PROTOCOL_VERSION},
		{"TLS 1.1", TLS1_1_VERSION, TLS_FAULT_PROTOCOL_VERSION},
		{"TLS 1.2", TLS1_2_VERSION, TLS_FAULT_NONE},
		{"TLS 1.3", TLS1_3_VERSION, TLS_FAULT_NONE},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		SSL_CTX *server = ground_server(&g->leaf, NULL);
		SSL_CTX_set_max_proto_version(server, rows[i].version);
		enum tls_fault fault = shake(g, server, "example.com", 0);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", tls_fault_word(fault));
		SSL_CTX_free(server);
	}
}

static void a_server_of_weak_ciphers_is_refused(void **state)
{
	struct ground *g = *state;
	SSL_CTX *server = ground_server(&g->leaf, NULL);

	SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(server, "aNULL:eNULL:@SECLEVEL=0");
	assert_int_equal(shake(g, server, "example.com", 0), TLS_FAULT_HANDSHAKE_FAILED);
	SSL_CTX_free(server);
}

/* A server that answers with any one name. */
static int on_protocols(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
	const unsigned char *bytes, unsigned len, void *argument)
{
	(void)ssl;
	(void)bytes;
	(void)len;
	if (!argument)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret_name = argument;
	*ret_len = (unsigned char)strlen(argument);
	return *ret_len ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static void protocols_are_carried_honestly(void **state)
{
	static const struct {
		const char *name;
		struct slice list;
		char *chosen; /* NULL: an alert */
		enum tls_fault fault;
		enum alpn alpn;
	} rows[] = {
		{"h2 of both", {"\x02h2\x08http/1.1", 12}, "h2", TLS_FAULT_NONE, ALPN_H2},
		{"http/1.1 of both", {"\x02h2\x08http/1.1", 12}, "http/1.1", TLS_FAULT_NONE,
			ALPN_HTTP11},
		{"nothing of both", {"\x02h2\x08http/1.1", 12}, "", TLS_FAULT_NONE, ALPN_NONE},
		{"h2 of h2", {"\x02h2", 3}, "h2", TLS_FAULT_NONE, ALPN_H2},
		{"h2 not listed", {"\x08http/1.1", 9}, "h2", TLS_FAULT_MALFORMED, ALPN_NONE},
		{"http/1.1 not listed", {"\x02h2", 3}, "http/1.1", TLS_FAULT_MALFORMED, ALPN_NONE},
		{"a foreign one", {"\x02h2", 3}, "h3", TLS_FAULT_MALFORMED, ALPN_NONE},
		{"refused", {"\x02h2", 3}, NULL, TLS_FAULT_NO_PROTOCOL, ALPN_NONE},
		{"among foreign ones", {"\x04spdy\x02h2", 8}, "h2", TLS_FAULT_NONE, ALPN_H2},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct end ours, theirs;
		SSL_CTX *server = ground_server(&g->leaf, NULL);
		SSL_CTX_set_alpn_select_cb(server, on_protocols, rows[i].chosen);
		end_of_engine(&ours, ground_upstream(g, "example.com", rows[i].list));
		end_of_ssl(&theirs, server, true);
		ends_run(&ours, &theirs, 0);
		enum tls_fault fault = engine_fault(ours.engine);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", tls_fault_word(fault));
		ROW_CHECK(rows[i].name, fault || engine_alpn(ours.engine) == rows[i].alpn, "%d",
			(int)engine_alpn(ours.engine));
		end_done(&ours);
		end_done(&theirs);
		SSL_CTX_free(server);
	}
	enum tls_fault fault = TLS_FAULT_NONE;
	struct upstream_target foreign = {.name = SLICE("example.com"), .alpn = SLICE("\x04spdy")};
	assert_null(upstream_open(g->upstreams, &foreign, &fault));
	assert_int_equal(fault, TLS_FAULT_NO_PROTOCOL);
}

/* ---- tickets ------------------------------------------------------------------------------- */

static bool resumes(struct ground *g, SSL_CTX *server, const char *name, uint16_t port)
{
	struct end ours, theirs;
	enum tls_fault fault;
	struct upstream_target target = {.name = slice_of(name), .port = port};

	end_of_engine(&ours, upstream_open(g->upstreams, &target, &fault));
	end_of_ssl(&theirs, server, true);
	ends_run(&ours, &theirs, 0);
	assert_true(ours.done);
	bool resumed = engine_resumed(ours.engine);
	end_done(&ours);
	end_done(&theirs);
	return resumed;
}

static void a_ticket_is_good_for_its_name_and_port(void **state)
{
	struct ground *g = *state;
	struct forged two = forge(
		&(struct forgery){.issuer = &g->root, .names = "DNS:example.com,DNS:other.test"});

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		SSL_CTX *server = ground_server(&two, NULL);
		SSL_CTX_set_max_proto_version(server, version);
		upstreams_free(g->upstreams);
		g->upstreams = upstreams_new(g->roots);
		assert_false(resumes(g, server, "example.com", 443));
		assert_false(resumes(g, server, "other.test", 443));
		assert_false(resumes(g, server, "example.com", 8443));
		for (int i = 0; i < 3; i++)
			assert_true(resumes(g, server, "example.com", 443));
		assert_true(resumes(g, server, "example.com", 8443));
		SSL_CTX_free(server);
	}
	forged_done(&two);
}

/* A certificate that is over takes its tickets along. */
static void a_ticket_ends_with_its_certificate(void **state)
{
	struct ground *g = *state;
	struct forged brief = forge(&(struct forgery){.issuer = &g->root, .until_s = 2});
	SSL_CTX *server = ground_server(&brief, NULL);

	upstreams_free(g->upstreams);
	g->upstreams = upstreams_new(g->roots);
	assert_false(resumes(g, server, "example.com", 443));
	time_t end = time(NULL) + 3;
	while (time(NULL) < end)
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	assert_int_equal(shake(g, server, "example.com", 0), TLS_FAULT_EXPIRED);
	SSL_CTX_free(server);
	forged_done(&brief);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrong_certificate_has_its_fault),
		cmocka_unit_test(a_stapled_status_is_believed_when_it_is_proved),
		cmocka_unit_test(a_trusted_server_certificate_needs_no_issuer),
		cmocka_unit_test(a_client_certificate_is_not_given),
		cmocka_unit_test(old_versions_are_refused),
		cmocka_unit_test(a_server_of_weak_ciphers_is_refused),
		cmocka_unit_test(protocols_are_carried_honestly),
		cmocka_unit_test(a_ticket_is_good_for_its_name_and_port),
		cmocka_unit_test(a_ticket_ends_with_its_certificate),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
