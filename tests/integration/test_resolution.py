# SPDX-License-Identifier: Apache-2.0
"""ATTACKS, "Addresses and DNS": what listed names lead to. One resolution, every address judged, the
dial pinned to what was judged."""

import socket
import subprocess

import pytest

import record
from dns_stub import Answer
from gate import assert_refused
from hello import hello
from origin import Origin, answering, ok, recording
from sallyport import BINARY, Lines, Sallyport


def connect(authority):
    return b"CONNECT " + authority + b" HTTP/1.1\r\nHost: www.allowed.test\r\n\r\n"


@pytest.fixture(scope="module")
def narrow(start):
    """*.public.test may resolve to public addresses only, the others to 127.0.0.2 beside."""
    return start(
        {
            "workers": 1,
            "network": {
                "allowed_domains": [
                    "*.public.test:*",
                    {"domain": "*.some.test:*", "addresses": ["127.0.0.2/32"]},
                    {"domain": "*.plain.test:*", "addresses": ["127.0.0.2/32"]},
                ]
            },
        }
    )


LOCAL_ANSWERS = {
    "private": Answer(a=["10.0.0.5"]),
    "loopback": Answer(a=["127.0.0.1"]),
    "metadata": Answer(a=["169.254.169.254"]),
    "unspecified": Answer(a=["0.0.0.0"]),
    "ipv6 loopback": Answer(aaaa=["::1"]),
    "mapped": Answer(aaaa=["::ffff:127.0.0.1"]),
    "nat64": Answer(aaaa=["64:ff9b::7f00:1"]),
    "6to4": Answer(aaaa=["2002:7f00:1::"]),
    "unique local": Answer(aaaa=["fd00:ec2::254"]),
    "several": Answer(a=["10.0.0.5", "192.168.0.1"], aaaa=["fe80::1"]),
    "alias to local": Answer(a=["127.0.0.1"], cname=["inner.public.test"]),
}


@pytest.mark.parametrize("attack", LOCAL_ANSWERS)
def test_listed_name_that_resolves_to_local(narrow, attack):
    host = attack.replace(" ", "-") + ".public.test"
    narrow.dns.zone[host] = LOCAL_ANSWERS[attack]
    with Origin(recording) as origin, narrow.one_ending("resolved_local", name=record.DECISION):
        reply, _ = narrow.ask(connect(f"{host}:{origin.port}".encode()))
        assert_refused(reply, "resolved_local", host, origin.port, "https_connect")
        assert not origin.peers
    assert narrow.dns.asked(host)


def test_mixed_answer_dials_the_permitted_only(narrow):
    """Failover included: when the permitted address refuses, the other is not tried."""
    narrow.dns.zone["mixed.some.test"] = Answer(a=["127.0.0.1", "127.0.0.2", "10.0.0.5"])
    with Origin(recording) as forbidden:
        with narrow.one_ending("connection_refused"):
            reply, _ = narrow.ask(connect(f"mixed.some.test:{forbidden.port}".encode()))
            assert_refused(reply, "connection_refused", "mixed.some.test", forbidden.port)
        with Origin(recording, host="127.0.0.2", port=forbidden.port) as permitted:
            with narrow.wire() as wire:
                assert wire.connect(f"mixed.some.test:{forbidden.port}").status == 200
                wire.send(hello("mixed.some.test"))
                permitted.wait_for_peers()
        assert not forbidden.peers


def test_rebinding_between_decision_and_dial(narrow):
    """TTL 0: the one answer that was judged is the one that is dialled."""
    narrow.dns.zone["rebind.some.test"] = [
        Answer(a=["127.0.0.2"], ttl=0),
        Answer(a=["127.0.0.1"], ttl=0),
    ]
    with Origin(recording, host="127.0.0.2") as permitted:
        with Origin(recording, port=permitted.port) as forbidden:
            with narrow.wire() as wire:
                assert wire.connect(f"rebind.some.test:{permitted.port}").status == 200
                wire.send(hello("rebind.some.test"))
                permitted.wait_for_peers()
            asked = [query.type for query in narrow.dns.asked("rebind.some.test")]
            assert sorted(asked) in (["A"], ["A", "AAAA"]), asked
            with narrow.one_ending("resolved_local"):
                reply, _ = narrow.ask(connect(f"rebind.some.test:{permitted.port}".encode()))
                assert_refused(reply, "resolved_local", "rebind.some.test", permitted.port)
            assert not forbidden.peers


def test_rebinding_on_a_kept_connection_and_upgrade(narrow):
    """A later request of the same client, WebSocket included, is judged by the new answer."""
    narrow.dns.zone["rebind.plain.test"] = [
        Answer(a=["127.0.0.2"], ttl=0),
        Answer(a=["127.0.0.1"], ttl=0),
    ]
    with Origin(answering(ok(b"x", b"Connection: close")), host="127.0.0.2") as permitted:
        with Origin(recording, port=permitted.port) as forbidden, narrow.wire() as wire:
            authority = f"rebind.plain.test:{permitted.port}"
            wire.send(f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            assert wire.reply().body == b"x"
            with narrow.one_ending("resolved_local"):
                wire.send(
                    f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n"
                    "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode()
                )
                assert_refused(wire.reply(), "resolved_local", *authority_parts(authority))
                assert wire.rest() == b""
                wire.close()
            assert not forbidden.peers


def authority_parts(authority):
    host, port = authority.split(":")
    return host, int(port)


def test_alias_to_a_denied_name(gate):
    gate.dns.zone["alias.allowed.test"] = Answer(a=["127.0.0.1"], cname=["cdn.denied.test"])
    with Origin(recording) as origin, gate.one_ending("denied", name=record.DECISION):
        reply, _ = gate.ask(connect(f"alias.allowed.test:{origin.port}".encode()))
        assert_refused(reply, "denied", "alias.allowed.test", origin.port)
        assert not origin.peers


def test_alias_to_a_name_that_is_not_listed(gate):
    """Content networks do that all day; the addresses are what is judged."""
    gate.dns.zone["cdn.allowed.test"] = Answer(a=["127.0.0.1"], cname=["edge.elsewhere.test"])
    with Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"cdn.allowed.test:{origin.port}").status == 200


def test_malformed_alias_is_refused(gate):
    gate.dns.zone["odd.allowed.test"] = Answer(a=["127.0.0.1"], cname=["evil test"])
    with Origin(recording) as origin:
        reply, _ = gate.ask(connect(f"odd.allowed.test:{origin.port}".encode()))
        assert reply.json()["reason"] in ("denied", "dns_failed", "dns_not_found")
        assert not origin.peers


def test_no_search_domains(start):
    """A listed single label is asked as it is, and nothing else is tried."""
    gate = start({"network": {"allowed_domains": ["intranet:443"]}})
    with gate.one_ending("dns_not_found"):
        reply, _ = gate.ask(connect(b"intranet:443"))
        assert_refused(reply, "dns_not_found", "intranet", 443)
    assert set(gate.dns.names()) == {"intranet"}


def test_hosts_file_comes_first(start, tmp_path_factory):
    hosts = tmp_path_factory.mktemp("hosts") / "hosts"
    hosts.write_text("127.0.0.1 filed.allowed.test\n")
    gate = start({"dns": {"hosts_file": str(hosts)}})
    with gate.nothing_asked(), Origin(recording) as origin, gate.wire() as wire:
        assert wire.connect(f"filed.allowed.test:{origin.port}").status == 200


def test_answers_are_cached_for_their_ttl(start):
    gate = start({"workers": 1}, zone={"short.allowed.test": Answer(a=["127.0.0.1"], ttl=0)})
    with Origin(recording) as origin:
        for name, queries in (("long.allowed.test", 1), ("short.allowed.test", 3)):
            for _ in range(3):
                with gate.wire() as wire:
                    assert wire.connect(f"{name}:{origin.port}").status == 200
            asked = [query for query in gate.dns.asked(name) if query.type == "A"]
            assert len(asked) == queries, name


def test_equal_questions_share_one_query(start):
    gate = start({"workers": 1})
    gate.dns.gate.clear()
    with Origin(recording) as origin:
        wires = [gate.wire() for _ in range(20)]
        for wire in wires:
            authority = f"same.allowed.test:{origin.port}"
            wire.send(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        gate.dns.wait_for("same.allowed.test")
        gate.proxy.settle(sessions=20)
        gate.dns.gate.set()
        assert [wire.reply(b"CONNECT").status for wire in wires] == [200] * 20
        for wire in wires:
            wire.close()
    assert sum(query.type == "A" for query in gate.dns.asked("same.allowed.test")) == 1


def test_listed_literal_needs_no_sni(start):
    gate = start({"network": {"allowed_domains": ["127.0.0.1:*"]}})
    with Origin(recording) as origin, gate.wire() as wire, gate.nothing_asked():
        assert wire.connect(f"127.0.0.1:{origin.port}").status == 200
        wire.send(hello(None)).shutdown()
        assert origin.settled()[0].received == hello(None)


def test_listing_the_loopback_address_does_not_list_localhost(start):
    gate = start({"network": {"allowed_domains": ["127.0.0.1:*"]}})
    with Origin(recording) as origin, gate.nothing_asked(), gate.one_ending("local_address"):
        reply, _ = gate.ask(connect(f"localhost:{origin.port}".encode()))
        assert_refused(reply, "local_address", "localhost", origin.port)
        assert not origin.peers


def test_listed_localhost_is_never_asked(start):
    gate = start({"network": {"allowed_domains": ["localhost:*"]}})
    with Origin(recording) as origin, gate.nothing_asked(), gate.wire() as wire:
        assert wire.connect(f"localhost:{origin.port}").status == 200


def test_denied_range_counts_for_what_names_lead_to(start):
    gate = start({"network": {"denied_domains": ["127.0.0.0/30"]}})
    with Origin(recording) as origin, gate.one_ending("denied", name=record.DECISION):
        reply, _ = gate.ask(connect(f"www.allowed.test:{origin.port}".encode()))
        assert_refused(reply, "denied", "www.allowed.test", origin.port)
        assert not origin.peers


@pytest.mark.parametrize("how", ["close", "abort"])
def test_client_gone_while_its_name_is_asked(start, how):
    """The session ends without waiting for the answer, and nothing is dialled when it comes."""
    gate = start({"workers": 1, "timeouts": {"dns": "20s"}})
    gate.dns.gate.clear()
    with Origin(recording) as origin:
        wire = gate.wire()
        authority = f"gone-{how}.allowed.test:{origin.port}"
        wire.send(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        gate.dns.wait_for(f"gone-{how}.allowed.test")
        getattr(wire, how)()
        gate.proxy.settle()
        gate.dns.gate.set()
        with gate.wire() as after:
            assert after.connect(f"after.allowed.test:{origin.port}").status == 200
        assert len(origin.settled()) == 1


# ---- the machine itself ---------------------------------------------------------------------

OWN = socket.gethostname().split(".")[0].lower()
if OWN.isdigit() or OWN == "localhost":  # a malformed address; a name with rules of its own
    OWN = "own" + OWN


def named(start, tmp_path_factory, *allowed):
    """A proxy on a machine whose hosts file gives it the name OWN."""
    path = tmp_path_factory.mktemp("own") / "hosts"
    path.write_text(f"127.0.0.1 localhost {OWN}\n")
    changes = {"network": {"allowed_domains": list(allowed)}, "dns": {"hosts_file": str(path)}}
    return start(changes)


def test_own_host_name_is_judged_like_any_other(start, tmp_path_factory):
    """Not listed, not even by "*", so nobody looks it up."""
    gate = named(start, tmp_path_factory, "*:*")
    with Origin(recording) as origin, gate.nothing_asked():
        with gate.one_ending("not_allowed", name=record.DECISION):
            reply, _ = gate.ask(connect(f"{OWN}:{origin.port}".encode()))
            assert_refused(reply, "not_allowed", OWN, origin.port, "https_connect")
        assert not origin.peers


def test_own_host_name_that_is_listed_leads_to_local_addresses(start, tmp_path_factory):
    """Listing a name does not list where it leads."""
    gate = named(start, tmp_path_factory, f"{OWN}:*")
    with Origin(recording) as origin, gate.nothing_asked():
        with gate.one_ending("resolved_local", name=record.DECISION):
            reply, _ = gate.ask(connect(f"{OWN}:{origin.port}".encode()))
            assert_refused(reply, "resolved_local", OWN, origin.port, "https_connect")
        assert not origin.peers


def test_own_host_name_never_leads_to_the_proxy(start, tmp_path_factory):
    """Where the entry permits the addresses, servers of the machine are reached, the proxy is not."""
    gate = named(start, tmp_path_factory, {"domain": f"{OWN}:*", "addresses": ["127.0.0.0/8"]})
    with Origin(recording) as origin, gate.wire() as wire, gate.nothing_asked():
        assert wire.connect(f"{OWN}:{origin.port}").status == 200
    with gate.one_ending("own_endpoint", name=record.DECISION), gate.nothing_asked():
        reply, _ = gate.ask(connect(f"{OWN}:{gate.proxy.port}".encode()))
        assert_refused(reply, "own_endpoint", OWN, gate.proxy.port, "https_connect")


# ---- no name server -------------------------------------------------------------------------


def without_name_servers(*command):
    """Runs it where /etc/resolv.conf is an empty file, in a mount namespace of its own."""
    hide = 'mount --bind /dev/null /etc/resolv.conf && exec "$@"'
    ways = (["unshare", "-m"], ["unshare", "-r", "-m"])  # as root, or as one's own root
    for way in ways:
        probe = subprocess.run([*way, "sh", "-c", hide, "sh", "true"], capture_output=True, check=False)
        if probe.returncode == 0:
            return [*way, "sh", "-c", hide, "sh", *command]
    pytest.skip("the kernel permits no mount namespace: " + probe.stderr.decode().strip())
    return None


def test_no_name_server_ends_the_start(tmp_path):
    """One sentence that says what to do, exit 1, nothing listens; with [dns] servers it starts."""
    proxy = Sallyport(tmp_path, {})
    proxy.write()
    command = without_name_servers(BINARY, "serve", "--config", str(proxy.path))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    errors = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.returncode == 1, done.stderr
    assert "listening on" not in done.stderr
    assert len(errors) == 1, done.stderr
    assert "/etc/resolv.conf names none, and neither does [dns] servers" in errors[0]
    proxy.write({"dns": {"servers": ["127.0.0.1:9"]}})
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        said = Lines(process.stderr)
        assert said.wait("listening on"), said.text()
        process.terminate()
        assert process.wait(10) == 0, said.text()
