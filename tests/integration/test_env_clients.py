# SPDX-License-Identifier: Apache-2.0
"""Real clients through tunnels that are looked into, told of proxy and CA by `sallyport env` alone: no
flag, no warning."""

import json
import os
import pathlib
import subprocess
import tempfile

import pytest

import clients
import record
import site_files
from clients import contents, need
from conftest import PATIENT
from sallyport import BINARY

HOST = "files.allowed.test"

REQUESTS = """\
import requests, sys
answer = requests.get(sys.argv[1])
print(answer.status_code, answer.text)
"""

HTTPX = """\
import httpx, sys
answer = httpx.get(sys.argv[1])
print(answer.status_code, answer.text)
"""

AIOHTTP = """\
import aiohttp, asyncio, sys

async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(sys.argv[1]) as answer:
            print(answer.status, await answer.text())

asyncio.run(main())
"""

URLLIB = """\
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())
"""

# The one with the proxy from the system's properties, and the one since Java 11.
JAVA = """\
import java.net.*;
import java.net.http.*;
public class Get {
	public static void main(String[] words) throws Exception {
		System.out.println(new String(new URL(words[0]).openStream().readAllBytes()));
		var client = HttpClient.newBuilder().proxy(ProxySelector.getDefault()).build();
		var answer = client.send(HttpRequest.newBuilder(URI.create(words[0])).build(),
			HttpResponse.BodyHandlers.ofString());
		System.out.println(answer.statusCode() + " " + answer.body());
		System.exit(answer.statusCode() == 200 ? 0 : 1);
	}
}
"""

CARGO = """\
[package]
name = "asks"
version = "0.1.0"

[lib]
path = "lib.rs"

[dependencies]
demo = {{ git = "{url}" }}
"""


class Sandbox:
    """A directory and the variables that an agent has: those of `sallyport env`, and no others."""

    def __init__(self, desk, seconds=60):
        proxy = desk.gate.proxy
        said = subprocess.run(
            [BINARY, "env", "--json", "--config", proxy.path, "--proxy", proxy.url],
            capture_output=True, text=True, check=True,
        )
        self.environment = json.loads(said.stdout)
        # Of the tools' own: where they are, and where they keep things.
        self.home = pathlib.Path(tempfile.mkdtemp(dir=desk.directory))
        self.environment |= {"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        self.desk = desk
        self.seconds = seconds

    def run(self, *command, **environment):
        done = subprocess.run(
            [str(part) for part in command], cwd=self.home, env={**self.environment, **environment},
            capture_output=True, text=True, errors="replace", check=False, timeout=self.seconds,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        for word in ("warning: ", "insecure", "unverified", "InsecureRequest"):
            assert word not in said.replace("warning: unused", ""), said
        return said

    def page(self):
        return self.desk.tls(HOST, "/page.html")

    def python(self, script):
        return self.run("/usr/bin/python3", "-c", script, self.page())


def curl(s):
    return s.run(need("curl"), "-sSf", s.page())


def git(s):
    said = s.run(need("git"), "clone", s.desk.tls(HOST, "/smart/demo.git"), "clone")
    return said + contents(s.home / "clone" / "README")


def npm(s):
    said = s.run(need("npm"), "install", "demo", "--registry", s.desk.tls(HOST, "/npm/"))
    return said + contents(s.home / "node_modules" / "demo" / "index.js")


def pip(s):
    said = s.run(
        *("/usr/bin/python3", "-m", "pip", "download", "demo", "--no-deps"),
        *("--index-url", s.desk.tls(HOST, "/simple/"), "--disable-pip-version-check"),
    )
    return said + contents(next(s.home.glob("*.whl")))


def cargo(s):
    (s.home / "lib.rs").touch()
    (s.home / "Cargo.toml").write_text(CARGO.format(url=s.desk.tls(HOST, "/smart/crate.git")))
    # Debian's, which another one may hide.
    said = s.run(
        need("/usr/bin/cargo"), "fetch", CARGO_HOME=str(s.home / "cargo"), RUSTC=need("/usr/bin/rustc")
    )
    return said + "".join(contents(path) for path in s.home.glob("cargo/git/checkouts/*/*/lib.rs"))


def requests(s):
    return s.python(REQUESTS)


def httpx(s):
    return s.python(HTTPX)


def aiohttp(s):
    return s.python(AIOHTTP)


def urllib(s):
    return s.python(URLLIB)


def node(s):
    path = s.home / "fetch.js"
    path.write_text(clients.FETCH)
    return s.run(clients.node_program(s.desk), path, s.page())


def go(s):
    return s.run(clients.go_program(s.desk), s.page())


def java(s):
    path = s.home / "Get.java"
    path.write_text(JAVA)
    return s.run(need("java"), path, s.page())


def chromium(s):
    """The authority in a profile's store, as docs/interception.md says."""
    store = s.home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    authority = pathlib.Path(s.environment["SSL_CERT_FILE"]).parent / "ca.pem"
    certutil = need("certutil")
    s.run(certutil, "-d", f"sql:{store}", "-N", "--empty-password")
    s.run(certutil, "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "sallyport", "-i", authority)
    return s.run(
        *(need("chromium"), *clients.QUIET_BROWSER, *clients.BROWSER_ENDS),
        *(f"--user-data-dir={s.home / 'profile'}", f"--proxy-server={s.desk.gate.proxy.url}", s.page()),
    )


CLIENTS = [curl, git, npm, pip, cargo, requests, httpx, aiohttp, urllib, node, go, java, chromium]


@pytest.fixture(scope="module")
def desk(start, certificates, furnish):
    """Everything may be asked for, and all of it is looked into."""
    gate = start(
        {
            "network": {"rules": [{"domain": "*.allowed.test:*", "action": "allow"}]},
            "tls": {"extra_roots": certificates.ca},
            "timeouts": PATIENT,
        }
    )
    desk = furnish(gate, HOST)
    site_files.build_crate(pathlib.Path(desk.git_server.root) / "crate.git")
    return desk


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_reads_with_what_env_says(desk, client):
    mark = desk.gate.records.mark()
    said = client(Sandbox(desk))
    assert site_files.MARK in said, said
    asked = desk.gate.records.wait(
        lambda r: r.name == record.DECISION and r.host == HOST and r.get("http.request.method") == "GET", mark
    )
    assert {r.decision for r in asked} == {"allow"}
