# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 inside tunnels that are looked into: real clients and servers."""

import pytest

import record
import test_inspection as inspection
from clients import need
from h2_client import Client, assert_refused
from conftest import PATIENT

HOST = "files.allowed.test"
RULES = [
    {"domain": "*.allowed.test", "paths": ["/secret/"], "action": "deny"},
    {"domain": "*.allowed.test", "paths": ["/shown/"], "action": "deny", "record_path": True},
]


@pytest.fixture(scope="module")
def seen(start, certificates):
    gate = start(
        {
            "network": {"rules": RULES},
            "tls": {"extra_roots": certificates.ca},
            "timeouts": PATIENT,
        }
    )
    gate.trust = inspection.Trust(gate.proxy, certificates)
    return gate


@pytest.fixture(scope="module")
def desk(seen, furnish):
    desk = furnish(seen, HOST)
    desk.certificates = seen.trust
    return desk


def curl(desk, *words):
    return desk.run(need("curl"), "-sS", "--http2", "--cacert", desk.certificates.ca, *words)


def decisions(desk, mark, count):
    """The decisions on requests since the mark, without those on tunnels."""
    found = desk.gate.records.wait(
        lambda r: r.name == record.DECISION and r.get("http.request.method") != "CONNECT",
        mark,
        count,
    )
    return [(r.get("http.request.method"), r.decision, r.reason) for r in found]


def test_curl_gets_over_http2(desk):
    mark = desk.gate.records.mark()
    done, said = curl(desk, "-w", "%{http_version} %{response_code}", desk.tls(HOST, "/protocol"))
    assert done and said == f"HTTP/2.0 {HOST}2 200", said
    assert decisions(desk, mark, 1) == [("GET", "allow", "none")]


def inside(gate, port, host=HOST, **settings):
    """A client inside a tunnel to whoever listens there."""
    wire = inspection.inside(gate, Place(port), host, protocols=("h2",))
    assert wire.socket.selected_alpn_protocol() == "h2"
    return Client(wire, **settings)


class Place:
    def __init__(self, port):
        self.port = port


@pytest.fixture
def authority(desk):
    return f"{HOST}:{desk.nginx.tls}"


def test_refused_request_leaves_the_others_alone(desk, authority):
    port = desk.nginx.tls
    mark = desk.gate.records.mark()
    with desk.gate.one_ending("rule_denied", name=record.DECISION):
        with inside(desk.gate, port) as client:
            page = client.ask("GET", authority, "/page.html")
            secret = client.ask("GET", authority, "/secret/a")
            again = client.ask("GET", authority, "/protocol")
            assert_refused(client.heard(secret), "rule_denied", HOST, port)
            assert client.heard(page).status == 200
            assert client.heard(again).body == f"HTTP/2.0 {HOST}".encode()
            assert not client.closed and client.went_away is None
    assert sorted(decisions(desk, mark, 3)) == [
        ("GET", "allow", "none"),
        ("GET", "allow", "none"),
        ("GET", "deny", "rule_denied"),
    ]
    assert "/secret/a" not in desk.nginx.log()


def test_the_path_is_recorded_where_the_rule_says_so(desk, authority):
    with desk.gate.one_ending("rule_denied", name=record.DECISION) as found:
        with inside(desk.gate, desk.nginx.tls) as client:
            shown = client.ask("GET", authority, "/shown/a?token=kept")
            assert client.heard(shown).status == 403
    assert found.record["url.path"] == "/shown/a"
    assert "kept" not in found.record.line


@pytest.mark.parametrize("host", ["other.allowed.test", "denied.test", HOST + ".evil.test"])
def test_another_authority_is_misdirected(desk, host):
    port = desk.nginx.tls
    with desk.gate.one_ending("misdirected", name=record.DECISION):
        with inside(desk.gate, port) as client:
            assert_refused(client.get(f"{host}:{port}", "/a"), "misdirected", HOST, port)
            assert client.get(f"{HOST}:{port}", "/protocol").status == 200


def test_refused_upload_is_not_waited_for(desk, authority):
    with desk.gate.one_ending("rule_denied", name=record.DECISION):
        with inside(desk.gate, desk.nginx.tls) as client:
            stream = client.ask("POST", authority, "/secret/a", body=b"x" * 1000, ended=False)
            heard = client.heard(stream)
            assert_refused(heard, "rule_denied", HOST, desk.nginx.tls)
            client.listen(lambda: heard.reset is not None)
            assert heard.reset == 0
            assert client.get(authority, "/protocol").status == 200


def test_head_has_no_content(desk, authority):
    with inside(desk.gate, desk.nginx.tls) as client:
        heard = client.heard(client.ask("HEAD", authority, "/page.html"))
        assert heard.status == 200 and heard.body == b""
        assert int(heard.fields["content-length"]) > 0
