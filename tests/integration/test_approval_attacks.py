# SPDX-License-Identifier: Apache-2.0
"""Attacks on decisions: guessed, replayed, late, too wide, for somebody else; hostile text in what is
asked; and a process that is killed while people decide. None lets anything through that nobody
allowed, and none loses what somebody decided."""

import base64
import http.client
import json
import random
import subprocess
import threading

import pytest

import origin
import record
import sallyport
from control import Control
from dns_stub import Answer
from gate import assert_refused

HOLDING = {
    "network": {
        "unlisted": "hold",
        "allow_local_binding": True,
        "denied_domains": ["denied.ask.test", "*.evil.ask.test"],
    },
    "approvals": {"hold_timeout": "20s"},
}
HERE = Answer(a=["127.0.0.1"])
ZONE = {"*.ask.test": HERE, "*.shop.example.co.uk": HERE, "ann.github.io": HERE}


def connect(authority, *fields):
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def session(name):
    return f"Proxy-Authorization: Basic {base64.b64encode(name + b':').decode()}"


@pytest.fixture(scope="module")
def held(start):
    gate = start(HOLDING, zone=ZONE)
    gate.control = Control(gate.proxy)
    return gate


def pend(gate, host, *fields, port=443):
    client = gate.wire()
    client.send(connect(f"{host}:{port}", *fields))
    return client, gate.control.question(host, waiters=1)


def code(answer):
    return answer.status, answer.json()["code"]


# ---- ids and states ---------------------------------------------------------------------------


def test_guessed_ids_are_none(held):
    client, question = pend(held, "guess.ask.test")
    number = int(question["id"][2:], 16)
    with client, held.nothing_asked():
        for guess in (
            f"q-{number ^ 1:016x}",
            f"q-{(number + 1) % 2**64:016x}",
            "q-0000000000000000",
            "q-0000000000000001",
            "q-ffffffffffffffff",
            f"q-{number:x}0",
            f"q-0{number:016x}",
            f"q-{number:016x}".replace("q", "g"),
            f"q-{number:016X}" if f"{number:016X}" != f"{number:016x}" else "Q-1",
            question["id"][2:],
            "pending",
            "*",
            "q-%00",
            "-1",
        ):
            for verb in ("approve", "deny"):
                answer = held.control.call("POST", f"/v1/approvals/{guess}/{verb}", {})
                assert code(answer) == (404, "not_found"), guess
            assert held.control.call("GET", f"/v1/approvals/{guess}").status == 404
            assert held.control.call("DELETE", f"/v1/grants/{guess}").status == 404
        assert held.control.question("guess.ask.test")["state"] == "pending"
        held.control.deny("guess.ask.test")
        assert_refused(client.reply(b"CONNECT"), "approval_denied", "guess.ask.test", 443)


def test_ids_are_not_counted_up(held):
    """Nobody learns from one id what the next one is."""
    ids = []
    for i in range(8):
        client, question = pend(held, f"id{i}.ask.test")
        ids.append(int(question["id"][2:], 16))
        held.control.deny(f"id{i}.ask.test")
        client.close()
    apart = [abs(a - b) for a, b in zip(ids, ids[1:])]
    assert min(apart) > 2**32, ids


def test_a_decision_is_made_once(held):
    """Twenty at a time, half of them yes: one counts, and the client hears that one."""
    client, question = pend(held, "race.ask.test")
    answers = []

    def decide(verb):
        answers.append((verb, held.control.call("POST", f"/v1/approvals/{question['id']}/{verb}", {})))

    with client:
        threads = [threading.Thread(target=decide, args=(v,)) for v in ("approve", "deny") * 10]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [verb for verb, answer in answers if answer.status == 200]
        lost = [code(answer) for _, answer in answers if answer.status != 200]
        assert len(won) == 1 and lost == [(409, "already_decided")] * 19
        expected = {"approve": 502, "deny": 403}[won[0]]
        assert client.reply(b"CONNECT").status == expected
    held.proxy.settle()
    state = {"approve": "approved", "deny": "denied"}[won[0]]
    assert held.control.question("race.ask.test", state=state)["decision"]["decider"] == "admin"
    # The same request again, as it was recorded: too late.
    decide(won[0])
    assert code(answers[-1][1]) == (409, "already_decided")


def test_a_decision_after_the_end_is_gone(start):
    gate = start({**HOLDING, "approvals": {"hold_timeout": "20s", "pending_ttl": "1s"}}, zone=ZONE)
    control = Control(gate.proxy)
    with origin.Origin(origin.recording) as there, gate.nothing_asked():
        host = f"late.ask.test:{there.port}"
        reply, _ = gate.ask(connect(host), b"CONNECT")
        assert_refused(reply, "approval_expired", "late.ask.test", there.port)
        late = control.question("late.ask.test", state="expired")
        for verb in ("approve", "deny"):
            for body in ({}, {"scope": "always"}, {"scope": "ttl", "ttl": 60, "pattern": "**.ask.test"}):
                answer = control.call("POST", f"/v1/approvals/{late['id']}/{verb}", body)
                assert code(answer) == (410, "gone"), body
        assert control.grants() == [] and there.peers == []


# ---- wider than it was asked ------------------------------------------------------------------


@pytest.mark.parametrize(
    "host,patterns",
    [
        (
            "cdn.shop.example.co.uk",
            ["*", "*.uk", "**.uk", "*.co.uk", "**.co.uk", "**.example.com", "shop.example.co.uk",
             "*.cdn.shop.example.co.uk", "cdn.shop.example.co.uk,evil.test", "*.*.example.co.uk",
             "cdn.*.example.co.uk", "cdn.shop.example.co.uk evil.test", "*example.co.uk",
             "0.0.0.0/0", "[::]/0", "http://cdn.shop.example.co.uk", "*.example.co.uk:0", ""],
        ),
        ("ann.github.io", ["*.github.io", "**.github.io", "*.io"]),
    ],
)
def test_nothing_is_widened_beyond_its_registrable_domain(held, host, patterns):
    client, question = pend(held, host)
    before = held.control.grants()
    with client, held.nothing_asked():
        for pattern in patterns:
            body = {"scope": "ttl", "ttl": 60, "pattern": pattern}
            answer = held.control.call("POST", f"/v1/approvals/{question['id']}/approve", body)
            assert answer.status == 422, (pattern, answer.body)
        for wider in question["wider"]:
            assert not wider.endswith(("*.co.uk", "*.uk", "*.github.io"))
        for pattern in ("*", "*.co.uk", "*.github.io", "*.com"):
            body = {"decision": "allow", "scope": "always", "pattern": pattern}
            answer = held.control.call("POST", "/v1/grants", body)
            assert code(answer) == (422, "bad_pattern"), pattern
        assert held.control.grants() == before
        held.control.deny(host)
        assert client.reply(b"CONNECT").status == 403


def test_denied_names_stay_denied(held):
    """By a grant ahead of time, by a wider one, and by one that was there before the entry."""
    for pattern in ("denied.ask.test", "x.evil.ask.test"):
        body = {"decision": "allow", "scope": "always", "pattern": pattern}
        answer = held.control.call("POST", "/v1/grants", body)
        assert code(answer) == (409, "refused_by_policy"), pattern
    grant = held.control.grant("**.ask.test", scope="ttl", ttl=60)
    with held.nothing_asked():
        for host in ("denied.ask.test", "x.evil.ask.test"):
            reply, _ = held.ask(connect(f"{host}:443"), b"CONNECT")
            assert_refused(reply, "denied", host, 443)
    held.control.revoke(grant["id"])


def test_local_answers_win_over_a_grant(start):
    gate = start(
        {**HOLDING, "network": {**HOLDING["network"], "allow_local_binding": False}}, zone=ZONE
    )
    control = Control(gate.proxy)
    with origin.Origin(origin.recording) as there:
        authority = f"inside.ask.test:{there.port}"
        control.grant(authority, scope="always")
        reply, _ = gate.ask(connect(authority), b"CONNECT")
        assert_refused(reply, "resolved_local", "inside.ask.test", there.port)
        assert there.peers == []
        for literal in ("127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"):
            body = {"decision": "allow", "scope": "always", "pattern": f"{literal}:{there.port}"}
            answer = control.call("POST", "/v1/grants", body)
            assert answer.status in (409, 422), (literal, answer.body)
            reply, _ = gate.ask(connect(f"{literal}:{there.port}"), b"CONNECT")
            assert reply.status == 403 and there.peers == []


# ---- for somebody else ------------------------------------------------------------------------


def test_a_session_does_not_share_its_grant(held):
    host = "ours.ask.test"
    with origin.Origin(origin.recording) as there:
        client, question = pend(held, host, session(b"one"), port=there.port)
        assert question["session"] == "one"
        grant = held.control.decide(question["id"], "approve", scope="session")["grant"]
        assert (grant["session"], grant["identity"]) == ("one", "local")
        assert client.reply(b"CONNECT").status == 200
        client.close()
        for fields in ([session(b"two")], [], [session(b"one ")], [session(b"ONE")]):
            with held.nothing_asked():
                other = held.wire()
                other.send(connect(f"{host}:{there.port}", *fields))
                held.control.question(host, waiters=1)
                other.close()
                asked = held.control.question(host, waiters=0)
        again = held.wire()
        again.send(connect(f"{host}:{there.port}", session(b"one")))
        assert again.reply(b"CONNECT").status == 200
        again.close()
        held.control.decide(asked["id"], "deny")
        held.control.revoke(grant["id"])


def test_an_identity_does_not_share_its_grant(held):
    """The identity is the kernel's: what a client calls itself is not one."""
    grant = held.control.grant("theirs.ask.test", scope="ttl", ttl=60, identity="192.0.2.1")
    for fields in ([], [session(b"192.0.2.1")], ["X-Forwarded-For: 192.0.2.1"],
                   ["Forwarded: for=192.0.2.1"]):
        with held.nothing_asked():
            client, question = pend(held, "theirs.ask.test", *fields)
            assert question["identity"] == "local"
            answer = held.control.call(
                "POST", f"/v1/approvals/{question['id']}/approve", {"identity": "192.0.2.1"}
            )
            assert code(answer) == (422, "bad_request")
            client.close()
            asked = held.control.question("theirs.ask.test", waiters=0)
    held.control.decide(asked["id"], "deny")
    held.control.revoke(grant["id"])


# ---- hostile text -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [b"a\r\nb.ask.test", b"a\x1b[31mb.ask.test", "a\u202eb.ask.test".encode(), b"a\0b.ask.test",
     b"a\x7fb.ask.test", b"a b.ask.test", b"a\\b.ask.test", b"a%0d%0ab.ask.test", b"\xff.ask.test",
     "\u200bask.test".encode(), "\uff41.ask.test".encode()],
    ids=repr,
)
def test_hostile_names_are_no_questions(held, name):
    before = held.control.get("/v1/approvals?state=all&limit=1000")["approvals"]
    with held.nothing_asked(), held.one_ending("bad_target", "bad_request") as ending:
        reply, _ = held.ask(b"CONNECT " + name + b":443 HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT")
        assert reply.status == 400
    assert printable(ending.record.line)
    assert held.control.get("/v1/approvals?state=all&limit=1000")["approvals"] == before


def printable(text):
    return not {c for c in text if ord(c) < 32 or c in "\u007f\u2028\u2029\u202e\u200b\u2066"}


def test_hostile_text_is_shown_harmless(held):
    """What a client calls itself, everywhere a person may see it: API, stream, log, terminal."""
    nasty = "x\u202e\u2066<script>\u2028\u200by".encode() + b"\xff"
    connection = held.control.connection(20)
    fields = {"Authorization": f"Bearer {held.control.token}"}
    connection.request("GET", "/v1/events?kinds=approval", headers=fields)
    stream = connection.getresponse()
    mark = held.records.mark()
    client, question = pend(
        held, "hostile.ask.test", session(nasty[:-1]), "User-Agent: " + nasty.decode("latin-1")
    )
    with client:
        assert "\\u{202e}" in question["context"]["user_agent"]
        texts = [question["context"]["user_agent"], question["session"] or ""]
        assert all(printable(text) for text in texts), texts
        data = None
        while not data or "hostile.ask.test" not in data:
            data = stream.readline().decode().rstrip("\n")
        assert printable(data) and json.loads(data.removeprefix("data: "))["id"] == question["id"]
        listed = subprocess.run(
            [sallyport.BINARY, "approvals", "list", "--config", str(held.proxy.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "hostile.ask.test" in listed.stdout, listed
        assert all(printable(line) for line in listed.stdout.splitlines()), listed.stdout
        note = "approved\u202e\u2066<b>"
        answer = held.control.decide(question["id"], "deny", note=note)
        assert printable(answer["grant"]["note"]) and "\\u{202e}" in answer["grant"]["note"]
        reply = client.reply(b"CONNECT")
        assert_refused(reply, "approval_denied", "hostile.ask.test", 443)
    stream.close()
    connection.close()
    held.proxy.settle()
    held.records.wait_decided(mark, "denied", "hostile.ask.test")
    since = [r for r in held.records.since(mark) if r.host == "hostile.ask.test"]
    states = [r.get("network_proxy.approval.state") for r in since if r.name == record.APPROVAL]
    assert states == ["asked", "denied"] and all(printable(r.line) for r in since)


# ---- kill -9 ----------------------------------------------------------------------------------


def test_killed_at_any_point_no_decision_is_lost(start):
    """People decide as fast as they can until the process is killed: whatever was answered holds
    afterwards, whoever was let go has the grant he went by, and nobody else has one."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    gate = start(HOLDING, zone=ZONE)
    control = Control(gate.proxy)
    for life in range(5):
        tried, answered, released = decide_until_killed(gate, control, life, chance)
        gate.proxy.port = None
        gate.proxy.start()
        # What the killed process had recorded comes first, and then that this one started.
        gate.records.wait(lambda r: r.name == record.CONFIG, gate.proxy.begun)
        gate.proxy.begun = gate.records.mark()
        kept = {g["pattern"].split(":")[0]: g["decision"] for g in control.grants()}
        for host, verb in answered.items():
            assert kept.get(host) == {"approve": "allow", "deny": "deny"}[verb], (host, seed)
        for host, status in released.items():
            assert kept[host] == {502: "allow", 403: "deny"}[status], (host, status, seed)
        assert {h for h in kept if f"-{life}." in h} <= set(tried), seed
        pending = {a["host"] for a in control.approvals()}
        assert not pending & set(answered), seed


def decide_until_killed(gate, control, life, chance):
    """Hosts that were decided about, those whose decision was answered, and what clients heard."""
    hosts = [f"k{i}-{life}.ask.test" for i in range(30)]
    clients = {host: gate.wire() for host in hosts}
    for host, client in clients.items():
        client.send(connect(f"{host}:443"))
    for host in hosts:
        control.question(host, waiters=1)
    gate.records.wait(
        lambda r: r.decision == "ask" and f"-{life}." in r.host, gate.proxy.begun, len(hosts)
    )
    verbs = {host: chance.choice(("approve", "deny")) for host in hosts}
    answered, ids = {}, {a["host"]: a["id"] for a in control.approvals()}

    def decide(some):
        for host in some:
            try:
                body = {"scope": "always", "note": host}
                answer = control.call("POST", f"/v1/approvals/{ids[host]}/{verbs[host]}", body)
                if answer.status == 200:
                    answered[host] = verbs[host]
            except (OSError, http.client.HTTPException):
                return

    deciders = [threading.Thread(target=decide, args=(hosts[i::3],)) for i in range(3)]
    killer = threading.Timer(chance.uniform(0.002, 0.06), gate.proxy.process.kill)
    killer.start()
    for thread in deciders:
        thread.start()
    for thread in (*deciders, killer):
        thread.join()
    gate.proxy.kill()
    return hosts, answered, {host: status for host in hosts if (status := heard(clients[host]))}


def heard(client):
    """The status of the client's answer, or None: the process was gone."""
    with client:
        data = client.rest()
    return int(data.split(b" ")[1]) if data.startswith(b"HTTP/1.1 ") else None
