# SPDX-License-Identifier: Apache-2.0
"""Where the proxy listens: on IPv6, on several addresses, on ports that the kernel chooses; and what
it tells the person who started it about that."""

import re
import shlex
import subprocess

import pytest

import record
from gate import assert_refused
from hello import hello
from origin import Origin, answering, ok, recording
from sallyport import BINARY
from wire import Wire

LISTENERS = {
    "IPv4": ["127.0.0.1:0"],
    "IPv6": ["[::1]:0"],
    "both": ["[::1]:0", "127.0.0.1:0"],
}


@pytest.fixture(scope="module", params=LISTENERS)
def listening(request, start):
    return start({"listen": {"proxy": LISTENERS[request.param]}})


def addresses(gate):
    """Every (host, port) that the proxy says it listens on."""
    found = re.findall(r"listening on (\S+):(\d+)", gate.proxy.err.text())
    return [(host.strip("[]"), int(port)) for host, port in found]


def bracketed(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def test_tunnel_and_forward(listening):
    """Each listener serves both, and the records say who came from where."""
    bound = addresses(listening)
    assert len(bound) == len(listening.proxy.config["listen"]["proxy"])
    for at in bound:
        mark = listening.records.mark()
        with Origin(recording) as origin, Wire(at) as wire:
            assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
            wire.send(hello("www.allowed.test")).shutdown()
            assert origin.settled()[0].received == hello("www.allowed.test")
            name = wire.name
        with Origin(answering(ok(b"forwarded"))) as origin, Wire(at) as wire:
            authority = f"www.plain.test:{origin.port}"
            wire.send(f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            assert wire.reply().body == b"forwarded"
        ends = listening.records.wait(lambda r: r.name == record.CLOSED, mark, count=2)
        assert {end["client.address"] for end in ends} == {at[0]}
        assert name[1] in {end["client.port"] for end in ends}


def test_refusal(listening):
    for at in addresses(listening):
        with listening.one_ending("not_allowed") as found, listening.nothing_asked(), Wire(at) as wire:
            reply = wire.connect("evil.test:443")
            assert_refused(reply, "not_allowed", "evil.test", 443, "https_connect")
            assert wire.rest() == b""
        assert found.record["client.address"] == at[0]


def test_its_own_listeners_are_refused(listening):
    """Each by the others and by itself."""
    bound = addresses(listening)
    for at in bound:
        for host, port in bound:
            with listening.one_ending("own_endpoint"), Wire(at) as wire:
                reply = wire.connect(bracketed(host, port))
                assert_refused(reply, "own_endpoint", host, port)


def test_a_real_client_reaches_it(listening, certificates, tmp_path):
    """curl, with the variables that the printed hint sets."""
    hint = listening.proxy.err.wait(r'point a tool at it: eval "\$\((.*)\)"$').group(1)
    words = shlex.split(hint)
    assert words == [BINARY, "env", "--proxy", listening.proxy.url]
    assert "[" not in hint or f"'{listening.proxy.url}'" in hint  # some shells would look for files
    said = subprocess.run(
        [BINARY, *words[1:]], capture_output=True, text=True, check=True, timeout=10
    ).stdout
    script = said + 'exec curl -sS --cacert "$1" "$2"'
    page = answering(ok(b"by the hint", b"Connection: close"))
    with Origin(page, context=certificates.server()) as origin:
        done = subprocess.run(
            ["sh", "-c", script, "sh", certificates.ca, f"https://www.allowed.test:{origin.port}/"],
            capture_output=True, text=True, check=False, timeout=20, cwd=tmp_path,
        )
        assert (done.returncode, done.stdout) == (0, "by the hint"), done.stderr
