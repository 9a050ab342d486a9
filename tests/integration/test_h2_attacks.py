# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 that means harm, from the client and from the upstream: bounded, with a reason, and nothing
of it on the other side."""

import struct

import pytest

import record
from h2_client import assert_refused
from h2_origin import H2Origin, Script
from test_h2_streams import (  # pylint: disable=unused-import
    CANCEL,
    HOST,
    PROTOCOL_ERROR,
    authority,
    inside,
    quick,
    seen,
    wait,
)

FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, CALM = 3, 6, 9, 11
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def lenient(gate, origin, **settings):
    """A client that checks nothing of what it sends."""
    return inside(gate, origin.port, HOST, strict=False, **settings)


def flooded(client, data, times):
    """Sends it again and again until the proxy has had enough."""
    try:
        for _ in range(times):
            client.raw(data)
    except OSError:
        pass
    hear_the_end(client)


def hear_the_end(client):
    """What came before the reset that the client's unread bytes may have caused."""
    try:
        client.listen(lambda: client.closed)
    except OSError:
        client.closed = True


# ---- the client's connection -----------------------------------------------------------------


def test_rapid_reset(seen, certificates):
    class Silent(Script):
        def on_end(self, speaker, asked):
            pass

    with H2Origin(certificates, Silent()) as origin, seen.one_ending("client_h2_resets"):
        with lenient(seen, origin) as client:
            try:
                for _ in range(400):
                    client.h2.reset_stream(client.ask("GET", authority(origin), "/"), CANCEL)
                    client.flush()
            except OSError:
                pass
            hear_the_end(client)
            assert client.went_away is None or client.went_away[0] == CALM
        assert len(origin.asked) <= 260


FLOODS = {
    "pings": frame(PING, 0, b"12345678"),
    "settings": frame(SETTINGS, 0),
    "priorities": frame(PRIORITY, 99, struct.pack(">IB", 0, 1)),
    "unknown frames": frame(0xFA, 0, b"x"),
    "windows": frame(WINDOW_UPDATE, 0, struct.pack(">I", 1)),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods(seen, certificates, name):
    with H2Origin(certificates) as origin, seen.one_ending("client_h2_flood"):
        with lenient(seen, origin) as client:
            flooded(client, FLOODS[name] * 100, 40)
            assert client.closed
        assert not origin.asked


def test_flood_of_empty_data(seen, certificates):
    with H2Origin(certificates) as origin, seen.one_ending("client_h2_flood"):
        with lenient(seen, origin) as client:
            stream = client.ask("POST", authority(origin), "/", ended=False)
            flooded(client, frame(DATA, stream) * 100, 40)
            assert client.closed


def test_flood_of_continuations(seen, certificates):
    with H2Origin(certificates) as origin, seen.one_ending("client_h2_flood"):
        with lenient(seen, origin) as client:
            client.raw(frame(HEADERS, 1, b"\x82"))
            flooded(client, frame(CONTINUATION, 1), 40)
            assert client.closed
        assert not origin.asked


BROKEN = {
    "even stream": (frame(HEADERS, 2, b"\x82", 5), PROTOCOL_ERROR),
    "stream 0": (frame(HEADERS, 0, b"\x82", 5), PROTOCOL_ERROR),
    "data on an idle stream": (frame(DATA, 5, b"x"), PROTOCOL_ERROR),
    "reset of an idle stream": (frame(RST, 5, bytes(4)), PROTOCOL_ERROR),
    "too large a frame": (frame(DATA, 1, bytes(16385)), FRAME_SIZE_ERROR),
    "short ping": (frame(PING, 0, b"1234"), FRAME_SIZE_ERROR),
    "odd settings": (frame(SETTINGS, 0, b"12345"), FRAME_SIZE_ERROR),
    "window of 2^31": (frame(WINDOW_UPDATE, 0, struct.pack(">I", 0x7FFFFFFF)), FLOW_CONTROL_ERROR),
    "no window": (frame(WINDOW_UPDATE, 0, bytes(4)), PROTOCOL_ERROR),
    "setting out of range": (frame(SETTINGS, 0, struct.pack(">HI", 4, 1 << 31)), FLOW_CONTROL_ERROR),
    "push": (frame(PUSH, 1, struct.pack(">I", 2) + b"\x82", 4), PROTOCOL_ERROR),
    "continuation of nothing": (frame(CONTINUATION, 1, b"\x82", 4), PROTOCOL_ERROR),
    "index out of the table": (frame(HEADERS, 1, b"\xff\xff\xff\x0f", 5), COMPRESSION_ERROR),
    "frame between head and continuation": (
        frame(HEADERS, 1, b"\x82", 1) + frame(PING, 0, bytes(8)),
        PROTOCOL_ERROR,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_frames_end_the_connection(seen, certificates, name):
    data, code = BROKEN[name]
    with H2Origin(certificates) as origin, seen.one_ending("client_h2_malformed"):
        with lenient(seen, origin) as client:
            client.raw(data)
            hear_the_end(client)
            assert client.went_away[0] == code
        assert not origin.asked


def test_stream_numbers_never_fall(seen, certificates):
    """A number that was passed over is one of a closed stream."""
    with H2Origin(certificates) as origin, lenient(seen, origin) as client:
        client.h2.highest_outbound_stream_id = 7
        assert client.get(authority(origin), "/").status == 200
        client.raw(frame(HEADERS, 5, b"\x82\x87\x84\x01\x01a", 5))
        assert client.get(authority(origin), "/").status == 200
        assert [asked.stream for asked in origin.asked] == [1, 3]


def test_more_than_the_window(seen, certificates):
    class Slow(Script):
        def on_data(self, speaker, asked, size):
            pass

    with H2Origin(certificates, Slow()) as origin, lenient(seen, origin) as client:
        stream = client.ask("POST", authority(origin), "/", ended=False)
        for _ in range(17):
            client.raw(frame(DATA, stream, bytes(16384)))
        assert client.heard(stream).reset == FLOW_CONTROL_ERROR
        wait(lambda: origin.asked and origin.asked[0].reset is not None)


def test_no_preface(seen, certificates):
    import test_inspection as inspection  # pylint: disable=import-outside-toplevel

    with H2Origin(certificates) as origin, seen.one_ending("client_h2_malformed"):
        with inspection.inside(seen, origin, HOST, protocols=("h2",)) as wire:
            wire.send(b"GET / HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n\r\n")
            while wire.recv(65536):
                pass
        assert not origin.asked


# ---- heads -----------------------------------------------------------------------------------


def head(origin, changes=(), **replaced):
    fields = {
        ":method": "GET",
        ":scheme": "https",
        ":authority": authority(origin),
        ":path": "/",
        **{f":{name}": value for name, value in replaced.items()},
    }
    return [(k, v) for k, v in fields.items() if v is not None] + list(changes)


MALFORMED = {
    "upper-case name": dict(changes=[("X-A", "1")]),
    "space in a name": dict(changes=[("x a", "1")]),
    "line end in a value": dict(changes=[("x-a", "1\r\nx-b: 2")]),
    "nul in a value": dict(changes=[("x-a", "1\x00")]),
    "connection": dict(changes=[("connection", "close")]),
    "transfer-encoding": dict(changes=[("transfer-encoding", "chunked")]),
    "upgrade": dict(changes=[("upgrade", "websocket")]),
    "keep-alive": dict(changes=[("keep-alive", "1")]),
    "te": dict(changes=[("te", "gzip")]),
    "two lengths": dict(changes=[("content-length", "0"), ("content-length", "0")]),
    "odd length": dict(changes=[("content-length", "+0")]),
    "length without content": dict(changes=[("content-length", "5")]),
    "two paths": dict(changes=[(":path", "/b")]),
    "pseudo field behind others": dict(changes=[("a", "b"), (":path", "/b")], path=None),
    "unknown pseudo field": dict(changes=[(":odd", "1")]),
    "response's pseudo field": dict(changes=[(":status", "200")]),
    "no method": dict(method=None),
    "no scheme": dict(scheme=None),
    "no path": dict(path=None),
    "empty path": dict(path=""),
    "relative path": dict(path="a"),
    "space in the path": dict(path="/a b"),
    "odd method": dict(method="GE(T"),
    "no authority": dict(authority=None),
    "protocol without leave": dict(changes=[(":protocol", "websocket")], method="CONNECT"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_heads_are_reset(seen, certificates, name):
    with H2Origin(certificates) as origin:
        with lenient(seen, origin) as client:
            with seen.one_ending("bad_request", name=record.DECISION):
                stream = client.send_head(head(origin, **MALFORMED[name]))
                assert client.heard(stream).reset == PROTOCOL_ERROR
                client.wire.close()
        assert not origin.asked


REFUSED = {
    "http inside TLS": ("misdirected", dict(scheme="http")),
    "another Host": ("misdirected", dict(changes=[("host", "evil.test")])),
    "user in the authority": ("bad_target", dict(authority=f"a@{HOST}:443")),
    "percent in the authority": ("bad_target", dict(authority=f"{HOST}%2e:443")),
    "port 0": ("bad_target", dict(authority=f"{HOST}:0")),
    "trace": ("method_refused", dict(method="TRACE")),
    "connect": ("method_refused", dict(method="CONNECT", scheme=None, path=None)),
    "no way on": ("method_refused", dict(method="OPTIONS", changes=[("max-forwards", "0")])),
    "fragment": ("bad_request", dict(path="/a#b")),
    "beyond ASCII": ("bad_request", dict(path="/caf\xe9")),
    "other expectation": ("expectation_failed", dict(changes=[("expect", "tea")])),
    "101 fields": ("head_too_large", dict(changes=[(f"x-{n}", "1") for n in range(101)])),
    "64 KiB of fields": ("head_too_large", dict(changes=[("x-a", "a" * 4000)] * 17)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_heads_are_answered(seen, certificates, name):
    word, changes = REFUSED[name]
    with H2Origin(certificates) as origin:
        with lenient(seen, origin) as client:
            with seen.one_ending(word, name=record.DECISION):
                heard = client.heard(client.send_head(head(origin, **changes)))
                assert_refused(heard, word, HOST, origin.port)
                client.wire.close()
        assert not origin.asked


def test_bomb_of_fields_is_refused_cheaply(seen, certificates):
    """Four kilobytes in the table, and many names for them (CVE-2016-1544, -6581)."""
    with H2Origin(certificates) as origin:
        with lenient(seen, origin) as client:
            name = authority(origin).encode()
            bomb = b"\x82\x87\x84\x01" + bytes([len(name)]) + name
            bomb += b"\x40\x01a" + b"\x7f\x81\x1e" + b"x" * 3968 + b"\xbe" * 8000
            with seen.one_ending("head_too_large", name=record.DECISION):
                stream = client.reserve()
                client.raw(frame(HEADERS, stream, bomb, 5))
                assert client.heard(stream).status == 431
                client.wire.close()
        assert not origin.asked


def test_content_beyond_its_length(seen, certificates):
    with H2Origin(certificates) as origin:
        with lenient(seen, origin) as client:
            fields = head(origin, [("content-length", "3")], method="POST")
            stream = client.send_head(fields, ended=False)
            client.raw(frame(DATA, stream, b"1234", 1))
            assert client.heard(stream).reset == PROTOCOL_ERROR
        wait(lambda: not origin.asked or origin.asked[0].reset is not None)


# ---- time ------------------------------------------------------------------------------------


def test_head_that_never_ends(quick, certificates):
    with H2Origin(certificates) as origin, quick.one_ending("head_timeout"):
        with lenient(quick, origin) as client:
            client.raw(frame(HEADERS, 1, b"\x82", 1))
            while client.wire.recv(65536):
                pass
        assert not origin.asked


def test_window_that_never_opens(quick, certificates):
    with H2Origin(certificates) as origin, quick.one_ending("response_timeout"):
        with lenient(quick, origin, INITIAL_WINDOW_SIZE=0) as client:
            heard = client.get(authority(origin), "/")
            assert heard.status == 200 and heard.reset == CANCEL


def test_client_that_reads_nothing(quick, certificates):
    class Large(Script):
        def on_end(self, speaker, asked):
            speaker.h2.send_headers(asked.stream, [(":status", "200")])
            room = speaker.h2.local_flow_control_window(asked.stream)
            while room:
                part = min(room, 16384)
                speaker.h2.send_data(asked.stream, bytes(part))
                room -= part

    with H2Origin(certificates, Large()) as origin:
        with quick.one_ending("response_timeout", "idle"):
            with lenient(quick, origin, INITIAL_WINDOW_SIZE=1 << 30) as client:
                client.raw(frame(WINDOW_UPDATE, 0, struct.pack(">I", 1 << 30)))
                for _ in range(60):
                    client.ask("GET", authority(origin), "/")
                wait(lambda: quick.proxy.sessions() == 0, 8)


# ---- the upstream ----------------------------------------------------------------------------


class Raw(Script):
    """Answers with bytes."""

    def __init__(self, data):
        self.data = data

    def on_end(self, speaker, asked):
        data = self.data(asked.stream) if callable(self.data) else self.data
        speaker.flush()
        speaker.raw(data)


ANSWERS = {
    "upper-case name": lambda s: frame(HEADERS, s, b"\x88\x40\x01A\x01b", 5),
    "no status": lambda s: frame(HEADERS, s, b"\x40\x01a\x01b", 5),
    "status of two digits": lambda s: frame(HEADERS, s, b"\x48\x0220", 5),
    "status in letters": lambda s: frame(HEADERS, s, b"\x48\x03abc", 5),
    "connection": lambda s: frame(HEADERS, s, b"\x88\x40\x0aconnection\x01x", 5),
    "switching protocols": lambda s: frame(HEADERS, s, b"\x48\x03101", 4),
    "length without content": lambda s: frame(HEADERS, s, b"\x88\x5c\x015", 5),
    "content without a head": lambda s: frame(DATA, s, b"x", 1),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_bad_responses(seen, certificates, name):
    with H2Origin(certificates, Raw(ANSWERS[name])) as origin:
        with seen.one_ending("bad_response", "upstream_h2_malformed"):
            with lenient(seen, origin) as client:
                heard = client.get(authority(origin), "/")
                assert heard.status == 502 and heard.json()["decision"] == "allow"


UPSTREAM_BROKEN = {
    "push": lambda s: frame(PUSH, s, struct.pack(">I", 2) + b"\x82\x87\x84\x41\x01a", 4),
    "even stream": lambda s: frame(HEADERS, 2, b"\x88", 5),
    "too large a frame": lambda s: frame(DATA, s, bytes(16385)),
    "not HTTP/2": lambda s: b"HTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("name", UPSTREAM_BROKEN)
def test_broken_upstreams_end_the_tunnel(seen, certificates, name):
    with H2Origin(certificates, Raw(UPSTREAM_BROKEN[name])) as origin:
        with seen.one_ending("upstream_h2_malformed"):
            with lenient(seen, origin) as client:
                heard = client.get(authority(origin), "/")
                assert_refused(heard, "upstream_h2_malformed", HOST, origin.port)
                client.listen(lambda: client.closed)
                assert client.went_away[0] == 0


@pytest.mark.parametrize("name", FLOODS)
def test_floods_of_the_upstream(seen, certificates, name):
    def flood(_):
        return FLOODS[name] * 3000

    with H2Origin(certificates, Raw(flood)) as origin, seen.one_ending("upstream_h2_flood"):
        with lenient(seen, origin) as client:
            heard = client.get(authority(origin), "/")
            assert_refused(heard, "upstream_h2_flood", HOST, origin.port)


def test_head_of_a_response_is_bounded(seen, certificates):
    def large(stream):
        field = b"\x00\x01a\x7f\x81\x1e" + b"x" * 3968
        blocks = [field * 4] * 5
        frames = [frame(HEADERS, stream, b"\x88", 0)]
        frames += [frame(CONTINUATION, stream, block) for block in blocks[:-1]]
        return b"".join([*frames, frame(CONTINUATION, stream, blocks[-1], 4)])

    with H2Origin(certificates, Raw(large)) as origin:
        with seen.one_ending("response_too_large"):
            with lenient(seen, origin) as client:
                heard = client.get(authority(origin), "/")
                assert_refused(heard, "response_too_large", HOST, origin.port)
