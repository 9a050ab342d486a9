# SPDX-License-Identifier: Apache-2.0
"""Credentials that rules put into requests: who gets them, who does not, and where they never show."""

import base64

import pytest

import clients
import record
import test_inspection as inspection
from conftest import PATIENT
from gate import assert_refused
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


# ---- real clients, HTTP/1.1 and HTTP/2 ------------------------------------------------------------

SHOWING = """
location /v1/ { return 200 "[$http_authorization][$http_cookie][$http_x_own_key]"; }
location /echo/ {
    add_header X-Echo "got $http_authorization!";
    add_header X-Kept "yes";
    return 200 "done";
}
"""


@pytest.fixture(scope="module")
def desk(keyed, certificates, packages, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), certificates, root, SHOWING)
    yield clients.Desk(keyed, nginx, keyed.trust, packages, tmp_path_factory.mktemp("home"), None)
    nginx.stop()


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


def test_node_is_given_the_credential(desk):
    done, said = clients.run_node(
        desk, clients.node_program(desk), clients.UNDICI, desk.tls(API, "/v1/x")
    )
    assert done and f"200 {SEEN}" in said, said
