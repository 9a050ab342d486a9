# SPDX-License-Identifier: Apache-2.0
"""What people really run, held on a name that no list has: each client with its own time-outs and
its own idea of when to try again. docs/operating.md has the table of what is measured here.

  SALLYPORT_HELD=29        each is held for so many seconds before it is approved (else a moment)
  SALLYPORT_PATIENCE=320   and a test more: how long each waits by itself, printed (pytest -s)
"""

import functools
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

import clients
import record
import site_files
from clients import Desk
from conftest import PATIENT
from control import Control
from dns_stub import Answer

HELD = float(os.environ.get("SALLYPORT_HELD", "0.2"))
PATIENCE = float(os.environ.get("SALLYPORT_PATIENCE", "0"))

HOLDING = {
    "timeouts": PATIENT,
    "network": {"unlisted": "hold", "allow_local_binding": True},
    # Each asks by the same address.
    "approvals": {"hold_timeout": f"{int(HELD) + 20}s"},
}
ZONE = {"*.held.test": Answer(a=["127.0.0.1"])}


@dataclass
class Client:
    run: object  # as in clients.py, with its own defaults
    brief: object  # the same with less between its attempts
    denied: str  # in what it says when somebody said no
    pending: str  # and when nobody had decided in time
    retries: bool  # and then it tries again without being told to


def client(function, *words, retries=False, brief=(), **options):
    run = functools.partial(function, **options)
    if brief:
        options["options"] += brief
    return Client(run, functools.partial(function, **options), *words, retries)


# A browser stops by itself when told to dump a page: late enough here.
BROWSER = ("--virtual-time-budget=5000", f"--timeout={int(max(HELD, PATIENCE) + 20) * 1000}")
NPM = {
    "options": (),
    "brief": ("--fetch-retry-mintimeout=100", "--fetch-retry-maxtimeout=200"),
}
PIP = {"options": (), "brief": ("--retries", "1")}

CLIENTS = {
    "curl": client(clients.curl, "response 403", "response 503"),
    "curl-http": client(clients.curl_plain, "approval_denied", "approval_pending"),
    "wget": client(clients.wget, "Forbidden", "Service Unavailable", options=()),
    "git": client(clients.git_smart, "response 403", "response 503"),
    "git-http": client(clients.git_smart_plain, "error: 403", "error: 503"),
    "pip": client(clients.pip, "403 Forbidden", "503 Service", retries=True, **PIP),
    "npm": client(clients.npm, "403", "503", retries=True, **NPM),
    "requests": client(clients.python_requests, "403 Forbidden", "503 Service"),
    "aiohttp": client(clients.python_aiohttp, "403", "503"),
    "undici": client(clients.undici, "403", "503"),
    "node": client(clients.node_env, "403", "503"),
    "apt": client(functools.partial(clients.apt, retries=None), "403", "503", retries=True),
    "go": client(clients.go, "Forbidden", "Service Unavailable"),
    "chromium": client(clients.chromium, "ERR_TUNNEL", "ERR_TUNNEL", options=BROWSER),
}


@dataclass
class Held:
    """A desk behind a gate that holds, and who decides there."""

    desk: Desk
    control: Control

    def begin(self, run, host):
        """A client goes its way; a future of (success, what it said)."""
        pool = ThreadPoolExecutor(1)
        future = pool.submit(run, self.desk, host)
        pool.shutdown(wait=False)
        return future


@pytest.fixture(scope="module")
def held(start, furnish):
    gate = start(HOLDING, zone=ZONE)
    desk = furnish(gate, "files.held.test")
    desk.seconds = max(HELD, PATIENCE) + 60
    # A registry names itself in what it says; npm 9 does not replace that well.
    for word in ("approved", "denied", "pending"):
        host = f"npm-{word}.held.test"
        site_files.build_registry(desk.nginx.root / host / "npm", f"https://{host}:{desk.nginx.tls}/npm")
    return Held(desk, Control(gate.proxy))


@pytest.fixture(scope="module")
def hasty(start, held):
    """The same behind a gate that says "still pending" after a second."""
    gate = start({**HOLDING, "approvals": {"hold_timeout": "1s"}}, zone=ZONE)
    d = held.desk
    desk = Desk(gate, d.nginx, d.certificates, d.packages, d.directory, d.git_server)
    return Held(desk, Control(gate.proxy))


def succeeded(result):
    done, said = result
    assert done, said
    assert site_files.MARK in said, said


@pytest.mark.parametrize("name", CLIENTS)
def test_approved(held, name):
    """It waits without a word, and goes on as if nothing had happened."""
    host = f"{name}-approved.held.test"
    answer = held.begin(CLIENTS[name].run, host)
    held.control.question(host)  # of one connection, or of a browser's two
    time.sleep(HELD)  # the one thing that these tests are about
    assert not answer.done(), answer.result()
    assert not held.desk.gate.dns.asked(host)
    held.control.approve(host, scope="session")
    succeeded(answer.result())


@pytest.mark.parametrize("name", CLIENTS)
def test_denied(held, name):
    host = f"{name}-denied.held.test"
    answer = held.begin(CLIENTS[name].brief, host)
    held.control.deny(host)
    done, said = answer.result()
    assert not done and CLIENTS[name].denied in said, said
    assert not held.desk.gate.dns.asked(host)


@pytest.mark.parametrize("name", CLIENTS)
def test_still_pending_then_retried(hasty, name):
    """Told to come back, by itself or by whoever runs it: the approval between lets it in."""
    host = f"{name}-pending.held.test"
    mark = hasty.desk.gate.records.mark()
    answer = hasty.begin(CLIENTS[name].brief, host)
    hasty.desk.gate.records.wait(lambda r: r.host == host and r.reason == "approval_pending", mark, seconds=20)
    hasty.control.approve(host, scope="session")
    done, said = answer.result()
    assert done == CLIENTS[name].retries, said
    if not done:
        assert CLIENTS[name].pending in said, said
        done, said = CLIENTS[name].brief(hasty.desk, host)
    succeeded((done, said))


def wait_alone(held, name):
    """How long it waits for nobody, and what it says then."""
    began = time.monotonic()
    try:
        _, said = CLIENTS[name].run(held.desk, f"{name}-alone.held.test")
    except Exception as fault:  # pylint: disable=broad-except  (it outlasted the measurement)
        said = repr(fault)
    return name, time.monotonic() - began, re.sub(r"\s+", " ", said)[-300:]


if PATIENCE:

    def test_patience(start, held):
        """All at once, held by a gate that never answers."""
        changes = {"approvals": {"hold_timeout": f"{int(PATIENCE) + 120}s"}}
        gate = start({**HOLDING, **changes}, zone=ZONE)
        held.desk.gate, held.desk.seconds = gate, PATIENCE
        with ThreadPoolExecutor(len(CLIENTS)) as pool:
            for name, seconds, said in pool.map(functools.partial(wait_alone, held), CLIENTS):
                asks = [r for r in gate.records.since(0) if r.host == f"{name}-alone.held.test"]
                times = sum(r.name == record.DECISION and r.decision == "ask" for r in asks)
                print(f"{name:12}{seconds:8.1f} s {times:3} asked  {said}")
        gate.proxy.kill()  # what outlasted the measurement left children that wait on
