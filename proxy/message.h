/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/message.h: HTTP/1.1 messages read from a stream, one at a time, by llhttp in its strict
 * ways plus the checks that a proxy owes and llhttp leaves out. Sans-I/O: slices in, steps out.
 * Source: RFC 9112 (§2 to §7), RFC 9110 §5. Knows neither sockets nor sessions nor policy. */
#ifndef SALLYPORT_PROXY_MESSAGE_H
#define SALLYPORT_PROXY_MESSAGE_H

#include "base/limits.h"
#include "base/reason.h"
#include "base/slice.h"

enum message_kind { MESSAGE_REQUEST, MESSAGE_RESPONSE };

struct field {
	struct slice name; /* as sent; compare without case */
	struct slice value; /* outer white space removed */
};

/* How the end of the content is known, RFC 9112 §6.3. */
enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE };

/* A complete head. Slices borrow from the message until message_next or message_free. */
struct head {
	uint8_t minor; /* HTTP/1.minor: 0 or 1 */
	uint16_t status; /* responses: 100..999 */
	struct slice method; /* requests */
	struct slice target; /* requests: as sent */
	struct slice phrase; /* responses */
	enum framing framing;
	uint64_t content_length; /* FRAMING_LENGTH */
	bool keep_alive; /* the sender lets the connection go on after this message */
	bool expect_continue; /* requests: Expect: 100-continue */
	bool upgrade; /* Connection: upgrade and an Upgrade field that is not h2c */
	bool has_host;
	struct slice host; /* requests: the one Host value */
	size_t field_count;
	struct field fields[LIMIT_HEAD_FIELDS];
};

enum message_step {
	MESSAGE_MORE, /* all input was taken; call again with more */
	MESSAGE_HEAD, /* message_head() is complete; call again for what follows */
	MESSAGE_DATA, /* *ret_data is the next content, inside the input */
	MESSAGE_END, /* complete; input beyond it is untouched; message_next starts the next one */
	MESSAGE_BAD, /* message_fault() says why; nothing more can be read */
};

struct message; /* opaque: llhttp, the head and its bytes */

/* NULL without memory. Holds no head bytes until some are fed. */
struct message *message_new(enum message_kind kind);
void message_free(struct message *m); /* NULL is fine */

/* Takes from the front of *input what it can and says what it found. The front of *input moves.
 * After HEAD of a CONNECT, of a request with `upgrade`, or of a response with status 101, the
 * message ends with the head (MESSAGE_END next) and the rest of the input belongs to the tunnel;
 * a request with `upgrade` whose framing is not NONE keeps its content first.
 * Faults: requests REASON_BAD_REQUEST, BAD_FRAMING, HEAD_TOO_LARGE, VERSION_REFUSED,
 * EXPECTATION_FAILED; responses REASON_BAD_RESPONSE, RESPONSE_TOO_LARGE. */
enum message_step message_read(struct message *m, struct slice *input, struct slice *ret_data);

/* The sender closed its side. True when that completes the message (FRAMING_CLOSE, or nothing of a
 * message had begun); false when it cut one short. */
bool message_eof(struct message *m);

/* True until the first byte of a message was fed: closing here disturbs nobody. */
bool message_idle(const struct message *m);

/* Valid after MESSAGE_HEAD until message_next. The caller may not change it. */
const struct head *message_head(const struct message *m);
/* Trailer fields of a chunked message, valid after MESSAGE_END until message_next. */
const struct field *message_trailers(const struct message *m, size_t *ret_count);
enum reason message_fault(const struct message *m);

/* Forget this message and expect the next on the same connection. Frees the head's bytes. */
void message_next(struct message *m);

/* Responses: the request that this one answers, before its first byte is fed: HEAD and CONNECT
 * have no content, and 101 is only right when an upgrade was asked for. */
void message_expect(struct message *m, struct slice request_method, bool upgrade_asked);

/* The value of a field, without case; the first of several. An empty slice with ptr NULL: none. */
struct slice head_field(const struct head *h, struct slice name);

#endif
