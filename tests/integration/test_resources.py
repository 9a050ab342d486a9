# SPDX-License-Identifier: Apache-2.0
"""ATTACKS, "Resources": slow and greedy clients meet bounds, and the others do not notice."""

import pytest

from gate import assert_refused
from hello import hello
from origin import Origin, answering, ok, recording
from wire import Wire

HEAD = "GET http://www.plain.test:{port}/ HTTP/1.1\r\nHost: www.plain.test:{port}\r\n"


def test_slow_head(gate):
    with gate.nothing_asked(), gate.one_ending("head_timeout"), gate.wire() as wire:
        wire.send(b"GET http://www.plain.test/ HTTP/1.1\r\nHost: www")
        assert_refused(wire.reply(), "head_timeout")
        assert wire.rest() == b""


def test_dripping_head_has_one_deadline(gate):
    """A byte now and then does not buy more time."""
    with gate.one_ending("head_timeout"), gate.wire() as wire:
        wire.socket.settimeout(0.2)
        wire.send(b"GET http://www.plain.test/ HTTP/1.1\r\nX: ")
        for _ in range(20):
            wire.try_send(b"x")
            try:
                if wire.reader.more():
                    break
            except TimeoutError:
                continue
        wire.socket.settimeout(10)
        assert_refused(wire.reply(), "head_timeout")


def test_silent_client(start):
    """One that sends nothing at all is let go by the same deadline."""
    gate = start({"timeouts": {"head": "300ms"}})
    with gate.one_ending("head_timeout"), gate.wire() as wire:
        assert_refused(wire.reply(), "head_timeout")
        assert wire.rest() == b""


LARGE = {
    "64 KB in one field": b"X: " + b"y" * 66_000 + b"\r\n",
    "64 KB in many": b"".join(b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(70)),
    "101 fields": b"X: y\r\n" * 101,
    "10000 fields": b"X: y\r\n" * 10_000,
    "1 MB name": b"X" * 1_000_000 + b": y\r\n",
}


@pytest.mark.parametrize("attack", LARGE)
def test_large_head(gate, attack):
    with gate.nothing_asked(), gate.one_ending("head_too_large"), gate.wire() as wire:
        wire.try_send(HEAD.format(port=80).encode() + LARGE[attack] + b"\r\n")
        assert_refused(wire.reply(), "head_too_large")
        assert wire.rest() == b""


def test_large_request_line(gate):
    with gate.nothing_asked(), gate.one_ending("head_too_large"), gate.wire() as wire:
        wire.try_send(b"GET http://www.plain.test/" + b"a" * 70_000 + b" HTTP/1.1\r\n")
        assert_refused(wire.reply(), "head_too_large")


def test_just_within_the_bounds(gate):
    """99 fields beside Host, about 60 KB in all."""
    fields = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 590) for i in range(99))
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        wire.send(HEAD.format(port=origin.port).encode() + fields + b"\r\n")
        assert wire.reply().status == 200
        assert len([1 for name, _ in origin.requests[0].fields if name.startswith(b"X-")]) == 99


def test_body_that_stops_coming(start):
    gate = start({"timeouts": {"idle": "400ms", "response": "400ms"}})
    with Origin(answering(ok())) as origin, gate.one_ending("body_timeout", "idle"):
        with gate.wire() as wire:
            head = HEAD.format(port=origin.port).replace("GET", "POST").encode()
            wire.send(head + b"Content-Length: 10\r\n\r\nhalf")
            reply = wire.reply()
            assert_refused(reply, "body_timeout", "www.plain.test", origin.port, "http")
        origin.settled()
        assert not origin.requests


def test_endless_trailers(gate):
    with Origin(answering(ok())) as origin, gate.one_ending("bad_framing", "head_too_large"):
        with gate.wire() as wire:
            head = HEAD.format(port=origin.port).replace("GET", "POST").encode()
            wire.send(head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
            wire.try_send(b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 10_000)
            assert wire.reply().status in (400, 431)
        assert not origin.requests


def test_connection_limit(start):
    """Beyond the limit: an honest 503 at once; those within it go on."""
    gate = start({"workers": 1, "limits": {"connections": 5}})
    with Origin(recording) as origin:
        held = [gate.wire() for _ in range(5)]
        for wire in held:
            assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        with gate.wire() as wire:
            wire.try_send(b"CONNECT www.allowed.test:443 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert_refused(wire.reply(b"POST"), "overloaded")
        for wire in held:
            wire.send(hello("www.allowed.test"))
            wire.close()
        gate.proxy.settle()
        with gate.wire() as wire:
            assert wire.connect(f"www.allowed.test:{origin.port}").status == 200


def test_out_of_descriptors(start):
    """EMFILE: new ones wait or are refused, those inside go on, and it recovers."""
    gate = start({"workers": 1}, files=64)
    with Origin(answering(ok(b"x"))) as origin:
        first = gate.wire()
        head = HEAD.format(port=origin.port).encode() + b"\r\n"
        assert first.send(head).reply().body == b"x"
        crowd = [gate.wire() for _ in range(100)]
        for wire in crowd:
            wire.send(b"GET http://www.plain.test/ HT")
        assert first.send(head).reply().body == b"x"
        for wire in crowd:
            wire.close()
        gate.proxy.settle(sessions=1)
        with gate.wire() as wire:
            assert wire.send(head).reply().body == b"x"
        first.close()


def test_descriptors_come_back(gate):
    """A mixed crowd, then the count of open descriptors is what it was."""
    with Origin(recording) as origin:
        with gate.wire() as wire:
            assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        gate.proxy.settle()
        before = gate.proxy.descriptors()
        for turn in range(30):
            wire = Wire(gate.address)
            wire.send(f"CONNECT www.allowed.test:{origin.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if turn % 3 == 0:
                wire.abort()
                continue
            assert wire.reply(b"CONNECT").status == 200
            wire.send(hello("www.allowed.test")[: 20 + turn])
            wire.abort() if turn % 3 == 1 else wire.close()
        gate.proxy.settle()
        origin.settled()
        # Pipes and sockets kept for later use are bounded; one for each turn would be a leak.
        assert gate.proxy.descriptors() <= before + 12
