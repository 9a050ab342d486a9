# SPDX-License-Identifier: Apache-2.0
"""ATTACKS, "HTTP framing": requests that two parsers could read in two ways are refused, closed,
and forwarded to nobody."""

import pytest

from gate import assert_refused
from origin import Origin, answering, ok
from reason import REASONS

HEAD = "{method} http://www.plain.test:{port}/ HTTP/1.1\r\nHost: www.plain.test:{port}\r\n"
FRAMING = ("bad_framing", "bad_request")
REQUEST = ("bad_request",)
SMUGGLED = b"GET http://www.plain.test/smuggled HTTP/1.1\r\nHost: www.plain.test\r\n\r\n"

# What follows the request line and Host; and the reasons that fit.
POSTS = {
    "length and chunked": (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", FRAMING),
    "chunked and length": (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", FRAMING),
    "two lengths": (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", FRAMING),
    "equal lengths": (b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", FRAMING),
    "length plus": (b"Content-Length: +5\r\n\r\nhello", FRAMING),
    "length minus": (b"Content-Length: -5\r\n\r\nhello", FRAMING),
    "length hex": (b"Content-Length: 0x5\r\n\r\nhello", FRAMING),
    "length list": (b"Content-Length: 1, 1\r\n\r\nh", FRAMING),
    "length empty": (b"Content-Length: \r\n\r\n", FRAMING),
    "length with a space": (b"Content-Length: 1 1\r\n\r\nh", FRAMING),
    "length too large": (b"Content-Length: 99999999999999999999\r\n\r\n", FRAMING),
    "coding with comma": (b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", FRAMING),
    "coding after chunked": (b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", FRAMING),
    "coding before chunked": (b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", FRAMING),
    "coding identity": (b"Transfer-Encoding: identity\r\n\r\n", FRAMING),
    "coding twice": (b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", FRAMING),
    "coding in two fields": (
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        FRAMING,
    ),
    "coding with vertical tab": (b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", FRAMING),
    "coding quoted": (b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', FRAMING),
    "coding with parameter": (b"Transfer-Encoding: chunked;x=1\r\n\r\n0\r\n\r\n", FRAMING),
    "coding empty": (b"Transfer-Encoding: \r\n\r\n", FRAMING),
    "bare lf in fields": (b"X: y\nContent-Length: 0\r\n\r\n", REQUEST),
    "bare lf at the end": (b"X: y\r\n\nGET /smuggled", REQUEST),
    "bare cr in a value": (b"X: y\rContent-Length: 5\r\n\r\n", REQUEST),
    "nul in a value": (b"X: y\0z\r\n\r\n", REQUEST),
    "nul in a name": (b"X\0: y\r\n\r\n", REQUEST),
    "space before the colon": (b"X : y\r\n\r\n", REQUEST),
    "length, space before the colon": (b"Content-Length : 5\r\n\r\nhello", FRAMING),
    "tab before the colon": (b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", FRAMING),
    "leading space": (b" X: y\r\n\r\n", REQUEST),
    "obs-fold": (b"X: y\r\n z\r\n\r\n", REQUEST),
    "obs-fold of coding": (b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", FRAMING),
    "empty name": (b": y\r\n\r\n", REQUEST),
    "no colon": (b"X\r\n\r\n", REQUEST),
    "name in brackets": (b"(X): y\r\n\r\n", REQUEST),
    "name in utf-8": ("Ü: y\r\n\r\n".encode(), REQUEST),
    "second host": (b"Host: evil.test\r\n\r\n", (*REQUEST, "host_mismatch")),
    "same host again": (b"Host: www.plain.test\r\n\r\n", (*REQUEST, "host_mismatch")),
}


@pytest.mark.parametrize("attack", POSTS)
@pytest.mark.parametrize("apart", [None, 1], ids=["whole", "byte by byte"])
def test_refused_and_not_forwarded(gate, attack, apart):
    rest, words = POSTS[attack]
    with Origin(answering(ok())) as origin, gate.nothing_asked(), gate.one_ending(*words):
        with gate.wire() as wire:
            head = HEAD.format(method="POST", port=origin.port).encode()
            data = head + rest + SMUGGLED
            wire.send_apart(data, apart) if apart else wire.try_send(data)
            reply = wire.reply()
            assert reply.json()["reason"] in words
            assert_refused(reply, reply.json()["reason"], reply.json()["host"], reply.json()["port"])
            assert wire.rest() == b""
        assert not origin.peers


# Content that goes wrong after a good head: both sides end, the origin never sees a whole request.
CHUNKS = {
    "hex prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "lf after the extension": b"5;x\nhello\r\n0\r\n\r\n",
    "lf after the size": b"5\nhello\r\n0\r\n\r\n",
    "cr in the extension": b"5;x\ry\r\nhello\r\n0\r\n\r\n",
    "17 digits": b"11111111111111111\r\nhello",
    "minus": b"-5\r\nhello\r\n0\r\n\r\n",
    "space in front": b" 5\r\nhello\r\n0\r\n\r\n",
    "empty size": b"\r\nhello\r\n0\r\n\r\n",
    "longer than said": b"5\r\nhello!\r\n0\r\n\r\n",
    "lf ends the chunk": b"5\r\nhello\n0\r\n\r\n",
    "bare lf in trailers": b"0\r\nX: y\n\r\n",
    "trailer without colon": b"0\r\nX\r\n\r\n",
}


@pytest.mark.parametrize("attack", CHUNKS)
def test_bad_chunk(gate, attack):
    with Origin(answering(ok())) as origin, gate.one_ending(*FRAMING) as found:
        with gate.wire() as wire:
            head = HEAD.format(method="POST", port=origin.port).encode()
            wire.try_send(head + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS[attack] + SMUGGLED)
            assert wire.reply().status == 400
            assert wire.rest() == b""
        origin.settled()
        assert not origin.requests
        assert b"smuggled" not in origin.received
    assert found.record.host == "www.plain.test"


LINES = {
    "lf only": (b"GET http://www.plain.test/ HTTP/1.1\nHost: www.plain.test\n\n", "bad_request"),
    "http/0.9": (b"GET http://www.plain.test/\r\n", "bad_request"),
    "http/0.9 as a version": (b"GET http://www.plain.test/ HTTP/0.9\r\n\r\n", "version_refused"),
    "http/1.32": (
        b"GET http://www.plain.test/ HTTP/1.32\r\nHost: www.plain.test\r\n\r\n",
        "version_refused",
    ),
    "http/2.0": (
        b"GET http://www.plain.test/ HTTP/2.0\r\nHost: www.plain.test\r\n\r\n",
        "version_refused",
    ),
    "preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version_refused"),
    "icecast": (b"SOURCE http://www.plain.test/ ICE/1.0\r\n\r\n", "bad_request"),
    "rtsp": (
        b"OPTIONS http://www.plain.test/ RTSP/1.0\r\nHost: www.plain.test\r\n\r\n",
        "bad_request",
    ),
    "two spaces": (b"GET  http://www.plain.test/ HTTP/1.1\r\nHost: www.plain.test\r\n\r\n", "bad_request"),
    "tab": (b"GET\thttp://www.plain.test/ HTTP/1.1\r\nHost: www.plain.test\r\n\r\n", "bad_request"),
    "space in the target": (
        b"GET http://www.plain.test/a b HTTP/1.1\r\nHost: www.plain.test\r\n\r\n",
        "bad_request",
    ),
    "trailing space": (
        b"GET http://www.plain.test/ HTTP/1.1 \r\nHost: www.plain.test\r\n\r\n",
        "bad_request",
    ),
    "no method": (b" http://www.plain.test/ HTTP/1.1\r\nHost: www.plain.test\r\n\r\n", "bad_request"),
    "method in brackets": (
        b"(GET) http://www.plain.test/ HTTP/1.1\r\nHost: www.plain.test\r\n\r\n",
        "bad_request",
    ),
    "tls on the proxy's port": (b"\x16\x03\x01\x00\x05hello", "bad_request"),
    "socks5": (b"\x05\x01\x00", "bad_request"),
    "no host on 1.1": (b"GET http://www.plain.test/ HTTP/1.1\r\n\r\n", "bad_request"),
    "empty host": (b"GET http://www.plain.test/ HTTP/1.1\r\nHost:\r\n\r\n", "host_mismatch"),
    "connect without host on 1.1": (b"CONNECT www.allowed.test:443 HTTP/1.1\r\n\r\n", "bad_request"),
    "host differs": (
        b"GET http://www.plain.test/ HTTP/1.1\r\nHost: api.plain.test\r\n\r\n",
        "host_mismatch",
    ),
    "host has another port": (
        b"GET http://www.plain.test/ HTTP/1.1\r\nHost: www.plain.test:81\r\n\r\n",
        "host_mismatch",
    ),
    "uri unlisted, host listed": (
        b"GET http://evil.test/ HTTP/1.1\r\nHost: www.plain.test\r\n\r\n",
        "host_mismatch",
    ),
    "uri listed, host unlisted": (
        b"GET http://www.plain.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        "host_mismatch",
    ),
    "nul in host": (
        b"GET http://www.plain.test/ HTTP/1.1\r\nHost: evil.test\0.plain.test\r\n\r\n",
        "bad_request",
    ),
    "connect with a length": (
        b"CONNECT www.allowed.test:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "bad_framing",
    ),
    "connect chunked": (
        b"CONNECT www.allowed.test:443 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "bad_framing",
    ),
    "connect with a uri": (
        b"CONNECT http://www.allowed.test:443/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "bad_target",
    ),
    "connect with a path": (b"CONNECT /x HTTP/1.1\r\nHost: x\r\n\r\n", "bad_target"),
    "chunked on 1.0": (
        b"POST http://www.plain.test/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "bad_framing",
    ),
    "trace": (
        b"TRACE http://www.plain.test/ HTTP/1.1\r\nHost: www.plain.test\r\n\r\n",
        "method_refused",
    ),
    "max-forwards 0": (
        b"OPTIONS http://www.plain.test/ HTTP/1.1\r\nHost: www.plain.test\r\nMax-Forwards: 0\r\n\r\n",
        "method_refused",
    ),
    "other expectation": (
        b"POST http://www.plain.test/ HTTP/1.1\r\nHost: www.plain.test\r\nExpect: 200-ok\r\n"
        b"Content-Length: 0\r\n\r\n",
        "expectation_failed",
    ),
}
# Where two rules are broken at once, either may be noticed first.
ALSO = {
    "http/0.9": ("version_refused",),
    "preface": ("bad_request",),
    "icecast": ("version_refused",),
    "rtsp": ("version_refused",),
    "empty host": ("bad_request", "bad_target"),
    "nul in host": ("bad_target", "host_mismatch"),
    "connect with a path": ("bad_request",),
    "connect with a uri": ("bad_request",),
    "http/0.9 as a version": ("bad_request",),
    "trailing space": ("version_refused",),
    "space in the target": ("version_refused",),
}


@pytest.mark.parametrize("attack", LINES)
def test_request_line_and_host(gate, attack):
    data, word = LINES[attack]
    words = (word, *ALSO.get(attack, ()))
    with gate.nothing_asked(), gate.one_ending(*words):
        with gate.wire() as wire:
            wire.try_send(data)
            reply = wire.reply()
            assert reply.json()["reason"] in words, reply.body
            assert reply.status == REASONS[reply.json()["reason"]].status
            assert wire.rest() == b""


def test_good_request_after_empty_lines(gate):
    """RFC 9112 §2.2: an empty line before the request line is ignored."""
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        head = HEAD.format(method="GET", port=origin.port).encode()
        assert wire.send(b"\r\n" + head + b"\r\n").reply().status == 200


def test_host_may_be_spelled_otherwise(gate):
    """Another case, a trailing dot: the same canonical target."""
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        wire.send(
            f"GET http://www.plain.test:{origin.port}/ HTTP/1.1\r\n"
            f"Host: WWW.Plain.TEST.:{origin.port}\r\n\r\n".encode()
        )
        assert wire.reply().status == 200
        assert origin.requests[0].value("Host") == f"www.plain.test:{origin.port}"


def test_request_byte_by_byte(gate):
    body = b"4\r\nwiki\r\n0\r\n\r\n"
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        head = HEAD.format(method="POST", port=origin.port).encode()
        wire.send_apart(head + b"Transfer-Encoding: chunked\r\n\r\n" + body)
        assert wire.reply().status == 200
        assert origin.requests[0].body == b"wiki"
