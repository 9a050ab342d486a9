# SPDX-License-Identifier: Apache-2.0
"""approvals, grants, tail and link against a running proxy: tables, JSON, errors, exit codes."""

import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse

import pytest

import origin
from control import Control
from dns_stub import Answer
from sallyport import BINARY
from terminal import Terminal

HERE = Answer(a=["127.0.0.1"])
ZONE = {"*.held.test": HERE, "*.wide.held.test": HERE}
HOLDING = {
    "network": {"unlisted": "hold", "allow_local_binding": True, "denied_domains": ["no.held.test"]},
    "approvals": {"hold_timeout": "20s"},
}
SETTLE = 0.6  # a choice that moved by itself is not decided about before


def plain(host, port, fields=""):
    return f"GET http://{host}:{port}/x HTTP/1.1\r\nHost: {host}:{port}\r\n{fields}\r\n".encode()


def turned(host, port):
    """From a client that would have its words read backwards."""
    return plain(host, port, "User-Agent: a\u202eb\x9b5m\r\n")


class Shell:
    """The commands, as the user of one proxy runs them."""

    def __init__(self, proxy, **environment):
        self.proxy = proxy
        keep = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
        self.environment = {**{k: v for k, v in os.environ.items() if k in keep}, "LC_ALL": "C.UTF-8",
                            "SALLYPORT_CONFIG": str(proxy.path), "TERM": "xterm", **environment}

    def run(self, *arguments, status=0, **more):
        done = subprocess.run([BINARY, *arguments], env={**self.environment, **more}, timeout=20,
                              capture_output=True, text=True, check=False)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        if status == 0:
            assert done.stderr == ""
        else:
            assert done.stdout == "" and done.stderr.startswith("sallyport: ")
            assert "\x1b" not in done.stderr
        return done

    def said(self, *arguments, **more):
        return self.run(*arguments, **more).stdout

    def json(self, *arguments, **more):
        text = self.said(*arguments, "--json", **more)
        assert text.isascii()
        return json.loads(text)

    def fault(self, *arguments, status=1, **more):
        return self.run(*arguments, status=status, **more).stderr

    def lines(self, *arguments):
        return subprocess.Popen([BINARY, *arguments], env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def held(start):
    gate = start(HOLDING, zone=ZONE, launch=False)
    state = gate.proxy.config["state"]["directory"]
    gate.proxy.config["listen"]["control"] = [f"unix:{state}/control.sock", "127.0.0.1:0"]
    gate.proxy.start()
    gate.control = Control(gate.proxy)
    gate.shell = Shell(gate.proxy)
    return gate


@pytest.fixture(scope="module")
def there():
    with origin.Origin(origin.answering(origin.ok(b"through"))) as peer:
        yield peer


@pytest.fixture
def waiting(held, there):
    """waiting(host): a client that waits to be let through to it."""
    clients = []

    def wait(host, request=plain):
        clients.append(held.wire())
        clients[-1].send(request(host, there.port))
        held.control.question(host, waiters=1)
        return clients[-1]

    yield wait
    for client in clients:
        client.close()
    held.proxy.settle()
    for question in held.control.approvals():
        held.control.decide(question["id"], "deny", scope="once")


def answered(process, seconds=20):
    """The next line of a running command."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    line = process.stdout.readline().decode()
    timer.cancel()
    assert line, process.stderr.read().decode()
    return line.rstrip("\n")


# ---- questions -----------------------------------------------------------------------------------


def test_list(held, there, waiting):
    assert held.shell.said("approvals", "list") == "Nobody waits.\n"
    assert held.shell.json("approvals", "list")["approvals"] == []
    waiting("a.held.test", turned)
    waiting("b.held.test")
    head, *rows = held.shell.said("approvals", "list").splitlines()
    assert head.split() == ["ID", "HOST", "ASKED", "WAITING", "WHO", "WHAT", "FOR"]
    assert [row.split()[1] for row in rows] == [f"{n}.held.test:{there.port}" for n in "ab"]
    assert r"a\u{202e}b\u{9b}5m" in rows[0] and "\u202e" not in rows[0]
    listed = held.shell.json("approvals", "list")["approvals"]
    assert listed == held.control.approvals()
    assert [row.split()[0] for row in rows] == [q["id"] for q in listed]


def test_approve_by_host_and_by_id(held, there, waiting):
    one, two = waiting("c.held.test"), waiting("d.held.test")
    said = held.shell.said("approvals", "approve", f"C.held.test:{there.port}", "--note", "für den Bau")
    assert re.fullmatch(rf"approved c\.held\.test:{there.port} \(once, for local\): g-[0-9a-f]{{16}}\n", said)
    assert one.reply().body == b"through"
    ident = held.control.question("d.held.test")["id"]
    value = held.shell.json("approvals", "approve", ident, "--ttl", "90s")
    assert value["approval"]["state"] == "approved"
    assert (value["grant"]["scope"], value["grant"]["decider"]) == ("ttl", "admin")
    assert two.reply().body == b"through"
    table = held.shell.said("approvals", "list", "--state", "approved")
    assert "approved" in table and "c.held.test" in table and "admin" in table
    states = {q["state"] for q in held.shell.json("approvals", "list", "--state", "all")["approvals"]}
    assert "approved" in states
    noted = held.control.question("c.held.test", state="approved")
    assert noted["decision"]["note"] == "für den Bau"


def test_approve_wider_for_everybody(held, there, waiting):
    client = waiting("a.wide.held.test")
    grant = held.shell.json("approvals", "approve", "a.wide.held.test", "--pattern", "*.wide.held.test",
                            "--scope", "always", "--everybody")["grant"]
    assert grant["pattern"] == f"*.wide.held.test:{there.port}" and grant["identity"] is None
    assert client.reply().status == 200
    with held.wire() as other:
        other.send(plain("b.wide.held.test", there.port))
        assert other.reply().status == 200
    held.shell.run("grants", "revoke", grant["id"])


def test_deny(held, waiting):
    client = waiting("e.held.test")
    assert held.shell.said("approvals", "deny", "e.held.test").startswith("denied e.held.test")
    assert client.reply().json()["reason"] == "approval_denied"


def test_what_cannot_be_decided(held, there, waiting):
    shell = held.shell
    assert "There is no such question." in shell.fault("approvals", "approve", "q-0123456789abcdef")
    assert "no pending question is about" in shell.fault("approvals", "deny", "nobody.held.test")
    assert "\\u{1b}" in shell.fault("approvals", "deny", "\x1b[2J")
    waiting("f.held.test")
    ident = held.control.question("f.held.test")["id"]
    for pattern in ("*", "*.test", "example.com", "f..held.test"):
        shell.fault("approvals", "approve", ident, "--scope", "session", "--pattern", pattern)
    assert held.control.question("f.held.test")["state"] == "pending"
    shell.run("approvals", "deny", ident, "--scope", "once")
    assert "The question was denied already." in shell.fault("approvals", "approve", ident)
    # Two clients from different places would be two questions; here it is two ports.
    with origin.Origin(origin.answering(origin.ok(b"x"))) as other, held.wire() as second:
        waiting("g.held.test")
        second.send(plain("g.held.test", other.port))
        deadline = time.monotonic() + 10
        while len(held.control.approvals()) < 2:
            assert time.monotonic() < deadline
        assert "2 pending questions are about g.held.test" in shell.fault("approvals", "approve", "g.held.test")
        shell.run("approvals", "approve", f"g.held.test:{other.port}")
        assert second.reply().body == b"x"


def test_gone_is_not_refused(start, there):
    gate = start({**HOLDING, "approvals": {"hold_timeout": "1s", "pending_ttl": "1s"}}, zone=ZONE)
    control = Control(gate.proxy)
    with gate.wire() as client:
        client.send(plain("late.held.test", there.port))
        question = control.question("late.held.test", waiters=1)
        assert client.reply().status in (403, 503)
    control.question("late.held.test", state="expired")
    fault = Shell(gate.proxy).fault("approvals", "approve", question["id"])
    assert "The question expired" in fault


# ---- grants --------------------------------------------------------------------------------------


def test_grants(held, there):
    shell = held.shell
    for grant in held.control.grants():
        held.control.revoke(grant["id"])
    assert shell.said("grants", "list") == "No grants.\n"
    assert shell.json("grants", "list") == {"grants": []}
    said = shell.said("grants", "add", f"h.held.test:{there.port}", "--ttl", "1h", "--note", "a\u202eb")
    head, row = said.splitlines()
    assert head.split() == ["ID", "DECISION", "PATTERN", "SCOPE", "WHO", "ENDS", "BY", "NOTE"]
    assert f"h.held.test:{there.port}" in row and "everybody" in row and "\u202e" not in row
    with held.wire() as client:
        client.send(plain("h.held.test", there.port))
        assert client.reply().status == 200
    ident = row.split()[0]
    assert ident in shell.said("grants", "list")
    assert [g["id"] for g in shell.json("grants", "list")["grants"]] == [ident]
    no = shell.json("grants", "add", f"i.held.test:{there.port}", "--deny", "--scope", "always")
    assert (no["decision"], no["scope"]) == ("deny", "always")
    with held.wire() as client:
        client.send(plain("i.held.test", there.port))
        assert client.reply().json()["reason"] == "approval_denied"
    assert shell.json("grants", "revoke", no["id"])["id"] == no["id"]
    assert ident in shell.said("grants", "revoke", ident)
    assert shell.said("grants", "list") == "No grants.\n"


def test_what_cannot_be_granted(held):
    shell = held.shell
    for pattern in ("*.com", "a..b", "*", "", "no.held.test"):
        shell.fault("grants", "add", "--ttl", "1h", "--", pattern)
    assert "There is no such grant" in shell.fault("grants", "revoke", "g-0123456789abcdef")
    assert "16 hexadecimal digits" in shell.fault("grants", "revoke", "../policy")
    shell.fault("grants", "add", "a.held.test", status=2)
    shell.fault("grants", "revoke", status=2)
    assert held.control.grants() == []


# ---- who may, and where --------------------------------------------------------------------------


def test_roles(held, there, waiting):
    tokens = {"viewer": "v" * 40, "approver": "p" * 40}
    with open(held.control.directory / "tokens", "a", encoding="utf-8") as file:
        for role, token in tokens.items():
            file.write(f"some-{role} {role} {hashlib.sha256(token.encode()).hexdigest()}\n")
    assert held.control.call("POST", "/v1/reload", {}).status == 200
    looker, decider = (Shell(held.proxy, SALLYPORT_TOKEN=tokens[role]) for role in tokens)
    waiting("j.held.test")
    assert "j.held.test" in looker.said("approvals", "list")
    for command in (["approvals", "approve", "j.held.test"], ["grants", "add", "a.test", "--ttl", "1h"], ["link"]):
        assert "yours is viewer" in looker.fault(*command)
    assert "Only an admin" in decider.fault("grants", "add", "a.held.test", "--scope", "always")
    assert "yours is approver" in decider.fault("link")
    decider.run("approvals", "deny", "j.held.test", "--scope", "once")
    assert held.control.question("j.held.test", state="denied")["decision"]["decider"] == "some-approver"
    assert "oken" in Shell(held.proxy, SALLYPORT_TOKEN="x" * 40).fault("approvals", "list")


def test_no_proxy_is_running(held, tmp_path):
    for command in (["approvals", "list"], ["approvals", "watch"], ["approvals", "deny", "a.test"],
                    ["grants", "list"], ["tail"], ["link"]):
        fault = held.shell.fault(*command, "--control", f"unix:{tmp_path}/none", SALLYPORT_TOKEN="x")
        assert "is `sallyport serve` running?" in fault and fault.count("\n") == 1
    config = tmp_path / "config.toml"
    config.write_text(f'[state]\ndirectory = "{tmp_path}"\n')
    fault = held.shell.fault("grants", "list", "--config", str(config))
    assert "SALLYPORT_TOKEN is not set" in fault and "admin.token" in fault


def test_somebody_elses_socket(held):
    """Without the rights of its owner, who may also be root."""
    socket = held.control.directory / "control.sock"
    mine = os.geteuid()
    command = [BINARY, "grants", "list", "--control", f"unix:{socket}"]
    if mine == 0:
        # Capabilities are what makes root an exception; an empty bounding set has none left to give.
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
        readable = subprocess.run([*command[:4], "test", "-x", BINARY], check=False).returncode == 0
        if not readable:
            pytest.skip("the program is out of reach for another user")
    else:
        os.chmod(socket, 0)
    done = subprocess.run(command, env={**held.shell.environment, "SALLYPORT_TOKEN": "x"}, timeout=20,
                          capture_output=True, text=True, check=False)
    os.chmod(socket, 0o600)
    assert done.returncode == 1
    assert "permission denied; it is for the user that runs the proxy" in done.stderr


# ---- the link ------------------------------------------------------------------------------------


def test_a_link_signs_in_once(held):
    url = held.shell.said("link").rstrip("\n")
    parts = urllib.parse.urlsplit(url)
    assert url == held.shell.json("link")["url"].split("#")[0] + "#" + parts.fragment
    code = json.dumps({"code": parts.fragment.removeprefix("signin=")})

    def sign_in():
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        connection.request("POST", "/v1/signin", code, {"Content-Type": "application/json",
                                                        "Origin": f"http://{parts.netloc}"})
        answer = connection.getresponse()
        answer.read()
        cookie = (answer.headers["Set-Cookie"] or "").split(";")[0]
        if answer.status == 204:
            connection.request("GET", "/v1/me", headers={"Cookie": cookie})
            assert json.loads(connection.getresponse().read())["role"] == "admin"
        connection.close()
        return answer.status

    assert sign_in() == 204
    assert sign_in() == 401


# ---- what happens --------------------------------------------------------------------------------


def test_tail(held, there, waiting):
    tail, strict = held.shell.lines("tail"), held.shell.lines("tail", "--json")
    first = waiting("k.held.test", turned)
    line = answered(tail)
    # Decisions and ends come in batches: before or after the question itself, and of tests before this.
    while " asked " not in line:
        line = answered(tail)
    assert re.match(rf"\d\d:\d\d:\d\d  asked  k\.held\.test:{there.port} for local \(q-[0-9a-f]{{16}}\)", line)
    held.shell.run("approvals", "approve", "k.held.test")
    assert first.reply().status == 200
    first.close()
    seen = line
    while "closed k.held.test" not in seen:
        seen += "\n" + answered(tail)
    assert f"approved k.held.test:{there.port} for local" in seen and "by admin, once" in seen
    assert "allow  k.held.test" in seen
    assert r"a\u{202e}b" in seen and "\u202e" not in seen
    events = []
    while ("closed", "k.held.test") not in [(e["event"], e["data"].get("host")) for e in events]:
        events.append(json.loads(answered(strict)))
    states = [e["data"]["state"] for e in events if e["event"] == "approval"]
    assert states[0] == "pending" and states[-1] == "approved"
    assert all(set(event) == {"event", "id", "data"} for event in events)
    for process in (tail, strict):
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[1] == b""
        assert process.returncode == -signal.SIGTERM


def test_watch_as_lines_where_no_terminal_is(held, waiting):
    lines = held.shell.lines("approvals", "watch")
    waiting("l.held.test")
    assert "asked  l.held.test" in answered(lines)
    held.shell.run("approvals", "deny", "l.held.test", "--scope", "once")
    assert "denied l.held.test" in answered(lines)
    lines.terminate()
    lines.communicate(timeout=20)


def test_watch_decides(held, there, waiting):
    terminal = Terminal([BINARY, "approvals", "watch"], environment=held.shell.environment)
    terminal.wait_text("0 questions wait")
    one = waiting("m.held.test", turned)
    two = waiting("n.held.test")
    terminal.wait_text(f"n.held.test:{there.port}")
    time.sleep(SETTLE)
    terminal.send("a")
    assert one.reply().body == b"through"
    terminal.wait_text("m.held.test")
    time.sleep(SETTLE)
    terminal.send("d")
    assert two.reply().json()["reason"] == "approval_denied"
    terminal.wait_text("0 questions wait")
    three = waiting("o.held.test")
    terminal.wait_text("o.held.test")
    time.sleep(SETTLE)
    terminal.send("A")
    terminal.wait_text(f"Approve o.held.test:{there.port}")
    terminal.send("3")
    assert three.reply().status == 200
    grant = [g for g in held.control.grants() if g["pattern"].startswith("o.held.test")][0]
    assert grant["scope"] == "ttl" and grant["decider"] == "admin"
    held.control.revoke(grant["id"])
    terminal.send("q")
    assert terminal.end() == 0
    assert "\u202e" not in terminal.text() and r"a\u{202e}b" in terminal.text()
    terminal.close()


def test_both_come_back_after_a_restart(start, there):
    gate = start({**HOLDING, "approvals": {"hold_timeout": "1s"}}, zone=ZONE)
    control, shell = Control(gate.proxy), Shell(gate.proxy)
    with gate.wire() as client:
        client.send(plain("p.held.test", there.port))
        control.question("p.held.test", waiters=1)
        assert client.reply().status == 503
    terminal = Terminal([BINARY, "approvals", "watch"], environment=shell.environment)
    terminal.wait_text("p.held.test")
    lines = shell.lines("tail")
    assert "asked  p.held.test" in answered(lines)
    gate.proxy.stop()
    terminal.wait_text("trying again")
    gate.proxy.port = None
    gate.proxy.start()
    terminal.wait_text("(live)")
    terminal.wait_text("p.held.test")  # pending on disk meanwhile
    with gate.wire() as client:
        client.send(plain("r.held.test", there.port))
        terminal.wait_text("r.held.test")
        seen = ""
        while "asked  r.held.test" not in seen:
            seen = answered(lines)
        time.sleep(SETTLE)
        terminal.send("\x1b[F")
        terminal.wait_for(lambda rows: any(row.startswith("> ") and "r.held.test" in row for row in rows))
        terminal.send("a")
        assert client.reply().body == b"through"
    terminal.send("q")
    assert terminal.end() == 0
    terminal.close()
    lines.terminate()
    assert b"trying again" in lines.communicate(timeout=20)[1]
