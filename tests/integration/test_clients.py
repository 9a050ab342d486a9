# SPDX-License-Identifier: Apache-2.0
"""What people really run: each client reaches a listed name, and is told why it may not reach
another, without a DNS query for it."""

import hashlib
import os
import subprocess

import pytest

import clients
import record
import site_files
from conftest import PATIENT

TLS = "files.allowed.test"
PLAIN = "files.plain.test"
UNLISTED = "files.evil.test"

# Client, listed host, and how it words a refusal.
CLIENTS = {
    "curl": (clients.curl, TLS, "response 403"),
    "curl over http": (clients.curl_plain, PLAIN, "not on the allow list"),
    "wget": (clients.wget, TLS, "Forbidden"),
    "git": (clients.git, TLS, "403"),
    "git smart": (clients.git_smart, TLS, "CONNECT tunnel failed, response 403"),
    "git smart over http": (clients.git_smart_plain, PLAIN, "error: 403"),
    "pip": (clients.pip, TLS, "403 Forbidden"),
    "npm": (clients.npm, TLS, "403"),
    "requests": (clients.python_requests, TLS, "403"),
    "aiohttp": (clients.python_aiohttp, TLS, "403"),
    "undici": (clients.undici, TLS, "403"),
    "undici over http": (clients.undici_plain, PLAIN, "403"),
    "node": (clients.node_env, TLS, "403"),
    "apt": (clients.apt, PLAIN, "403"),
    "go": (clients.go, TLS, "Forbidden"),
    "chromium": (clients.chromium, TLS, "ERR_TUNNEL_CONNECTION_FAILED"),
}


@pytest.fixture(scope="module")
def desk(start, furnish):
    return furnish(start({"timeouts": PATIENT}), TLS)


@pytest.mark.parametrize("name", CLIENTS)
def test_listed(desk, name):
    client, host, _ = CLIENTS[name]
    mark = desk.gate.records.mark()
    done, said = client(desk, host)
    assert done, said
    assert site_files.MARK in said, said
    decisions = desk.gate.records.wait(
        lambda r: r.name == record.DECISION and r.host == host, mark
    )
    assert {r.decision for r in decisions} == {"allow"}
    assert desk.gate.dns.asked(host)


@pytest.mark.parametrize("name", CLIENTS)
def test_unlisted(desk, name):
    client, _, words = CLIENTS[name]
    mark = desk.gate.records.mark()
    done, said = client(desk, UNLISTED)
    assert not done, said
    assert words in said, said
    assert site_files.MARK not in said
    decisions = desk.gate.records.wait(
        lambda r: r.name == record.DECISION and r.host == UNLISTED, mark
    )
    assert {r.reason for r in decisions} == {"not_allowed"}
    assert not desk.gate.dns.asked(UNLISTED)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_git_speaks_its_smart_protocol(desk, scheme):
    """A clone asks and is answered, and a push larger than git's buffer arrives whole: in chunks
    of unknown length, which over http are the proxy's to forward."""
    # Without nginx, which would gather the chunks, where the proxy forwards.
    direct = f"http://{PLAIN}:{desk.git_server.port}/demo.git"
    url = desk.tls(TLS, "/smart/demo.git") if scheme == "https" else direct
    before = len(desk.git_server.requests)
    data = os.urandom(3 << 20)
    done, said = clients.git_push(desk, url, data)
    assert done, said
    seen = desk.git_server.requests[before:]
    assert seen[0].startswith("GET /demo.git/info/refs?service=git-upload-pack")
    assert "POST /demo.git/git-upload-pack" in seen
    received = [line for line in seen if line.startswith("POST /demo.git/git-receive-pack")]
    assert received
    assert scheme == "https" or received[-1].endswith(" chunked")
    assert not [line for line in seen if line.startswith("GET") and "service=" not in line]
    repository = desk.git_server.root / "demo.git"
    pushed = subprocess.run(
        ["git", "-C", repository, "show", "main:data.bin"], capture_output=True, check=True
    ).stdout
    assert hashlib.sha256(pushed).digest() == hashlib.sha256(data).digest()


def test_http2_inside_the_tunnel(desk):
    done, said = desk.run(
        *("curl", "-sS", "--http2", "--cacert", desk.certificates.ca),
        desk.tls(TLS, "/protocol"),
    )
    assert done, said
    assert said == f"HTTP/2.0 {TLS}"


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_whole_file(desk, scheme):
    url = desk.tls(TLS, "/big.bin") if scheme == "https" else desk.plain(PLAIN, "/big.bin")
    target = desk.fresh() / "big.bin"
    done, said = desk.run("curl", "-sS", "--cacert", desk.certificates.ca, "-o", target, url)
    assert done, said
    whole = (desk.nginx.root / "big.bin").read_bytes()
    assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(whole).digest()


def test_browser_loads_a_page_over_http2(desk):
    """Headless Chromium really spoke HTTP/2 to the origin, through the tunnel."""
    before = desk.nginx.log()
    done, said = clients.chromium(desk, TLS)
    assert done, said
    assert "HTTP/2.0" in desk.nginx.log()[len(before) :]
