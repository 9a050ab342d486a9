# SPDX-License-Identifier: Apache-2.0
"""The agent's own page, http://sallyport.internal/: what it shows, what it takes, and that nothing of
it goes anywhere. And what is known of a question: process, session, path class."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

import origin
import record
from control import Control
from gate import assert_refused
from wire import Wire

PAGE = "http://sallyport.internal/"
HOLDING = {
    "network": {
        "unlisted": "hold",
        "allowed_domains": ["sallyport.internal:*", "*.sallyport.internal", "listed.test"],
        "denied_domains": ["*.internal"],
    },
    "approvals": {"hold_timeout": "20s"},
    "timeouts": {"response": "2s"},
}


@pytest.fixture(scope="module")
def held(start):
    gate = start(HOLDING)
    gate.control = Control(gate.proxy)
    return gate


def head(method, url, *lines):
    host = url.split("/")[2]
    return "\r\n".join([f"{method} {url} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()


def post(url, body, *lines):
    body = body.encode() if isinstance(body, str) else body
    return head("POST", url, *lines, f"Content-Length: {len(body)}") + body


def get(gate, url, *lines):
    with gate.wire() as client:
        return client.send(head("GET", url, *lines)).reply()


class Asking:
    """A client that is held, and the question it is held for."""

    def __init__(self, gate, host, *lines):
        self.gate, self.host, self.lines = gate, host, lines

    def __enter__(self):
        self.client = self.gate.wire()
        authority = f"{self.host}:443"
        lines = "".join(line + "\r\n" for line in self.lines)
        self.client.send(
            f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{lines}\r\n".encode()
        )
        self.id = self.gate.control.question(self.host, waiters=1)["id"]
        self.url = f"{PAGE}questions/{self.id}"
        return self

    def __exit__(self, *_):
        self.client.close()


def own(gate, kind="questions"):
    return {row["host"]: row for row in get(gate, PAGE).json()[kind]}


# ---- the page -----------------------------------------------------------------------------------


def test_page_tells_what_is_allowed_and_goes_nowhere(held):
    mark = held.records.mark()
    with held.nothing_asked():
        reply = get(held, PAGE)
    assert (reply.status, reply.value("Content-Type")) == (200, "application/json")
    assert reply.value("Cache-Control") == "no-store"
    page = reply.json()
    assert (page["name"], page["mode"], page["unlisted"]) == ("sallyport", "full", "hold")
    assert page["identity"] == "local" and page["session"] is None
    allowed = page["allowed"]
    assert allowed["count"] == 3 and allowed["complete"] is True
    assert allowed["patterns"][-1] == "listed.test"
    assert page["guidance"]
    held.proxy.settle()
    decision, closed = [r for r in held.records.since(mark) if r.name != record.CONFIG]
    assert (decision.name, decision.decision) == (record.DECISION, "allow")
    assert decision.host == "sallyport.internal"
    assert decision["network.policy.source"] == "proxy_state"
    assert (closed.name, closed["http.response.status_code"]) == (record.CLOSED, 200)
    assert closed["network_proxy.bytes_sent"] == 0
    assert closed["network_proxy.bytes_received"] > len(reply.body)
    assert "network_proxy.upstream.address" not in closed.attributes


@pytest.mark.parametrize("name", ["sallyport.internal:80", "SALLYPORT.internal.", "Sallyport.Internal"])
def test_page_in_any_spelling(held, name):
    with held.nothing_asked():
        assert get(held, f"http://{name}/").status == 200


@pytest.mark.parametrize(
    "url", ["http://x.sallyport.internal/", "http://sallyport.internal:8080/",
            "http://a.b.sallyport.internal/questions/"],
)
def test_nothing_is_beside_the_page(held, url):
    name, _, port = url.split("/")[2].partition(":")
    with held.nothing_asked(), held.one_ending("agent_page"):
        reply, _ = held.ask(head("GET", url))
    assert_refused(reply, "agent_page", name, int(port or 80), "http")


@pytest.mark.parametrize("authority", ["sallyport.internal:443", "sallyport.internal:80",
                                       "a.sallyport.internal:443"])
def test_connect_to_the_page_is_refused(held, authority):
    name, port = authority.split(":")
    with held.nothing_asked(), held.one_ending("agent_page"), held.wire() as client:
        reply = client.connect(authority)
    assert_refused(reply, "agent_page", name, int(port), "https_connect")
    assert "GET http://sallyport.internal/" in reply.json()["guidance"]


def test_names_that_only_look_like_it(held):
    """It ends in the same letters, and is a name like any other: denied here."""
    with held.nothing_asked(), held.one_ending("denied"):
        reply, _ = held.ask(head("GET", "http://asallyport.internal/"))
    assert reply.status == 403


def test_page_by_http10_and_head(held):
    reply, rest = held.ask(b"GET http://sallyport.internal/ HTTP/1.0\r\n\r\n")
    assert reply.status == 200 and reply.value("Connection") == "close" and rest == b""
    with held.wire() as client:
        client.send(head("HEAD", PAGE))
        reply = client.reply(b"HEAD")
        assert reply.status == 200 and int(reply.value("Content-Length")) > 100
        client.send(head("GET", PAGE))
        assert client.reply().json()["name"] == "sallyport"


def test_page_for_a_browser(held):
    reply = get(held, PAGE, "Accept: text/html,application/xhtml+xml,*/*;q=0.8")
    assert reply.value("Content-Type") == "text/html; charset=utf-8"
    assert "default-src 'none'" in reply.value("Content-Security-Policy")
    assert reply.body.startswith(b"<!DOCTYPE html>") and b"listed.test" in reply.body
    assert get(held, PAGE, "Accept: text/html;q=0.5, */*").json()["name"] == "sallyport"


@pytest.mark.parametrize(
    "method, path, status, allow",
    [
        ("GET", "x", 404, None),
        ("GET", "questions/", 404, None),
        ("GET", "questions/q-0000000000000001", 404, None),
        ("GET", "questions/q-0000000000000001/approve", 404, None),
        ("GET", "x" * 3000, 404, None),
        ("GET", "v1/approvals", 404, None),
        ("POST", "", 405, "GET, HEAD"),
        ("DELETE", "", 405, "GET, HEAD"),
        ("OPTIONS", "", 405, "GET, HEAD"),
    ],
)
def test_wrong_paths_and_methods(held, method, path, status, allow):
    with held.wire() as client:
        client.send(head(method, PAGE + path))
        reply = client.reply(method.encode())
        assert (reply.status, reply.value("Allow")) == (status, allow)
        assert reply.value("Content-Type") == "application/problem+json"
        assert reply.json()["status"] == status
        # The connection goes on.
        assert client.send(head("GET", PAGE)).reply().status == 200


def test_connection_goes_on_to_others(held, start):
    """A page, an origin, a page: on one connection, each to its own."""
    gate = start()
    with origin.Origin(origin.answering(origin.ok(b"hello"))) as there, gate.wire() as client:
        url = f"http://a.plain.test:{there.port}/"
        client.send(head("GET", PAGE) + head("GET", url) + head("GET", PAGE))
        replies = [client.reply() for _ in range(3)]
    assert [r.status for r in replies] == [200, 200, 200]
    assert replies[1].body == b"hello"
    assert replies[2].json()["unlisted"] == "deny"
    assert len(there.requests) == 1


def test_page_in_limited_mode_and_without_deciders(start):
    gate = start({"network": {"mode": "limited", "unlisted": "hold"}, "listen": {"control": []}})
    with gate.nothing_asked():
        page = get(gate, PAGE).json()
    assert (page["mode"], page["unlisted"]) == ("limited", "deny")


def test_page_follows_a_reload(start):
    gate = start()
    before = get(gate, PAGE).json()["allowed"]["count"]
    mark = gate.records.mark()
    gate.proxy.write({"network": {"allowed_domains": ["only.test"]}})
    gate.records.wait(lambda r: r.name == record.CONFIG, mark)
    after = get(gate, PAGE).json()["allowed"]
    assert before > 1 and after["patterns"] == ["only.test"]


# ---- justifications -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body, lines",
    [
        ('{"justification": "to run <b>tests</b>"}', ["Content-Type: application/json"]),
        ("to run <b>tests</b>", ["Content-Type: text/plain; charset=utf-8"]),
        ("  to run <b>tests</b>\n", []),
        ('{"justification": "to run <b>tests</b>"}',
         ["Content-Type: application/x-www-form-urlencoded"]),
    ],
)
def test_justification_reaches_whoever_decides(held, body, lines):
    host = f"why{len(body)}{len(lines and lines[0])}.test"
    with Asking(held, host) as asking:
        with held.wire() as client:
            reply = client.send(post(asking.url, body, *lines)).reply()
        assert reply.status == 200 and reply.json()["justified"] is True
        question = held.control.question(host)
        assert question["justification"] == "to run <b>tests</b>"
        assert own(held)[host]["justified"] is True
        assert question["state"] == "pending"


@pytest.mark.parametrize(
    "body, lines, status",
    [
        ("{", ["Content-Type: application/json"], 400),
        ("words", ["Content-Type: application/json"], 400),
        ('{"justification": 1}', ["Content-Type: application/json"], 400),
        ('{"decision": "allow"}', ["Content-Type: application/json"], 400),
        ("", [], 400),
        (b"\xff", [], 400),
        ("justification=x", ["Content-Type: application/x-www-form-urlencoded"], 415),
        ("<x/>", ["Content-Type: application/xml"], 415),
    ],
)
def test_what_is_no_justification(held, body, lines, status):
    with Asking(held, "why-not.test") as asking, held.wire() as client:
        reply = client.send(post(asking.url, body, *lines)).reply()
        assert reply.status == status
        assert client.send(head("GET", asking.url)).reply().json()["justified"] is False


def chunked(url, body):
    return head("POST", url, "Transfer-Encoding: chunked") + (
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    )


@pytest.mark.parametrize("send", [post, chunked])
def test_body_has_a_bound(held, send):
    """4096 bytes are read, one more is 413 and the end, however it comes."""
    with Asking(held, "long.test") as asking:
        blank = b" " * 4093
        for body, status in ((blank + b"why", 200), (blank + b" why", 413)):
            with held.wire() as client:
                reply = client.try_send(send(asking.url, body)).reply()
                assert reply.status == status
                assert (reply.value("Connection") == "close") == (status == 413)
                if status == 413:
                    assert client.rest() == b""
        assert held.control.question("long.test")["justification"] == "why"


def test_too_long_a_text_is_refused_whole(held):
    """A text that is cut might say the opposite. The connection goes on."""
    with Asking(held, "verbose.test") as asking, held.wire() as client:
        for body, status in (("x" * 1023, 200), ("y" * 1024, 413), ("", 400)):
            assert client.send(post(asking.url, body)).reply().status == status
        assert held.control.question("verbose.test")["justification"] == "x" * 1023


def test_words_stay_words(held):
    """Control characters, markup and right-to-left marks: shown, never obeyed."""
    words = "</script><b>yes</b>\r\nSet-Cookie: a\x1b[31m\u202eevil\u2028approved by admin"
    with Asking(held, "words.test") as asking, held.wire() as client:
        reply = client.send(
            post(asking.url, json.dumps({"justification": words}), "Content-Type: application/json")
        ).reply()
        assert reply.status == 200 and reply.value("Set-Cookie") is None
        page = client.send(head("GET", asking.url, "Accept: text/html")).reply().body.decode()
        assert "&lt;/script&gt;&lt;b&gt;yes" in page and "<b>" not in page
        for text in (reply.body.decode(), page, held.control.call("GET", "/v1/approvals").body.decode()):
            assert not {"\x1b", "\u202e", "\u2028", "\r"} & set(text)
        question = held.control.question("words.test")
        assert question["state"] == "pending" and "approved by admin" in question["justification"]


# ---- what it cannot do --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["v1/approvals/ID/approve", "questions/ID/approve", "questions/ID?decision=allow",
             "v1/questions/ID", "v1/grants"],
)
def test_it_decides_nothing(held, path):
    with Asking(held, "mine.test") as asking, held.wire() as client:
        body = json.dumps({"decision": "allow", "state": "approved", "scope": "always"})
        for line in ("Content-Type: application/json", "Content-Type: text/plain"):
            url = PAGE + path.replace("ID", asking.id)
            reply = client.send(
                post(url, body, line, f"Authorization: Bearer {held.control.token}")
            ).reply()
            assert reply.status in (200, 400, 404)
        assert held.control.question("mine.test")["state"] == "pending"
        assert held.control.grants() == []


def own_address():
    """An address of this machine that is not loopback. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has loopback only")
        return udp.getsockname()[0]


def test_questions_of_another_identity_are_none(start):
    address = own_address()
    gate = start(
        {**HOLDING, "listen": {"proxy": ["127.0.0.1:0", f"{address}:0"], "allow_remote": True}}
    )
    gate.control = Control(gate.proxy)
    outside = gate.proxy.err.wait(rf"listening on {re.escape(address)}:(\d+)")
    with Asking(gate, "mine.test") as asking, Wire((address, int(outside.group(1)))) as other:
        for request in (
            head("GET", asking.url),
            head("GET", asking.url + "?wait=20"),
            post(asking.url, "it is mine"),
        ):
            reply = other.send(request).reply()
            assert (reply.status, reply.json()["code"]) == (404, "not_found")
        page = other.send(head("GET", PAGE)).reply().json()
        assert (page["identity"], page["questions"], page["decisions"]) == (address, [], [])
        gate.control.decide(asking.id, "deny")
        page = other.send(head("GET", PAGE)).reply().json()
        assert (page["questions"], page["decisions"]) == ([], [])
        denied = gate.control.question("mine.test", state="denied")
        assert denied["justification"] is None
        assert [row["id"] for row in get(gate, PAGE).json()["decisions"]] == [asking.id]


@pytest.mark.parametrize("pattern", ["sallyport.internal:*", "**.sallyport.internal:*", "*.internal:*"])
def test_no_grant_leads_there(start, pattern):
    gate = start({"network": {"unlisted": "hold", "denied_domains": []}})
    control = Control(gate.proxy)
    answer = control.call(
        "POST", "/v1/grants", {"decision": "allow", "scope": "always", "pattern": pattern}
    )
    assert answer.status in (201, 409, 422)
    with gate.nothing_asked(), gate.wire() as client:
        assert_refused(client.connect("sallyport.internal:443"), "agent_page",
                       "sallyport.internal", 443)
    assert control.approvals("all") == []
    check = control.get("/v1/check?host=sallyport.internal&port=443")
    assert (check["decision"], check["reason"]) == ("deny", "agent_page")


@pytest.mark.parametrize(
    "url, lines, word",
    [
        ("http://me@sallyport.internal/", ["Host: sallyport.internal"], "bad_target"),
        ("http://sallyport%2einternal/", ["Host: sallyport.internal"], "bad_target"),
        ("https://sallyport.internal/", ["Host: sallyport.internal"], "scheme_not_allowed"),
        (PAGE, ["Host: listed.test"], "host_mismatch"),
        ("http://listed.test/", ["Host: sallyport.internal"], "host_mismatch"),
        (PAGE, ["Host: sallyport.internal", "Host: sallyport.internal"], "bad_request"),
        ("/", ["Host: sallyport.internal"], "bad_target"),
        (PAGE, ["Host: sallyport.internal", "Max-Forwards: 0"], "method_refused"),
    ],
)
def test_other_ways_to_it_are_malformed(held, url, lines, word):
    with held.nothing_asked(), held.one_ending(word):
        reply, _ = held.ask("\r\n".join([f"GET {url} HTTP/1.1", *lines, "", ""]).encode())
    assert reply.json()["reason"] == word


def test_not_inside_a_tunnel(start):
    gate = start()
    with origin.Origin(origin.answering(origin.ok(b"hello"))) as there, gate.wire() as client:
        authority = f"a.plain.test:{there.port}"
        assert client.connect(authority).status == 200
        reply = client.send(head("GET", PAGE)).reply()
        assert (reply.status, reply.json()["reason"]) == (421, "misdirected")
    assert there.requests == []


# ---- too much ------------------------------------------------------------------------------------


def test_flood_is_told_to_slow_down(start):
    """More calls than an identity may make: 429 for them, and whoever decides is answered."""
    gate = start(HOLDING)
    gate.control = Control(gate.proxy)
    with Asking(gate, "flood.test") as asking:
        clients = [gate.wire() for _ in range(4)]
        for client in clients:
            client.send(head("GET", PAGE) * 100)
        gate.control.decide(asking.id, "deny")
        replies = [client.reply() for client in clients for _ in range(100)]
        assert {r.status for r in replies} == {200, 429}
        late = [r for r in replies if r.status == 429]
        assert {(r.value("Retry-After"), r.json()["code"]) for r in late} == {("1", "too_many")}
        for client in clients:
            client.close()


def test_what_waits_is_not_counted_as_held(held):
    with Asking(held, "gauge.test") as asking:
        waiting = held.wire().send(head("GET", asking.url + "?wait=20"))
        held.proxy.settle(2)
        assert held.proxy.metrics()["sallyport_held"] == 1
        waiting.close()
    held.proxy.settle()
    assert held.proxy.metrics()["sallyport_held"] == 0


def test_body_in_pieces_and_when_invited(held):
    with Asking(held, "slow.test") as asking, held.wire() as client:
        client.send_apart(post(asking.url, "byte by byte"), 7)
        assert client.reply().json()["justification"] == "byte by byte"
        body = b"after you"
        client.send(head("POST", asking.url, "Expect: 100-continue", f"Content-Length: {len(body)}"))
        assert client.reply().status == 100
        client.send(body)
        assert client.reply().json()["justification"] == "after you"
        # Two at once: answered in order.
        client.send(post(asking.url, "first") + post(asking.url, "second") + head("GET", asking.url))
        assert [client.reply().json()["justification"] for _ in range(3)] == [
            "first", "second", "second",
        ]


def test_body_that_never_comes(held):
    with held.one_ending("body_timeout"):
        reply, _ = held.ask(
            head("POST", PAGE + "questions/q-0000000000000001", "Content-Length: 10")
        )
    assert reply.status == 408


def test_ambiguous_body_is_refused(held):
    with held.one_ending("bad_framing"):
        reply, _ = held.ask(
            head("POST", PAGE + "questions/q-0000000000000001", "Content-Length: 1",
                 "Transfer-Encoding: chunked") + b"0\r\n\r\n"
        )
    assert reply.status == 400


# ---- how a question stands ----------------------------------------------------------------------


def test_waiting_for_a_decision(held):
    with Asking(held, "soon.test") as asking, held.wire() as client:
        client.send(head("GET", asking.url + "?wait=20"))
        held.control.decide(asking.id, "deny", note="for people only")
        row = client.reply().json()
        assert (row["state"], row["retry_after"]) == ("denied", None)
        assert "for people only" not in json.dumps(row)
        assert own(held, "decisions")["soon.test"]["state"] == "denied"
        late = client.send(post(asking.url, "please")).reply()
        assert (late.status, late.json()["code"]) == (410, "gone")


def test_waiting_ends(held):
    with Asking(held, "later.test") as asking:
        row = get(held, asking.url + "?wait=1").json()
        assert (row["state"], row["host"], row["port"]) == ("pending", "later.test", 443)
        assert get(held, asking.url + "?wait=61").status == 400
        for leave in (Wire.abort, Wire.close, Wire.shutdown):
            client = held.wire().send(head("GET", asking.url + "?wait=60"))
            held.proxy.settle(2)
            leave(client)
            held.proxy.settle(1)
            client.close()


def test_many_wait_for_one_decision(held):
    with Asking(held, "crowd.test") as asking:
        clients = [held.wire().send(head("GET", asking.url + "?wait=20")) for _ in range(50)]
        held.control.decide(asking.id, "deny")
        assert {c.reply().json()["state"] for c in clients} == {"denied"}
        for client in clients:
            client.close()


def test_end_while_somebody_waits(start):
    """A drain answers it at once."""
    gate = start(HOLDING)
    gate.control = Control(gate.proxy)
    with Asking(gate, "end.test") as asking, gate.wire() as client:
        client.send(head("GET", asking.url + "?wait=60"))
        gate.proxy.settle(2)
        gate.proxy.stop()
        assert client.reply().json()["reason"] == "draining"


def test_block_body_says_where_to_go(start):
    gate = start({**HOLDING, "approvals": {"hold_timeout": "1s"}})
    url = "http://ask.test/x"
    reply = get(gate, url)
    approval = reply.json()["approval"]
    assert (reply.status, approval["state"]) == (503, "pending")
    assert approval["id"] == reply.value("X-Sallyport-Approval")
    assert str(approval["retry_after"]) == reply.value("Retry-After")
    link = f"{PAGE}questions/{approval['id']}"
    assert link in reply.json()["guidance"]
    with gate.wire() as client:
        assert client.send(post(link, "please")).reply().status == 200


# ---- what is known of a question ----------------------------------------------------------------

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def basic(name):
    return "Proxy-Authorization: Basic " + base64.b64encode(name.encode()).decode()


def test_context_of_a_tunnel(held):
    lines = [basic("run-7:secret"), "User-Agent: agent/1", f"traceparent: {TRACE}"]
    with Asking(held, "tunnel.test", *lines):
        question = held.control.question("tunnel.test")
        context = question["context"]
        assert (question["identity"], question["session"]) == ("local", "run-7")
        assert (context["method"], context["path_class"]) == ("CONNECT", None)
        assert (context["user_agent"], context["traceparent"]) == ("agent/1", TRACE)
        assert "secret" not in json.dumps({**question, "context": {**context, "process": None}})


def test_context_of_a_request(held):
    with held.wire() as client:
        client.send(head("GET", "http://plain-context.test/very/secret.tgz?token=secret",
                         "User-Agent: \xe4gent"))
        question = held.control.question("plain-context.test", waiters=1)
        assert question["session"] is None
        assert question["context"]["path_class"] == "/+/+.tgz?"
        assert "secret" not in json.dumps({**question["context"], "process": None})


def process_of(gate, host, seconds=10):
    """The process named with the question, once it is."""
    until = time.monotonic() + seconds
    while True:
        found = gate.control.question(host)["context"]["process"]
        if found:
            return found
        assert time.monotonic() < until, host
        time.sleep(0.01)


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_process_behind_a_local_client(start, address):
    gate = start({**HOLDING, "listen": {"proxy": [f"{address}:0"]}})
    gate.control = Control(gate.proxy)
    curl = subprocess.Popen(
        [shutil.which("curl"), "-sS", "-x", f"http://{address}:{gate.proxy.port}", "-U",
         "me:secret", "-H", "Authorization: Bearer secret", "https://me:secret@curl.test/x?secret"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        process = process_of(gate, "curl.test")
        assert (process["name"], process["pid"]) == ("curl", curl.pid)
        command = process["command"]
        assert "secret" not in command
        assert command.endswith("-U *** -H Authorization:*** https://***@curl.test/x?***")
    finally:
        curl.kill()
        curl.wait()


def test_process_in_python(held):
    script = (
        "import socket,sys\n"
        f"s=socket.create_connection(('127.0.0.1',{held.proxy.port}))\n"
        "s.sendall(b'CONNECT python.test:443 HTTP/1.1\\r\\nHost: python.test:443\\r\\n\\r\\n')\n"
        "s.recv(1)\n"
    )
    client = subprocess.Popen([sys.executable, "-u", "-c", script, "--token", "secret"])
    try:
        process = process_of(held, "python.test")
        assert process["pid"] == client.pid
        assert process["name"].startswith("python")
        assert process["command"].startswith(os.path.basename(sys.executable)) or (
            process["command"].startswith(sys.executable)
        )
        assert "secret" not in process["command"]
    finally:
        client.kill()
        client.wait()


def test_many_who_leave_at_once(held):
    """Clients that are gone before they are looked for: nobody is named, nothing is left."""
    def come_and_go(number):
        with held.wire() as client:
            client.send(head("GET", f"http://gone{number}.test/"))

    threads = [threading.Thread(target=come_and_go, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    held.proxy.settle()
