/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/message.h: HTTP/1.1 messages read from a stream, one at a time, by llhttp in its strict
 * ways plus the checks that a proxy owes and llhttp leaves out. Sans-I/O: slices in, steps out.
 * Source: RFC 9112 (§2 to §7), RFC 9110 §5. Knows neither sockets nor sessions nor policy.
 *
 *	input ──► lines, whole and clean (block.h) ──► llhttp ──► head, judged (head.h)
 *	      └─► content, counted ───────────────────► llhttp ──► data
 *
 * llhttp never sees a line before it is whole, and both count the content: where they disagree the
 * message is refused. */
#ifndef SALLYPORT_PROXY_MESSAGE_H
#define SALLYPORT_PROXY_MESSAGE_H

#include "base/limits.h"
#include "proxy/head.h"

enum message_kind { MESSAGE_REQUEST, MESSAGE_RESPONSE };

enum message_step {
	MESSAGE_MORE, /* all input was taken; call again with more */
	MESSAGE_HEAD, /* message_head() is complete; call again for what follows */
	MESSAGE_DATA, /* *ret_data is the next content, inside the input, never empty */
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
 * The steps are the same however the bytes are cut; only the cuts of DATA differ. One empty line
 * before a request is passed over, RFC 9112 §2.2. Chunk extensions are checked and dropped.
 * Faults: requests REASON_BAD_REQUEST, BAD_FRAMING, HEAD_TOO_LARGE, VERSION_REFUSED,
 * EXPECTATION_FAILED; responses REASON_BAD_RESPONSE, RESPONSE_TOO_LARGE,
 * UPGRADE_FAILED (a 101 that nobody asked for); both OUT_OF_MEMORY. */
enum message_step message_read(struct message *m, struct slice *input, struct slice *ret_data);

/* The sender closed its side. True when that completes the message (FRAMING_CLOSE; message_read
 * then says MESSAGE_END), when it was complete, or when nothing of a message had begun; false when
 * it is cut short. */
bool message_eof(struct message *m);

/* True until the first byte of a message was fed: closing here disturbs nobody. */
bool message_idle(const struct message *m);

/* Valid after MESSAGE_HEAD until message_next, before that an empty head. The caller may not change
 * it. */
const struct head *message_head(const struct message *m);
/* Trailer fields of a chunked message, valid after MESSAGE_END until message_next. */
const struct field *message_trailers(const struct message *m, size_t *ret_count);
enum reason message_fault(const struct message *m);

/* Forget this message and expect the next on the same connection. Frees the head's bytes. */
void message_next(struct message *m);

/* Responses: the request that this one answers, before its first byte is fed: HEAD and CONNECT
 * have no content, and 101 is only right when an upgrade was asked for. Stays over message_next,
 * for a final response answers what its interim ones answered; at first a GET is assumed. */
void message_expect(struct message *m, struct slice request_method, bool upgrade_asked);

#endif
