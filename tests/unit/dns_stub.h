/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/dns_stub.h: a name server on loopback that says what a table tells it to, over UDP and
 * TCP on one kernel-chosen port, on the test's own loop; it counts what it was asked. */
#ifndef SALLYPORT_TESTS_DNS_STUB_H
#define SALLYPORT_TESTS_DNS_STUB_H

#include "base/address.h"

#include <uv.h>

enum { DNS_STUB_BYTES = 65535 };

enum quirk {
	QUIRK_NONE,
	QUIRK_SILENT, /* no answer */
	QUIRK_GARBAGE, /* bytes that are no message */
	QUIRK_WRONG_ID,
	QUIRK_TRUNCATED, /* over UDP: the TC bit and no records */
	QUIRK_TRUNCATED_ALWAYS, /* over TCP too */
	QUIRK_CUT, /* the message ends inside its last record */
	QUIRK_HUGE, /* 400 addresses */
};

/* What to say of one name; the first row that fits counts. NXDOMAIN without one. */
struct stub_row {
	const char *host; /* lower case */
	int type; /* 1 A, 28 AAAA, 0 both */
	int rcode;
	uint32_t delay_ms;
	enum quirk quirk;
	const char *records[20]; /* "owner ttl A|AAAA|CNAME data", "owner ttl SOA minimum" */
};

struct dns_stub {
	uv_loop_t *loop;
	const struct stub_row *rows; /* ends with a row without host */
	uv_udp_t udp;
	uv_tcp_t tcp;
	struct endpoint at;
	int asked_udp, asked_tcp; /* questions */
	char last_host[256]; /* of the last question */
};

void dns_stub_open(struct dns_stub *stub, uv_loop_t *loop, const struct stub_row *rows);
/* Closes when the loop runs next. Answers under delay are dropped. */
void dns_stub_close(struct dns_stub *stub);

/* Writes the message that a row makes of a question, with the id 0; returns its length. For the
 * tests of dns_reply, which need no server. */
size_t dns_stub_message(const struct stub_row *row, const char *host, int type, bool tcp,
	uint8_t ret_message[DNS_STUB_BYTES]);

#endif
