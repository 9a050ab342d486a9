# SPDX-License-Identifier: Apache-2.0
"""The life of the process: how it starts or says why not, takes up new rules, drains and ends."""

import signal
import socket
import subprocess
import threading
import time

import pytest

import record
from gate import assert_refused
from hello import hello
from origin import Origin, answering, echoing, ok, recording
from sallyport import BINARY, Sallyport, document, merged

SOON = 5


def allow(*patterns):
    return {"network": {"allowed_domains": [{"domain": p, "addresses": ["127.0.0.0/8"]} for p in patterns]}}


def changed(gate, mark, outcome):
    """The config_changed record with this outcome."""
    return gate.records.wait(
        lambda r: r.name == record.CONFIG and r["network_proxy.config.outcome"] == outcome, mark
    )[0]


# ---- reload ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["sighup", "file change"])
def test_reload_applies_a_new_rule(start, how):
    gate = start(allow("*.allowed.test:*"))
    with Origin(recording) as origin:
        with gate.wire() as wire:
            assert wire.connect(f"fresh.raw.test:{origin.port}").status == 403
        mark = gate.records.mark()
        gate.proxy.write(allow("*.allowed.test:*", "*.raw.test:*"))
        if how == "sighup":
            gate.proxy.signal(signal.SIGHUP)
        assert changed(gate, mark, "applied").get("network_proxy.config.change")
        with gate.wire() as wire:
            assert wire.connect(f"fresh.raw.test:{origin.port}").status == 200


def test_file_changed_in_place(start):
    """Editors that write into the file itself are noticed too."""
    gate = start(allow("*.allowed.test:*"))
    mark = gate.records.mark()
    gate.proxy.path.write_text(document(merged(gate.proxy.config, allow("*.raw.test:*"))))
    changed(gate, mark, "applied")


def test_changed_list_file_is_noticed(start, tmp_path):
    """A deny list beside the configuration is part of it."""
    denied = tmp_path / "denied.txt"
    denied.write_text("# nothing yet\n")
    gate = start({"network": {"denied_domains_files": [str(denied)]}})
    with Origin(recording) as origin:
        with gate.wire() as wire:
            assert wire.connect(f"late.allowed.test:{origin.port}").status == 200
        mark = gate.records.mark()
        denied.write_text("0.0.0.0 late.allowed.test\n")
        changed(gate, mark, "applied")
        with gate.one_ending("denied") as found, gate.wire() as wire:
            reply = wire.connect(f"late.allowed.test:{origin.port}")
            assert_refused(reply, "denied", "late.allowed.test", origin.port)
        assert "denied.txt:1" in found.record["network.policy.rule"]


BROKEN = {
    "not toml": ("[network\nallowed_domains = []\n", "1"),
    "unknown key": ('[network]\nallowed_domain = ["a.test"]\n', "2"),
    "bad pattern": ('[network]\n\nallowed_domains = ["ok.test", "a.*.test"]\n', "3"),
    "too broad": ('[network]\nallowed_domains = ["*.com"]\n', "2"),
    "deny star": ('[network]\ndenied_domains = ["*"]\n', "2"),
    "pattern like an address": ('[network]\nallowed_domains = ["*.0.0.1"]\n', "2"),
    "newline in a pattern": ('[network]\nallowed_domains = ["a.test\\nb.test"]\n', "2"),
    "hash in a pattern": ('[network]\nallowed_domains = ["a.test#x"]\n', "2"),
    "bare ipv6": ('[network]\nallowed_domains = ["2001:db8::1"]\n', "2"),
    "wrong type": ('[network]\nallowed_domains = "a.test"\n', "2"),
    "bad duration": ('[timeouts]\nhead = "soon"\n', "2"),
}


@pytest.fixture(scope="module")
def steady(start):
    return start(allow("*.allowed.test:*"))


@pytest.mark.parametrize("fault", BROKEN)
def test_bad_file_changes_nothing_and_says_why(steady, fault):
    gate = steady
    text, line = BROKEN[fault]
    mark, said = gate.records.mark(), len(gate.proxy.err.lines)
    gate.proxy.write(text=text)
    gate.proxy.signal(signal.SIGHUP)
    refused = changed(gate, mark, "refused")
    assert f"config.toml:{line}:" in refused["network_proxy.config.change"]
    assert gate.proxy.err.wait(rf"config\.toml:{line}:\d+", said)
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200


def test_unlinked_file_changes_nothing(start):
    gate = start(allow("*.allowed.test:*"))
    mark = gate.records.mark()
    gate.proxy.path.unlink()
    gate.proxy.signal(signal.SIGHUP)
    changed(gate, mark, "refused")
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200


def test_tunnel_that_lost_its_permission_ends(start):
    """The one whose name is no longer listed ends; the other goes on."""
    gate = start(allow("*.allowed.test:*", "*.raw.test:*"))
    with Origin(echoing) as origin, gate.wire() as lost, gate.wire() as kept:
        assert lost.connect(f"www.allowed.test:{origin.port}").status == 200
        assert kept.connect(f"www.raw.test:{origin.port}").status == 200
        for wire, name in ((lost, "www.allowed.test"), (kept, "www.raw.test")):
            wire.send(hello(name))
            assert wire.reader.exactly(len(hello(name))) == hello(name)
        mark = gate.records.mark()
        gate.proxy.write(allow("*.raw.test:*"))
        gate.proxy.signal(signal.SIGHUP)
        assert lost.rest() == b""
        ended = gate.records.wait(lambda r: r.name == record.CLOSED, mark)[0]
        assert (ended.reason, ended.host) == ("permission_lost", "www.allowed.test")
        kept.send(b"still here")
        assert kept.reader.exactly(10) == b"still here"


def test_denied_on_reload(start):
    """A new deny entry ends what an old allow entry had let through."""
    gate = start(allow("*.allowed.test:*"))
    with Origin(echoing) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        wire.send(hello("www.allowed.test"))
        assert wire.reader.exactly(5)
        with gate.one_ending("permission_lost"):
            gate.proxy.write({"network": {"denied_domains": ["www.allowed.test"]}})
            gate.proxy.signal(signal.SIGHUP)
            wire.rest()
            wire.close()


def test_kept_connection_is_judged_by_the_new_rules(start):
    gate = start(allow("*.plain.test:*"))
    with Origin(answering(ok(b"x"))) as origin, gate.wire() as wire:
        authority = f"www.plain.test:{origin.port}"
        get = f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()
        assert wire.send(get).reply().body == b"x"
        mark = gate.records.mark()
        gate.proxy.write(allow("*.allowed.test:*"))
        gate.proxy.signal(signal.SIGHUP)
        changed(gate, mark, "applied")
        with gate.one_ending("not_allowed"):
            assert_refused(wire.send(get).reply(), "not_allowed", "www.plain.test", origin.port)
            wire.close()
        assert len(origin.requests) == 1


def test_reload_under_load(start):
    """Fifty reloads while clients come and go: each answer is right, nothing is lost."""
    gate = start(allow("*.plain.test:*"))
    stop, faults = threading.Event(), []

    def client():
        while not stop.is_set():
            with gate.wire() as wire:
                authority = f"www.plain.test:{origin.port}"
                get = f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"
                status = wire.send(get.encode()).reply().status
                if status != 200:
                    faults.append(status)

    with Origin(answering(ok())) as origin:
        clients = [threading.Thread(target=client) for _ in range(4)]
        for thread in clients:
            thread.start()
        for turn in range(50):
            mark = gate.records.mark()
            gate.proxy.write(allow("*.plain.test:*", f"host{turn}.test"))
            gate.proxy.signal(signal.SIGHUP)
            changed(gate, mark, "applied")
        stop.set()
        for thread in clients:
            thread.join()
    assert not faults


# ---- the end --------------------------------------------------------------------------------


def test_drain_lets_what_is_under_way_finish(start):
    gate = start({"timeouts": {"drain": "10s", "response": "10s", "keepalive": "10s"}})
    go_on = threading.Event()

    def slow(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
        go_on.wait(10)
        peer.send(b"def")

    with Origin(slow) as origin, Origin(answering(ok())) as other:
        with gate.wire() as wire, gate.wire() as idle:
            assert idle.send(get(f"www.plain.test:{other.port}")).reply().status == 200
            wire.send(get(f"www.plain.test:{origin.port}"))
            head = wire.reader.head()
            assert wire.reader.exactly(3) == b"abc"
            gate.proxy.signal(signal.SIGTERM)
            assert idle.rest() == b"", "an idle connection is in the way of nobody"
            until = time.monotonic() + SOON  # each worker learns of it a moment later
            while not refuses(gate):
                assert time.monotonic() < until, "new clients are served while draining"
            go_on.set()
            assert wire.reader.exactly(3) == b"def"
            assert wire.rest() == b""
            assert head.value("Content-Length") == "6"
            wire.close()
            assert gate.proxy.wait() == 0


def get(authority):
    return f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()


def refuses(gate):
    """A new connection is refused by the kernel, closed, or answered 503 draining."""
    try:
        with gate.wire() as wire:
            wire.try_send(b"CONNECT www.allowed.test:443 HTTP/1.1\r\nHost: x\r\n\r\n")
            rest = wire.rest()
            return rest == b"" or b"draining" in rest
    except ConnectionError:
        return True


def test_drain_has_a_bound(start):
    gate = start({"timeouts": {"drain": "300ms"}})
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        wire.send(hello("www.allowed.test"))
        mark = gate.records.mark()
        gate.proxy.signal(signal.SIGTERM)
        assert wire.rest() == b""
        assert gate.proxy.wait(SOON) == 0
        ended = gate.records.wait(lambda r: r.name == record.CLOSED, mark)[0]
        assert ended.reason == "drained"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_ends_at_once(start, number):
    gate = start({"timeouts": {"drain": "60s"}})
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"www.allowed.test:{origin.port}").status == 200
        wire.send(hello("www.allowed.test"))
        origin.wait_for_peers()
        gate.proxy.signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            gate.proxy.process.wait(0.3)
        gate.proxy.signal(number)
        gate.proxy.wait(SOON)


def test_idle_process_ends_at_once(start):
    gate = start({"timeouts": {"drain": "60s"}})
    began = time.monotonic()
    gate.proxy.signal(signal.SIGTERM)
    assert gate.proxy.wait(SOON) == 0
    assert time.monotonic() - began < SOON


def test_pipes_that_break_do_not_kill(start):
    """SIGPIPE is nobody's end: a client that is gone when the reply is written."""
    gate = start()
    for _ in range(20):
        wire = gate.wire()
        wire.send(b"CONNECT evil.test:443 HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.abort()
    gate.proxy.settle()


# ---- the start ------------------------------------------------------------------------------


def fails_to_start(proxy):
    """Starts it, expects exit 1; what it said."""
    proxy.launch()
    try:
        assert proxy.wait(SOON) == 1, proxy.said()
    finally:
        proxy.kill()  # one that did start must not stay
    said = proxy.err.text().strip()
    assert said
    return said


def test_port_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        proxy = Sallyport(tmp_path, {"listen": {"proxy": [f"127.0.0.1:{port}"]}})
        proxy.write()
        said = fails_to_start(proxy)
        assert f"127.0.0.1 port {port}: Address already in use" in said
        assert len([line for line in said.splitlines() if "warning" not in line.lower()]) == 1, said


def test_port_taken_by_another_of_its_kind(start, tmp_path):
    """SO_REUSEPORT between workers must not let a second process in."""
    gate = start()
    proxy = Sallyport(tmp_path, {"listen": {"proxy": [f"127.0.0.1:{gate.proxy.port}"]}})
    proxy.write()
    assert "in use" in fails_to_start(proxy)


def test_missing_configuration(tmp_path):
    proxy = Sallyport(tmp_path, {})
    said = fails_to_start(proxy)
    assert "config.toml" in said
    assert "No such file" in said


def test_configuration_that_is_a_directory(tmp_path):
    proxy = Sallyport(tmp_path, {})
    proxy.path.mkdir()
    assert "config.toml" in fails_to_start(proxy)


@pytest.mark.parametrize("fault", BROKEN)
def test_bad_configuration(tmp_path, fault):
    text, line = BROKEN[fault]
    proxy = Sallyport(tmp_path, {})
    proxy.write(text=text)
    assert f"config.toml:{line}:" in fails_to_start(proxy)


REMEDIES = {
    "unknown key": "allowed_domains",
    "deny star": 'unlisted = "deny"',
    "too broad": "public_suffix",
    "bare ipv6": "[2001:db8::1]",
}


@pytest.mark.parametrize("fault", REMEDIES)
def test_bad_configuration_says_what_to_write(tmp_path, fault):
    proxy = Sallyport(tmp_path, {})
    proxy.write(text=BROKEN[fault][0])
    assert REMEDIES[fault] in fails_to_start(proxy)


def test_listener_beyond_loopback_needs_a_word(tmp_path):
    proxy = Sallyport(tmp_path, {"listen": {"proxy": ["0.0.0.0:0"]}})
    proxy.write()
    assert "allow_remote" in fails_to_start(proxy)


def test_state_directory_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    proxy = Sallyport(tmp_path, {"state": {"directory": str(tmp_path / "file" / "state")}})
    proxy.write()
    assert "file/state" in fails_to_start(proxy)


def test_log_file_that_cannot_be(tmp_path):
    proxy = Sallyport(tmp_path, {"otel": {"log": str(tmp_path / "missing" / "log")}})
    proxy.write()
    assert "missing/log" in fails_to_start(proxy)


@pytest.mark.parametrize("files", range(8, 48, 4))
def test_few_descriptors(tmp_path, files):
    """However few there are: it starts and ends in order, or says in a sentence why not."""
    proxy = Sallyport(tmp_path, {"workers": 2}, files=files)
    proxy.write()
    proxy.launch()
    until = time.monotonic() + SOON
    while proxy.process.poll() is None and "listening on" not in proxy.err.text():
        assert time.monotonic() < until, proxy.said()
        time.sleep(0.005)
    if proxy.process.poll() is None:
        proxy.stop()
    else:
        assert proxy.wait() in (1, 127), proxy.said()  # 127: too few to be loaded at all
        assert proxy.err.text()


def test_name_server_that_is_none(tmp_path):
    proxy = Sallyport(tmp_path, {"dns": {"servers": ["not an address"]}})
    proxy.write()
    assert "config.toml:" in fails_to_start(proxy)


@pytest.mark.parametrize(
    "arguments", [["serve", "--nonsense"], ["nonsense"], ["check"], ["serve", "--config"]]
)
def test_wrong_usage(arguments):
    done = subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, check=False, timeout=SOON
    )
    assert done.returncode == 2
    assert done.stderr
    assert not done.stdout
