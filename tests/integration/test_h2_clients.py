# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 inside tunnels that are looked into, as Go, Node, gRPC and h2load speak it, the first three
with servers of their own."""

import pathlib
import re
import socket
import subprocess
import sys
import threading

import pytest

import record
from clients import need
from test_h2 import HOST, desk, seen  # pylint: disable=unused-import

HERE = pathlib.Path(__file__).parent


class Serving:
    """A server that prints its port first."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self):
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def denied(desk, mark, count=1):
    found = desk.gate.records.wait(lambda r: r.decision == "deny", mark, count)
    assert [r.reason for r in found] == ["rule_denied"] * count


@pytest.fixture(scope="module")
def go_program(desk):
    program = desk.directory / "h2_go"
    done, said = desk.run(
        *(need("go"), "build", "-o", program, HERE / "h2_go.go"),
        GOCACHE=str(desk.packages.parent / "go-cache"),
        GOPROXY="off",
        GO111MODULE="off",
    )
    assert done, said
    return program


def test_go(desk, certificates, go_program):
    mark = desk.gate.records.mark()
    with Serving(go_program, "serve", certificates.leaf, certificates.key) as server:
        url = f"https://{HOST}:{server.port}"
        done, said = desk.run(go_program, "ask", url, SSL_CERT_FILE=desk.certificates.ca)
    assert done and "all is well" in said, said
    assert "word 2" in said and '403 {"status":"blocked"' in said
    denied(desk, mark)


def test_node_and_websocket(desk, certificates):
    mark = desk.gate.records.mark()
    script = HERE / "h2_node.js"
    with Serving(need("node"), script, "serve", certificates.leaf, certificates.key) as server:
        _, port = desk.gate.address
        done, said = desk.run(
            *(need("node"), script, "ask", port, HOST, server.port, desk.certificates.ca)
        )
    assert done and said.splitlines() == [
        "200 true hello again",
        "403 blocked-by-method-policy",
        "all is well",
    ], said
    denied(desk, mark)


def test_grpc(desk, certificates):
    mark = desk.gate.records.mark()
    script = HERE / "h2_grpc.py"
    with Serving(sys.executable, script, "serve", certificates.leaf, certificates.key) as server:
        done, said = desk.run(
            *(sys.executable, script, "ask", f"{HOST}:{server.port}", desk.certificates.ca)
        )
    assert done and "all is well" in said, said
    denied(desk, mark)
    calls = desk.gate.records.wait(
        lambda r: r.decision == "allow" and r.get("http.request.method") == "POST", mark, 206
    )
    assert {r.name for r in calls} == {record.DECISION}


class Forwarder:
    """For clients that know no proxies: each connection to it is a tunnel to the target."""

    def __init__(self, proxy, target):
        self.proxy = proxy
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            proxy = socket.create_connection(self.proxy)
            proxy.sendall(f"CONNECT {self.target} HTTP/1.1\r\nHost: {self.target}\r\n\r\n".encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += proxy.recv(1)
            for pair in ((client, proxy), (proxy, client)):
                threading.Thread(target=self._move, args=pair, daemon=True).start()

    @staticmethod
    def _move(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.mark.parametrize("path", ["/protocol", "/page.html"])
def test_h2load(desk, path):
    target = f"{HOST}:{desk.nginx.tls}"
    with Forwarder(desk.gate.address, target) as forwarder:
        words = ("-n", "3000", "-c", "5", "-m", "40", f"--connect-to=127.0.0.1:{forwarder.port}")
        done, said = desk.run(need("h2load"), *words, f"https://{target}{path}")
    assert done, said
    assert "Application protocol: h2" in said
    assert re.search(r"3000 succeeded, 0 failed, 0 errored, 0 timeout", said), said


def test_curl_uploads_and_downloads(desk, certificates, go_program, tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 20_000_000)
    with Serving(go_program, "serve", certificates.leaf, certificates.key) as server:
        url = f"https://{HOST}:{server.port}"
        curl = (need("curl"), "-sS", "--http2", "--cacert", desk.certificates.ca, "-w", "%{http_version}")
        done, said = desk.run(*curl, "--data-binary", f"@{tmp_path / 'large'}", f"{url}/sum")
        assert done and said.endswith(" 2"), said
        done, said = desk.run(*curl, "-o", tmp_path / "got", f"{url}/large?n=48000000")
        assert done and said == "2", said
    assert (tmp_path / "got").stat().st_size == 48_000_000
