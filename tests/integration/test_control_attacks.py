# SPDX-License-Identifier: Apache-2.0
"""Attacks on the control endpoint: pages of other sites, guessed and stolen tokens, odd framing,
clients that never end, and the way to it through the proxy. Each leaves the question that is pending
as it is, and the answer says why."""

import http.client
import json
import socket
import threading
import time

import pytest

from control import Control
from dns_stub import Answer
from endpoint import LINK, Caller, request, tcp_port
from gate import assert_refused
from sallyport import LOOPBACK

JSON = "Content-Type: application/json"
HOLD_TIMEOUT = {"approvals": {"hold_timeout": "60s"}}
ZONE = {
    "here.listed.test": Answer(a=["127.0.0.1"]),
    "mapped.listed.test": Answer(aaaa=["::ffff:127.0.0.1"]),
    "six.listed.test": Answer(aaaa=["::1"]),
    "mixed.listed.test": Answer(a=["127.0.0.1"], aaaa=["::1"]),
    "any.listed.test": Answer(a=["0.0.0.0"]),
}


def connect(authority):
    return f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()


class Target:
    """A proxy whose lists are as wide as they can be, its endpoint, and one pending question."""

    def __init__(self, gate):
        self.gate = gate
        self.control = Control(gate.proxy)
        self.socket = self.control.directory / "control.sock"
        self.port = tcp_port(gate.proxy)
        self.tcp = ("127.0.0.1", self.port)
        self.token = f"Authorization: Bearer {self.control.token}"
        with gate.wire() as client:
            client.send(connect("pending.attack.test:443"))
            self.id = self.control.question("pending.attack.test", waiters=1)["id"]
        gate.proxy.settle()
        self.approve = f"/v1/approvals/{self.id}/approve"

    def ask(self, data, at=None):
        with Caller(at or self.socket) as caller:
            return caller.ask(data)

    def untouched(self):
        assert self.control.get(f"/v1/approvals/{self.id}")["state"] == "pending"
        assert self.control.grants() == []


@pytest.fixture(scope="module")
def target(start, tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    everywhere = {"addresses": [*LOOPBACK, "0.0.0.0/8"]}
    gate = start(
        {
            "network": {
                "unlisted": "hold",
                "allow_local_binding": True,
                "allowed_domains": [
                    {"domain": "localhost:*", "protocol": "http", **everywhere},
                    {"domain": "127.0.0.0/8:*", "protocol": "http"},
                    {"domain": "[::1]:*", "protocol": "http"},
                    {"domain": "0.0.0.0:*", "protocol": "http"},
                    {"domain": "*.listed.test:*", "protocol": "http", **everywhere},
                ],
            },
            "listen": {"control": [f"unix:{state}/control.sock", "127.0.0.1:0"]},
            "state": {"directory": str(state)},
            **HOLD_TIMEOUT,
        },
        zone=ZONE,
    )
    return Target(gate)


@pytest.fixture(autouse=True)
def untouched(request):
    """Whatever was tried: nobody decided anything, and nobody was asked for the name."""
    yield
    if "target" in request.fixturenames:
        target = request.getfixturevalue("target")
        target.untouched()
        assert target.gate.dns.asked("pending.attack.test") == []


# ---- through the proxy ------------------------------------------------------------------------

SPELLINGS = [
    ("127.0.0.1", "own_endpoint"),
    ("localhost", "own_endpoint"),
    ("LocalHost.", "own_endpoint"),
    ("[::ffff:127.0.0.1]", "own_endpoint"),
    ("[::ffff:7f00:1]", "own_endpoint"),
    ("0.0.0.0", "own_endpoint"),
    ("here.listed.test", "own_endpoint"),
    ("mapped.listed.test", "own_endpoint"),
    ("any.listed.test", "own_endpoint"),
    ("2130706433", "bad_target"),
    ("0x7f000001", "bad_target"),
    ("127.1", "bad_target"),
    ("0177.0.0.1", "bad_target"),
]


@pytest.mark.parametrize("spelling,word", SPELLINGS, ids=[row[0] for row in SPELLINGS])
@pytest.mark.parametrize("form", ["CONNECT", "GET"])
def test_the_proxy_never_dials_its_endpoint(target, form, spelling, word):
    authority = f"{spelling}:{target.port}"
    data = connect(authority)
    if form == "GET":
        data = (
            f"GET http://{authority}/v1/grants HTTP/1.1\r\nHost: {authority}\r\n"
            f"{target.token}\r\n\r\n"
        ).encode()
    with target.gate.one_ending(word, "resolved_local") as ending:
        reply, rest = target.gate.ask(data, form.encode())
    assert reply.status in (400, 403) and b"grants" not in reply.body and rest == b""
    assert reply.json()["reason"] == ending.record.reason
    assert ending.record.get("network.peer.address") is None


@pytest.mark.parametrize(
    "url",
    ["unix:{path}", "http://unix:{path}:/v1/me", "http+unix://{path}/v1/me", "http://[unix:{path}]/"],
)
def test_the_socket_is_no_target(target, url):
    url = url.format(path=target.socket)
    for method in ("GET", "CONNECT"):
        reply, _ = target.gate.ask(
            f"{method} {url} HTTP/1.1\r\nHost: x.listed.test\r\n{target.token}\r\n\r\n".encode(),
            method.encode(),
        )
        assert reply.status in (400, 403) and b"role" not in reply.body


def test_a_grant_does_not_lead_there(target):
    """An approval of the own endpoint is refused, and one made for its name changes nothing."""
    authority = f"later.attack.test:{target.port}"
    target.gate.dns.zone["later.attack.test"] = Answer(a=["127.0.0.1"])
    grant = target.control.grant(authority, scope="ttl", ttl=60, protocol="http")
    reply, _ = target.gate.ask(
        f"GET http://{authority}/v1/me HTTP/1.1\r\nHost: {authority}\r\n{target.token}\r\n\r\n"
        .encode()
    )
    assert_refused(reply, "own_endpoint", "later.attack.test", target.port)
    target.control.revoke(grant["id"])


# ---- who asks ---------------------------------------------------------------------------------


def test_wrong_tokens_are_unknown(target):
    token = target.control.token
    rows = {
        "none": [],
        "empty": ["Authorization: Bearer "],
        "the word only": ["Authorization: Bearer"],
        "no scheme": [f"Authorization: {token}"],
        "another scheme": [f"Authorization: Basic {token}"],
        "a beginning": [f"Authorization: Bearer {token[:-1]}"],
        "more behind": [f"Authorization: Bearer {token}0"],
        "another last digit": [f"Authorization: Bearer {token[:-1]}{'1' if token[-1] == '0' else '0'}"],
        "upper case": [f"Authorization: Bearer {token.upper()}"],
        "two spaces": [f"Authorization: Bearer  {token}"],
        "two of them": [f"Authorization: Bearer {token}, Bearer {token}"],
        "as a cookie": [f"Cookie: sallyport_session={token}"],
        "a proxy's": [f"Proxy-Authorization: Bearer {token}"],
        "zeros": [f"Authorization: Bearer {'0' * 64}"],
    }
    for name, fields in rows.items():
        for at in (target.socket, target.tcp):
            host = "localhost" if at == target.socket else f"127.0.0.1:{target.port}"
            reply = target.ask(request("POST", target.approve, *fields, host=host), at)
            assert (reply.status, reply.json()["code"]) == (401, "unauthorized"), name
            assert reply.value("WWW-Authenticate") == "Bearer", name
            assert token not in reply.body.decode(), name
    reply = target.ask(request("GET", f"/v1/me?token={token}&access_token={token}"))
    assert reply.status == 401
    two = request("GET", "/v1/me", target.token, target.token)
    assert target.ask(two).status == 400


def test_a_huge_token_is_refused_without_reading_it(target):
    with Caller(target.socket) as caller:
        reply = caller.ask(request("GET", "/v1/me", "Authorization: Bearer " + "a" * 1_000_000))
        assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
        assert caller.rest() == b""


def test_wrong_sign_in_codes_are_limited(target):
    """The right one still works; no guess ever gets a cookie."""
    code = LINK.search(target.control.call("POST", "/v1/links", {}).json()["url"]).group(2)
    seen = []
    for i in range(12):
        guess = f"{i:064x}" if i % 2 else code[:-1]
        answer = target.control.call("POST", "/v1/signin", {"code": guess})
        assert "Set-Cookie" not in answer.headers
        seen.append(answer.status)
    assert set(seen) == {401, 429} and seen[0] == 401 and seen[-1] == 429
    answer = target.control.call("POST", "/v1/signin", {"code": code})
    assert answer.status == 204 and "HttpOnly" in answer.headers["Set-Cookie"]
    assert target.control.call("POST", "/v1/signin", {"code": code}).status in (401, 429)


# ---- where it comes from ----------------------------------------------------------------------


def test_foreign_hosts_are_misdirected(target):
    """DNS rebinding: a page's own name leads a browser here, and the Host tells."""
    port = target.port
    foreign = [
        f"evil.test:{port}",
        "evil.test",
        f"127.0.0.1.evil.test:{port}",
        f"localhost.evil.test:{port}",
        f"foo.localhost:{port}",
        f"127.0.0.2:{port}",
        f"0.0.0.0:{port}",
        f"2130706433:{port}",
        f"localhost:{port + 1 if port < 65535 else port - 1}",
        "localhost",
        f"localhost:0{port}",
        f"localhost:{port}x",
        f"localhost.:{port}",
        f"sallyport:{port}",
        f"user@localhost:{port}",
        f"[::ffff:127.0.0.1]:{port}",
        "",
    ]
    for host in foreign:
        reply = target.ask(request("POST", target.approve, target.token, host=host), target.tcp)
        assert (reply.status, reply.json()["code"]) == (421, "misdirected"), host
        page = target.ask(request("GET", "/", host=host), target.tcp)
        assert page.status == 421, host
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", f"LOCALHOST:{port}"):
        assert target.ask(request("GET", "/v1/me", target.token, host=host), target.tcp).status == 200
    for host in ("evil.test", "evil.test:80", "127.0.0.1.evil.test"):
        assert target.ask(request("GET", "/v1/me", target.token, host=host)).status == 421
    for host in ("localhost", "sallyport", "localhost:3129", "127.0.0.1"):
        assert target.ask(request("GET", "/v1/me", target.token, host=host)).status == 200
    assert target.ask(b"GET /v1/me HTTP/1.1\r\n\r\n").status == 400


def signed_in(target):
    code = LINK.search(target.control.call("POST", "/v1/links", {}).json()["url"]).group(2)
    answer = target.control.call("POST", "/v1/signin", {"code": code})
    if answer.status == 429:  # guesses of another test
        raise AssertionError("a right code was refused")
    return f"Cookie: {answer.headers['Set-Cookie'].split(';')[0]}"


def test_pages_of_other_sites_are_refused(target):
    """Cross-origin reads and writes, and forgery with the cookie that a browser sends by itself."""
    own = f"127.0.0.1:{target.port}"
    cookie = signed_in(target)
    foreign = [
        ["Origin: http://evil.test"],
        [f"Origin: http://evil.test:{target.port}"],
        [f"Origin: https://{own}"],
        [f"Origin: http://localhost:{target.port}"],
        [f"Origin: http://{own}.evil.test"],
        [f"Origin: http://{own}/"],
        ["Origin: null"],
        ["Origin: "],
        ["Sec-Fetch-Site: cross-site"],
        [f"Origin: http://{own}", "Sec-Fetch-Site: cross-site"],
    ]
    for fields in foreign:
        for who in (target.token, cookie):
            for method, path in (("GET", "/v1/me"), ("POST", target.approve), ("GET", "/")):
                reply = target.ask(request(method, path, who, *fields, host=own), target.tcp)
                assert (reply.status, reply.json()["code"]) == (403, "forbidden"), fields
                assert reply.value("Access-Control-Allow-Origin") is None
    # By cookie without an Origin: no browser of today, and no forgery either.
    for method, path in (
        ("POST", target.approve),
        ("POST", f"/v1/approvals/{target.id}/deny"),
        ("POST", "/v1/grants"),
        ("DELETE", "/v1/grants/g-00000000000000ff"),
        ("POST", "/v1/reload"),
        ("POST", "/v1/links"),
        ("POST", "/v1/signout"),
    ):
        reply = target.ask(request(method, path, cookie, host=own), target.tcp)
        assert (reply.status, reply.json()["code"]) == (403, "forbidden"), path
    good = [cookie, f"Origin: http://{own}", "Sec-Fetch-Site: same-origin"]
    assert target.ask(request("GET", "/v1/me", *good, host=own), target.tcp).status == 200
    preflight = request("OPTIONS", target.approve, "Origin: http://evil.test", host=own)
    assert target.ask(preflight, target.tcp).status == 403


# ---- what it brings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json-patch+json",
        "application/jsonx",
        "text/plain; a=application/json",
        "text/plain, application/json",
        "",
        None,
    ],
)
def test_other_content_types_are_refused(target, kind):
    """What a form or a page can send without asking first."""
    fields = [target.token] + ([] if kind is None else [f"Content-Type: {kind}"])
    reply = target.ask(request("POST", target.approve, *fields, body=b"{}"))
    assert (reply.status, reply.json()["code"]) == (415, "unsupported_media_type")


BODIES = {
    "not JSON": b"scope=once",
    "an array": b"[]",
    "a text": b'"once"',
    "two values": b"{}{}",
    "a member twice": b'{"scope":"once","scope":"always"}',
    "an unknown member": b'{"scope":"once","admin":true}',
    "NUL": b'{"note":"a\\u0000b"}',
    "bytes that are no UTF-8": b'{"note":"\xff\xfe"}',
    "a lone surrogate": b'{"note":"\\ud800"}',
    "another encoding": '{"scope":"once"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "nested deeply": b'{"note":' + b"[" * 10000 + b"]" * 10000 + b"}",
    "a huge number": b'{"ttl":' + b"9" * 400 + b"}",
    "not a number": b'{"ttl":NaN}',
    "a line break": b'{"note":"a\\nb"}',
    "an escape sequence": b'{"note":"\\u001b[31m"}',
}


@pytest.mark.parametrize("name", BODIES)
def test_odd_bodies_are_refused(target, name):
    reply = target.ask(request("POST", target.approve, target.token, JSON, body=BODIES[name]))
    assert reply.status in (400, 422) and reply.json()["code"] == "bad_request", reply.body
    assert all(32 <= byte < 127 or byte > 127 for byte in reply.body)


def test_bodies_have_a_bound(target):
    for size, expected in ((65536, 400), (65537, 413), (10**18, 413)):
        length = f"Content-Length: {size}"
        with Caller(target.socket) as caller:
            body = b" " * min(size, 65536)
            reply = caller.ask(request("POST", target.approve, target.token, JSON, length, body=body))
            assert reply.status == expected, size


# ---- framing ----------------------------------------------------------------------------------

HEAD = "POST {approve} HTTP/1.1\r\nHost: localhost\r\n{token}\r\n" + JSON + "\r\n"
FRAMINGS = {
    "length and chunked": (HEAD + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked": (HEAD + "Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n", 411),
    "an odd coding": (HEAD + "Transfer-Encoding: \x0bchunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n", 400),
    "two lengths": (HEAD + "Content-Length: 2\r\nContent-Length: 0\r\n\r\n{{}}", 400),
    "a list of lengths": (HEAD + "Content-Length: 2, 2\r\n\r\n{{}}", 400),
    "a signed length": (HEAD + "Content-Length: +2\r\n\r\n{{}}", 400),
    "a length in hexadecimal": (HEAD + "Content-Length: 0x2\r\n\r\n{{}}", 400),
    "a negative length": (HEAD + "Content-Length: -2\r\n\r\n{{}}", 400),
    "an empty length": (HEAD + "Content-Length:\r\n\r\n{{}}", 400),
    "a length beyond all": (HEAD + "Content-Length: 99999999999999999999\r\n\r\n", 400),
    "a space before the colon": (HEAD + "Content-Length : 2\r\n\r\n{{}}", 400),
    "a folded field": (HEAD + "X: a\r\n b\r\n\r\n", 400),
    "bare line feeds": (HEAD.replace("\r\n", "\n") + "\n", 400),
    "one bare line feed": (HEAD + "X: a\nContent-Length: 2\r\n\r\n{{}}", 400),
    "a bare carriage return": (HEAD + "X: a\rb\r\n\r\n", 400),
    "NUL in a field": (HEAD + "X: a\0b\r\n\r\n", 400),
    "two hosts": (HEAD + "Host: localhost\r\n\r\n", 400),
    "absolute form": (HEAD.replace("{approve}", "http://localhost{approve}") + "\r\n", 400),
    "a tunnel": ("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n{token}\r\n\r\n", 400),
    "no version": ("POST {approve}\r\n\r\n", 400),
    "another version": (HEAD.replace("HTTP/1.1", "HTTP/2.0") + "\r\n", 505),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "another expectation": (HEAD + "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n", 417),
    "a hidden method": ("P\tOST {approve} HTTP/1.1\r\nHost: localhost\r\n{token}\r\n\r\n", 400),
    "a method that nobody knows": ("FROB {approve} HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    "too many fields": (HEAD + "X: a\r\n" * 200 + "\r\n", 431),
    "a field that is too long": (HEAD + "X: " + "a" * 20000 + "\r\n\r\n", 431),
    "a path that is too long": ("GET /" + "a" * 20000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
}


@pytest.mark.parametrize("name", FRAMINGS)
@pytest.mark.parametrize("cut", ["whole", "pieces"])
def test_odd_framing_ends_the_connection(target, name, cut):
    """What follows an ambiguous request is no request."""
    text, expected = FRAMINGS[name]
    data = text.format(approve=target.approve, token=target.token).encode("latin-1")
    data += request("POST", target.approve, target.token)
    step = len(data) if cut == "whole" else 1 if len(data) < 4096 else 1000
    with Caller(target.socket) as caller:
        for at in range(0, len(data), step):
            caller.send(data[at : at + step])
        reply = caller.reader.reply()
        assert reply.status == expected, reply.start
        assert reply.value("Connection") == "close" and caller.rest() == b""


def test_paths_are_taken_as_they_are(target):
    """No decoding, no dots, no doubled slashes: one spelling, or nothing at this path."""
    for path in (
        f"/v1/approvals/{target.id}/approve/",
        f"//v1/approvals/{target.id}/approve",
        f"/v1/./approvals/{target.id}/approve",
        f"/v1/grants/../approvals/{target.id}/approve",
        f"/v1/approvals/{target.id}/%61pprove",
        f"/v1%2fapprovals/{target.id}/approve",
        f"/V1/approvals/{target.id}/approve",
        f"/v1/approvals/{target.id};x/approve",
        "/../admin.token",
        "/%2e%2e/admin.token",
        "/admin.token",
        "/tokens",
        "/approvals.db",
    ):
        for method in ("POST", "GET"):
            reply = target.ask(request(method, path, target.token))
            assert reply.status in (404, 405), (method, path)
    for path in ("v1/me", "*", "/v1/me#x", "/v1/m\x80e", "/v1/me HTTP/1.0"):
        assert target.ask(request("GET", path, target.token)).status == 400, path


# ---- too much ---------------------------------------------------------------------------------


def test_slow_requests_are_ended_and_others_served(target):
    """A slow head, a slow body and a silent client, for as long as they may take: ten seconds."""
    began = time.monotonic()
    head, body, silent = (Caller(target.socket, 20) for _ in range(3))
    head.send(b"GET /v1/me HTTP/1.1\r\nHost: loc")
    body.send(request("POST", target.approve, target.token, JSON, "Content-Length: 10", body=b"{"))
    stop = threading.Event()

    def drip():
        while not stop.wait(0.5):
            head.send(b"a")
            body.send(b" ")

    dripping = threading.Thread(target=drip)
    dripping.start()
    assert target.control.get("/v1/me")["role"] == "admin"
    try:
        for caller in (head,):
            assert caller.reader.reply().status == 408
        # Ten bytes, one each half second: this one is whole in time, and no JSON.
        assert body.reader.reply().status == 400
        assert silent.rest() == b""
        assert 9 < time.monotonic() - began < 15
    finally:
        stop.set()
        dripping.join()
        for caller in (head, body, silent):
            caller.close()


def test_idle_connections_give_way(target):
    """256 that say nothing do not lock anybody out, and the proxy goes on."""
    idle = [Caller(target.socket) for _ in range(300)]
    try:
        assert target.control.get("/v1/me")["role"] == "admin"
        reply, _ = target.gate.ask(connect("x.denied.test:443"))
        assert reply.status == 403
    finally:
        for caller in idle:
            caller.close()


def test_long_polls_are_bounded(target):
    """Busy connections are not thrown out for newer ones; when they leave there is room again."""
    waiting = []
    wait = request("GET", f"/v1/approvals/{target.id}?wait=60", target.token)
    try:
        for _ in range(256):
            waiting.append(Caller(target.socket))
            # The first answer says that the second request is being worked on.
            assert waiting[-1].ask(request("GET", "/healthz") + wait).status == 200
        with Caller(target.socket) as newest:
            assert newest.send(request("GET", "/v1/me", target.token)).rest() == b""
        reply, _ = target.gate.ask(connect("x.denied.test:443"))
        assert reply.status == 403
        assert sum(is_open(caller) for caller in waiting) == 256
    finally:
        for caller in waiting:
            caller.close()
    until = time.monotonic() + 5
    while True:
        try:
            assert target.control.get("/v1/me")["role"] == "admin"
            return
        except (http.client.RemoteDisconnected, ConnectionError):
            assert time.monotonic() < until


def is_open(caller):
    caller.socket.setblocking(False)
    try:
        return caller.socket.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def test_streams_are_bounded(target):
    streams = [Caller(target.socket) for _ in range(65)]
    try:
        heads = []
        for caller in streams:
            caller.send(request("GET", "/v1/events", target.token))
            heads.append(caller.reader.head())
        assert [head.status for head in heads] == [200] * 64 + [503]
        assert heads[-1].value("Content-Type") == "application/problem+json"
        assert target.control.get("/v1/me")["role"] == "admin"
    finally:
        for caller in streams:
            caller.close()


def test_pages_have_a_bound(target):
    for path in ("/v1/approvals?state=all&", "/v1/connections?", "/v1/blocked?"):
        for limit, expected in (("1000", 200), ("1001", 400), ("99999999999999999999", 400), ("-1", 400)):
            reply = target.ask(request("GET", f"{path}limit={limit}", target.token))
            assert reply.status == expected, (path, limit)
    many = "&".join(f"a{i}=1" for i in range(200))
    assert target.ask(request("GET", f"/v1/me?{many}", target.token)).status == 400
    for query in ("a=%", "a=%0", "a=%00", "a=%ff", "a=%c0%80"):
        assert target.ask(request("GET", f"/v1/me?{query}", target.token)).status == 400, query


def test_a_client_that_never_reads_is_bounded(target):
    """A thousand requests at once are answered one after another, as the client takes them."""
    before = resident(target.gate.proxy)
    with Caller(target.socket, 2) as caller:
        one = request("GET", "/openapi.json")
        caller.socket.settimeout(0.5)
        try:
            caller.socket.sendall(one * 20000)
        except TimeoutError:
            pass
        assert target.control.get("/v1/me")["role"] == "admin"
        assert resident(target.gate.proxy) - before < 8 * 1024


def resident(proxy):
    """In KiB."""
    with open(f"/proc/{proxy.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def test_answers_tell_browsers_nothing_to_build_on(target):
    for path in ("/", "/v1/me", "/nothing", "/openapi.json", "/healthz"):
        reply = target.ask(request("GET", path))
        assert reply.value("Cache-Control") == "no-store", path
        assert reply.value("X-Content-Type-Options") == "nosniff"
        assert reply.value("X-Frame-Options") == "DENY"
        assert reply.value("Referrer-Policy") == "no-referrer"
        policy = reply.value("Content-Security-Policy")
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.value("Server") is None
    reply = target.ask(request("GET", "/v1/<script>alert(1)</script>", target.token))
    assert b"<script>" not in reply.body
    assert json.loads(reply.body)["status"] == 404
