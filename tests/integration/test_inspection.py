# SPDX-License-Identifier: Apache-2.0
"""Tunnels that a rule looks into: limited mode wants it, so all of these proxies are in it."""

import hashlib
import os
import ssl
import stat
import subprocess
import threading

import pytest

import clients
import h2_client
import record
import site_files
from conftest import PATIENT
from gate import assert_refused
from h2_client import Client
from message import Malformed
from origin import Origin, answering, ok, recording

HOST = "www.allowed.test"
FILES = "files.allowed.test"


class Trust:
    """What clients believe: the proxy's own bundle."""

    def __init__(self, proxy, certificates):
        directory = os.path.join(proxy.directory, "state", "ca")
        self.ca = os.path.join(directory, "bundle.pem")
        self.key = os.path.join(directory, "authority.pem")
        self.spki = certificates.spki

    def client(self, *protocols):
        context = ssl.create_default_context(cafile=self.ca)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context


@pytest.fixture(scope="module")
def limited(start, certificates):
    gate = start(
        {
            "network": {"mode": "limited"},
            "tls": {"extra_roots": certificates.ca},
            "timeouts": PATIENT,
        }
    )
    gate.trust = Trust(gate.proxy, certificates)
    return gate


def inside(gate, origin, host=HOST, protocols=("http/1.1",), trust=None):
    """A wire whose tunnel was opened, with TLS to whoever answers there."""
    wire = gate.wire()
    assert wire.connect(f"{host}:{origin.port}").status == 200
    return wire.handshake(host, trust or gate.trust.client(*protocols))


def request(method, host, port, *fields, body=b"", path="/"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_reading_passes_and_writing_does_not(limited, certificates):
    with Origin(answering(ok(), ok()), certificates.server()) as origin:
        with limited.one_ending("mode_limited", name=record.DECISION):
            with inside(limited, origin) as wire:
                assert wire.socket.selected_alpn_protocol() == "http/1.1"
                for method in (b"GET", b"HEAD"):
                    wire.send(request(method.decode(), HOST, origin.port))
                    assert wire.reply(method).status == 200
                wire.send(request("POST", HOST, origin.port, body=b"secret"))
                assert_refused(wire.reply(), "mode_limited", HOST, origin.port, "https_connect")
        # One connection served both, and never saw the third.
        assert [r.method for r in origin.requests] == [b"GET", b"HEAD"]
        assert b"secret" not in origin.received
        assert len(origin.peers) == 1


def test_leaf_is_for_the_name_alone(limited, certificates):
    with Origin(answering(ok()), certificates.server()) as origin:
        with inside(limited, origin) as wire:
            leaf = wire.socket.getpeercert()
            wire.send(request("GET", HOST, origin.port, "Connection: close"))
            assert wire.reply().status == 200
    assert leaf["subjectAltName"] == (("DNS", HOST),)


@pytest.mark.parametrize("host", ["other.allowed.test", "denied.test", HOST + ".evil.test"])
def test_another_host_inside_is_misdirected(limited, certificates, host):
    with Origin(answering(ok()), certificates.server()) as origin:
        with limited.one_ending("misdirected", name=record.DECISION):
            with inside(limited, origin) as wire:
                wire.send(request("GET", host, origin.port))
                assert_refused(wire.reply(), "misdirected", HOST, origin.port, "https_connect")
        assert not origin.requests


@pytest.mark.parametrize("target", ["http://www.allowed.test/", "https://www.allowed.test/"])
def test_absolute_form_inside_is_misdirected(limited, certificates, target):
    with Origin(answering(ok()), certificates.server()) as origin:
        with limited.one_ending("misdirected", name=record.DECISION):
            with inside(limited, origin) as wire:
                wire.send(request("GET", HOST, origin.port, path=target))
                assert_refused(wire.reply(), "misdirected", HOST, origin.port, "https_connect")
        assert not origin.requests


def wrong(certificates, stem, *arguments, names=(HOST,)):
    """A server context with a certificate that is wrong in some way."""
    directory = certificates.directory
    extensions = directory / f"{stem}.cnf"
    extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\n")
    subprocess.run(
        [
            *"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
            *["-subj", f"/CN={stem}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr"],
        ],
        cwd=directory,
        check=True,
        capture_output=True,
    )
    subprocess.run(
        [
            *["openssl", "x509", "-req", "-in", f"{stem}.csr", "-extfile", extensions.name],
            *["-out", f"{stem}.pem", *arguments],
        ],
        cwd=directory,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / f"{stem}.pem", directory / f"{stem}.key")
    return context


SIGNED = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
WRONG = {
    "upstream_certificate_wrong_name": ((*SIGNED, "-days", "2"), ("elsewhere.test",)),
    "upstream_certificate_expired": ((*SIGNED, "-days", "-1"), (HOST,)),
    "upstream_certificate_self_signed": (("-signkey", "SELF.key", "-days", "2"), (HOST,)),
}


@pytest.mark.parametrize("word", WRONG)
def test_wrong_upstream_is_told_inside(limited, certificates, word):
    arguments, names = WRONG[word]
    stem = word.rsplit("_", 1)[-1]
    arguments = [a.replace("SELF", stem) for a in arguments]
    context = wrong(certificates, stem, *arguments, names=names)
    with Origin(recording, context) as origin, limited.one_ending(word):
        with inside(limited, origin) as wire:
            wire.send(request("GET", HOST, origin.port, "Authorization: Bearer secret"))
            assert_refused(wire.reply(), word, HOST, origin.port, "https_connect")
        assert b"secret" not in origin.received


def test_plaintext_upstream_is_told_inside(limited):
    def script(peer):
        peer.recv(65536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with Origin(script) as origin, limited.one_ending("upstream_tls_malformed"):
        with inside(limited, origin) as wire:
            wire.send(request("GET", HOST, origin.port))
            assert_refused(
                wire.reply(), "upstream_tls_malformed", HOST, origin.port, "https_connect"
            )


def test_client_without_our_ca_is_recorded(limited, certificates):
    with Origin(recording, certificates.server()) as origin:
        with limited.one_ending("client_distrusts_ca"):
            with pytest.raises(ssl.SSLError):
                inside(limited, origin, trust=ssl.create_default_context())
        assert not origin.received


def test_client_of_h2_alone_is_told_of_a_host_without(limited, certificates):
    with Origin(recording, certificates.server()) as origin:
        with limited.one_ending("upstream_tls_no_protocol"):
            with Client(inside(limited, origin, protocols=("h2",))) as client:
                heard = client.get(f"{HOST}:{origin.port}", "/")
                h2_client.assert_refused(heard, "upstream_tls_no_protocol", HOST, origin.port)
        assert not origin.received


def test_client_of_unknown_protocols_ends(limited, certificates):
    with Origin(recording, certificates.server()) as origin:
        with limited.one_ending("client_tls_no_protocol"):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                inside(limited, origin, protocols=("spdy/3",))


def test_upstream_that_closed_is_dialled_anew(limited, certificates):
    close = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    with Origin(answering(close), certificates.server()) as origin:
        with inside(limited, origin) as wire:
            for _ in range(3):
                wire.send(request("GET", HOST, origin.port))
                assert wire.reply().body == b"ok"
        assert len(origin.peers) == 3


def test_truncated_response_is_no_whole_one(limited, certificates):
    """A response that lasts until the close, cut without close_notify."""

    def script(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")
        os.close(peer.socket.detach())

    with Origin(script, certificates.server()) as origin:
        with inside(limited, origin) as wire:
            wire.send(request("GET", HOST, origin.port))
            with pytest.raises(Malformed):
                wire.reply()


@pytest.mark.parametrize("size", [1, 16384, 16385, 3_000_000])
def test_whole_bodies_come_through(limited, certificates, size):
    body = os.urandom(size)
    with Origin(answering(ok(body)), certificates.server()) as origin:
        with inside(limited, origin) as wire:
            wire.send(request("GET", HOST, origin.port))
            assert hashlib.sha256(wire.reply().body).digest() == hashlib.sha256(body).digest()


def test_request_byte_by_byte(limited, certificates):
    with Origin(answering(ok()), certificates.server()) as origin:
        with inside(limited, origin) as wire:
            wire.send_apart(request("GET", HOST, origin.port))
            assert wire.reply().body == b"ok"


def test_upgrade_becomes_a_tunnel(limited, certificates):
    def script(peer):
        peer.request()
        peer.send(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        while data := peer.recv(65536):
            peer.send(data)

    with Origin(script, certificates.server()) as origin:
        with inside(limited, origin) as wire:
            fields = ("Connection: Upgrade", "Upgrade: websocket")
            wire.send(request("GET", HOST, origin.port, *fields))
            assert wire.reply().status == 101
            sent = os.urandom(200_000)
            wire.send(sent)
            got = b""
            while len(got) < len(sent):
                got += wire.recv(65536)
            assert got == sent


def test_authority_is_only_ours_to_read(limited):
    assert stat.S_IMODE(os.stat(limited.trust.key).st_mode) == 0o600
    with open(limited.trust.ca, encoding="utf-8") as bundle:
        assert "PRIVATE" not in bundle.read()


@pytest.mark.parametrize("address", ["127.0.0.1"])
def test_leaf_for_an_address(start, certificates, address):
    gate = start(
        {
            "network": {"mode": "limited", "allowed_domains": [f"{address}:*"]},
            "tls": {"extra_roots": certificates.ca},
        }
    )
    trust = Trust(gate.proxy, certificates)
    with Origin(answering(ok()), certificates.server()) as origin:
        with inside(gate, origin, host=address, trust=trust.client()) as wire:
            assert wire.socket.getpeercert()["subjectAltName"] == (("IP Address", address),)
            wire.send(request("GET", address, origin.port))
            assert wire.reply().status == 200


CLIENTS = {
    "curl": clients.curl,
    "wget": clients.wget,
    "git": clients.git,
    "pip": clients.pip,
    "npm": clients.npm,
    "requests": clients.python_requests,
    "aiohttp": clients.python_aiohttp,
    "undici": clients.undici,
    "node": clients.node_env,
    "go": clients.go,
}


def test_upstream_that_reset_before_tls_is_told_inside(limited):
    """Its reset was there before the first byte of ours could be written."""
    opened = threading.Event()

    def script(peer):
        assert opened.wait(10)
        peer.reset()

    with Origin(script) as origin, limited.one_ending("upstream_tls_failed"):
        with limited.wire() as wire:
            assert wire.connect(f"{HOST}:{origin.port}").status == 200
            opened.set()
            origin.settled()
            wire.handshake(HOST, limited.trust.client("http/1.1"))
            wire.send(request("GET", HOST, origin.port))
            assert_refused(wire.reply(), "upstream_tls_failed", HOST, origin.port, "https_connect")


@pytest.fixture(scope="module")
def desk(limited, furnish):
    desk = furnish(limited, FILES)
    desk.certificates = limited.trust
    return desk


@pytest.mark.parametrize("name", CLIENTS)
def test_real_clients_read_through_it(desk, name):
    mark = desk.gate.records.mark()
    done, said = CLIENTS[name](desk, FILES)
    assert done and site_files.MARK in said, said
    methods = desk.gate.records.wait(
        lambda r: r.name == record.DECISION and r.get("http.request.method") == "GET", mark
    )
    assert {r.decision for r in methods} == {"allow"}
