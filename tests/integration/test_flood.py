# SPDX-License-Identifier: Apache-2.0
"""Floods of questions: what is beyond a bound is refused with a reason of its own, one name is one
question however it is spelled, and listed names go on as if nothing happened."""

import pathlib
import threading
import time

import pytest

import origin
import record
import sallyport
from control import Control
from dns_stub import Answer
from gate import assert_refused
from wire import Wire

HERE = Answer(a=["127.0.0.1"])
NAMES, BOUND = 1000, 300
# KiB for all of it; a sanitizer keeps what was freed.
SANITIZED = b"__asan_init" in pathlib.Path(sallyport.BINARY).read_bytes()
ROOM = (512 if SANITIZED else 16) * 1024


def connect(authority):
    return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def flooded(start):
    gate = start(
        {
            "network": {"unlisted": "hold", "allow_local_binding": True},
            "timeouts": {"connect": "10s"},
            "approvals": {
                "hold_timeout": "60s",
                "max_questions": BOUND,
                "max_waiting_per_question": 400,
                "max_waiting": 800,
            },
        },
        zone={"*.flood.test": HERE},
        files=16384,
    )
    gate.control = Control(gate.proxy)
    return gate


def wait_for(gate, count):
    """Until so many questions are pending."""
    until = time.monotonic() + 10
    while len(gate.control.approvals()) < count:
        assert time.monotonic() < until


def leave(gate, clients):
    for client in clients:
        client.close()
    gate.proxy.settle()


def resident(proxy):
    """In KiB."""
    with open(f"/proc/{proxy.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def test_many_names_are_bounded_and_listed_ones_go_on(flooded):
    """Each name beyond the bound is 429 at once; nobody is asked for any of them; the listed name
    answers all the while, in about the time it took before."""
    mark = flooded.records.mark()
    before = resident(flooded.proxy)
    queries = len(flooded.dns.queries)
    with origin.Origin(origin.answering(*[origin.ok(b"as ever")] * 2000)) as there:
        url = f"http://www.plain.test:{there.port}/".encode()
        host = url.split(b"/")[2]
        request = b"GET " + url + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
        calm = [fetch(flooded, request) for _ in range(20)]
        stop, during = threading.Event(), []

        def go_on():
            while not stop.is_set():
                during.append(fetch(flooded, request))

        worker = threading.Thread(target=go_on)
        worker.start()
        waiting, refused = [], 0
        try:
            for i in range(BOUND):
                waiting.append(flooded.wire())
                waiting[-1].send(connect(f"n{i}.flood.test:443"))
            wait_for(flooded, BOUND)
            for i in range(BOUND, NAMES):
                client = flooded.wire()
                client.send(connect(f"n{i}.flood.test:443"))
                reply = client.reply(b"CONNECT")
                assert_refused(reply, "too_many_questions", f"n{i}.flood.test", 443)
                assert int(reply.value("Retry-After")) >= 1
                client.close()
                refused += 1
        finally:
            stop.set()
            worker.join()
    assert refused == NAMES - BOUND and len(during) > 20
    assert sorted(during)[len(during) // 2] < 10 * sorted(calm)[len(calm) // 2] + 0.05
    assert {query.name for query in flooded.dns.queries[queries:]} <= {"www.plain.test"}
    pending = flooded.control.approvals()
    assert len(pending) == BOUND == len({a["host"] for a in pending})
    assert resident(flooded.proxy) - before < ROOM
    text = flooded.control.call("GET", "/metrics").body.decode()
    assert f"\nsallyport_questions_refused_total {refused}\n" in text
    assert f"\nsallyport_questions_pending {BOUND}\nsall" in without_help(text)
    leave(flooded, waiting)
    words = [r.reason for r in flooded.records.since(mark) if r.decision == "deny"]
    assert words.count("too_many_questions") == refused
    asked = flooded.records.wait(
        lambda r: r.name == record.APPROVAL and r["network_proxy.approval.state"] == "asked", mark, BOUND
    )
    assert len(asked) == BOUND
    forget(flooded, pending)


def without_help(text):
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def fetch(gate, request):
    """How long one request to a listed name takes."""
    began = time.monotonic()
    with gate.wire() as client:
        client.send(request)
        reply = client.reply()
        assert (reply.status, reply.body) == (200, b"as ever")
    return time.monotonic() - began


def forget(gate, pending):
    """Decides what is pending, so that the next test has room."""
    for question in pending:
        decided = gate.control.decide(question["id"], "deny")
        gate.control.revoke(decided["grant"]["id"])


def test_many_clients_of_one_name_are_one_question(flooded):
    """400 wait on one question; the next is 429; one approval lets all of them go."""
    clients = [flooded.wire() for _ in range(400)]
    with origin.Origin(origin.recording) as there:
        authority = f"one.flood.test:{there.port}"
        with flooded.nothing_asked():
            for client in clients:
                client.send(connect(authority))
            question = flooded.control.question("one.flood.test", waiters=400)
            assert question["asks"] == 400
            reply, _ = flooded.ask(connect(authority), b"CONNECT")
            assert_refused(reply, "too_many_questions", "one.flood.test", there.port)
            assert there.peers == []
        flooded.control.approve("one.flood.test")
        assert {client.reply(b"CONNECT").status for client in clients} == {200}
        leave(flooded, clients)


def test_waiting_clients_have_a_bound_in_all(flooded):
    clients = []
    for i in range(800):
        clients.append(flooded.wire())
        clients[-1].send(connect(f"all{i % 4}.flood.test:443"))
    for i in range(4):
        flooded.control.question(f"all{i}.flood.test", waiters=200)
    reply, _ = flooded.ask(connect("all0.flood.test:443"), b"CONNECT")
    assert_refused(reply, "too_many_questions", "all0.flood.test", 443)
    clients.pop().close()
    flooded.control.question("all3.flood.test", waiters=199)
    with flooded.wire() as next_one:
        next_one.send(connect("all0.flood.test:443"))
        flooded.control.question("all0.flood.test", waiters=201)
    leave(flooded, clients)
    forget(flooded, flooded.control.approvals())


def test_spellings_of_one_name_are_one_question(flooded):
    spellings = ["same.flood.test", "SAME.flood.test", "Same.Flood.Test.", "same.flood.test."]
    clients = []
    with flooded.nothing_asked():
        for spelling in spellings:
            clients.append(flooded.wire())
            clients[-1].send(connect(f"{spelling}:443"))
        question = flooded.control.question("same.flood.test", waiters=len(spellings))
        assert len(flooded.control.approvals()) == 1
        flooded.control.decide(question["id"], "deny")
        for client in clients:
            reply = client.reply(b"CONNECT")
            assert_refused(reply, "approval_denied", "same.flood.test", 443)
    leave(flooded, clients)


def test_clients_that_come_and_go_leave_nothing(flooded):
    """Asking and leaving at once, a thousand times: one question, nobody waits, no session stays."""
    with flooded.nothing_asked():
        for i in range(1000):
            client = Wire(flooded.address)
            client.send(connect("gone.flood.test:443"))
            client.abort() if i % 2 else client.close()
        question = flooded.control.question("gone.flood.test", waiters=0)
        flooded.control.decide(question["id"], "approve")
        flooded.proxy.settle()
