# SPDX-License-Identifier: Apache-2.0
"""The state directory under attack: whoever may write there, or read what is there, would decide in
the operator's place. The proxy refuses to start rather than trust such a file."""

import hashlib
import os
import pathlib
import socket
import stat

import pytest

from control import Control

EMPTY = hashlib.sha256(b"").hexdigest()
GOOD = hashlib.sha256(b"good").hexdigest()


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)


def link(path, target):
    target.write_text(f"ann admin {GOOD}\n")
    target.chmod(0o600)
    path.symlink_to(target)


FILES = {
    "the hash of an empty token": lambda d: write(d / "tokens", f"ann admin {EMPTY}\n"),
    "an empty file of tokens": lambda d: write(d / "tokens", ""),
    "comments only": lambda d: write(d / "tokens", "# nobody\n"),
    "no hash": lambda d: write(d / "tokens", "ann admin\n"),
    "a token that is not hashed": lambda d: write(d / "tokens", "ann admin secret\n"),
    "an unknown role": lambda d: write(d / "tokens", f"ann root {GOOD}\n"),
    "a name twice": lambda d: write(d / "tokens", f"ann admin {GOOD}\nann viewer {GOOD}\n"),
    "the reviewer's name": lambda d: write(d / "tokens", f"reviewer admin {GOOD}\n"),
    "tokens that others may read": lambda d: write(d / "tokens", f"ann admin {GOOD}\n", 0o640),
    "tokens that others may write": lambda d: write(d / "tokens", f"ann admin {GOOD}\n", 0o622),
    "tokens behind a link": lambda d: link(d / "tokens", d / "elsewhere"),
    "a directory of tokens": lambda d: (d / "tokens").mkdir(),
    "a pipe of tokens": lambda d: os.mkfifo(d / "tokens", 0o600),
    "an empty first token": lambda d: write(d / "admin.token", ""),
    "a first token of somebody's choice": lambda d: write(d / "admin.token", "password\n"),
    "a first token that others may read": lambda d: write(d / "admin.token", "a" * 64, 0o644),
    "a first token behind a link": lambda d: (d / "admin.token").symlink_to("/dev/null"),
    "a file in place of the socket": lambda d: write(d / "control.sock", "mine"),
    "a link in place of the socket": lambda d: (d / "control.sock").symlink_to(d / "x.sock"),
    "a directory in place of the socket": lambda d: (d / "control.sock").mkdir(),
    "a directory that others may write": lambda d: d.chmod(0o777),
    "a directory that the group may write": lambda d: d.chmod(0o770),
}


@pytest.mark.parametrize("attack", FILES)
def test_it_does_not_start(start, attack):
    """It says which file and why, listens nowhere, and leaves the file as it is."""
    gate = start({"network": {"unlisted": "hold"}}, launch=False)
    state = gate.proxy.directory / "state"
    state.mkdir(mode=0o700)
    FILES[attack](state)
    before = sorted(path.name for path in state.iterdir())
    gate.proxy.write()
    gate.proxy.launch()
    assert gate.proxy.wait() == 1
    said = gate.proxy.said()
    assert "listening on" not in said and str(state) in said, said
    assert set(before) <= {path.name for path in state.iterdir()}
    gate.proxy.check_words()


def test_another_process_keeps_its_socket(start, tmp_path):
    place = tmp_path / "own.sock"
    gate = start({"listen": {"control": [f"unix:{place}"]}}, launch=False)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place))
        other.listen()
        gate.proxy.write()
        gate.proxy.launch()
        assert gate.proxy.wait() == 1
        assert "another process listens there" in gate.proxy.said()
        assert place.is_socket()


def test_what_it_makes_is_its_own(start):
    """Every file of the state directory is for the owner only, from the first moment on."""
    old = os.umask(0)
    try:
        gate = start({"network": {"unlisted": "hold"}})
    finally:
        os.umask(old)
    state = pathlib.Path(gate.proxy.config["state"]["directory"])
    names = {path.name for path in state.iterdir()}
    assert {"tokens", "admin.token", "control.sock", "approvals.db"} <= names
    for path in [state, *state.iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    token = (state / "admin.token").read_text().strip()
    assert len(token) == 64 and token not in (state / "tokens").read_text()
    assert token not in gate.proxy.said()


def test_a_token_that_is_taken_out_ends(start):
    """At the next reload; a file at fault changes nothing, and says so."""
    gate = start({"network": {"unlisted": "hold"}})
    control = Control(gate.proxy)
    path = control.directory / "tokens"
    whole = path.read_text()
    path.write_text(whole + f"ann approver {GOOD}\n")
    ann = {"Authorization": "Bearer good"}
    assert control.call("GET", "/v1/me", headers=ann).status == 401
    assert control.call("POST", "/v1/reload").status == 200
    assert control.call("GET", "/v1/me", headers=ann).json()["role"] == "approver"
    for fault in (whole + f"eve admin {EMPTY}\n", ""):
        path.write_text(fault)
        control.call("POST", "/v1/reload")
        assert control.call("GET", "/v1/me", headers=ann).status == 200
        gate.proxy.err.wait("tokens not reloaded")
    path.write_text(whole)
    assert control.call("POST", "/v1/reload").status == 200
    assert control.call("GET", "/v1/me", headers=ann).status == 401
