# SPDX-License-Identifier: Apache-2.0
"""Every record as a collector sees it, decoded with the official schema: what is in it, and what
never is."""

import json
import socket
import time

import pytest

import record
from collector import Collector
from gate import assert_refused
from hello import hello
from origin import Origin, answering, ok, recording

SECRETS = ("secret-path", "secret-query", "secret-header", "secret-body", "secret-cookie")
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector(schema):
    collector = Collector(schema)
    yield collector
    collector.stop()


@pytest.fixture(scope="module")
def told(start, collector):
    """A proxy that exports to the collector."""
    return start({"otel": {"exporter": {"otlp-http": {"endpoint": collector.endpoint}}}})


def connect(authority, *fields):
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_allowed_tunnel(told, collector):
    began = time.time_ns()
    with Origin(recording) as origin, told.wire() as wire:
        wire.send(connect(f"one.allowed.test:{origin.port}"))
        assert wire.reply(b"CONNECT").status == 200
        first = hello("one.allowed.test")
        wire.send(first).shutdown()
        wire.rest()
        client = wire.name
    decision, ended = [
        collector.wait(
            lambda r, name=name: r.name == name
            and r.attributes.get("server.address") == "one.allowed.test"
        )[0]
        for name in (record.DECISION, record.CLOSED)
    ]
    common = {
        "network.transport.protocol": "https_connect",
        "server.address": "one.allowed.test",
        "server.port": origin.port,
        "http.request.method": "CONNECT",
        "client.address": "127.0.0.1",
    }
    for seen in (decision, ended):
        assert {key: seen.attributes.get(key) for key in common} == common
        assert began <= seen.message.time_unix_nano <= time.time_ns()
        assert seen.message.observed_time_unix_nano >= seen.message.time_unix_nano
        assert (seen.message.severity_number, seen.message.severity_text) == (9, "INFO")
        assert "one.allowed.test" in seen.body
        assert "\n" not in seen.body
        assert seen.resource["service.name"] == "sallyport"
        assert seen.resource["host.name"] == socket.gethostname()
        assert seen.resource["service.version"]
        assert seen.resource["service.instance.id"]
        assert seen.message.trace_id == b""
    assert decision.attributes["client.port"] == client[1]
    policy = {
        "network.policy.scope": "domain",
        "network.policy.decision": "allow",
        "network.policy.source": "baseline_policy",
        "network.policy.override": False,
    }
    assert {key: decision.attributes.get(key) for key in policy} == policy
    rule = decision.attributes["network.policy.rule"]
    assert rule.startswith("*.allowed.test:* (") and "config.toml:" in rule
    assert ended.attributes["network_proxy.bytes_sent"] == len(first)
    assert ended.attributes["network_proxy.bytes_received"] == 0
    assert ended.attributes["network_proxy.duration"] > 0
    assert ended.attributes["network.peer.address"] == "127.0.0.1"
    assert ended.attributes["tls.client.server_name"] == "one.allowed.test"
    assert ended.attributes["network_proxy.connection.id"] == (
        decision.attributes["network_proxy.connection.id"]
    )
    assert ended.message.time_unix_nano >= decision.message.time_unix_nano


@pytest.mark.parametrize(
    "authority, scope, reason",
    [
        ("two.evil.test:443", "domain", "not_allowed"),
        ("two.denied.test:443", "domain", "denied"),
        ("10.1.2.3:443", "non_domain", "local_address"),
        ("[2001:db8::2]:443", "non_domain", "local_address"),
    ],
)
def test_denied(told, collector, authority, scope, reason):
    host = authority.rsplit(":", 1)[0].strip("[]")
    told.ask(connect(authority))
    seen = collector.wait(lambda r: r.attributes.get("server.address") == host)
    assert len(seen) == 1
    assert seen[0].name == record.DECISION
    assert (seen[0].message.severity_number, seen[0].message.severity_text) == (13, "WARN")
    assert seen[0].attributes["network.policy.decision"] == "deny"
    assert seen[0].attributes["network.policy.scope"] == scope
    assert seen[0].attributes["network.policy.reason"] == reason
    assert reason in seen[0].body


def test_nothing_of_the_traffic(told, collector):
    """Path, query, fields, bodies and credentials appear in no record, no log line, no metric."""
    response = ok(b"secret-body", b"Set-Cookie: secret-cookie", b"X-Answer: secret-header")
    with Origin(answering(response)) as origin:
        target = f"three.plain.test:{origin.port}"
        for host in (target, "three.evil.test"):
            told.ask(
                f"POST http://{host}/secret-path?secret-query HTTP/1.1\r\nHost: {host}\r\n"
                "Cookie: secret-cookie\r\nAuthorization: Bearer secret-header\r\n"
                "Proxy-Authorization: Basic secret-header\r\nX-Own: secret-header\r\n"
                "Content-Length: 11\r\nConnection: close\r\n\r\nsecret-body".encode()
            )
        told.ask(b"GET http://three.plain.test/secret-path?secret-query HTTP/1.1\r\n\r\n")
        told.ask(b"GET http://secret-header@three.plain.test/ HTTP/1.1\r\nHost: x\r\n\r\n")
    seen = collector.wait(
        lambda r: str(r.attributes.get("server.address", "")).startswith("three."), count=3
    )
    told.proxy.metrics()
    told.proxy.settle()
    texts = [repr(r.message) for r in collector.records]
    texts += [r.line for r in told.records.refresh()] + [told.proxy.said()]
    assert seen
    for secret in SECRETS:
        assert not [text for text in texts if secret in text], secret


def test_plain_request(told, collector):
    with Origin(answering(ok(b"four"))) as origin:
        authority = f"four.plain.test:{origin.port}"
        told.ask(
            f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode()
        )
    decision, ended = [
        collector.wait(
            lambda r, name=name: r.name == name
            and r.attributes.get("server.address") == "four.plain.test"
        )[0]
        for name in (record.DECISION, record.CLOSED)
    ]
    assert decision.attributes["network.transport.protocol"] == "http"
    assert decision.attributes["http.request.method"] == "GET"
    assert ended.attributes["http.response.status_code"] == 200
    assert ended.attributes["network_proxy.bytes_received"] > 4


def test_each_request_of_a_kept_connection_has_its_decision(told, collector):
    with Origin(answering(ok())) as origin, told.wire() as wire:
        authority = f"five.plain.test:{origin.port}"
        for method in ("GET", "HEAD", "DELETE"):
            wire.send(f"{method} http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            wire.reply(method.encode())
    seen = collector.wait(
        lambda r: r.name == record.DECISION
        and r.attributes.get("server.address") == "five.plain.test",
        count=3,
    )
    assert [r.attributes["http.request.method"] for r in seen] == ["GET", "HEAD", "DELETE"]


@pytest.mark.parametrize("form", ["connect", "get"])
def test_traceparent_is_carried(told, collector, form):
    host = f"{form}-six.evil.test"
    field = f"traceparent: 00-{TRACE}-{SPAN}-01"
    if form == "connect":
        told.ask(connect(f"{host}:443", field))
    else:
        told.ask(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n{field}\r\n\r\n".encode())
    seen = collector.wait(lambda r: r.attributes.get("server.address") == host)[0]
    assert seen.message.trace_id.hex() == TRACE
    assert seen.message.span_id.hex() == SPAN
    assert seen.message.flags & 0xFF == 1


def test_traceparent_of_both_records_of_a_tunnel(told, collector):
    with Origin(recording) as origin, told.wire() as wire:
        field = f"traceparent: 00-{TRACE}-{SPAN}-00"
        wire.send(connect(f"seven.allowed.test:{origin.port}", field))
        assert wire.reply(b"CONNECT").status == 200
    seen = collector.wait(
        lambda r: r.attributes.get("server.address") == "seven.allowed.test", count=2
    )
    assert {r.message.trace_id.hex() for r in seen} == {TRACE}


@pytest.mark.parametrize(
    "value",
    [f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01", "x"],
)
def test_bad_traceparent_is_ignored(told, collector, value):
    told.ask(connect("eight.evil.test:443", f"traceparent: {value}"))
    seen = collector.wait(lambda r: r.attributes.get("server.address") == "eight.evil.test")[-1]
    assert seen.message.trace_id == b""


def test_malformed_target_is_not_repeated(told, collector):
    """Never logged raw: neither the bytes nor an attempt at them."""
    told.ask(b"CONNECT nine\x1b[2Jforged\xe2\x80\xae.test:443 HTTP/1.1\r\nHost: x\r\n\r\n")
    told.ask(connect("nine-ok.evil.test:443"))
    collector.wait(lambda r: r.attributes.get("server.address") == "nine-ok.evil.test")
    assert not [r for r in collector.records if "forged" in repr(r.message)]
    assert not [r for r in told.records.refresh() if "forged" in r.line]
    assert "forged" not in told.proxy.said()


def test_sni_of_a_cut_tunnel_is_escaped(told, collector):
    with Origin(recording) as origin, told.wire() as wire:
        assert wire.connect(f"ten.allowed.test:{origin.port}").status == 200
        wire.try_send(hello("ten.evil.test"))
        wire.rest()
    ended = collector.wait(
        lambda r: r.name == record.CLOSED
        and r.attributes.get("server.address") == "ten.allowed.test"
    )[0]
    assert ended.attributes["network_proxy.reason"] == "sni_mismatch"
    assert ended.attributes["tls.client.server_name"] == "ten.evil.test"


def test_json_lines_say_the_same(told, collector):
    told.ask(connect("eleven.evil.test:443"))
    seen = collector.wait(lambda r: r.attributes.get("server.address") == "eleven.evil.test")[0]
    line = told.records.wait(lambda r: r.host == "eleven.evil.test")[0]
    assert line.attributes == seen.attributes
    assert line.name == seen.name
    assert json.loads(line.line)["body"] == seen.body


def test_requests_to_the_collector(told, collector):
    told.ask(connect("twelve.evil.test:443"))
    collector.wait(lambda r: r.attributes.get("server.address") == "twelve.evil.test")
    path, fields, _ = collector.requests[-1]
    assert path == "/v1/logs"
    assert fields["Content-Type"] == "application/x-protobuf"
    assert "Content-Encoding" not in fields  # a collector on this machine gets it plain
    assert "sallyport/" in fields["User-Agent"]


def test_refusal_and_record_agree(told, collector):
    reply, _ = told.ask(connect("thirteen.denied.test:443"))
    seen = collector.wait(lambda r: r.attributes.get("server.address") == "thirteen.denied.test")[0]
    assert_refused(reply, seen.reason, "thirteen.denied.test", 443, "https_connect")
    assert reply.json()["source"] == seen.attributes["network.policy.source"]
