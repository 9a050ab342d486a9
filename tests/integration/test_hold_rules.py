# SPDX-License-Identifier: Apache-2.0
"""[[network.rules]] with action = "hold": a request waits for somebody's decision about just that kind
of request, in plain HTTP and inside tunnels alike, and a decision answers for nothing else."""

import json
import signal
import ssl
import threading

import pytest

import record
import sallyport
import test_inspection as inspection
from conftest import PATIENT
from control import Control
from dns_stub import Answer
from gate import assert_refused
from origin import Origin, answering, ok
from test_rules import request

API = "api.plain.test"
TLS = "api.allowed.test"
UNLISTED = "api.held.test"
ISSUES = {"methods": ["POST"], "paths": ["/repos/*/issues"], "action": "hold"}
RULES = [
    {"domain": [API, TLS, UNLISTED, "*.twin.plain.test"], **ISSUES},
    {"domain": API, "paths": ["/admin/"], "action": "deny"},
    {"domain": API, "paths": ["/shown/"], "action": "hold", "record_path": True},
]
HOLDING = {
    "network": {"unlisted": "hold", "allow_local_binding": True, "rules": RULES},
    "approvals": {"hold_timeout": "20s"},
    "timeouts": PATIENT,
}
ZONE = {"*.held.test": Answer(a=["127.0.0.1"]), "*.twin.plain.test": Answer(a=["127.0.0.1"])}
SUBJECT = "POST /repos/*/issues"


@pytest.fixture(scope="module")
def held(start, certificates):
    gate = start({**HOLDING, "tls": {"extra_roots": certificates.ca}}, zone=ZONE)
    gate.control = Control(gate.proxy)
    gate.trust = inspection.Trust(gate.proxy, certificates)
    return gate


@pytest.fixture(autouse=True)
def no_grants_are_left(held):
    yield
    for grant in held.control.grants():
        held.control.revoke(grant["id"])


def issue(port, host=API, repository="a", form="absolute"):
    return request("POST", f"{host}:{port}", f"/repos/{repository}/issues", form)


def marked(gate):
    """Nothing of what went before is still on its way."""
    gate.proxy.settle()
    return gate.records.mark()


def decisions(gate, mark):
    gate.proxy.settle()
    return [r for r in gate.records.since(mark) if r.name == record.DECISION]


def test_waits_and_goes_on(held):
    mark = marked(held)
    with Origin(answering(ok(b"made"))) as there, held.wire() as client:
        with held.nothing_asked():
            client.send(issue(there.port))
            question = held.control.question(API, waiters=1)
            assert (question["subject_kind"], question["subject"]) == ("request", SUBJECT)
            assert question["protocol"] == "http" and question["context"]["method"] == "POST"
            assert question["context"]["path"] is None
            assert "repos/a" not in json.dumps(question)
            assert there.peers == []
        answer = held.control.approve(API)
        assert answer["grant"]["subject"] == SUBJECT
        assert answer["grant"]["pattern"] == f"{API}:{there.port}"
        assert client.reply(b"POST").body == b"made"
    asked, allowed = decisions(held, mark)
    assert (asked.decision, asked.reason) == ("ask", "rule_held")
    assert (allowed.decision, allowed["network.policy.source"]) == ("allow", "decider")
    assert allowed["network_proxy.grant.id"] == answer["grant"]["id"]
    for row in (asked, allowed):
        assert "/repos/*/issues" in row["network.policy.rule"]
        assert "repos/a" not in row.line
    held.records.wait_decided(mark, "approved")
    events = [r for r in held.records.since(mark) if r.name == record.APPROVAL]
    assert [r["network_proxy.approval.subject"] for r in events] == [SUBJECT] * 2
    assert [r["network_proxy.approval.kind"] for r in events] == ["request"] * 2


def test_what_no_rule_holds_goes_at_once(held):
    with Origin(answering(ok())) as there:
        reply, _ = held.ask(request("GET", f"{API}:{there.port}", "/repos/a/issues"))
        assert reply.status == 200
    assert held.control.approvals() == []


def test_one_answer_is_for_all_that_ask_the_same(held):
    """Three repositories are one question; a rule's other path or host is another."""
    with Origin(answering(ok())) as there:
        clients = [held.wire() for _ in range(3)]
        for number, client in enumerate(clients):
            client.send(issue(there.port, repository=f"r{number}"))
        held.control.question(API, waiters=3)
        held.control.approve(API, scope="ttl", ttl=60)
        assert {client.reply(b"POST").status for client in clients} == {200}
        reply, _ = held.ask(issue(there.port, repository="later"), b"POST")
        assert reply.status == 200
        for client in clients:
            client.close()
        assert len(there.requests) == 4


def test_denied_is_sticky_for_this_request_only(held):
    with Origin(answering(ok())) as there, held.wire() as client:
        client.send(issue(there.port))
        held.control.question(API, waiters=1)
        held.control.deny(API)
        assert_refused(client.reply(b"POST"), "approval_denied", API, there.port, "http")
        mark = marked(held)
        reply, _ = held.ask(issue(there.port), b"POST")
        assert_refused(reply, "approval_denied", API, there.port, "http")
        (row,) = decisions(held, mark)
        assert "hold" in row["network.policy.rule"]
        reply, _ = held.ask(request("GET", f"{API}:{there.port}", "/repos/a/issues"))
        assert reply.status == 200


def test_a_denying_rule_comes_first(held):
    with Origin(answering(ok())) as there, held.nothing_asked():
        reply, _ = held.ask(request("POST", f"{API}:{there.port}", "/admin/x"), b"POST")
        assert_refused(reply, "rule_denied", API, there.port, "http")
        reply, _ = held.ask(request("POST", f"{API}:{there.port}", "/x/../repos/a/issues"), b"POST")
        assert_refused(reply, "path_ambiguous", API, there.port, "http")
    assert held.control.approvals() == []


def test_the_name_is_asked_about_first(held):
    """A grant for the name answers nothing of what the rule asks, nor the other way round."""
    with Origin(answering(ok())) as there, held.wire() as client:
        with held.nothing_asked():
            client.send(issue(there.port, UNLISTED))
            name = held.control.question(UNLISTED, waiters=1)
            assert (name["subject_kind"], name["subject"]) == ("none", None)
            held.control.decide(name["id"], "approve", scope="always")
            asked = held.control.question(UNLISTED, waiters=1)
            assert asked["subject"] == SUBJECT and asked["id"] != name["id"]
            assert there.peers == []
        held.control.decide(asked["id"], "approve", scope="once")
        assert client.reply(b"POST").status == 200
    states = {a["id"]: a["state"] for a in held.control.approvals("all")}
    assert (states[name["id"]], states[asked["id"]]) == ("approved", "approved")


def test_leave_for_a_request_does_not_open_the_name(held):
    host = "other.held.test"
    refused = held.control.call(
        "POST", "/v1/grants", {"decision": "allow", "scope": "ttl", "ttl": 60,
                               "pattern": UNLISTED, "subject": "POST /repos"}
    )
    assert refused.status == 409 and refused.json()["code"] == "refused_by_policy"
    held.control.grant(f"{UNLISTED}:*", subject=SUBJECT)
    with Origin(answering(ok())) as there, held.wire() as client:
        client.send(issue(there.port, UNLISTED))
        assert held.control.question(UNLISTED, waiters=1)["subject"] is None
        held.control.approve(UNLISTED)
        # What the rule asks was decided ahead of time.
        assert client.reply(b"POST").status == 200
        with held.wire() as other:
            other.send(request("GET", f"{host}:{there.port}", "/"))
            assert held.control.question(host, waiters=1)["subject"] is None
            held.control.deny(host)


def test_a_search_of_the_same_words_is_another_matter(held):
    held.control.grant(f"{API}:*", subject=SUBJECT, subject_kind="search")
    held.control.grant(f"{API}:*", subject="PUT /repos/*/issues", expected=409)
    held.control.grant(f"{API}:*", subject="", expected=422)
    held.control.grant(f"{API}:*", subject_kind="request", expected=422)
    held.control.grant(f"{API}:*", subject=SUBJECT, protocol="raw", expected=422)
    with Origin(answering(ok())) as there, held.wire() as client, held.nothing_asked():
        client.send(issue(there.port))
        assert held.control.question(API, waiters=1)["subject_kind"] == "request"
        held.control.deny(API)
        assert_refused(client.reply(b"POST"), "approval_denied", API, there.port, "http")


def test_another_method_in_a_field_is_another_matter(held):
    """What many frameworks take for the method is asked about, and cannot pretend to be a sentence."""
    held.control.grant(f"{API}:*", subject=SUBJECT)
    with Origin(answering(ok())) as there, held.wire() as client:
        field = b"X-HTTP-Method-Override: DELETE /x at safe.test\xe2\x80\xae\r\n\r\n"
        client.send(issue(there.port).removesuffix(b"\r\n") + field)
        question = held.control.question(API, waiters=1)
        assert question["subject"] == (
            "POST+DELETE%20%2Fx%20at%20safe.test%E2%80%AE /repos/*/issues"
        )
        held.control.deny(API)
        assert_refused(client.reply(b"POST"), "approval_denied", API, there.port, "http")
        assert not there.peers


def test_once_is_for_the_requests_that_wait(held):
    with Origin(answering(ok(), ok())) as there, held.wire() as client:
        authority = f"{API}:{there.port}"
        assert client.connect(authority).status == 200
        client.send(issue(there.port, form="origin"))
        held.control.question(API, waiters=1)
        held.control.approve(API)
        assert client.reply(b"POST").status == 200
        client.send(issue(there.port, form="origin"))
        second = held.control.question(API, waiters=1)
        assert second["protocol"] == "https_connect"
        held.control.deny(API)
        assert_refused(client.reply(b"POST"), "approval_denied", API, there.port)
        assert len(there.requests) == 1


def test_inside_tls(held, certificates):
    with Origin(answering(ok(b"1"), ok(b"2"), ok(b"3")), certificates.server()) as there:
        with inspection.inside(held, there, TLS) as wire:
            wire.send(inspection.request("GET", TLS, there.port, path="/repos/a/issues"))
            assert wire.reply().body == b"1"
            wire.send(inspection.request("POST", TLS, there.port, path="/repos/a/issues",
                                         body=b"text"))
            question = held.control.question(TLS, waiters=1)
            assert question["subject"] == SUBJECT
            assert b"text" not in there.received
            held.control.approve(TLS, scope="session")
            assert wire.reply().status == 200
            wire.send(inspection.request("GET", TLS, there.port, path="/"))
            assert wire.reply().status == 200
        assert [r.method for r in there.requests] == [b"GET", b"POST", b"GET"]


def test_tunnels_to_where_requests_wait_speak_http11(held, certificates):
    context = certificates.server()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Origin(answering(ok()), context) as there:
        with inspection.inside(held, there, TLS, protocols=("h2", "http/1.1")) as wire:
            assert wire.socket.selected_alpn_protocol() == "http/1.1"
        with held.one_ending("client_tls_no_protocol", name=record.DECISION):
            with pytest.raises((OSError, ssl.SSLError)):
                inspection.inside(held, there, TLS, protocols=("h2",)).recv(1)


def test_the_path_is_shown_where_the_rule_says_so(held):
    mark = marked(held)
    with Origin(answering(ok())) as there, held.wire() as client:
        client.send(request("PUT", f"{API}:{there.port}", "/shown/a%20b?token=secret"))
        question = held.control.question(API, waiters=1)
        assert question["context"]["path"] == "/shown/a%20b"
        assert question["subject"] == "PUT /shown/"
        held.control.approve(API)
        assert client.reply(b"PUT").status == 200
    asked, allowed = decisions(held, mark)
    assert asked["url.path"] == allowed["url.path"] == "/shown/a%20b"
    assert not any("secret" in r.line for r in held.records.since(mark))


def test_taking_leave_back_ends_what_goes_by_it(held):
    """The response is under way when somebody takes the approval back."""
    going = threading.Event()

    def slow(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        going.wait(10)

    with Origin(slow) as there, held.wire() as client:
        client.send(issue(there.port))
        held.control.question(API, waiters=1)
        grant = held.control.approve(API, scope="ttl", ttl=60)["grant"]
        got = b""
        while not got.endswith(b"half"):
            got += client.recv(65536)
        with held.one_ending("approval_revoked", name=record.CLOSED):
            held.control.revoke(grant["id"])
            assert client.rest() == b""
        going.set()


def test_a_client_that_leaves_is_forgotten(held):
    with Origin(answering(ok())) as there:
        with held.wire() as client:
            client.send(issue(there.port))
            held.control.question(API, waiters=1)
        assert held.control.question(API, waiters=0)["state"] == "pending"
        held.control.deny(API)
        assert not there.peers


def test_check_says_who_is_asked(held):
    where = f"/v1/check?host={API}&port=8080&method=POST"
    asked = held.control.get(f"{where}&path=/repos/a/issues")
    assert (asked["decision"], asked["reason"], asked["subject"]) == ("ask", "rule_held", SUBJECT)
    assert "hold" in asked["rule"]["pattern"]
    assert held.control.get(f"{where}&path=/other")["decision"] == "allow"
    assert held.control.get(f"{where}&path=/admin/x")["reason"] == "rule_denied"
    grant = held.control.grant(f"{API}:8080", subject=SUBJECT, decision="deny")
    asked = held.control.get(f"{where}&path=/repos/a/issues")
    assert (asked["decision"], asked["reason"]) == ("deny", "approval_denied")
    assert asked["grant"]["id"] == grant["id"]
    unlisted = f"/v1/check?host={UNLISTED}&port=80&method=POST&path=/repos/a/issues"
    assert held.control.get(unlisted)["reason"] == "not_allowed"
    assert held.control.call("GET", "/v1/check?host=a.test&path=x").status == 400


# ---- other proxies ----------------------------------------------------------------------------


def test_pending_then_approved_lets_the_retry_in(start):
    gate = start({**HOLDING, "approvals": {"hold_timeout": "1s"}}, zone=ZONE)
    control = Control(gate.proxy)
    with Origin(answering(ok())) as there, gate.nothing_asked():
        reply, _ = gate.ask(issue(there.port), b"POST")
        assert reply.status == 503 and reply.value("Retry-After")
        assert reply.json()["reason"] == "approval_pending"
        question = control.question(API, waiters=0)
        assert reply.value("X-Sallyport-Approval") == question["id"]
    with Origin(answering(ok()), port=there.port) as there:
        control.approve(API)
        reply, _ = gate.ask(issue(there.port), b"POST")
        assert reply.status == 200
        # Once was once.
        with gate.wire() as client:
            client.send(issue(there.port))
            assert control.question(API, waiters=1)["id"] != question["id"]


def test_a_new_rule_decides_about_those_who_wait(start):
    gate = start(HOLDING, zone=ZONE)
    control = Control(gate.proxy)
    with Origin(answering(ok())) as there, gate.wire() as client, gate.wire() as other:
        client.send(issue(there.port))
        other.send(issue(there.port, UNLISTED))
        held, name = control.question(API, waiters=1), control.question(UNLISTED, waiters=1)
        denying = [{"domain": API, "action": "deny"}, {"domain": UNLISTED, "action": "allow"}]
        gate.proxy.config["network"]["rules"] = denying
        gate.proxy.write()
        gate.proxy.signal(signal.SIGHUP)
        assert_refused(client.reply(b"POST"), "rule_denied", API, there.port, "http")
        assert control.question(API, state="withdrawn")["id"] == held["id"]
        # The name is still to be decided, and then nothing holds the request.
        assert control.question(UNLISTED, waiters=1)["id"] == name["id"]
        control.approve(UNLISTED)
        assert other.reply(b"POST").status == 200


def test_where_nobody_can_answer_it_is_refused(start):
    gate = start({**HOLDING, "listen": {"control": []}}, zone=ZONE)
    with Origin(answering(ok())) as there, gate.nothing_asked():
        with gate.one_ending("rule_held", name=record.DECISION):
            reply, _ = gate.ask(issue(there.port), b"POST")
            assert_refused(reply, "rule_held", API, there.port, "http")
        assert not there.peers


def test_unlisted_deny_keeps_asking_about_requests(start):
    gate = start(sallyport.merged(HOLDING, {"network": {"unlisted": "deny"}}), zone=ZONE)
    control = Control(gate.proxy)
    with Origin(answering(ok())) as there, gate.wire() as client:
        client.send(issue(there.port))
        control.question(API, waiters=1)
        control.approve(API)
        assert client.reply(b"POST").status == 200


def test_questions_and_answers_survive_a_kill(start):
    gate = start(HOLDING, zone=ZONE)
    control = Control(gate.proxy)
    with Origin(answering(ok())) as there:
        with gate.wire() as client:
            client.send(issue(there.port))
            question = control.question(API, waiters=1)
            control.grant(f"{TLS}:{there.port}", subject=SUBJECT, decision="deny")
            gate.proxy.kill()
        gate.proxy.port = None
        gate.proxy.start()
        again = control.question(API, waiters=0)
        assert (again["id"], again["subject"]) == (question["id"], SUBJECT)
        (grant,) = control.grants()
        assert (grant["subject_kind"], grant["subject"]) == ("request", SUBJECT)
        control.approve(API)
        reply, _ = gate.ask(issue(there.port), b"POST")
        assert reply.status == 200
