# SPDX-License-Identifier: Apache-2.0
"""CONNECT: the dial before the 200, the bytes both ways, the ends."""

import hashlib
import os
import socket
import subprocess
import threading

import pytest

import record
from gate import assert_refused
from hello import hello, real
from origin import Origin, answering, closed_port, echoing, ok, recording

MEGA = 1 << 20


def test_curl_reaches_a_listed_origin(gate, certificates):
    with Origin(answering(ok(b"hello from the origin")), certificates.server()) as origin:
        mark = gate.records.mark()
        done = subprocess.run(
            ["curl", "-sS", "--proxy", gate.proxy.url, "--cacert", certificates.ca]
            + [f"https://www.allowed.test:{origin.port}/path?q=1"],
            capture_output=True,
            check=False,
            timeout=20,
        )
        assert done.stdout == b"hello from the origin", done.stderr
        assert origin.requests[0].target == b"/path?q=1"
    decision = gate.records.wait(lambda r: r.name == record.DECISION, mark)[0]
    assert (decision.decision, decision.host, decision.port) == (
        "allow",
        "www.allowed.test",
        origin.port,
    )
    ended = gate.records.wait(lambda r: r.name == record.CLOSED, mark)[0]
    assert ended.host == "www.allowed.test"
    assert gate.dns.asked("www.allowed.test")


def test_curl_shows_why_it_was_refused(gate):
    done = subprocess.run(
        ["curl", "-sS", "-v", "--proxy", gate.proxy.url, "https://evil.test/"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 56
    assert "403" in done.stderr
    assert "x-proxy-error: blocked-by-allowlist" in done.stderr.lower()
    assert not gate.dns.asked("evil.test")


def test_one_spelling_everywhere(gate):
    """Whatever way the name was written, the record, the query and the match have one form."""
    with Origin(recording) as origin, gate.wire() as wire:
        mark = gate.records.mark()
        assert wire.connect(f"Api.ALLOWED.test.:{origin.port}").status == 200
        wire.send(hello("API.Allowed.TEST"))
        origin.wait_for_peers()
        wire.shutdown()
        assert wire.rest() == b""
        assert origin.settled()[0].received == hello("API.Allowed.TEST")
    for seen in gate.records.wait(lambda r: r.host, mark, count=2):
        assert seen.host == "api.allowed.test"
    assert {query.name for query in gate.dns.asked("api.allowed.test")} == {"api.allowed.test"}


def test_dials_before_200(gate):
    """A refused upstream is an honest 502, not a 200 followed by silence."""
    with closed_port() as closed, gate.one_ending("connection_refused"):
        with gate.wire() as wire:
            port = closed.getsockname()[1]
            reply = wire.connect(f"www.allowed.test:{port}")
            assert_refused(reply, "connection_refused", "www.allowed.test", port, "https_connect")
            assert wire.rest() == b""


def test_early_hello_waits_for_the_200(gate, certificates):
    """Bytes sent right behind the CONNECT are kept, judged and then sent on."""
    with Origin(recording) as origin, gate.wire() as wire:
        sent = real("www.allowed.test")
        assert wire.connect(f"www.allowed.test:{origin.port}", early=sent).status == 200
        wire.shutdown()
        assert wire.rest() == b""
        assert origin.settled()[0].received == sent


def test_200_has_no_content_framing(gate):
    with Origin(recording) as origin, gate.wire() as wire:
        reply = wire.connect(f"www.allowed.test:{origin.port}")
        assert reply.status == 200
        assert reply.value("Content-Length") is None
        assert reply.value("Transfer-Encoding") is None


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_versions(gate, version):
    """HTTP/1.0 clients send a CONNECT without Host."""
    with Origin(recording) as origin, gate.wire() as wire:
        host = f"Host: www.allowed.test:{origin.port}\r\n" if version == "1.1" else ""
        line = f"CONNECT www.allowed.test:{origin.port} HTTP/{version}\r\n{host}\r\n"
        assert wire.send(line.encode()).reply(b"CONNECT").status == 200


def test_content_length_zero_is_tolerated(gate):
    with Origin(recording) as origin, gate.wire() as wire:
        authority = f"www.allowed.test:{origin.port}"
        wire.send(
            f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert wire.reply(b"CONNECT").status == 200


def test_connect_host_is_ignored(gate):
    """The authority counts; some clients send Host without the port."""
    with Origin(recording) as origin, gate.wire() as wire:
        wire.send(
            f"CONNECT www.allowed.test:{origin.port} HTTP/1.1\r\nHost: other.test\r\n\r\n".encode()
        )
        assert wire.reply(b"CONNECT").status == 200
        assert not gate.dns.asked("other.test")


def test_large_both_ways(gate):
    """32 MB up and down at once, compared byte for byte. Behind the hello any bytes will do; an
    ssl object may not be used by two threads, so there is none here."""
    size, block, first = 32 * MEGA, os.urandom(MEGA), hello("www.allowed.test")
    got = hashlib.sha256()
    mark = gate.records.mark()
    with Origin(echoing) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        wire.send(first)
        assert wire.reader.exactly(len(first)) == first
        sender = threading.Thread(target=lambda: [wire.send(block) for _ in range(size // MEGA)])
        sender.start()
        left = size
        while left:
            data = wire.socket.recv(MEGA)
            assert data, f"closed with {left} bytes to come"
            got.update(data)
            left -= len(data)
        sender.join()
    assert got.digest() == hashlib.sha256(block * (size // MEGA)).digest()
    ended = gate.records.wait(lambda r: r.name == record.CLOSED, mark)[0]
    assert int(ended["network_proxy.bytes_sent"]) == size + len(first)
    assert int(ended["network_proxy.bytes_received"]) == size + len(first)


def test_large_inside_tls(gate, certificates):
    block = os.urandom(64 * 1024)
    with Origin(echoing, certificates.server()) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        wire.handshake("www.allowed.test", certificates.client())
        for _ in range(100):
            wire.send(block)
            assert wire.reader.exactly(len(block)) == block


def test_client_half_close_lets_the_answer_through(gate):
    """The client's end is passed on; the origin's answer to it still arrives."""

    def count(peer):
        while peer.recv(65536):
            pass
        peer.send(str(len(peer.received)).encode())

    with Origin(count) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        first = hello("www.allowed.test")
        wire.send(first).shutdown()
        assert wire.rest() == str(len(first)).encode()


def test_origin_half_close_lets_the_request_through(gate):
    """The origin ends its direction first; what the client still sends arrives."""

    def end_first(peer):
        peer.recv(65536)
        peer.send(b"bye")
        peer.socket.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass

    with Origin(end_first) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        first = hello("www.allowed.test")
        assert wire.send(first).rest() == b"bye"
        wire.send(b"x" * 100_000).shutdown()
        assert len(origin.settled()[0].received) == len(first) + 100_000


def test_origin_reset_ends_the_tunnel(gate):
    def reset(peer):
        peer.recv(65536)
        peer.reset()

    with Origin(reset) as origin, gate.one_ending("upstream_reset_in_tunnel", name=record.CLOSED):
        with gate.wire() as wire:
            assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
            wire.send(hello("www.allowed.test"))
            assert wire.rest() == b""


def test_client_reset_reaches_the_origin(gate):
    with Origin(recording) as origin:
        mark = gate.records.mark()
        wire = gate.wire()
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        wire.send(hello("www.allowed.test"))
        origin.wait_for_peers()
        wire.abort()
        origin.settled()
        assert gate.records.wait(lambda r: r.name == record.CLOSED, mark)[0].reason == (
            "client_reset"
        )


def test_idle_tunnel_ends(start):
    gate = start({"timeouts": {"idle": "300ms"}})
    with Origin(recording) as origin, gate.one_ending("idle", name=record.CLOSED):
        with gate.wire() as wire:
            assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
            wire.send(hello("www.allowed.test"))
            assert wire.rest() == b""
        assert origin.settled()[0].received == hello("www.allowed.test")


def test_server_speaks_first_on_a_raw_port(gate):
    def greet(peer):
        peer.send(b"SSH-2.0-origin\r\n")
        recording(peer)

    with Origin(greet) as origin, gate.wire() as wire:
        assert wire.connect(f"git.raw.test:{origin.port}").status == 200
        assert wire.reader.until(b"\n") == b"SSH-2.0-origin\r\n"
        wire.send(b"SSH-2.0-client\r\n").shutdown()
        assert origin.settled()[0].received == b"SSH-2.0-client\r\n"


def test_http_inside_connect_to_a_plain_port(gate):
    """Some Node clients CONNECT for http:// URLs: parsed and judged as if they had not."""
    with Origin(answering(ok(b"one"), ok(b"two"))) as origin, gate.wire() as wire:
        authority = f"www.plain.test:{origin.port}"
        assert wire.connect(authority).status == 200
        for path, body in (("/a", b"one"), ("/b", b"two")):
            wire.send(f"GET {path} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            assert wire.reply().body == body
        assert [request.target for request in origin.requests] == [b"/a", b"/b"]
        assert all(request.values("Via") for request in origin.requests)


def test_http_inside_connect_may_not_change_the_host(gate):
    """The second request too is held to the tunnel's name."""
    with Origin(answering(ok(b"one"))) as origin:
        authority = f"www.plain.test:{origin.port}"
        with gate.one_ending("misdirected"), gate.wire() as wire:
            assert wire.connect(authority).status == 200
            wire.send(f"GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            assert wire.reply().body == b"one"
            other = f"api.plain.test:{origin.port}"
            wire.send(f"GET / HTTP/1.1\r\nHost: {other}\r\n\r\n".encode())
            assert wire.reply().status == 421
            assert wire.rest() == b""
        assert len(origin.requests) == 1
        assert not gate.dns.asked("api.plain.test")


def test_second_request_after_a_refused_connect_is_not_read(gate):
    """Nothing that follows a refused CONNECT may be taken for a request."""
    with Origin(answering(ok())) as origin, gate.one_ending("not_allowed"):
        target = f"www.plain.test:{origin.port}"
        reply, rest = gate.ask(
            b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n"
            + f"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n".encode(),
            b"POST",
        )
        assert_refused(reply, "not_allowed", "evil.test", 443, "https_connect")
        assert rest == b""
        assert not origin.peers


def test_a_refused_client_that_still_sends_reads_the_reply(gate):
    """Lingering close: early data must not turn the refusal into a reset."""
    with gate.one_ending("not_allowed"), gate.wire() as wire:
        wire.send(b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n" + b"x" * 200_000)
        assert_refused(wire.reply(b"POST"), "not_allowed", "evil.test", 443)
        assert wire.rest() == b""
        assert not wire.reset


def test_slow_reader_does_not_fill_the_proxy(gate):
    """A peer that does not read stops the other side; the other direction goes on."""
    size = 48 * MEGA

    def flood(peer):
        peer.recv(65536)
        sender = threading.Thread(target=lambda: peer.send(b"d" * size))
        sender.start()
        while peer.recv(65536):
            pass
        sender.join()

    with Origin(flood) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        first = hello("www.allowed.test")
        wire.send(first)
        before = resident(gate)
        wire.send(b"u" * (4 * MEGA))  # moves although nothing is read here
        peer = origin.wait_for_peers()[0]
        while len(peer.received) < len(first) + 4 * MEGA:
            assert not peer.closed.wait(0.01)
        assert resident(gate) - before < 8 * 1024
        assert len(wire.reader.exactly(size)) == size


def resident(gate):
    """Resident size of the proxy in KiB."""
    with open(f"/proc/{gate.proxy.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
