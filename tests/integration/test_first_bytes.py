# SPDX-License-Identifier: Apache-2.0
"""ATTACKS, "TLS and tunnels": what a tunnel's first bytes give away. A tunnel that fails ends after
its 200, with its own reason, and the origin has a connection but not one byte."""

import socket
import ssl
import struct

import pytest

import hello as h
import record
from gate import assert_refused
from origin import Origin, answering, echoing, ok, recording

NAME = "www.allowed.test"


def tunnel(gate, origin, first, name=NAME, apart=None):
    """Opens a tunnel, sends `first`, and returns what came back until the end."""
    with gate.wire() as wire:
        assert wire.connect(f"{name}:{origin.port}").status == 200
        wire.send_apart(first, apart) if apart else wire.try_send(first)
        return wire.rest()


def handshake(*extensions, **more):
    return h.records(h.handshake(*extensions, h.versions(), **more))


def sni(*entries):
    return handshake(h.extension(h.SERVER_NAME, h.name_list(*entries)))


ENDS = {
    # another name
    "another listed name": (h.hello("api.allowed.test"), "sni_mismatch"),
    "an unlisted name": (h.hello("evil.test"), "sni_mismatch"),
    "a name below": (h.hello("x.www.allowed.test"), "sni_mismatch"),
    "the name above": (h.hello("allowed.test"), "sni_mismatch"),
    "ech with a foreign outer name": (h.hello("cloudflare-ech.com", h.ech()), "sni_mismatch"),
    # no name
    "no sni": (h.hello(None), "sni_missing"),
    "no sni but ech": (h.hello(None, h.ech()), "sni_missing"),
    "no extensions": (h.records(h.handshake()), "sni_missing"),
    # a name that is none
    "nul in sni": (h.hello(b"evil.test\0.allowed.test"), "hello_malformed"),
    "nul after sni": (h.hello(b"www.allowed.test\0"), "hello_malformed"),
    "newline in sni": (h.hello(b"www.allowed.test\r\nX: y"), "hello_malformed"),
    "utf-8 in sni": (h.hello("wwẃ.allowed.test".encode()), "sni_mismatch"),
    "empty name": (h.hello(b""), "hello_malformed"),
    "empty list": (handshake(h.extension(h.SERVER_NAME, b"\0\0")), "hello_malformed"),
    "empty extension": (handshake(h.extension(h.SERVER_NAME, b"")), "hello_malformed"),
    "two names": (
        sni(h.name_entry(NAME.encode()), h.name_entry(b"evil.test")),
        "hello_malformed",
    ),
    "same name twice": (
        sni(h.name_entry(NAME.encode()), h.name_entry(NAME.encode())),
        "hello_malformed",
    ),
    "unknown name type": (sni(h.name_entry(NAME.encode(), kind=7)), "hello_malformed"),
    "ip literal": (h.hello("127.0.0.1"), "sni_mismatch"),
    "ipv6 literal": (h.hello("::1"), "sni_mismatch"),
    "trailing byte in the list": (
        handshake(h.extension(h.SERVER_NAME, h.name_list(h.name_entry(NAME.encode())) + b"x")),
        "hello_malformed",
    ),
    "trailing byte in the name": (
        handshake(h.extension(h.SERVER_NAME, h.name_list(h.name_entry(NAME.encode()) + b"x"))),
        "hello_malformed",
    ),
    "duplicate extension": (
        handshake(h.server_name(NAME), h.server_name(NAME)),
        "hello_malformed",
    ),
    "duplicate extension, other name": (
        handshake(h.server_name(NAME), h.server_name("evil.test")),
        "hello_malformed",
    ),
    "duplicate of another extension": (
        handshake(h.server_name(NAME), h.extension(h.ALPN, b"\0\3\2h2"), h.extension(h.ALPN, b"\0\3\2h2")),
        "hello_malformed",
    ),
    # a hello that is none
    "length too long": (
        h.record(b"\x01\xff\xff\xff" + bytes(100)),
        "hello_too_large",
    ),
    "length too short": (
        h.records(h.handshake(h.server_name(NAME), h.versions(), length=60)),
        "hello_malformed",
    ),
    "empty record": (
        h.record(b"") + h.hello(NAME),
        "hello_malformed",
    ),
    "server hello": (h.record(b"\x02" + h.handshake(h.server_name(NAME))[1:]), "hello_malformed"),
    "record type changes": (
        h.record(h.handshake(h.server_name(NAME))[:50]) + h.record(b"\x02\x28", kind=21),
        "hello_malformed",
    ),
    "record of 20000 bytes": (b"\x16\x03\x01" + struct.pack("!H", 20000) + bytes(20000), None),
    "17 KiB of hello": (h.records(h.padded(NAME, 17 * 1024)), "hello_too_large"),
    # no TLS
    "sslv2": (b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + bytes(37), "not_tls"),
    "alert first": (h.record(b"\x02\x28", kind=21), "not_tls"),
    "application data first": (h.record(b"GET / HTTP/1.1", kind=23), "not_tls"),
    "ssh": (b"SSH-2.0-x\r\n", "not_tls"),
    "http": (b"GET / HTTP/1.1\r\nHost: www.allowed.test\r\n\r\n", "not_tls"),
    "http/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "not_tls"),
    "nested connect": (b"CONNECT evil.test:443 HTTP/1.1\r\n\r\n", "not_tls"),
    "zeros": (bytes(600), "not_tls"),
    "smtp": (b"EHLO x\r\n", "not_tls"),
}


@pytest.mark.parametrize("attack", ENDS)
@pytest.mark.parametrize("apart", [None, 1], ids=["whole", "byte by byte"])
def test_tunnel_ends(gate, attack, apart):
    first, word = ENDS[attack]
    if apart and len(first) > 1000:
        apart = 997
    words = [word] if word else ["hello_malformed", "hello_too_large"]
    with Origin(recording) as origin, gate.one_ending(*words) as found:
        assert tunnel(gate, origin, first, apart=apart) == b""
        assert origin.settled()[0].received == b""
    assert found.record.host == NAME
    assert "\n" not in found.record.line
    assert "\0" not in found.record.line


CUTS = {
    "20-byte records": 20,
    "5-byte records": 5,
    "one byte each": 1,
    "inside the name": len(h.handshake()) + 12,
    "all but the last byte": len(h.handshake(h.server_name(NAME), h.versions())) - 1,
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("apart", [None, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("name", [NAME, "evil.test"], ids=["right", "wrong"])
def test_cut_hello_gets_the_same_verdict(gate, cut, apart, name):
    first = h.hello(name, size=CUTS[cut])
    if name == NAME:
        with Origin(recording) as origin, gate.wire() as wire:
            assert wire.connect(f"{NAME}:{origin.port}").status == 200
            wire.send_apart(first, apart) if apart else wire.send(first)
            wire.shutdown()
            assert wire.rest() == b""
            assert origin.settled()[0].received == first
    else:
        with Origin(recording) as origin, gate.one_ending("sni_mismatch"):
            assert tunnel(gate, origin, first, apart=apart) == b""
            assert origin.settled()[0].received == b""


PASSES = {
    "plain": h.hello(NAME),
    "upper case": h.hello("WWW.Allowed.TEST"),
    "grease ech": h.hello(NAME, h.ech()),
    "alpn": h.hello(NAME, h.extension(h.ALPN, b"\0\x0c\x02h2\x08http/1.1")),
    "2 KB": h.records(h.padded(NAME, 2048)),
    "16 KB": h.records(h.padded(NAME, 16 * 1024 - 64)),
    "16 KB in small records": h.records(h.padded(NAME, 16 * 1024 - 1024), size=512),
    "what openssl says": h.real(NAME),
}


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("apart", [None, 13], ids=["whole", "in pieces"])
def test_passes_unchanged(gate, kind, apart):
    """What is let through is exactly what was sent, with everything after it."""
    sent = PASSES[kind] + b"and what follows"
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"{NAME}:{origin.port}").status == 200
        wire.send_apart(sent, apart) if apart else wire.send(sent)
        wire.shutdown()
        assert wire.rest() == b""
        assert origin.settled()[0].received == sent


@pytest.mark.parametrize("size", [7, 100, 16384])
def test_real_handshake_with_a_cut_hello(gate, certificates, size):
    """OpenSSL's own hello, cut anew into records: the handshake still succeeds end to end."""
    context = certificates.client()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=NAME)

    def advance(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                wire.send(outgoing.read())
                data = wire.recv(65536)
                assert data, "the tunnel ended"
                incoming.write(data)

    with Origin(echoing, certificates.server()) as origin, gate.wire() as wire:
        assert wire.connect(f"{NAME}:{origin.port}").status == 200
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        first = outgoing.read()
        wire.send(h.records(first[5:], size))
        advance(tls.do_handshake)
        tls.write(b"through")
        assert advance(lambda: tls.read(100)) == b"through"


def test_real_client_with_another_name_is_cut(gate, certificates):
    with Origin(answering(ok()), certificates.server()) as origin:
        with gate.one_ending("sni_mismatch"), gate.wire() as wire:
            assert wire.connect(f"{NAME}:{origin.port}").status == 200
            with pytest.raises((ssl.SSLError, OSError)):
                wire.handshake("api.allowed.test", certificates.client())
        assert origin.settled()[0].received == b""


def test_silent_client_meets_the_deadline(gate):
    """The server speaks first: not one of its bytes reaches a client that has not been judged."""

    def greet(peer):
        peer.send(b"220 origin ready\r\n")
        recording(peer)

    with Origin(greet) as origin, gate.one_ending("hello_timeout"):
        assert tunnel(gate, origin, b"") == b""
        assert origin.settled()[0].received == b""


def test_half_a_hello_meets_the_deadline(gate):
    with Origin(recording) as origin, gate.one_ending("hello_timeout"):
        assert tunnel(gate, origin, h.hello(NAME)[:-1]) == b""
        assert origin.settled()[0].received == b""


def test_client_that_closes_before_its_hello(gate):
    with Origin(recording) as origin:
        mark = gate.records.mark()
        with gate.wire() as wire:
            assert wire.connect(f"{NAME}:{origin.port}").status == 200
        origin.settled()
        gate.records.wait(lambda r: r.name == record.CLOSED and r.reason == "client_closed", mark)
        assert origin.received == b""


def test_half_close_within_the_hello(gate):
    """The rest of the hello can never come: the tunnel ends without waiting for the deadline."""
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"{NAME}:{origin.port}").status == 200
        wire.send(h.hello(NAME)[:40]).shutdown()
        assert wire.rest() == b""
        assert origin.settled()[0].received == b""


def test_named_target_on_a_plain_port_must_speak_http(gate):
    """TLS inside a CONNECT to an http port is not HTTP."""
    with Origin(recording) as origin, gate.one_ending("bad_request", "version_refused"):
        with gate.wire() as wire:
            assert wire.connect(f"www.plain.test:{origin.port}").status == 200
            wire.try_send(h.hello("www.plain.test"))
            wire.rest()
        assert origin.received == b""


def test_port_80_is_plain_by_default(gate):
    """Port 80 without a protocol: HTTP is parsed, and what it names is judged."""
    gate.dns.zone["example.com"] = gate.dns.zone["public.test"]
    with gate.one_ending("resolved_local"):
        reply, _ = gate.ask(b"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n")
        assert_refused(reply, "resolved_local", "example.com", 80, "https_connect")


def test_sni_of_a_literal_may_be_absent_but_not_foreign(start):
    """A literal is not a name: any SNI in its tunnel names something else."""
    gate = start({"network": {"allowed_domains": ["127.0.0.1:*"]}})
    with Origin(recording) as origin, gate.one_ending("sni_mismatch"):
        assert tunnel(gate, origin, h.hello("evil.test"), name="127.0.0.1") == b""
        assert origin.settled()[0].received == b""


def test_urgent_data_does_not_confuse(gate):
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"{NAME}:{origin.port}").status == 200
        first = h.hello(NAME)
        wire.send(first)
        wire.socket.send(b"!", socket.MSG_OOB)
        wire.send(b"after").shutdown()
        wire.rest()
        assert origin.settled()[0].received.startswith(first)
