# SPDX-License-Identifier: Apache-2.0
"""What goes wrong beyond the proxy, each told apart: names that fail, hosts that refuse, are late,
or answer nonsense."""

import socket
import threading

import pytest

import record
from dns_stub import NXDOMAIN, REFUSED, SERVFAIL, Answer
from gate import assert_refused
from message import Malformed
from origin import Origin, answering, closed_port, ok, once, recording

CONNECT = "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
GET = "GET http://{host}:{port}/ HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
FORMS = pytest.mark.parametrize(
    "form, zone, protocol",
    [(CONNECT, "allowed", "https_connect"), (GET, "plain", "http")],
    ids=["connect", "get"],
)
AWAY = Answer(a=["127.0.0.1"])

DNS_FAULTS = {
    "nxdomain": (Answer(rcode=NXDOMAIN), "dns_not_found"),
    "no-address": (Answer(), "dns_not_found"),
    "servfail": (Answer(rcode=SERVFAIL), "dns_failed"),
    "refused": (Answer(rcode=REFUSED), "dns_failed"),
    "silent": (Answer(silent=True), "dns_timeout"),
}


@FORMS
@pytest.mark.parametrize("fault", DNS_FAULTS)
def test_name_server(gate, form, zone, protocol, fault):
    answer, word = DNS_FAULTS[fault]
    host = f"{fault}.{protocol.replace('_', '-')}.{zone}.test"
    gate.dns.zone[host] = answer
    with Origin(recording) as origin, gate.one_ending(word) as found:
        reply, rest = gate.ask(form.format(host=host, port=origin.port).encode())
        assert_refused(reply, word, host, origin.port, protocol)
        assert rest == b""
        assert not origin.peers
    assert found.record.host == host
    assert gate.dns.asked(host)


def test_garbage_answers_fail_closed(gate):
    """A reply that is no DNS message is not taken for an answer; the question times out or fails."""
    gate.dns.zone["garbage.allowed.test"] = Answer(garbage=True)
    reply, _ = gate.ask(CONNECT.format(host="garbage.allowed.test", port=443).encode())
    assert reply.json()["reason"] in ("dns_failed", "dns_timeout")


def test_truncated_answer_is_asked_over_tcp(gate):
    gate.dns.zone["long.allowed.test"] = Answer(a=["127.0.0.1"], truncate=True)
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"long.allowed.test:{origin.port}").status == 200
    assert {query.transport for query in gate.dns.asked("long.allowed.test")} == {"udp", "tcp"}


@FORMS
def test_refused(gate, form, zone, protocol):
    with closed_port() as closed, gate.one_ending("connection_refused"):
        port = closed.getsockname()[1]
        host = f"www.{zone}.test"
        reply, _ = gate.ask(form.format(host=host, port=port).encode())
        assert_refused(reply, "connection_refused", host, port, protocol)


def test_connect_timeout(gate):
    """A full backlog drops SYNs: the dial has a bound of its own."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        with gate.one_ending("connect_timeout"):
            reply, _ = gate.ask(CONNECT.format(host="www.allowed.test", port=port).encode())
            assert_refused(reply, "connect_timeout", "www.allowed.test", port, "https_connect")
        for filler in fillers:
            filler.close()


def test_failover_to_the_address_that_answers(gate):
    gate.dns.zone["two.allowed.test"] = Answer(a=["127.0.0.9", "127.0.0.1"], aaaa=["::1"])
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"two.allowed.test:{origin.port}").status == 200


def test_ipv6_origin(gate):
    gate.dns.zone["six.allowed.test"] = Answer(aaaa=["::1"])
    with Origin(recording, host="::1") as origin, gate.wire() as wire:
        mark = gate.records.mark()
        assert wire.connect(f"six.allowed.test:{origin.port}").status == 200
        wire.close()
        ended = gate.records.wait(lambda r: r.name == record.CLOSED, mark)[0]
        assert "::1" in ended.line


def test_closed_without_a_response(gate):
    def close(peer):
        peer.request()

    with Origin(close) as origin, gate.one_ending("upstream_closed"):
        reply, _ = gate.ask(
            f"POST http://www.plain.test:{origin.port}/ HTTP/1.1\r\n"
            f"Host: www.plain.test:{origin.port}\r\nContent-Length: 2\r\n\r\nhi".encode()
        )
        assert_refused(reply, "upstream_closed", "www.plain.test", origin.port, "http")
        assert len(origin.requests) == 1, "a request that is not safe was repeated"


def test_reset_without_a_response(gate):
    def reset(peer):
        peer.request()
        peer.reset()

    with Origin(reset) as origin, gate.one_ending("upstream_closed"):
        reply, _ = gate.ask(GET.format(host="www.plain.test", port=origin.port).encode())
        assert_refused(reply, "upstream_closed", "www.plain.test", origin.port, "http")


HOSTILE = {
    "length-and-chunked": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "bad_response",
    ),
    "two-lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "bad_response",
    ),
    "length-plus": (b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab", "bad_response"),
    "chunked-twice": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "bad_response",
    ),
    "not-http": (b"SSH-2.0-OpenSSH_9.2\r\n", "bad_response"),
    "http-0.9": (b"<html>\r\nhello</html>\r\n", "bad_response"),
    "status-99": (b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", "bad_response"),
    "space-before-colon": (b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", "bad_response"),
    "obs-fold": (b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", "bad_response"),
    "nul": (b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", "bad_response"),
    "bare-cr": (b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n", "bad_response"),
    "flood-of-100s": (b"HTTP/1.1 100 Continue\r\n\r\n" * 200, "bad_response"),
    "unasked-101": (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        "upgrade_failed",
    ),
    "megabyte-of-head": (
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 10000) for i in range(100)) + b"\r\n",
        "response_too_large",
    ),
    "thousand-fields": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", "response_too_large"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_response(gate, attack):
    response, word = HOSTILE[attack]
    with Origin(once(response)) as origin, gate.one_ending(word):
        with gate.wire() as wire:
            wire.send(GET.format(host="www.plain.test", port=origin.port).encode())
            reply = wire.reply()
            while reply.status == 100:
                reply = wire.reply()
            assert_refused(reply, word, "www.plain.test", origin.port, "http")
            assert wire.rest() == b""
        origin.settled()


@pytest.mark.parametrize("status", [204, 304])
def test_content_where_there_is_none(gate, status):
    """Bytes after a 304 belong to no response: they reach nobody, and the connection is not kept."""
    bad = f"HTTP/1.1 {status} X\r\nETag: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    with Origin(answering(bad.encode())) as origin, gate.wire() as wire:
        target = GET.format(host="www.plain.test", port=origin.port).encode()
        assert wire.send(target).reply().status == status
        origin.wait_for_peers()
        assert wire.send(target).reply().status == status
        assert b"evil" not in wire.reader.buffer


CUT = {
    "bad-chunk-size": b"zz\r\n",
    "chunk-too-long": b"5\r\nhello!\r\n0\r\n\r\n",
    "17-digits": b"11111111111111111\r\n",
    "cut": b"",
}


@pytest.mark.parametrize("attack", CUT)
def test_fault_within_the_content_is_not_hidden(gate, attack):
    """What went before cannot be unsent; the client sees a cut, never a whole."""
    go_on = threading.Event()

    def script(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        go_on.wait(5)
        peer.send(CUT[attack])

    word = "upstream_closed" if attack == "cut" else "bad_response"
    with Origin(script) as origin, gate.one_ending(word, name=record.CLOSED):
        with gate.wire() as wire:
            wire.send(GET.format(host="www.plain.test", port=origin.port).encode())
            assert wire.reader.head().status == 200
            assert wire.reader.until(b"hello\r\n")
            go_on.set()
            with pytest.raises(Malformed, match="closed"):
                wire.reader.chunks()


def test_long_forward_loop_is_broken(gate):
    """A request that names this proxy in Via has been here before."""
    seen = []
    with Origin(answering(lambda r: seen.append(r.value("Via")) or ok())) as origin:
        target = GET.format(host="www.plain.test", port=origin.port)
        with gate.wire() as wire:
            wire.send(target.encode()).reply()
        with gate.one_ending("loop"):
            again = target.replace("\r\n\r\n", f"\r\nVia: {seen[0]}\r\n\r\n")
            reply, _ = gate.ask(again.encode())
            assert_refused(reply, "loop", "www.plain.test", origin.port, "http")
        assert len(origin.requests) == 1
