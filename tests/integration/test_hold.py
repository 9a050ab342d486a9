# SPDX-License-Identifier: Apache-2.0
"""Held requests: they wait, nothing of them is upstream, and the five outcomes stay apart in the
reply, the record and the API."""

import socket
import threading
import time

import pytest

import origin
import record
from control import Control
from dns_stub import Answer
from gate import assert_refused
from hello import hello

HOLDING = {
    "network": {
        "unlisted": "hold",
        "allow_local_binding": True,
        "denied_domains": ["denied.held.test"],
    },
    "approvals": {"hold_timeout": "20s"},
}
HERE = Answer(a=["127.0.0.1"])
ZONE = {"*.held.test": HERE, "*.wide.held.test": HERE, "*.scopes.held.test": HERE,
        "*.revoked.held.test": HERE}


def connect(authority):
    return b"CONNECT " + authority + b" HTTP/1.1\r\nHost: " + authority + b"\r\n\r\n"


def get(url):
    host = url.split(b"/")[2]
    return b"GET " + url + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"


def fetch(gate, url):
    with gate.wire() as client:
        client.send(get(url))
        return client.reply()


def approvals(records, mark, state=None):
    return [
        r
        for r in records.since(mark)
        if r.name == record.APPROVAL and state in (None, r["network_proxy.approval.state"])
    ]


@pytest.fixture(scope="module")
def held(start):
    gate = start(HOLDING, zone=ZONE)
    gate.control = Control(gate.proxy)
    return gate


def test_connect_waits_and_goes_on(held):
    """Early bytes wait too; the origin sees them once somebody said yes."""
    mark = held.records.mark()
    with origin.Origin(origin.recording) as there, held.wire() as client:
        early = hello("one.held.test")
        with held.nothing_asked():
            client.send(connect(f"one.held.test:{there.port}".encode()) + early)
            question = held.control.question("one.held.test", waiters=1)
            assert question["state"] == "pending" and question["port"] == there.port
            assert there.peers == []
        held.control.approve("one.held.test")
        assert client.reply(b"CONNECT").status == 200
        there.wait_for_peers()
        client.shutdown()
        there.settled()
        assert bytes(there.received) == early
    held.proxy.settle()
    words = [r.decision for r in held.records.since(mark) if r.name == record.DECISION]
    assert words == ["ask", "allow"]
    held.records.wait_decided(mark, "approved")
    states = [r["network_proxy.approval.state"] for r in approvals(held.records, mark)]
    assert states == ["asked", "approved"]
    allowed = [r for r in held.records.since(mark) if r.decision == "allow"][0]
    assert allowed["network.policy.source"] == "decider"
    assert allowed["network.policy.override"] is True
    closed = [r for r in held.records.since(mark) if r.name == record.CLOSED][0]
    assert closed["network_proxy.grant.id"] == allowed["network_proxy.grant.id"]


def test_denied_is_told_and_remembered(held):
    host = "two.held.test"
    mark = held.records.mark()
    with held.nothing_asked(), held.wire() as client:
        client.send(connect(f"{host}:443".encode()))
        held.control.deny(host, note="not today")
        reply = client.reply(b"CONNECT")
    assert_refused(reply, "approval_denied", host, 443)
    assert reply.json()["approval"]["state"] == "denied"
    held.records.wait_decided(mark, "denied", host)
    # The retry gets the same answer without a new question.
    mark = held.records.mark()
    with held.nothing_asked():
        reply, _ = held.ask(connect(f"{host}:443".encode()))
    assert_refused(reply, "approval_denied", host, 443)
    held.proxy.settle()
    assert approvals(held.records, mark) == []


def test_pending_then_approved_lets_the_retry_in(start):
    gate = start(
        {**HOLDING, "approvals": {"hold_timeout": "1s"}}, zone=ZONE
    )
    control = Control(gate.proxy)
    with origin.Origin(origin.answering(origin.ok(b"at last"))) as there:
        url = f"http://three.held.test:{there.port}/x".encode()
        with gate.nothing_asked():
            reply = fetch(gate, url)
        assert reply.status == 503 and reply.value("Retry-After")
        approval = reply.json()["approval"]
        question = control.question("three.held.test", waiters=0)
        assert approval["id"] == question["id"] == reply.value("X-Sallyport-Approval")
        assert approval["state"] == "pending"
        assert reply.json()["reason"] == "approval_pending"
        control.approve("three.held.test", scope="once")
        reply = fetch(gate, url)
        assert (reply.status, reply.body) == (200, b"at last")
        # Once was once: the next one asks again.
        with gate.wire() as client:
            client.send(get(url))
            control.question("three.held.test", waiters=1)
    gate.proxy.settle()


def test_request_body_waits(held):
    body = b"x" * 300_000
    with origin.Origin(origin.answering(origin.ok(b"got it"))) as there, held.wire() as client:
        head = (
            f"POST http://four.held.test:{there.port}/up HTTP/1.1\r\n"
            f"Host: four.held.test:{there.port}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        sender = threading.Thread(target=client.try_send, args=(head + body,))
        sender.start()
        held.control.question("four.held.test", waiters=1)
        assert there.peers == []
        held.control.approve("four.held.test")
        reply = client.reply(b"POST")
        sender.join(10)
        assert (reply.status, reply.body) == (200, b"got it")
        assert len(there.requests[0].body) == len(body)


def test_later_request_of_a_kept_connection_is_held(held):
    with origin.Origin(origin.answering(origin.ok(b"a"), origin.ok(b"b"))) as there:
        listed = f"http://www.plain.test:{there.port}/".encode()
        asked = f"http://five.held.test:{there.port}/".encode()
        with held.wire() as client:
            client.send(get(listed))
            assert client.reply().status == 200
            client.send(get(asked))
            held.control.approve("five.held.test")
            assert client.reply().status == 200


@pytest.mark.parametrize("ending", ["eof", "reset", "eof with early bytes"])
def test_client_that_leaves_is_noticed_at_once(held, ending):
    host = f"{ending.replace(' ', '-')}.held.test"
    with held.nothing_asked():
        client = held.wire()
        client.send(connect(f"{host}:443".encode()))
        if "early" in ending:
            client.send(hello(host))
        question = held.control.question(host, waiters=1)
        client.abort() if ending == "reset" else client.close()
        held.control.question(host, waiters=0, seconds=2)
        # An approval finds nobody: no dial.
        held.control.decide(question["id"], "approve")
        held.proxy.settle()


def test_half_closed_client_has_left(held):
    host = "half.held.test"
    with held.nothing_asked(), held.wire() as client:
        client.send(get(f"http://{host}/".encode()))
        held.control.question(host, waiters=1)
        client.shutdown()
        held.control.question(host, waiters=0, seconds=2)


def test_expect_gets_no_100_while_held(held):
    host = "expect.held.test"
    with origin.Origin(origin.answering(origin.ok(b"fine"))) as there, held.wire() as client:
        client.send(
            f"POST http://{host}:{there.port}/ HTTP/1.1\r\nHost: {host}:{there.port}\r\n"
            "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode()
        )
        held.control.question(host, waiters=1)
        client.socket.settimeout(0.3)
        with pytest.raises((TimeoutError, socket.timeout)):
            client.socket.recv(1)
        client.socket.settimeout(10)
        held.control.deny(host)
        assert_refused(client.reply(b"POST"), "approval_denied", host, there.port)


def test_expired_is_not_denied(start):
    gate = start(
        {**HOLDING, "approvals": {"hold_timeout": "20s", "pending_ttl": "1s"}}, zone=ZONE
    )
    control = Control(gate.proxy)
    mark = gate.records.mark()
    with gate.nothing_asked():
        reply, _ = gate.ask(connect(b"six.held.test:443"))
    assert_refused(reply, "approval_expired", "six.held.test", 443)
    assert reply.json()["approval"]["state"] == "expired"
    gone = control.question("six.held.test", state="expired")
    control.decide(gone["id"], "approve", expected=410)
    gate.proxy.settle()
    assert [r["network_proxy.approval.state"] for r in approvals(gate.records, mark)] == ["asked", "expired"]
    # Who leaves of its own withdraws.
    with gate.wire() as client:
        client.send(connect(b"seven.held.test:443"))
        control.question("seven.held.test", waiters=1)
    control.question("seven.held.test", state="withdrawn", seconds=5)


def test_revoking_ends_live_tunnels(held):
    host = "eight.held.test"
    with origin.Origin(origin.recording) as there, held.wire() as client:
        mark = held.records.mark()
        client.send(connect(f"{host}:{there.port}".encode()))
        grant = held.control.approve(host, scope="session")["grant"]
        assert client.reply(b"CONNECT").status == 200
        client.send(hello(host))
        there.wait_for_peers()
        began = time.monotonic()
        held.control.revoke(grant["id"])
        assert client.rest() == b""
        assert time.monotonic() - began < 1
    held.proxy.settle()
    assert [r["network_proxy.approval.state"] for r in approvals(held.records, mark)][-1] == "revoked"
    closed = [r for r in held.records.since(mark) if r.name == record.CLOSED][-1]
    assert closed.reason == "approval_revoked"
    assert closed["network_proxy.grant.id"] == grant["id"]


@pytest.mark.parametrize("phase", ["lookup", "dial", "exchange"])
def test_revoked_before_the_answer(held, phase):
    """Let in, and not answered yet: the client is told, rather than left with a closed connection."""
    host = f"{phase}.revoked.held.test"
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = listener.getsockname()[1]
    crowd = [socket.create_connection(listener.getsockname())] if phase == "dial" else []
    if phase == "lookup":
        held.dns.gate.clear()
    with listener, held.wire() as client:
        client.send(get(f"http://{host}:{port}/".encode()))
        grant = held.control.approve(host, scope="session")["grant"]
        held.dns.wait_for(host)
        if phase == "exchange":
            crowd.append(listener.accept()[0])
            crowd[0].recv(1)
        held.control.revoke(grant["id"])
        reply = client.reply()
        assert_refused(reply, "approval_revoked", host, port, "http")
        held.dns.gate.set()
        for connection in crowd:
            connection.close()


def test_unlisted_before_the_answer(start):
    """The same where the rules change."""
    entry = {"domain": "late.held.test:*", "addresses": ["127.0.0.0/8"]}
    gate = start({"network": {**HOLDING["network"], "allowed_domains": [entry]}}, zone=ZONE)
    with socket.create_server(("127.0.0.1", 0)) as listener, gate.wire() as client:
        port = listener.getsockname()[1]
        client.send(get(f"http://late.held.test:{port}/".encode()))
        with listener.accept()[0] as there:
            there.recv(1)
            gate.proxy.write({"network": {**HOLDING["network"], "allowed_domains": []}})
            assert Control(gate.proxy).call("POST", "/v1/reload", {}).status == 200
            assert_refused(client.reply(), "permission_lost", "late.held.test", port, "http")


def test_grant_keeps_what_a_list_let_in(start):
    """An entry goes, and with it the tunnels that no grant covers."""
    entries = [{"domain": f"{name}.held.test:*"} for name in ("kept", "lost")]
    gate = start({"network": {**HOLDING["network"], "allowed_domains": entries}}, zone=ZONE)
    control = Control(gate.proxy)
    with origin.Origin(origin.echoing) as there, gate.wire() as kept, gate.wire() as lost:
        for wire, host in ((kept, "kept.held.test"), (lost, "lost.held.test")):
            assert wire.connect(f"{host}:{there.port}").status == 200
            wire.send(hello(host))
            assert wire.recv(5)
        control.grant(f"kept.held.test:{there.port}")
        gate.proxy.write({"network": {**HOLDING["network"], "allowed_domains": []}})
        assert control.call("POST", "/v1/reload", {}).status == 200
        lost.rest()
        kept.send(b"still here")
        while not kept.reader.buffer.endswith(b"still here"):
            assert kept.reader.more()
    gate.proxy.settle()
    ended = {r.host: r.reason for r in gate.records.since(0) if r.name == record.CLOSED}
    assert ended["lost.held.test"] == "permission_lost"
    assert ended["kept.held.test"] in ("client_closed", "completed")


@pytest.mark.parametrize("scope", ["once", "session", "ttl", "always"])
def test_revoking_each_scope(held, scope):
    host = f"{scope}.scopes.held.test"
    with origin.Origin(origin.recording) as there, held.wire() as client:
        client.send(connect(f"{host}:{there.port}".encode()))
        more = {"ttl": 60} if scope == "ttl" else {}
        grant = held.control.approve(host, scope=scope, **more)["grant"]
        assert grant["scope"] == scope
        assert client.reply(b"CONNECT").status == 200
        client.send(hello(host))
        there.wait_for_peers()
        held.control.revoke(grant["id"])
        assert client.rest() == b""


def test_grant_never_overrides_a_deny_entry_or_the_local_rule(start):
    gate = start({"network": {**HOLDING["network"], "allow_local_binding": False}}, zone=ZONE)
    control = Control(gate.proxy)
    control.grant("denied.held.test", expected=409)
    with gate.nothing_asked():
        reply, _ = gate.ask(connect(b"denied.held.test:443"))
    assert_refused(reply, "denied", "denied.held.test", 443)
    # Approved, and then resolves to loopback.
    with gate.wire() as client:
        client.send(connect(b"nine.held.test:443"))
        control.approve("nine.held.test", scope="always")
        assert_refused(client.reply(b"CONNECT"), "resolved_local", "nine.held.test", 443)
    for local in (b"127.0.0.1:443", b"localhost:443", b"10.0.0.1:443"):
        reply, _ = gate.ask(connect(local))
        assert reply.json()["reason"] == "local_address"
    reply, _ = gate.ask(connect(b"intranet:443"))
    assert reply.json()["reason"] == "not_allowed"


def test_widened_grant_covers_siblings_and_waiting_questions(held):
    clients = [held.wire() for _ in range(3)]
    with origin.Origin(origin.recording) as there:
        for i, client in enumerate(clients):
            client.send(connect(f"s{i}.wide.held.test:{there.port}".encode()))
            held.control.question(f"s{i}.wide.held.test", waiters=1)
        held.control.approve("s0.wide.held.test", scope="ttl", ttl=60, pattern="*.wide.held.test")
        for client in clients:
            assert client.reply(b"CONNECT").status == 200
            client.close()
        with held.wire() as client:
            assert client.connect(f"s9.wide.held.test:{there.port}").status == 200
    held.proxy.settle()


def test_reload_decides_what_waits(start):
    gate = start(HOLDING, zone=ZONE)
    control = Control(gate.proxy)
    with origin.Origin(origin.recording) as there:
        allowed, denied = gate.wire(), gate.wire()
        allowed.send(connect(f"ten.held.test:{there.port}".encode()))
        denied.send(connect(f"eleven.held.test:{there.port}".encode()))
        for host in ("ten.held.test", "eleven.held.test"):
            control.question(host, waiters=1)
        gate.proxy.write(
            {
                "network": {
                    **HOLDING["network"],
                    "allowed_domains": ["ten.held.test:*"],
                    "denied_domains": ["eleven.held.test"],
                }
            }
        )
        assert control.call("POST", "/v1/reload", {}).status == 200
        assert allowed.reply(b"CONNECT").status == 200
        assert_refused(denied.reply(b"CONNECT"), "denied", "eleven.held.test", there.port)
        allowed.close()
        denied.close()
    for host in ("ten.held.test", "eleven.held.test"):
        control.question(host, state="withdrawn")


def test_kept_over_kill(start):
    """Always-grants, pending questions and the history survive kill -9."""
    gate = start(HOLDING, zone=ZONE)
    control = Control(gate.proxy)
    with gate.wire() as one, gate.wire() as two:
        one.send(connect(b"twelve.held.test:443"))
        two.send(connect(b"thirteen.held.test:443"))
        control.approve("twelve.held.test", scope="always", note="kept")
        assert one.reply(b"CONNECT").status == 502
        pending = control.question("thirteen.held.test", waiters=1)
        gate.records.wait(lambda r: r.name == record.CLOSED)
        gate.records.wait(lambda r: r.decision == "ask", count=2)
        gate.proxy.kill()
    gate.proxy.port = None
    gate.proxy.start()
    assert [g["pattern"] for g in control.grants()] == ["twelve.held.test:443"]
    assert control.question("thirteen.held.test")["id"] == pending["id"]
    past = control.question("twelve.held.test", state="approved")
    assert past["decision"]["note"] == "kept" and past["decision"]["decider"] == "admin"


def test_drain_answers_who_waits(start):
    gate = start(HOLDING, zone=ZONE)
    with gate.wire() as client:
        client.send(connect(b"fourteen.held.test:443"))
        Control(gate.proxy).question("fourteen.held.test", waiters=1)
        gate.proxy.stop()
        assert_refused(client.reply(b"CONNECT"), "draining", "fourteen.held.test", 443)


def test_bounds_are_429_and_listed_names_go_on(start):
    limits = {"max_questions": 5, "max_waiting_per_question": 3, "hold_timeout": "20s"}
    gate = start({**HOLDING, "approvals": limits}, zone=ZONE)
    control = Control(gate.proxy)
    waiting = [gate.wire() for _ in range(3)]
    for client in waiting:
        client.send(connect(b"q0.held.test:443"))
    control.question("q0.held.test", waiters=3)
    reply, _ = gate.ask(connect(b"q0.held.test:443"))
    assert_refused(reply, "too_many_questions", "q0.held.test", 443)
    assert reply.value("Retry-After")
    for i in range(1, 5):
        waiting.append(gate.wire())
        waiting[-1].send(connect(f"q{i}.held.test:443".encode()))
        control.question(f"q{i}.held.test", waiters=1)
    reply, _ = gate.ask(connect(b"q5.held.test:443"))
    assert_refused(reply, "too_many_questions", "q5.held.test", 443)
    with origin.Origin(origin.answering(origin.ok(b"as ever"))) as there:
        reply = fetch(gate, f"http://www.plain.test:{there.port}/".encode())
        assert reply.body == b"as ever"
    for client in waiting:
        client.close()
