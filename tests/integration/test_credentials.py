# SPDX-License-Identifier: Apache-2.0
"""Credentials that rules put into requests: who gets them, who does not, and where they never show."""

import base64
import signal

import pytest

import clients
import record
import site_files
import test_inspection as inspection
from conftest import PATIENT
from control import Control
from gate import assert_refused
from git_server import GitServer
from nginx import Nginx
from origin import Origin, answering, ok


API = "api.allowed.test"
GIT = "git.allowed.test"
NPM = "npm.allowed.test"
CHAT = "chat.allowed.test"
OTHER = "www.allowed.test"
PLAIN = "api.plain.test"

TOKEN = "tk_4fJ9-very-secret-indeed"
GIT_TOKEN = "gh_8Qm2-also-very-secret"
CHAT_TOKEN = "sk_Zx71-from-the-environment"
NPM_TOKEN = "np_Lk55-printed-by-a-command"
SECRETS = (TOKEN, GIT_TOKEN, CHAT_TOKEN, NPM_TOKEN)

HELD = "kept-outside-git"
CHAT_HELD = "kept-outside-chat"


def secret_file(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def rules(directory):
    return [
        {
            "domain": [API, PLAIN],
            "paths": ["/v1/"],
            "strip_headers": ["cookie", "x-own-key"],
            "inject": {
                "header": "authorization",
                "prefix": "Bearer ",
                "file": secret_file(directory / "api", TOKEN + "\n"),
            },
            "action": "allow",
        },
        {"domain": [API, PLAIN], "paths": ["/open/"], "action": "allow"},
        {
            "domain": GIT,
            "inject": {
                "header": "Authorization",
                "prefix": "Bearer ",
                "file": secret_file(directory / "git", GIT_TOKEN),
                "placeholder": HELD,
            },
            "action": "allow",
        },
        {
            "domain": CHAT,
            "inject": {
                "header": "x-api-key",
                "env": "CHAT_TOKEN",
                "placeholder": CHAT_HELD,
            },
            "action": "allow",
        },
        {
            "domain": NPM,
            "inject": {
                "header": "authorization",
                "prefix": "Bearer ",
                "command": ["cat", secret_file(directory / "npm", NPM_TOKEN + "\n")],
            },
            "action": "allow",
        },
    ]


@pytest.fixture(scope="module")
def keyed(start, certificates, tmp_path_factory):
    directory = tmp_path_factory.mktemp("secrets")
    gate = start(
        {
            "network": {"rules": rules(directory)},
            "tls": {"extra_roots": certificates.ca},
            "timeouts": PATIENT,
        },
        environment={"CHAT_TOKEN": CHAT_TOKEN},
    )
    gate.secrets = directory
    gate.trust = inspection.Trust(gate.proxy, certificates)
    return gate


def one_rule(host=API, **inject):
    inject = {"header": "authorization", "prefix": "Bearer ", **inject}
    return {"network": {"rules": [{"domain": host, "action": "allow", "inject": inject}]}}


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask(gate, certificates, host, path, *fields, answer=None, method="GET"):
    """One request inside an inspected tunnel: the reply, and what the origin got."""
    with Origin(answering(answer or ok()), certificates.server()) as origin:
        with inspection.inside(gate, origin, host) as wire:
            wire.send(inspection.request(method, host, origin.port, *fields, path=path))
            reply = wire.reply(method.encode())
        return reply, origin.requests, origin.port


GOOD = {
    "nothing sent": (API, (), [f"Bearer {TOKEN}"]),
    "another sent": (API, ("Authorization: Bearer own",), [f"Bearer {TOKEN}"]),
    "sent twice": (API, ("AUTHORIZATION: a", "authorization: b"), [f"Bearer {TOKEN}"]),
    "sent and named by Connection": (
        API,
        ("Authorization: a", "Connection: authorization"),
        [f"Bearer {TOKEN}"],
    ),
    "name in capitals": (API.upper(), (), [f"Bearer {TOKEN}"]),
    "placeholder": (GIT, (f"Authorization: Bearer {HELD}",), [f"Bearer {GIT_TOKEN}"]),
    "placeholder alone": (GIT, (f"Authorization: {HELD}",), [f"Bearer {GIT_TOKEN}"]),
    "placeholder as a password": (
        GIT,
        (f"Authorization: {basic('me', HELD)}",),
        [basic("me", GIT_TOKEN)],
    ),
    "placeholder as a user": (
        GIT,
        (f"authorization: {basic(HELD, 'x')}",),
        [basic(GIT_TOKEN, "x")],
    ),
    "no placeholder": (GIT, (), []),
    "another than the placeholder": (GIT, ("Authorization: x",), [f"Bearer {GIT_TOKEN}"]),
    "from a command": (NPM, (), [f"Bearer {NPM_TOKEN}"]),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_origin_gets_what_the_sandbox_has_not(keyed, certificates, name):
    host, fields, expected = GOOD[name]
    reply, requests, _ = ask(keyed, certificates, host, "/v1/x", *fields)
    assert reply.status == 200
    assert [v.decode() for r in requests for v in r.values("authorization")] == expected


def test_a_variable_goes_into_its_field(keyed, certificates):
    reply, requests, _ = ask(keyed, certificates, CHAT, "/v1/x", f"X-Api-Key: {CHAT_HELD}")
    assert reply.status == 200
    assert requests[0].values("x-api-key") == [CHAT_TOKEN.encode()]


def test_fields_are_left_out(keyed, certificates):
    fields = ("Cookie: a=b", "cookie: c=d", "X-Own-Key: mine", "X-Kept: yes")
    reply, requests, _ = ask(keyed, certificates, API, "/v1/x", *fields)
    assert reply.status == 200
    names = {name.lower() for name, _ in requests[0].fields}
    assert b"x-kept" in names
    assert not names & {b"cookie", b"x-own-key"}


def test_requests_that_the_rule_does_not_fit_get_nothing(keyed, certificates):
    reply, requests, _ = ask(keyed, certificates, API, "/open/x", "Authorization: own")
    assert reply.status == 200
    assert requests[0].values("authorization") == [b"own"]


def test_a_refused_request_gets_nothing(keyed, certificates):
    with keyed.one_ending("rule_not_allowed", name=record.DECISION):
        reply, requests, port = ask(keyed, certificates, API, "/v2/x")
    assert_refused(reply, "rule_not_allowed", API, port)
    assert not requests


MISPLACED = {
    "to another host": (OTHER, "/", f"Authorization: Bearer {HELD}"),
    "in another field": (GIT, "/", f"X-Note: see {HELD}!"),
    "in the path": (GIT, f"/a/{HELD}", "X: y"),
    "in the query": (GIT, f"/a?token={HELD}", "X: y"),
    "percent-encoded": (GIT, "/a?token=" + HELD.replace("-", "%2d"), "X: y"),
    "of another credential": (GIT, "/", f"Authorization: Bearer {CHAT_HELD}"),
    "in another Basic": (API, "/open/", f"Authorization: {basic('me', HELD)}"),
    "in a cookie of another host": (API, "/open/", f"Cookie: a=b; t={HELD}"),
}


@pytest.mark.parametrize("name", MISPLACED)
def test_a_placeholder_goes_nowhere_else(keyed, certificates, name):
    host, path, field = MISPLACED[name]
    if host == OTHER:
        # Nobody looks into that tunnel: in plain view it is seen.
        with Origin(answering(ok())) as origin, keyed.one_ending("credential_misplaced") as found:
            authority = f"www.plain.test:{origin.port}"
            request = f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n{field}\r\n\r\n"
            reply, _ = keyed.ask(request.encode())
            assert_refused(reply, "credential_misplaced", "www.plain.test", origin.port)
            assert not origin.peers
    else:
        with keyed.one_ending("credential_misplaced", name=record.DECISION) as found:
            reply, requests, port = ask(keyed, certificates, host, path, field)
        assert_refused(reply, "credential_misplaced", host, port)
        assert not requests
    assert HELD not in str(found.record)


def test_nothing_goes_over_plain_http(keyed):
    with Origin(answering(ok())) as origin, keyed.one_ending("credential_needs_tls"):
        authority = f"{PLAIN}:{origin.port}"
        head = f"GET http://{authority}/v1/x HTTP/1.1\r\nHost: {authority}\r\n\r\n"
        reply, _ = keyed.ask(head.encode())
        assert_refused(reply, "credential_needs_tls", PLAIN, origin.port, "http")
        assert not origin.peers


def test_what_somebody_approved_is_given_the_credential(start, tmp_path, certificates):
    rule = one_rule(file=secret_file(tmp_path / "t", TOKEN))["network"]["rules"][0]
    config = {
        "network": {"rules": [{**rule, "action": "hold"}]},
        "approvals": {"hold_timeout": "20s"},
        "tls": {"extra_roots": certificates.ca},
        "timeouts": PATIENT,
    }
    gate = start(config)
    gate.trust = inspection.Trust(gate.proxy, certificates)
    control = Control(gate.proxy)
    with Origin(answering(ok()), certificates.server()) as origin:
        with inspection.inside(gate, origin, API) as wire:
            wire.send(inspection.request("GET", API, origin.port))
            control.question(API, waiters=1)
            assert not origin.requests
            control.approve(API, scope="once")
            assert wire.reply().status == 200
        assert origin.requests[0].value("authorization") == f"Bearer {TOKEN}"


# ---- real clients, HTTP/1.1 and HTTP/2 ------------------------------------------------------------

SHOWING = """
location /v1/ { return 200 "[$http_authorization][$http_cookie][$http_x_own_key]"; }
location /echo/ {
    add_header X-Echo "got $http_authorization!";
    add_header X-Kept "yes";
    return 200 "done";
}
location /smart/ {
    if ($http_authorization != "%s") { add_header WWW-Authenticate Basic always; return 401; }
    proxy_pass http://127.0.0.1:%d/;
}
"""


@pytest.fixture(scope="module")
def desk(keyed, certificates, packages, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    server = GitServer(root / "smart")
    locations = SHOWING % (basic("x-access-token", GIT_TOKEN), server.port)
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), certificates, root, locations)
    site_files.build(root, f"https://{GIT}:{nginx.tls}")
    home = tmp_path_factory.mktemp("home")
    yield clients.Desk(keyed, nginx, keyed.trust, packages, home, server)
    nginx.stop()
    server.stop()


FIELDS = ("-H", "Cookie: a=b", "-H", "X-Own-Key: mine", "-H", "Authorization: own")
SEEN = f"[Bearer {TOKEN}][][]"


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_is_given_the_credential(desk, version):
    done, said = desk.run(
        *("curl", "-sS", version, "--cacert", desk.certificates.ca, *FIELDS),
        *("-w", "%{http_version}", desk.tls(API, "/v1/x")),
    )
    assert done and said == SEEN + {"--http1.1": "1.1", "--http2": "2"}[version], said


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_placeholder_is_replaced_for_curl(desk, version):
    for user, path, code in (
        (f"me:{HELD}", "/v1/x", "[" + basic("me", GIT_TOKEN) + "][][] 200"),
        ("me:own", f"/v1/{HELD}", "403"),
    ):
        done, said = desk.run(
            *("curl", "-sS", version, "--cacert", desk.certificates.ca, "-u", user),
            *("-w", " %{response_code}", desk.tls(GIT, path)),
        )
        assert done and said.endswith(code), said


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_host_that_repeats_the_credential_is_not_heard(desk, version):
    done, said = desk.run(
        *("curl", "-sSi", version, "--cacert", desk.certificates.ca),
        desk.tls(NPM, "/echo/x"),
    )
    assert done and said.endswith("done"), said
    assert "x-kept: yes" in said.lower()
    assert NPM_TOKEN not in said


def test_python_is_given_the_credential(desk):
    done, said = clients.run_python(desk, clients.REQUESTS, desk.tls(API, "/v1/x"))
    assert done and f"200 {SEEN}" in said, said


def test_git_fetches_and_pushes_with_a_placeholder(desk):
    """It asks without, is told to sign in, and does so with what its URL says."""
    url = desk.tls(GIT, "/smart/demo.git").replace("https://", f"https://x-access-token:{HELD}@")
    done, said = clients.git_push(desk, url, b"more")
    assert done, said
    assert GIT_TOKEN not in said
    assert any("git-receive-pack" in line for line in desk.git_server.requests)


def test_node_is_given_the_credential(desk):
    done, said = clients.run_node(
        desk, clients.node_program(desk), clients.UNDICI, desk.tls(API, "/v1/x")
    )
    assert done and f"200 {SEEN}" in said, said


# ---- where secrets come from -----------------------------------------------------------------------


@pytest.fixture
def open_gate(start, certificates):
    """open_gate(inject…) -> Gate, looked into with one credential for API."""

    def open_one(environment=None, launch=True, **inject):
        config = one_rule(**inject)
        config.update(tls={"extra_roots": certificates.ca}, timeouts=PATIENT)
        gate = start(config, environment=environment, launch=launch)
        gate.trust = inspection.Trust(gate.proxy, certificates)
        return gate

    return open_one


def given(gate, certificates):
    """What the origin gets now; the reason where it gets nothing."""
    reply, requests, _ = ask(gate, certificates, API, "/")
    if not requests:
        return reply.json()["reason"]
    return requests[0].value("authorization")


NOT_STARTED = {
    "missing": (lambda d: {"file": str(d / "none")}, "No such file or directory"),
    "writable": (
        lambda d: {"file": secret_file(d / "t", TOKEN, 0o606)},
        "may be written by everybody: chmod o-w",
    ),
    "two lines": (
        lambda d: {"file": secret_file(d / "t", f"{TOKEN}\n{TOKEN}\n")},
        "has a line break or another control character",
    ),
    "empty": (lambda d: {"file": secret_file(d / "t", "\n")}, "is empty"),
    "a directory": (lambda d: {"file": str(d)}, "is not a regular file"),
    "not set": (lambda d: {"env": "NOT_SET_ANYWHERE"}, "is not set"),
}


@pytest.mark.parametrize("name", NOT_STARTED)
def test_nothing_starts_without_its_secret(open_gate, tmp_path, name):
    make, words = NOT_STARTED[name]
    gate = open_gate(launch=False, **make(tmp_path))
    gate.proxy.write()
    assert gate.proxy.launch().wait() == 1
    assert words in gate.proxy.said() and "config.toml:" in gate.proxy.said()
    assert TOKEN not in gate.proxy.said()


def test_a_file_that_everybody_reads_is_told(open_gate, tmp_path, certificates):
    gate = open_gate(file=secret_file(tmp_path / "t", TOKEN, 0o644))
    assert gate.proxy.err.wait("may be read by everybody on this machine: chmod 600")
    assert given(gate, certificates) == f"Bearer {TOKEN}"


def test_a_new_secret_counts_from_the_next_request_on(open_gate, tmp_path, certificates):
    """Also inside a tunnel that is open."""
    gate = open_gate(file=secret_file(tmp_path / "t", TOKEN))
    with Origin(answering(ok(), ok()), certificates.server()) as origin:
        with inspection.inside(gate, origin, API) as wire:
            wire.send(inspection.request("GET", API, origin.port))
            assert wire.reply().status == 200
            secret_file(tmp_path / "t.new", GIT_TOKEN)
            (tmp_path / "t.new").rename(tmp_path / "t")
            # Nobody has to say so: the file is watched.
            assert gate.proxy.err.wait("configuration reloaded: .*credentials: 1 changed")
            wire.send(inspection.request("GET", API, origin.port))
            assert wire.reply().status == 200
        got = [r.value("authorization") for r in origin.requests]
        assert got == [f"Bearer {TOKEN}", f"Bearer {GIT_TOKEN}"]


def test_a_command_is_run_again(open_gate, tmp_path, certificates):
    """Every second; what it printed last stays when it fails, and that is said once it does."""
    script = tmp_path / "print"
    script.write_text(f'#!/bin/sh\ntest -e {tmp_path}/t && cat {tmp_path}/t\n')
    script.chmod(0o700)
    secret_file(tmp_path / "t", TOKEN)
    gate = open_gate(command=[str(script)], refresh="1s")
    assert given(gate, certificates) == f"Bearer {TOKEN}"
    secret_file(tmp_path / "t", GIT_TOKEN)
    assert gate.proxy.err.wait('the secret of command ".*print" has changed')
    changed = gate.records.wait(
        lambda r: r.name == record.CONFIG and "has changed" in r.get("network_proxy.config.change", "")
    )
    assert changed
    assert given(gate, certificates) == f"Bearer {GIT_TOKEN}"
    (tmp_path / "t").unlink()
    assert gate.proxy.err.wait("failed with exit code 1; the one from before stays")
    assert given(gate, certificates) == f"Bearer {GIT_TOKEN}"


def test_a_command_that_fails_refuses_its_requests_alone(open_gate, tmp_path, certificates):
    gate = open_gate(command=["cat", str(tmp_path / "t")])
    assert gate.proxy.err.wait("failed with exit code 1; requests that need it are refused")
    with gate.one_ending("credential_unavailable", name=record.DECISION):
        reply, requests, port = ask(gate, certificates, API, "/")
    assert_refused(reply, "credential_unavailable", API, port)
    assert not requests
    secret_file(tmp_path / "t", TOKEN)
    gate.proxy.signal(signal.SIGHUP)
    assert gate.proxy.err.wait('the secret of command "cat …" has changed')
    assert given(gate, certificates) == f"Bearer {TOKEN}"


def test_a_reload_without_the_secret_changes_nothing(open_gate, tmp_path, certificates):
    """A rule that cannot have its secret is refused with all that comes with it; one that had it goes
    on with what it had."""
    gate = open_gate(file=secret_file(tmp_path / "t", TOKEN))
    gate.proxy.write(one_rule(file=str(tmp_path / "none")))
    gate.proxy.signal(signal.SIGHUP)
    assert gate.proxy.err.wait("configuration refused, nothing changed: .*No such file")
    assert given(gate, certificates) == f"Bearer {TOKEN}"
    (tmp_path / "t").unlink()
    gate.proxy.write(one_rule(file=str(tmp_path / "t"), placeholder="kept-outside"))
    gate.proxy.signal(signal.SIGHUP)
    assert gate.proxy.err.wait("No such file or directory; the one from before stays")
    reply, requests, _ = ask(gate, certificates, API, "/", "Authorization: kept-outside")
    assert reply.status == 200
    assert requests[0].value("authorization") == f"Bearer {TOKEN}"


def test_a_variable_survives_a_reload(open_gate, certificates):
    gate = open_gate(env="SOME_TOKEN", environment={"SOME_TOKEN": TOKEN})
    gate.proxy.write({"network": {"mode": "limited"}})
    gate.proxy.signal(signal.SIGHUP)
    assert gate.proxy.err.wait("configuration reloaded: network.mode")
    assert given(gate, certificates) == f"Bearer {TOKEN}"
