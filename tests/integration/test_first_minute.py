# SPDX-License-Identifier: Apache-2.0
"""The first minute of whoever tries it: the configuration that `make run` serves, what it prints,
and a request that waits until somebody decides, in each of the ways that the README shows."""

import pathlib
import re
import shlex
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from control import Control
from dns_stub import Answer, DnsStub
from origin import Origin, answering, ok
from sallyport import BINARY, Sallyport

STARTER = pathlib.Path(__file__).parents[2] / "packaging" / "config.toml"
HOST = "new.example"


def starter(dns, log, control=0):
    """The file as it is, but for ports that the kernel chooses, and an origin on this machine."""
    text = STARTER.read_text()
    for ours, theirs in (
        ('"127.0.0.1:3128"', '"127.0.0.1:0"'),
        ('"127.0.0.1:3129"', f'"127.0.0.1:{control}"'),
        ('[network]\n', '[network]\nallow_local_binding = true\n'),
        ('log = "stdout"', f'log = "{log}"'),
        ("http://localhost:14318/v1/logs", "http://127.0.0.1:9/v1/logs"),
    ):
        assert text.count(ours) == 1, ours
        text = text.replace(ours, theirs)
    return text + f'\n[dns]\nservers = ["{dns}"]\nhosts_file = "/dev/null"\n'


class Trial:
    """A proxy as `make run` starts it, and a shell beside it."""

    def __init__(self, directory):
        self.dns = DnsStub({HOST: Answer(a=["127.0.0.1"])})
        state = directory / "state"
        self.proxy = Sallyport(directory, {}, environment={"STATE_DIRECTORY": str(state)})
        self.proxy.write(text=starter(self.dns.address, self.proxy.records.path))
        self.proxy.launch()
        self.said(r"point a tool at it")
        self.proxy.host, self.proxy.port = "127.0.0.1", int(self.said(r"listening on 127\.0\.0\.1:(\d+)"))
        self.control = Control(self.proxy)

    def said(self, pattern):
        """What a line that was printed at the start says behind `pattern`."""
        match = self.proxy.err.wait(pattern)
        assert match, self.proxy.said()
        return match.group(match.lastindex or 0)

    def shell(self, *words, **environment):
        return subprocess.run(
            list(words), capture_output=True, text=True, check=False, timeout=20,
            env={"PATH": "/usr/bin:/bin", **environment},
        )

    def close(self):
        self.proxy.stop()
        self.dns.close()


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    trial = Trial(tmp_path_factory.mktemp("trial"))
    yield trial
    trial.close()


class Waiting:
    """A curl that waits for a name on no list."""

    def __init__(self, trial, certificates, port):
        # The same name on another port is another question, so no test finds another's grant.
        self.authority = f"{HOST}:{port}"
        words = ("curl", "-sS", "-x", trial.proxy.url, "--cacert", certificates.ca)
        pool = ThreadPoolExecutor(1)
        self.done = pool.submit(trial.shell, *words, f"https://{self.authority}/")
        pool.shutdown(wait=False)
        self.question = trial.control.question(HOST, waiters=1)
        assert not self.done.done() and not trial.dns.asked(HOST)

    def finish(self):
        """The finished process: what it said, its exit code."""
        return self.done.result(15)


@pytest.fixture
def waiting(trial, certificates):
    trial.dns.queries.clear()
    page = answering(ok(b"as if nothing had happened", b"Connection: close"))
    with Origin(page, context=certificates.server()) as origin:
        yield Waiting(trial, certificates, origin.port)


def finished(waiting):
    done = waiting.finish()
    assert (done.returncode, done.stdout) == (0, "as if nothing had happened"), done.stderr


def test_what_it_prints(trial):
    text = trial.proxy.err.text()
    assert re.search(r"info: 9 entries allow, 2 deny; everything else waits for a decision", text)
    assert f"events go to http://127.0.0.1:9/v1/logs; JSON lines: {trial.proxy.records.path}" in text
    script = trial.said(r'point a tool at it: eval "\$\((.*)\)"$')
    env = trial.shell(*shlex.split(script))
    assert f"export HTTPS_PROXY={trial.proxy.url}" in env.stdout
    assert len([line for line in text.splitlines() if " info: " in line]) == 6, text


def test_approved_by_the_command_line(trial, waiting):
    """By the command that was printed, with another word for `watch`, which wants a terminal."""
    command = trial.said(r"decide in a shell: (.*)$")
    words = command.replace(" watch ", f" approve {HOST} ")
    done = trial.shell("sh", "-c", words)
    assert done.returncode == 0, done.stderr
    finished(waiting)


def test_approved_by_one_curl(trial, waiting):
    done = trial.shell(
        *("curl", "-sS", "-H", f"Authorization: Bearer {trial.control.token}"),
        *("-H", "Content-Type: application/json", "-d", '{"scope":"session"}'),
        f"{page_url(trial)}/v1/approvals/{waiting.question['id']}/approve",
    )
    assert '"scope":"session"' in done.stdout.replace(" ", ""), done
    finished(waiting)


def page_url(trial):
    return trial.said(r"decide on the page: (http://127\.0\.0\.1:\d+)/#signin=\w+ \(signs in once\)")


def test_approved_by_the_link(trial, waiting, tmp_path):
    """What the page does once the printed link was opened."""
    url, cookies = page_url(trial), tmp_path / "cookies"
    code = trial.said(r"#signin=(\w+)")
    post = ("curl", "-sS", "-w", "%{http_code}", "-H", f"Origin: {url}",
            "-H", "Content-Type: application/json", "-b", str(cookies), "-c", str(cookies))
    assert trial.shell(*post, "-d", f'{{"code":"{code}"}}', f"{url}/v1/signin").stdout == "204"
    done = trial.shell(*post, "-d", "{}", f"{url}/v1/approvals/{waiting.question['id']}/approve")
    assert done.stdout.endswith("200"), done
    finished(waiting)
    assert trial.shell(*post, "-d", f'{{"code":"{code}"}}', f"{url}/v1/signin").stdout.endswith("401")


def test_denied_with_a_reason(trial, waiting):
    command = trial.said(r"decide in a shell: (.*)$")
    done = trial.shell("sh", "-c", command.replace(" watch ", f" deny {HOST} --note 'not this one' "))
    assert done.returncode == 0, done.stderr
    refused = waiting.finish()
    assert refused.returncode != 0 and "response 403" in refused.stderr
    again = trial.shell("curl", "-sS", "-v", "-x", trial.proxy.url, f"https://{waiting.authority}/")
    assert 'details="approval_denied' in again.stderr, again.stderr


def test_control_port_taken(tmp_path):
    """One sentence that says what to do; nothing is served without the endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        proxy = Sallyport(tmp_path, {}, environment={"STATE_DIRECTORY": str(tmp_path / "state")})
        proxy.write(text=starter("127.0.0.1:9", proxy.records.path, control=port))
        began = time.monotonic()
        proxy.launch()
        try:
            assert proxy.wait(5) == 1 and time.monotonic() - began < 5
        finally:
            proxy.kill()
        said = proxy.err.text().splitlines()
        assert len(said) == 1, said
        assert f"127.0.0.1:{port}: address already in use: end what listens there" in said[0]


def test_socket_taken(trial, tmp_path):
    """The socket, like all of its state, is one process's."""
    state = trial.proxy.directory / "state"
    second = Sallyport(tmp_path, {}, environment={"STATE_DIRECTORY": str(state)})
    second.write(text=starter("127.0.0.1:9", second.records.path))
    second.launch()
    try:
        assert second.wait(5) == 1
    finally:
        second.kill()
    said = second.err.text().splitlines()
    assert len(said) == 1 and "is in use by another process" in said[0], said
    assert trial.shell(BINARY, "approvals", "list", STATE_DIRECTORY=str(state)).returncode == 0
