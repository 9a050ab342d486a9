# SPDX-License-Identifier: Apache-2.0
"""What the tests share: certificates, a name server, a proxy with the standard rules, and the watch
over every proxy after every test.

The standard rules (STANDARD) in words: *.allowed.test is listed for TLS on every port, *.plain.test
for plain HTTP, *.raw.test for anything; they may resolve to loopback, where the origins are.
public.test is listed without that, *.ports.test on one port only, denied.test is denied.
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

# pylint: disable=wrong-import-position
import npm
import sallyport
import site_files
from certificates import Certificates
from clients import Desk
from collector import compile_schema
from dns_stub import Answer, DnsStub
from gate import Gate
from git_server import GitServer
from nginx import Nginx
from sallyport import LOOPBACK, Sallyport

HERE = Answer(a=["127.0.0.1"])

ZONE = {
    "*.allowed.test": HERE,
    "*.plain.test": HERE,
    "*.raw.test": HERE,
    "*.ports.test": HERE,
    "*.unlisted.test": HERE,
    "unlisted.test": HERE,
    "denied.test": HERE,
    "*.denied.test": HERE,
    "evil.test": HERE,
    "*.evil.test": HERE,
    "public.test": HERE,
    "example.com": HERE,
}


def listed(pattern, **more):
    return {"domain": pattern, "addresses": LOOPBACK, **more}


STANDARD = {
    "workers": 2,
    "network": {
        "unlisted": "deny",
        "allowed_domains": [
            listed("*.allowed.test:*"),
            listed("*.plain.test:*", protocol="http"),
            listed("*.raw.test:*", protocol="raw"),
            listed("*.ports.test:7000-7001"),
            "example.com",
            "public.test:*",
        ],
        "denied_domains": ["denied.test", "*.denied.test", "no.allowed.test", "no.plain.test"],
    },
    "dns": {"hosts_file": "/dev/null"},
    "timeouts": {
        "head": "1s",
        "hello": "1s",
        "dns": "1s",
        "connect": "1s",
        "response": "1s",
        "idle": "3s",
        "keepalive": "3s",
        "drain": "2s",
    },
}

# Real clients may be slow on a busy machine; what is late is tested elsewhere.
PATIENT = {
    name: "20s" for name in ("head", "hello", "dns", "connect", "response", "idle", "keepalive")
}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def packages():
    """The directory with node_modules."""
    return npm.install()


@pytest.fixture(scope="session")
def schema(packages, tmp_path_factory):
    """The official OTLP logs service, compiled."""
    return compile_schema(packages, tmp_path_factory.mktemp("schema"))


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """start(changes, zone=…, **options) -> Gate: a proxy over STANDARD with `changes`, and its own
    name server. It lives as long as the module."""
    gates = []

    def start_gate(changes=None, zone=None, launch=True, **options):
        dns = DnsStub({**ZONE, **(zone or {})})
        config = sallyport.merged(STANDARD, {"dns": {"servers": [dns.address]}})
        config = sallyport.merged(config, changes or {})
        proxy = Sallyport(tmp_path_factory.mktemp("proxy"), config, **options)
        gate = Gate(proxy, dns)
        gates.append(gate)
        if launch:
            proxy.start()
        return gate

    yield start_gate
    faults = []
    for gate in gates:
        try:
            gate.stop()
        except AssertionError as fault:
            faults.append(str(fault))
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="module")
def gate(start):
    """The standard proxy of this module."""
    return start()


@pytest.fixture(scope="module")
def furnish(certificates, packages, tmp_path_factory):
    """furnish(gate, host) -> Desk: origins for real clients behind `gate`, and a place for them to
    work. `host` is what the origins call themselves where they write URLs."""
    servers = []

    def furnish_desk(gate, host):
        root = tmp_path_factory.mktemp("root")
        git_server = GitServer(root / "smart")
        locations = (
            "location /npm/ { default_type application/json; try_files /$host$uri $uri =404; }"
            f"location /smart/ {{ proxy_pass http://127.0.0.1:{git_server.port}/; }}"
        )
        nginx = Nginx(tmp_path_factory.mktemp("nginx"), certificates, root, locations)
        servers.extend((nginx, git_server))
        site_files.build(root, f"https://{host}:{nginx.tls}")
        home = tmp_path_factory.mktemp("home")
        return Desk(gate, nginx, certificates, packages, home, git_server)

    yield furnish_desk
    for server in servers:
        server.stop()


@pytest.fixture(autouse=True)
def watch():
    """After each test every proxy is alive, silent about errors, and without sessions."""
    yield
    faults = []
    for proxy in list(sallyport.running):
        try:
            proxy.check()
        except (AssertionError, TimeoutError, RuntimeError) as fault:
            faults.append(str(fault))
    assert not faults, "\n".join(faults)
