# SPDX-License-Identifier: Apache-2.0
"""The control endpoint byte by byte: whatever an attacker may send it, on the unix socket or by TCP."""

import re
import socket
import time

from message import Reader

LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/#signin=([0-9a-f]+)")


def tcp_port(proxy):
    """Of the listener on 127.0.0.1, as the link says that is printed at the start."""
    return int(LINK.search(proxy.said()).group(1))


class Caller:
    """One connection; `at` is a path, or an address of TCP."""

    def __init__(self, at, seconds=10):
        self.socket = socket.socket(socket.AF_INET if isinstance(at, tuple) else socket.AF_UNIX)
        self.socket.settimeout(seconds)
        until = time.monotonic() + seconds
        while True:
            try:
                self.socket.connect(at if isinstance(at, tuple) else str(at))
                break
            except BlockingIOError:  # so many are about to be accepted
                assert time.monotonic() < until
                time.sleep(0.001)
        self.reader = Reader(self.recv)

    def recv(self, size):
        try:
            return self.socket.recv(size)
        except (ConnectionResetError, BrokenPipeError):
            return b""

    def send(self, data):
        """As much as it takes: it may answer, and close, before it has read everything."""
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return self

    def ask(self, data, method=b"GET"):
        self.send(data)
        return self.reader.reply(method)

    def rest(self):
        return self.reader.rest()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(method, path, *fields, body=b"", host="localhost"):
    """A request with exactly these fields; Content-Length when there is a body and none is given."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    if body and not any(line.lower().startswith("content-length") for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
