/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/web_stub.h: an HTTP server on loopback, in the test's own loop: keeps what it is sent
 * and answers with whatever bytes the test gives. One request per connection. */
#ifndef SALLYPORT_TESTS_WEB_STUB_H
#define SALLYPORT_TESTS_WEB_STUB_H

#include "base/slice.h"

#include <uv.h>

enum { WEB_STUB_REQUESTS = 16, WEB_STUB_BYTES = 16 * 1024 };

struct web_request {
	struct web_stub *stub;
	uv_tcp_t socket;
	uv_write_t write;
	size_t len;
	char bytes[WEB_STUB_BYTES];
	bool whole, answered, closed;
};

struct web_stub {
	uv_tcp_t listener;
	int port;
	const char *answer; /* for requests from now on; NULL: none until web_stub_answer */
	unsigned count; /* requests begun */
	unsigned whole; /* and come whole */
	unsigned open; /* connections now */
	struct web_request requests[WEB_STUB_REQUESTS];
};

void web_stub_start(struct web_stub *s, uv_loop_t *loop);
/* Answers a request that waits for it, and closes. */
void web_stub_answer(struct web_stub *s, unsigned request, const char *answer);
/* Closes everything; run the loop until it is empty. */
void web_stub_stop(struct web_stub *s);

/* The value of a field of a request, NULL when it has none. */
const char *web_stub_field(struct web_stub *s, unsigned request, const char *name, char ret[256]);
const char *web_stub_body(struct web_stub *s, unsigned request);

#endif
