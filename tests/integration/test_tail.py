# SPDX-License-Identifier: Apache-2.0
"""`tail`, and `approvals watch` where there is no terminal, against an endpoint that answers as told."""

import json
import os
import pathlib
import subprocess
import threading
import time

import pytest

from control_stub import GRANT, TOKEN, ControlStub, question

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ.get("SALLYPORT") or str(ROOT / "build" / "sallyport")
CLEAN = {k: v for k, v in os.environ.items() if k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}


@pytest.fixture
def stub(tmp_path):
    stub = ControlStub(tmp_path / "control.sock")
    yield stub
    stub.stop()


def environment(stub, **more):
    return {**CLEAN, "SALLYPORT_CONTROL": stub.place, "SALLYPORT_TOKEN": TOKEN,
            "LC_ALL": "C.UTF-8", "TZ": "UTC", **more}


class Lines:
    def __init__(self, stub, *arguments, **more):
        self.process = subprocess.Popen([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment(stub, **more))

    def next(self):
        timer = threading.Timer(20, self.process.kill)
        timer.start()
        line = self.process.stdout.readline().decode()
        timer.cancel()
        return line.rstrip("\n")

    def end(self):
        self.process.terminate()
        out, err = self.process.communicate(timeout=20)
        return out.decode(), err.decode()


DECISION = {"at": "2026-11-21T10:55:08.123Z", "decision": "deny", "reason": "denied",
            "source": "baseline_policy", "host": "paste.test", "port": 443, "protocol": "https_connect",
            "method": "CONNECT", "client": "127.0.0.1:5000", "identity": "local", "session": None,
            "rule": {"pattern": "*.test", "file": "c.toml", "line": 3}, "grant": None, "connection": 1}
CLOSED = {"at": "2026-11-21T10:55:09.000Z", "host": "2001:db8::1", "port": 443, "client": "127.0.0.1:5000",
          "bytes_up": 700, "bytes_down": 1468006, "duration": 1.25, "reason": "closed", "grant": None,
          "connection": 1}


def test_tail_is_a_line_for_each_event(stub):
    stub.questions = [question(0xa1, "a.test")]
    stub.emit("hello", {"resumed": False})
    tail = Lines(stub, "tail")
    assert tail.next() == "10:55:08  asked  a.test:443 for local (q-00000000000000a1): git fetch, git/2.39"
    stub.emit("decision", DECISION)
    assert tail.next() == "10:55:08  deny   paste.test:443 for local: denied, *.test (c.toml:3)"
    stub.emit("closed", CLOSED)
    assert tail.next() == "10:55:09  closed [2001:db8::1]:443 after 1.2s, 700 B up, 1.4 MiB down: closed"
    stub.emit("approval", question(0xa1, "a.test", waiters=9))  # no news
    stub.emit("approval", question(0xa1, "a.test", state="approved", decided_at="2026-11-21T10:56:00.000Z",
                                   decision={"decider": "admin", "scope": "once"}))
    assert tail.next() == "10:56:00  approved a.test:443 for local (q-00000000000000a1) by admin, once"
    stub.emit("grant", {"change": "revoked", "grant": GRANT})
    assert tail.next().endswith("grant revoked: allow cdn.new.example:443 (always) for everybody, g-00000000000000b1")
    stub.emit("config", {"actor": "admin", "text": "2 entries added", "refused": False})
    assert tail.next().endswith("config by admin: 2 entries added")
    stub.emit("gap", {"skipped": 12})
    assert tail.next().endswith("... 12 more that were left out")
    stub.emit("decision", {**DECISION, "host": "a\x1b[2J.test"})
    assert "\\u{1b}[2J" in tail.next()
    assert tail.end() == ("", "")
    assert stub.calls[0]["query"] == {"kinds": "approval,grant,decision,closed,config"}


def test_tail_as_json_is_one_object_a_line(stub):
    stub.emit("hello", {"resumed": False})
    tail = Lines(stub, "tail", "--json")
    stub.emit("decision", DECISION, "boot-1")
    assert json.loads(tail.next()) == {"event": "decision", "id": "boot-1", "data": DECISION}
    tail.end()


def test_watch_elsewhere_prints_lines(stub):
    stub.questions = [question(0xa1, "a.test")]
    stub.emit("hello", {"resumed": False})
    lines = Lines(stub, "approvals", "watch", "--json")
    assert json.loads(lines.next()) == {"event": "approval", "id": None, "data": stub.questions[0]}
    lines.end()
    stub.emit("hello", {"resumed": False})
    lines = Lines(stub, "approvals", "watch")
    assert "asked  a.test:443" in lines.next()
    lines.end()


def test_tail_comes_back_and_says_so(stub):
    stub.emit("hello", {"resumed": False})
    tail = Lines(stub, "tail")
    stub.emit("decision", DECISION, "boot-4")
    assert "paste.test" in tail.next()
    stub.events.put(None)
    stub.emit("hello", {"resumed": True})
    stub.emit("decision", {**DECISION, "host": "next.test"}, "boot-5")
    assert "next.test" in tail.next()
    assert "trying again" in tail.end()[1]


def test_a_stream_that_ends_with_its_first_words_was_live(stub):
    stub.emit("hello", {"resumed": False})
    stub.emit("decision", DECISION, "boot-4")
    stub.events.put(None)
    stub.emit("hello", {"resumed": True})
    stub.emit("decision", {**DECISION, "host": "next.test"}, "boot-5")
    tail = Lines(stub, "tail")
    assert "paste.test" in tail.next()
    assert "next.test" in tail.next()
    assert "trying again" in tail.end()[1]


def test_tail_of_nobody_fails_at_once(stub):
    done = subprocess.run([BINARY, "tail", "--control", "/nonexistent/s"], env=environment(stub), timeout=20,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("sallyport: ") and done.stderr.count("\n") == 1


def test_a_closed_pipe_ends_it(stub):
    stub.emit("hello", {"resumed": False})
    tail = Lines(stub, "tail", "--json")
    stub.emit("decision", DECISION)
    assert tail.next()
    tail.process.stdout.close()
    deadline = time.monotonic() + 20
    while tail.process.poll() is None and time.monotonic() < deadline:
        stub.emit("decision", DECISION)
        time.sleep(0.05)
    assert tail.process.poll() is not None
    tail.process.stderr.close()
