# SPDX-License-Identifier: Apache-2.0
"""mode = "limited": only reading, and only where somebody can look."""

import pytest

import record
from gate import assert_refused
from origin import Origin, answering, ok, recording


@pytest.fixture(scope="module")
def limited(start):
    return start({"network": {"mode": "limited"}})


def request(method, authority):
    length = "" if method in ("GET", "HEAD", "OPTIONS") else "Content-Length: 0\r\n"
    line = f"{method} http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n"
    return f"{line}{length}Connection: close\r\n\r\n".encode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_passes(limited, method):
    with Origin(answering(ok())) as origin:
        reply, _ = limited.ask(request(method, f"www.plain.test:{origin.port}"), method.encode())
        assert reply.status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_writing_is_refused(limited, method):
    with Origin(answering(ok())) as origin, limited.one_ending(
        "mode_limited", name=record.DECISION
    ) as found:
        authority = f"www.plain.test:{origin.port}"
        reply, _ = limited.ask(request(method, authority))
        assert_refused(reply, "mode_limited", "www.plain.test", origin.port, "http")
        assert reply.json()["source"] == "mode_guard"
        assert not origin.peers
    assert found.record["network.policy.source"] == "mode_guard"


def test_tunnels_that_nobody_can_look_into_are_refused(limited):
    with Origin(recording) as origin, limited.nothing_asked(), limited.one_ending("mode_limited"):
        authority = f"www.raw.test:{origin.port}"
        reply, _ = limited.ask(
            f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode(), b"POST"
        )
        assert_refused(reply, "mode_limited", "www.raw.test", origin.port, "https_connect")


def test_method_is_judged_inside_a_plain_tunnel(limited):
    with Origin(answering(ok())) as origin, limited.one_ending("mode_limited"):
        authority = f"www.plain.test:{origin.port}"
        with limited.wire() as wire:
            assert wire.connect(authority).status == 200
            head = f"HTTP/1.1\r\nHost: {authority}\r\n"
            assert wire.send(f"GET / {head}\r\n".encode()).reply().status == 200
            wire.send(f"POST / {head}Content-Length: 0\r\n\r\n".encode())
            assert_refused(wire.reply(), "mode_limited", "www.plain.test", origin.port)
        assert len(origin.requests) == 1
