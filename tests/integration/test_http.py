# SPDX-License-Identifier: Apache-2.0
"""Plain HTTP through the proxy: what is sent anew, what is dropped, what is kept."""

import subprocess
import threading

import pytest

import record
from gate import assert_refused
from message import Malformed
from origin import Origin, answering, ok, once, recording
from wire import Wire

MEGA = 1 << 20


def request(origin, method="GET", path="/", fields=(), body=b"", host="www.plain.test"):
    """An absolute-form request for the origin."""
    authority = f"{host}:{origin.port}"
    lines = [f"{method} http://{authority}{path} HTTP/1.1", f"Host: {authority}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_curl_get(gate):
    with Origin(answering(ok(b"plain"))) as origin:
        done = subprocess.run(
            ["curl", "-sS", "--proxy", gate.proxy.url, f"http://www.plain.test:{origin.port}/a?b=c"],
            capture_output=True,
            check=False,
            timeout=20,
        )
        assert done.stdout == b"plain", done.stderr
        got = origin.requests[0]
        assert got.start == b"GET /a?b=c HTTP/1.1"
        assert got.value("Host") == f"www.plain.test:{origin.port}"
        assert "sallyport" in got.value("Via")
        assert not got.values("Proxy-Connection")


@pytest.mark.parametrize(
    "path, origin_form",
    [("", b"/"), ("/", b"/"), ("?q=1", b"/?q=1"), ("/a//b/../c%2Fd?x=%00&y", b"/a//b/../c%2Fd?x=%00&y")],
    ids=["no path", "root", "query only", "kept as sent"],
)
def test_origin_form(gate, path, origin_form):
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        assert wire.send(request(origin, path=path)).reply().status == 200
        assert origin.requests[0].target == origin_form


def test_options_asterisk(gate):
    """OPTIONS for a URI without path and query becomes the asterisk-form, RFC 9112 §3.2.4."""
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        assert wire.send(request(origin, "OPTIONS", "")).reply().status == 200
        assert origin.requests[0].target == b"*"


def test_fields_that_end_here(gate):
    with Origin(answering(ok(b"ok", b"Connection: X-Hop", b"X-Hop: 1", b"Keep-Alive: timeout=5",
                             b"Proxy-Authenticate: Basic", b"X-Kept: 2"))) as origin:
        with gate.wire() as wire:
            fields = [
                "Connection: close, X-Mine, Host, Authorization",
                "X-Mine: 1",
                "Authorization: Bearer mine",
                "Proxy-Authorization: Basic c2VjcmV0",
                "Proxy-Connection: keep-alive",
                "Keep-Alive: 300",
                "TE: gzip",
                "X-Kept: yes",
            ]
            reply = wire.send(request(origin, fields=fields)).reply()
            got = origin.requests[0]
            for name in ("X-Mine", "Proxy-Authorization", "Proxy-Connection", "Keep-Alive", "TE"):
                assert not got.values(name), name
            assert got.value("Host") == f"www.plain.test:{origin.port}"
            assert got.value("X-Kept") == "yes"
            for name in ("X-Hop", "Keep-Alive", "Proxy-Authenticate"):
                assert not reply.values(name), name
            assert reply.value("X-Kept") == "2"
            assert "sallyport" in reply.value("Via")


def test_via_is_appended(gate):
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        wire.send(request(origin, fields=["Via: 1.0 before"])).reply()
        via = b", ".join(origin.requests[0].values("Via"))
        assert via.startswith(b"1.0 before, 1.1 ")


def test_post_with_length(gate):
    body = bytes(range(256)) * 40
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        fields = [f"Content-Length: {len(body)}"]
        assert wire.send(request(origin, "POST", fields=fields, body=body)).reply().status == 200
        assert origin.requests[0].body == body
        assert origin.requests[0].value("Content-Length") == str(len(body))


def test_post_chunked_with_trailers(gate):
    chunks = b"5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 6\r\n\r\n"
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        fields = ["Transfer-Encoding: chunked", "Trailer: X-Sum"]
        assert wire.send(request(origin, "POST", fields=fields, body=chunks)).reply().status == 200
        assert origin.requests[0].body == b"hello!"
        assert origin.requests[0].trailers == [(b"X-Sum", b"6")]


def test_chunked_response_with_trailers(gate):
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n"
    )
    with Origin(answering(chunked)) as origin, gate.wire() as wire:
        for _ in range(2):
            reply = wire.send(request(origin)).reply()
            assert reply.body == b"abc0123456789"
            assert reply.trailers == [(b"X-Sum", b"13")]


def test_framing_field_in_a_trailer(gate):
    """RFC 9110 §6.5.1 forbids it; nothing of the response has gone out, so the client is told."""
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n"
    )
    with Origin(answering(chunked)) as origin, gate.one_ending("bad_response"):
        with gate.wire() as wire:
            reply = wire.send(request(origin)).reply()
            assert_refused(reply, "bad_response", "www.plain.test", origin.port, "http")


def test_response_that_ends_with_the_connection(gate):
    """For an HTTP/1.1 client such content is chunked, so that a cut is seen as a cut."""
    with Origin(once(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")) as origin, gate.wire() as wire:
        reply = wire.send(request(origin)).reply()
        assert reply.body == b"until the end"


@pytest.mark.parametrize(
    "status, method", [(204, "GET"), (304, "GET"), (200, "HEAD")], ids=["204", "304", "HEAD"]
)
def test_without_content(gate, status, method):
    length = b"" if status == 204 else b"Content-Length: 1000\r\n"
    response = f"HTTP/1.1 {status} X\r\n".encode() + length + b"ETag: x\r\n\r\n"
    with Origin(answering(response)) as origin, gate.wire() as wire:
        for _ in range(2):
            reply = wire.send(request(origin, method)).reply(method.encode())
            assert reply.status == status
            assert reply.value("ETag") == "x"


def test_keep_alive_and_pool(gate):
    """One client connection, many requests; the origin's connection is used again."""
    with Origin(answering(ok(b"x"))) as origin:
        with gate.wire() as wire:
            for number in range(10):
                assert wire.send(request(origin, path=f"/{number}")).reply().body == b"x"
        assert len(origin.requests) == 10
        assert len(origin.peers) == 1


def test_pool_is_shared_by_clients(start):
    gate = start({"workers": 1})
    with Origin(answering(ok(b"x"))) as origin:
        for _ in range(5):
            with gate.wire() as wire:
                assert wire.send(request(origin)).reply().status == 200
            gate.proxy.settle()
            assert gate.proxy.metrics()["sallyport_pooled"] == 1
        assert len(origin.peers) == 1


def test_pooled_connection_that_died_is_replaced(gate):
    """The origin closes after each answer without having said so."""
    with Origin(once(ok(b"x"))) as origin, gate.wire() as wire:
        for _ in range(5):
            assert wire.send(request(origin)).reply().body == b"x"
            origin.settled()
        assert len(origin.peers) == 5


def test_each_request_is_judged(gate):
    """Pipelined: the first is answered, the second is refused, the third is never read."""
    with Origin(answering(ok(b"x"))) as origin:
        with gate.one_ending("not_allowed"), gate.wire() as wire:
            wire.send(
                request(origin)
                + request(origin, host="www.evil.test")
                + request(origin, path="/third")
            )
            assert wire.reply().body == b"x"
            assert_refused(wire.reply(), "not_allowed", "www.evil.test", origin.port, "http")
            assert wire.rest() == b""
        assert len(origin.requests) == 1
        assert not gate.dns.asked("www.evil.test")


def test_pipelined_to_another_listed_host(gate):
    """Each to its own origin, answers in order."""
    with Origin(answering(ok(b"first"))) as one, Origin(answering(ok(b"second"))) as two:
        with gate.wire() as wire:
            wire.send(request(one) + request(two, host="api.plain.test") + request(one))
            assert [wire.reply().body for _ in range(3)] == [b"first", b"second", b"first"]
        assert [r.value("Host") for r in two.requests] == [f"api.plain.test:{two.port}"]


def test_http_1_0_client(gate):
    with Origin(answering(ok(b"old"))) as origin, gate.wire() as wire:
        wire.send(f"GET http://www.plain.test:{origin.port}/ HTTP/1.0\r\n\r\n".encode())
        assert wire.reply().body == b"old"
        assert wire.rest() == b""
        assert origin.requests[0].start == b"GET / HTTP/1.1"
        assert origin.requests[0].value("Host") == f"www.plain.test:{origin.port}"


def test_http_1_0_client_gets_no_chunks(gate):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    with Origin(answering(chunked)) as origin, gate.wire() as wire:
        wire.send(f"GET http://www.plain.test:{origin.port}/ HTTP/1.0\r\n\r\n".encode())
        reply = wire.reply()
        assert not reply.values("Transfer-Encoding")
        assert reply.body == b"abc"


def test_http_1_0_origin(gate):
    with Origin(once(b"HTTP/1.0 200 OK\r\n\r\nold origin")) as origin, gate.wire() as wire:
        for count in (1, 2):
            assert wire.send(request(origin)).reply().body == b"old origin"
            assert len(origin.peers) == count


def test_large_download(gate):
    size = 64 * MEGA
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()

    def stream(peer):
        peer.request()
        peer.send(head)
        for _ in range(64):
            peer.send(b"d" * MEGA)

    with Origin(stream) as origin, gate.wire() as wire:
        mark = gate.records.mark()
        assert len(wire.send(request(origin)).reply().body) == size
    ended = gate.records.wait(lambda r: r.name == record.CLOSED, mark)[0]
    assert int(ended["network_proxy.bytes_received"]) >= size


def test_large_upload(gate):
    size = 64 * MEGA
    with Origin(answering(lambda r: ok(str(len(r.body)).encode()))) as origin, gate.wire() as wire:
        wire.send(request(origin, "PUT", fields=[f"Content-Length: {size}"]))
        for _ in range(64):
            wire.send(b"u" * MEGA)
        assert wire.reply().body == str(size).encode()


def test_large_chunked_both_ways(gate):
    """64 KiB chunks up and down, at once, compared byte for byte."""
    chunk = b"10000\r\n" + bytes(range(256)) * 256 + b"\r\n"

    def echo(peer):
        message = peer.reader.head()
        assert message.value("Transfer-Encoding") == "chunked"
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while int(size := peer.reader.until(b"\r\n").split(b";")[0].strip(), 16):
            data = peer.reader.exactly(int(size, 16) + 2)
            peer.send(size + b"\r\n" + data)
        peer.reader.until(b"\r\n")
        peer.send(b"0\r\n\r\n")

    with Origin(echo) as origin, gate.wire() as wire:
        wire.send(request(origin, "POST", fields=["Transfer-Encoding: chunked"]))
        sender = threading.Thread(target=lambda: wire.send(chunk * 256 + b"0\r\n\r\n"))
        sender.start()
        assert wire.reply().body == bytes(range(256)) * 256 * 256
        sender.join()


def test_websocket(gate):
    """After the 101 the bytes are the two ends' own."""

    def switch(peer):
        peer.request()
        peer.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: x\r\n\r\n" + b"\x81\x05first"
        )
        while data := peer.recv(65536):
            peer.send(data)

    with Origin(switch) as origin, gate.wire() as wire:
        fields = ["Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: k"]
        reply = wire.send(request(origin, fields=fields)).reply()
        assert reply.status == 101
        assert reply.value("Upgrade") == "websocket"
        assert "upgrade" in reply.value("Connection").lower()
        assert origin.requests[0].value("Upgrade") == "websocket"
        assert origin.requests[0].value("Sec-WebSocket-Key") == "k"
        assert wire.reader.exactly(7) == b"\x81\x05first"
        wire.send(b"GET / HTTP/1.1\r\n\r\n")  # not a request any more
        assert wire.reader.exactly(18) == b"GET / HTTP/1.1\r\n\r\n"
        wire.shutdown()
        assert wire.rest() == b""


def test_upgrade_that_the_origin_declines(gate):
    with Origin(answering(ok(b"no"))) as origin, gate.wire() as wire:
        fields = ["Connection: Upgrade", "Upgrade: websocket"]
        assert wire.send(request(origin, fields=fields)).reply().body == b"no"
        assert wire.send(request(origin)).reply().body == b"no"


def test_h2c_upgrade_is_ignored(gate):
    with Origin(answering(ok())) as origin, gate.wire() as wire:
        fields = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
        assert wire.send(request(origin, fields=fields)).reply().status == 200
        assert not origin.requests[0].values("Upgrade")
        assert not origin.requests[0].values("HTTP2-Settings")


def test_continue_is_passed_on(gate):
    """The client waits for the 100, which is the origin's to give."""

    def script(peer):
        message = peer.reader.head()
        assert message.value("Expect") == "100-continue"
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = peer.reader.exactly(5)
        peer.send(ok(body))

    with Origin(script) as origin, gate.wire() as wire:
        wire.send(request(origin, "POST", fields=["Content-Length: 5", "Expect: 100-continue"]))
        assert wire.reply().status == 100
        wire.send(b"hello")
        assert wire.reply().body == b"hello"


def test_continue_is_not_for_the_refused(gate):
    """Expect on a request to an unlisted host: the refusal, no 100."""
    with gate.one_ending("not_allowed"):
        reply, rest = gate.ask(
            b"POST http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n"
            b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        assert_refused(reply, "not_allowed", "evil.test", 80, "http")
        assert rest == b""


def test_interim_responses_pass(gate):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    with Origin(answering(early + early + ok(b"final"))) as origin, gate.wire() as wire:
        wire.send(request(origin))
        assert [wire.reply().status, wire.reply().status] == [103, 103]
        assert wire.reply().body == b"final"


def test_origin_answers_before_the_upload_ends(gate):
    """A 413 in the middle of an upload reaches the client."""

    def refuse(peer):
        peer.reader.head()
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        while peer.recv(65536):
            pass

    with Origin(refuse) as origin, gate.wire() as wire:
        wire.try_send(request(origin, "POST", fields=["Content-Length: 100000000"]) + b"x" * MEGA)
        assert wire.reply().status == 413


def test_client_half_close_after_the_request(gate):
    with Origin(answering(ok(b"still here"))) as origin, gate.wire() as wire:
        wire.send(request(origin)).shutdown()
        assert wire.reply().body == b"still here"
        assert wire.rest() == b""


def test_cut_response_is_seen_as_cut(gate):
    """The origin dies within its content: the client must not take it for whole."""
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"
    with Origin(once(short)) as origin, gate.wire() as wire, pytest.raises(Malformed):
        wire.send(request(origin)).reply()


def test_client_gone_midway_closes_the_origin(gate):
    def endless(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            peer.send(b"400\r\n" + b"x" * 1024 + b"\r\n")

    with Origin(endless) as origin:
        wire = gate.wire()
        wire.send(request(origin))
        assert wire.reader.head().status == 200
        wire.abort()
        origin.settled()


def test_slow_client_slows_the_origin(gate):
    """48 MB into a client that does not read: the origin is stopped, the memory stays."""
    sent = []

    def flood(peer):
        peer.request()
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {48 * MEGA}\r\n\r\n".encode())
        for _ in range(48):
            peer.send(b"d" * MEGA)
            sent.append(1)

    with Origin(flood) as origin, Wire(gate.address, receive_bytes=8192) as wire:
        wire.send(request(origin))
        assert not origin.wait_for_peers()[0].closed.wait(0.3), "the origin could send everything"
        assert len(sent) < 24
        assert len(wire.reply().body) == 48 * MEGA


def test_silent_origin_is_late(gate):
    with Origin(recording) as origin, gate.one_ending("response_timeout"):
        reply, rest = gate.ask(request(origin))
        assert_refused(reply, "response_timeout", "www.plain.test", origin.port, "http")
        assert rest == b""
