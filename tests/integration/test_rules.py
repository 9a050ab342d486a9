# SPDX-License-Identifier: Apache-2.0
"""[[network.rules]]: which requests go to a listed name, over plain HTTP: one by one, inside a
tunnel, and as git and npm send them."""

import pytest

import clients
import record
import test_inspection as inspection
from conftest import PATIENT
from gate import assert_refused
from origin import Origin, answering, ok, recording
from wire import trusting

GIT = "git.plain.test"
NPM = "npm.plain.test"
API = "api.plain.test"

RULES = [
    {
        "domain": GIT,
        "methods": ["GET"],
        "paths": ["/**/info/refs"],
        "query": {"service": "git-upload-pack"},
        "action": "allow",
    },
    {
        "domain": GIT,
        "methods": ["POST"],
        "paths": ["/**/git-upload-pack"],
        "action": "allow",
    },
    {"domain": NPM, "methods": ["GET", "HEAD"], "action": "allow"},
    {"domain": NPM, "methods": ["POST"], "paths": ["/-/npm/v1/security/"], "action": "allow"},
    {"domain": API, "methods": ["GET", "HEAD"], "action": "allow"},
    {"domain": API, "paths": ["/admin/"], "action": "deny"},
]


@pytest.fixture(scope="module")
def ruled(start):
    return start({"network": {"rules": RULES}, "timeouts": PATIENT})


def request(method, authority, path, form="absolute"):
    length = "" if method in ("GET", "HEAD") else "Content-Length: 0\r\n"
    alone = form == "absolute"
    target = f"http://{authority}{path}" if alone else path
    close = "Connection: close\r\n" if alone else ""
    return f"{method} {target} HTTP/1.1\r\nHost: {authority}\r\n{length}{close}\r\n".encode()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("HEAD", "/a/b"), ("GET", "/administer"), ("GET", "/a%20b?c=/admin/")],
)
def test_what_rules_allow_passes(ruled, method, path):
    with Origin(answering(ok())) as origin:
        reply, _ = ruled.ask(request(method, f"{API}:{origin.port}", path), method.encode())
        assert reply.status == 200
        assert len(origin.requests) == 1


@pytest.mark.parametrize(
    ("method", "path", "word"),
    [
        ("POST", "/here", "rule_not_allowed"),
        ("DELETE", "/there", "rule_not_allowed"),
        ("GET", "/admin/a", "rule_denied"),
        ("GET", "/Admin/a", "rule_denied"),
        ("GET", "/admin;a/a", "rule_denied"),
        ("POST", "/admin/a", "rule_denied"),
        ("GET", "/a/../admin/a", "path_ambiguous"),
        ("GET", "/a/%2e%2e/admin/a", "path_ambiguous"),
        ("GET", "/a%2f..%2fadmin/a", "path_ambiguous"),
        ("GET", "//admin/a", "path_ambiguous"),
        ("GET", "/%61dmin/a", "path_ambiguous"),
        ("GET", "/%2561dmin/a", "path_ambiguous"),
        ("GET", "/a\\..\\admin\\a", "path_ambiguous"),
    ],
)
def test_what_they_do_not_allow_reaches_nobody(ruled, method, path, word):
    with (
        Origin(answering(ok())) as origin,
        ruled.nothing_asked(),
        ruled.one_ending(word, name=record.DECISION) as found,
    ):
        reply, _ = ruled.ask(request(method, f"{API}:{origin.port}", path))
        assert_refused(reply, word, API, origin.port, "http")
        assert not origin.peers
    assert API in found.record["network.policy.rule"]
    assert path not in str(found.record)


def test_requests_inside_a_plain_tunnel_are_judged_one_by_one(ruled):
    with Origin(answering(ok(), ok())) as origin, ruled.one_ending("rule_denied"):
        authority = f"{API}:{origin.port}"
        with ruled.wire() as wire:
            assert wire.connect(authority).status == 200
            assert wire.send(request("GET", authority, "/a", "origin")).reply().status == 200
            wire.send(request("GET", authority, "/admin/a", "origin"))
            assert_refused(wire.reply(), "rule_denied", API, origin.port)
        assert len(origin.requests) == 1


def test_git_fetches_and_does_not_push(start, furnish):
    desk = furnish(start({"network": {"rules": RULES}, "timeouts": PATIENT}), GIT)
    url = f"http://{GIT}:{desk.git_server.port}/demo.git"
    mark = desk.gate.records.mark()
    done, said = clients.git_push(desk, url, b"more")
    assert not done
    assert "error: 403" in said, said
    # The clone was good and the push was not even begun.
    assert "POST /demo.git/git-upload-pack" in desk.git_server.requests
    assert not any("receive-pack" in line for line in desk.git_server.requests)
    refused = desk.gate.records.wait(
        lambda r: r.name == record.DECISION and r.reason == "rule_not_allowed", mark
    )
    assert {r.host for r in refused} == {GIT}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/left-pad", 200),
        ("GET", "/@scope%2fname", 200),
        ("GET", "/left-pad/-/left-pad-1.0.0.tgz", 200),
        ("POST", "/-/npm/v1/security/advisories/bulk", 200),
        ("PUT", "/left-pad", 403),
        ("PUT", "/@scope%2fname", 403),
        ("PUT", "/-/package/left-pad/dist-tags/latest", 403),
        ("DELETE", "/left-pad/-rev/1", 403),
        ("POST", "/-/v1/login", 403),
    ],
)
def test_what_npm_sends(ruled, method, path, status):
    with Origin(answering(ok())) as origin:
        reply, _ = ruled.ask(request(method, f"{NPM}:{origin.port}", path))
        assert reply.status == status
        assert len(origin.requests) == (status == 200)


def test_npm_installs_and_does_not_publish(start, furnish, tmp_path):
    desk = furnish(start({"network": {"rules": RULES}, "timeouts": PATIENT}), NPM)
    registry = desk.plain(NPM, "/npm/")
    settings = ("--registry", registry, "--userconfig", "/dev/null", "--no-update-notifier")
    done, said = desk.run(
        *("npm", "view", "demo", "version", "--fetch-retries=0", *settings), cwd=tmp_path
    )
    assert done, said
    (tmp_path / "package.json").write_text('{"name": "mine", "version": "1.0.0"}')
    token = f"--{registry.removeprefix('http:')}:_authToken=x"
    done, said = desk.run(
        *("npm", "publish", "--fetch-retries=0", token, *settings), cwd=tmp_path
    )
    assert not done
    assert "403" in said, said


# ---- inside TLS ------------------------------------------------------------------------------

SECRET_PATHS = {"domain": "api.allowed.test", "paths": ["/admin/"], "action": "deny"}
GIT_TLS = "git.allowed.test"


@pytest.fixture(scope="module")
def seen(start, certificates):
    rules = [
        SECRET_PATHS,
        *({**rule, "domain": GIT_TLS} for rule in RULES if rule["domain"] == GIT),
        {"domain": "*.raw.test", "methods": ["GET"], "action": "allow"},
        {"domain": "open.raw.test", "action": "tunnel"},
    ]
    gate = start(
        {
            "network": {"rules": rules},
            "tls": {"extra_roots": certificates.ca},
            "timeouts": PATIENT,
        }
    )
    gate.trust = inspection.Trust(gate.proxy, certificates)
    return gate


def test_requests_inside_tls_are_judged(seen, certificates):
    host = "api.allowed.test"
    with Origin(answering(ok(), ok()), certificates.server()) as origin:
        with inspection.inside(seen, origin, host) as wire:
            wire.send(inspection.request("GET", host, origin.port, path="/a"))
            assert wire.reply().status == 200
            with seen.one_ending("rule_denied", name=record.DECISION):
                wire.send(inspection.request("GET", host, origin.port, path="/admin/a"))
                assert wire.reply().json()["reason"] == "rule_denied"
        assert len(origin.requests) == 1


def test_what_no_rule_covers_is_not_looked_into(seen, certificates):
    host = "www.allowed.test"
    with Origin(answering(ok()), certificates.server()) as origin:
        with inspection.inside(seen, origin, host, trust=trusting(certificates.ca)) as wire:
            wire.send(inspection.request("GET", host, origin.port, path="/admin/a"))
            assert wire.reply().status == 200


def test_raw_tunnels_need_a_tunnel_rule(seen):
    with Origin(recording) as origin:
        authority = f"www.raw.test:{origin.port}"
        with seen.nothing_asked(), seen.one_ending("rule_not_allowed"):
            reply, _ = seen.ask(
                f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode(), b"POST"
            )
            assert_refused(reply, "rule_not_allowed", "www.raw.test", origin.port, "https_connect")
        with seen.wire() as wire:
            assert wire.connect(f"open.raw.test:{origin.port}").status == 200


def test_git_over_tls_fetches_and_does_not_push(seen, furnish):
    desk = furnish(seen, GIT_TLS)
    desk.certificates = seen.trust
    done, said = clients.git_push(desk, desk.tls(GIT_TLS, "/smart/demo.git"), b"more")
    assert not done
    assert "error: 403" in said, said
    assert "POST /demo.git/git-upload-pack" in desk.git_server.requests
    assert not any("receive-pack" in line for line in desk.git_server.requests)
