# SPDX-License-Identifier: Apache-2.0
"""Many clients, deciders and an operator at once against the real binary: approve, deny, revoke,
expire, leave, reset, reload and kill -9 in any order. Whatever the order, nothing is let through that
was not allowed at that time, no decision that was answered is lost, everybody who waits gets one
honest answer, and records and history tell the same (hold_model.py).

  SALLYPORT_SEED=N     the run that a failure names
  SALLYPORT_SEEDS=N    N runs instead of one
  SALLYPORT_SECONDS=N  how long each lasts (8)
"""

import os
import random
import secrets
import threading
import time

import pytest

import conftest
import hold_actors
import record
from control import Control
from dns_stub import Answer
from hold_model import Model
from origin import Origin

SECONDS = float(os.environ.get("SALLYPORT_SECONDS", "8"))
CLIENTS, DECIDERS = 16, 3
HOLD, PENDING = ("1s", "2s"), ("1s", "2s", "4s")

HOLDING = {
    "network": {"unlisted": "hold", "allow_local_binding": True},
    "approvals": {"hold_timeout": "1s", "pending_ttl": "2s", "deny_ttl": "1s"},
}
ZONE = {f"*.{hold_actors.DOMAIN}": Answer(a=["127.0.0.1"], ttl=0)}


def seeds():
    """Fresh ones, but for a failure that is looked at again."""
    if "SALLYPORT_SEED" in os.environ:
        return [int(os.environ["SALLYPORT_SEED"])]
    return [secrets.randbits(32) for _ in range(int(os.environ.get("SALLYPORT_SEEDS", "1")))]


class Run:
    """One proxy and everybody around it."""

    def __init__(self, start):
        self.gate = start(HOLDING, zone=ZONE)
        self.address = self.gate.address  # until it is killed, and from then on another one
        self.control = Control(self.gate.proxy)
        self.over = threading.Event()
        self.model = Model(hold_least=1, pending_least=1)
        self.tls = Origin(hold_actors.tunnelled(self.model))
        self.http = Origin(hold_actors.requested(self.model))
        self.tls_port, self.http_port = self.tls.port, self.http.port
        self.asked = Timed()
        self.gate.dns.queries = self.asked

    def write(self, allow, deny, draw):
        """A configuration file with these lists and other times."""
        approvals = {
            "hold_timeout": draw.choice(HOLD),
            "pending_ttl": draw.choice(PENDING),
            "deny_ttl": draw.choice(["1s", "2s"]),
            "session_ttl": draw.choice(["1s", "3s", "1h"]),
        }
        lists = {"allowed_domains": allow, "denied_domains": deny}
        network = {**HOLDING["network"], **lists}
        self.gate.proxy.write({"network": network, "approvals": approvals})

    def questions(self, ids):
        """What the API says of each; what is no question has none."""
        found = {}
        for id_ in ids:
            answer = self.control.call("GET", f"/v1/approvals/{id_}")
            if answer.status == 200:
                found[id_] = answer.json()
        return found

    def act(self, seed):
        kinds = [hold_actors.Client] * CLIENTS + [hold_actors.Decider] * DECIDERS
        kinds += [hold_actors.Bystander] * 2 + [hold_actors.Operator]
        actors = [kind(self, random.Random(f"{seed}.{i}")) for i, kind in enumerate(kinds)]
        begin = time.time()
        self.model.listed([], conftest.STANDARD["network"]["denied_domains"], begin, begin)
        with self.tls, self.http:
            for actor in actors:
                actor.start()
            time.sleep(SECONDS)
            self.over.set()
            for actor in actors:
                actor.join(40)
                self.model.check(not actor.is_alive(), f"{actor} did not end")
            until = time.monotonic() + 10
            while (left := self.gate.proxy.sessions()) > 0 and time.monotonic() < until:
                time.sleep(0.01)
            self.model.check(left == 0, f"{left} sessions are left")

    def records(self):
        return [r for r in self.gate.records.refresh() if r.name == record.APPROVAL]

    def judge(self):
        model = self.model
        begin = time.time()
        model.see_grants(self.control.grants(), begin, time.time())
        told = {r.get("network_proxy.approval.id") for r in self.records()}
        model.seen |= told - {None}
        questions = self.questions(model.seen)
        self.gate.proxy.stop()  # every record is written then
        records = self.records()
        for id_ in model.seen:
            model.check(id_ in questions, f"the history has no {id_}")
        for question in questions.values():
            model.check_question(question)
            model.check_records(question, records)
        for ask in model.asks:
            model.check_ask(ask, questions)
        model.check_once()
        model.check_listings()
        model.check_arrivals(self.asked.times)
        return questions


class Timed(list):
    """Queries, each with the time it came."""

    def __init__(self):
        super().__init__()
        self.times = []

    def append(self, query):
        super().append(query)
        self.times.append((query.name, time.time()))


@pytest.mark.parametrize("seed", seeds())
def test_any_order(start, seed):
    print(f"SALLYPORT_SEED={seed}")
    run = Run(start)
    run.act(seed)
    questions = run.judge()
    outcomes = {ask.outcome for ask in run.model.asks}
    states = {question["state"] for question in questions.values()}
    print(f"{len(run.model.asks)} asks, {len(questions)} questions, {len(run.model.grants)} grants")
    print(sorted(outcomes), sorted(states))
    faults = run.model.faults
    assert not faults, f"SALLYPORT_SEED={seed}: {len(faults)} faults\n" + "\n".join(faults[:20])
    if SECONDS >= 8:
        assert {"allowed", "approval_denied", "approval_pending", "left"} <= outcomes, outcomes
        assert {"approved", "denied", "expired"} <= states, states
