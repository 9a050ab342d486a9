# SPDX-License-Identifier: Apache-2.0
"""ATTACKS, "Names and authority" and the literals of "Addresses and DNS": what is malformed gets 400,
what is not listed 403; neither costs a query or a byte."""

import pytest

import record
from gate import assert_refused
from reason import REASONS

MALFORMED = {
    "nul": b"evil.test\0.allowed.test:443",
    "nul at the end": b"www.allowed.test\0:443",
    "brackets round a name": b"[evil.test]:443",
    "brackets twice": b"[[evil.test]]:443",
    "brackets inside": b"a]b[c:443",
    "bracket unclosed": b"[::1:443",
    "two dots at the end": b"www.allowed.test..:443",
    "dot in front": b".allowed.test:443",
    "empty label": b"a..allowed.test:443",
    "only a dot": b".:443",
    "empty host": b":443",
    "zone id": b"[::ffff:127.0.0.1%x.allowed.test]:443",
    "zone id plain": b"[fe80::1%25eth0]:443",
    "percent": b"evil%2etest:443",
    "userinfo": b"allowed.test@evil.test:443",
    "userinfo with password": b"a:b@www.allowed.test:443",
    "backslash": b"evil.test\\.allowed.test:443",
    "backslash dots": b"evil.com\\..safe.com:443",
    "slash": b"evil.test/.allowed.test:443",
    "question mark": b"evil.test?.allowed.test:443",
    "hash": b"evil.test#.allowed.test:443",
    "comma": b"evil.test,www.allowed.test:443",
    "semicolon": b"www.allowed.test;:443",
    "star": b"*.allowed.test:443",
    "escape character": b"www\x1b[31m.allowed.test:443",
    "delete": b"www\x7f.allowed.test:443",
    "port missing": b"www.allowed.test",
    "port empty": b"www.allowed.test:",
    "port 0": b"www.allowed.test:0",
    "port 65536": b"www.allowed.test:65536",
    "port 4295": b"www.allowed.test:4294967739",
    "port plus": b"www.allowed.test:+443",
    "port minus": b"www.allowed.test:-1",
    "port leading zero": b"www.allowed.test:0443",
    "port twice": b"www.allowed.test:443:80",
    "port then name": b"evil.test:443.allowed.test",
    "port hex": b"www.allowed.test:0x1bb",
    "port letters": b"www.allowed.test:https",
    "label of 64": b"a" * 64 + b".allowed.test:443",
    "name of 254": b".".join([b"a" * 60] * 4) + b".bcdefghijk:443",
    "hex with 246 zeros": b"0x" + b"0" * 246 + b"7f000001.example.com:443",
    "utf-8": "bücher.allowed.test:443".encode(),
    "full-width": "ｗｗｗ.allowed.test:443".encode(),
    "ideographic stop": "www。allowed.test:443".encode(),
    "soft hyphen": "w\u00adww.allowed.test:443".encode(),
    "latin-1": b"b\xfccher.allowed.test:443",
    "A-label that is none": b"xn--a.allowed.test:443",
    "A-label of ASCII": b"xn--abc-.allowed.test:443",
    "decimal": b"2130706433:443",
    "hex": b"0x7f000001:443",
    "octal dotted": b"0177.0.0.1:443",
    "two parts": b"127.1:443",
    "zero": b"0:443",
    "octal": b"017700000001:443",
    "256": b"256.256.256.256:443",
    "last label hex": b"foo.0x4:443",
    "last label 08": b"1.2.3.08:443",
    "last label number": b"www.allowed.1:443",
    "five parts": b"127.0.0.1.1:443",
    "bare ipv6": b"::1:443",
    "ipv6 nine groups": b"[1:2:3:4:5:6:7:8:9]:443",
}


def connect(authority):
    return b"CONNECT " + authority + b" HTTP/1.1\r\nHost: www.allowed.test\r\n\r\n"


@pytest.mark.parametrize("attack", MALFORMED)
def test_malformed_authority(gate, attack):
    """Whether the request line or the target in it is what no proxy may take: 400 and close."""
    words = ("bad_request", "bad_target")
    with gate.nothing_asked(), gate.one_ending(*words) as found:
        reply, rest = gate.ask(connect(MALFORMED[attack]))
        reason = reply.json()["reason"]
        assert reason in words
        assert_refused(reply, reason, None, None)
        assert rest == b""
    assert found.record.host is None


URIS = {
    "brackets": b"http://[evil.test]/",
    "userinfo": b"http://www.plain.test@evil.test/",
    "userinfo on a listed name": b"http://user:pass@www.plain.test/",
    "percent": b"http://evil%2etest/",
    "fragment": b"http://www.plain.test/#top",
    "backslash": b"http://evil.test\\.plain.test/",
    "no host": b"http:///path",
    "only a port": b"http://:80/",
    "port empty": b"http://www.plain.test:/",
    "port too large": b"http://www.plain.test:65536/",
    "decimal address": b"http://2130706433/",
    "hex address": b"http://0x7f.1/",
    "one slash": b"http:/www.plain.test/",
    "nul": b"http://www.plain.test/\0",
    "utf-8 host": "http://bücher.plain.test/".encode(),
}


@pytest.mark.parametrize("attack", URIS)
def test_malformed_uri(gate, attack):
    host = b"www.plain.test"
    with gate.nothing_asked(), gate.one_ending("bad_request", "bad_target", "host_mismatch"):
        reply, rest = gate.ask(b"GET " + URIS[attack] + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert_refused(reply, reply.json()["reason"], None, None)
        assert reply.status == 400
        assert rest == b""


@pytest.mark.parametrize("scheme", ["https", "ftp", "file", "ws", "gopher"])
def test_other_schemes(gate, scheme):
    with gate.nothing_asked(), gate.one_ending("scheme_not_allowed"):
        uri = f"{scheme}://www.plain.test/"
        reply, _ = gate.ask(f"GET {uri} HTTP/1.1\r\nHost: www.plain.test\r\n\r\n".encode())
        assert reply.status == 403
        assert reply.json()["reason"] == "scheme_not_allowed"


REFUSED = {
    "unlisted": ("evil.test:443", "not_allowed"),
    "unlisted below": ("data.evil.test:443", "not_allowed"),
    "long data below": ("a" * 60 + "." + "b" * 60 + ".evil.test:443", "not_allowed"),
    "apex of a wildcard": ("allowed.test:443", "not_allowed"),
    "label boundary": ("evilallowed.test:443", "not_allowed"),
    "suffix in front": ("www.allowed.test.evil.test:443", "not_allowed"),
    "below an exact name": ("www.example.com:443", "not_allowed"),
    "denied": ("denied.test:443", "denied"),
    "denied, other case": ("DeNiEd.TEST:443", "denied"),
    "denied, dot": ("denied.test.:443", "denied"),
    "denied below a listed one": ("no.allowed.test:443", "denied"),
    "denied on any port": ("denied.test:8443", "denied"),
    "port not listed": ("www.ports.test:443", "port_not_allowed"),
    "port range end": ("www.ports.test:7002", "port_not_allowed"),
    "exact name, other port": ("example.com:8443", "port_not_allowed"),
    "single label": ("intranet:443", "not_allowed"),
    "punycode unlisted": ("xn--bcher-kva.evil.test:443", "not_allowed"),
    "localhost": ("localhost:443", "local_address"),
    "below localhost": ("foo.localhost:443", "local_address"),
    "localhost, dot": ("LocalHost.:443", "local_address"),
    "loopback": ("127.0.0.1:443", "local_address"),
    "loopback, dot": ("127.0.0.1.:443", "local_address"),
    "loopback, elsewhere": ("127.255.255.254:443", "local_address"),
    "this network": ("0.0.0.0:443", "local_address"),
    "zero net": ("0.1.2.3:443", "local_address"),
    "private 10": ("10.0.0.5:443", "local_address"),
    "private 172": ("172.31.255.255:443", "local_address"),
    "private 192": ("192.168.1.1:443", "local_address"),
    "metadata": ("169.254.169.254:80", "local_address"),
    "cgnat first": ("100.64.0.1:443", "local_address"),
    "cgnat last": ("100.127.255.255:443", "local_address"),
    "ietf": ("192.0.0.8:443", "local_address"),
    "test-net": ("192.0.2.1:443", "local_address"),
    "benchmark": ("198.19.255.255:443", "local_address"),
    "6to4 relay": ("192.88.99.1:443", "local_address"),
    "multicast": ("224.0.0.1:443", "local_address"),
    "reserved": ("240.0.0.1:443", "local_address"),
    "broadcast": ("255.255.255.255:443", "local_address"),
    "ipv6 loopback": ("[::1]:443", "local_address"),
    "ipv6 unspecified": ("[::]:443", "local_address"),
    "ipv4-mapped": ("[::ffff:7f00:1]:443", "local_address"),
    "ipv4-mapped, dotted": ("[::ffff:127.0.0.1]:443", "local_address"),
    "ipv4-compatible": ("[::127.0.0.1]:443", "local_address"),
    "nat64": ("[64:ff9b::a9fe:a9fe]:443", "local_address"),
    "nat64 local": ("[64:ff9b:1::1]:443", "local_address"),
    "6to4": ("[2002:7f00:1::]:443", "local_address"),
    "teredo client": ("[2001:0:4136:e378:8000:63bf:80ff:fffe]:443", "local_address"),
    "teredo server": ("[2001:0:7f00:1:8000:63bf:3fff:fdd2]:443", "local_address"),
    "unique local": ("[fd00:ec2::254]:443", "local_address"),
    "link local": ("[fe80::1]:443", "local_address"),
    "site local": ("[fec0::1]:443", "local_address"),
    "documentation": ("[2001:db8::1]:443", "local_address"),
    "documentation 2": ("[3fff::1]:443", "local_address"),
    "ipv6 benchmark": ("[2001:2::1]:443", "local_address"),
    "discard": ("[100::1]:443", "local_address"),
    "srv6": ("[5f00::1]:443", "local_address"),
    "ipv6 multicast": ("[ff02::1]:443", "local_address"),
    "public literal": ("100.63.255.254:443", "not_allowed"),
    "public literal 2": ("100.128.0.1:443", "not_allowed"),
    "public ipv6": ("[2606:4700::1111]:443", "not_allowed"),
    "public in nat64": ("[64:ff9b::808:808]:443", "not_allowed"),
}


@pytest.mark.parametrize("attack", REFUSED)
@pytest.mark.parametrize("form", ["connect", "get"])
def test_refused(gate, attack, form):
    authority, word = REFUSED[attack]
    host, port = canonical(authority)
    if form == "connect":
        data, protocol = connect(authority.encode()), "https_connect"
    else:
        data = f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()
        protocol = "http"
    with gate.nothing_asked(), gate.one_ending(word, name=record.DECISION) as found:
        reply, rest = gate.ask(data)
        assert_refused(reply, word, reply.json()["host"], port, protocol)
        assert rest == b""
    assert reply.json()["host"] == found.record.host
    if not host.startswith("["):
        assert found.record.host == host
    assert int(found.record.port) == port
    assert found.record["network.policy.source"] == "baseline_policy"


def canonical(authority):
    host, port = authority.rsplit(":", 1)
    return host.lower().rstrip("."), int(port)


EMPTY = {
    "empty list": {"allowed_domains": []},
    "no key": {"allowed_domains": None},
    "no rules at all": {"allowed_domains": None, "denied_domains": None},
}


@pytest.mark.parametrize("rules", EMPTY)
def test_empty_allow_list_allows_nothing(start, rules):
    gate = start({"network": EMPTY[rules]})
    for authority in ("example.com:443", "www.allowed.test:443", "8.8.8.8:443"):
        with gate.nothing_asked(), gate.one_ending("not_allowed"):
            reply, _ = gate.ask(connect(authority.encode()))
            assert_refused(reply, "not_allowed", authority[:-4], 443)


def test_where_nobody_can_answer_unlisted_is_refused(start):
    """No control endpoint and no reviewer: refused at once, and a warning at start."""
    gate = start({"network": {"unlisted": "hold"}, "listen": {"control": []}})
    assert "nobody can answer" in gate.proxy.said()
    with gate.nothing_asked(), gate.one_ending("not_allowed"):
        reply, _ = gate.ask(connect(b"evil.test:443"))
        assert_refused(reply, "not_allowed", "evil.test", 443)


# ---- the proxy itself -----------------------------------------------------------------------


def own_spellings(port):
    return {
        "literal": f"127.0.0.1:{port}",
        "mapped": f"[::ffff:127.0.0.1]:{port}",
        "localhost": f"localhost:{port}",
        "name that resolves here": f"www.plain.test:{port}",
        "name for tls": f"www.allowed.test:{port}",
    }


@pytest.fixture(scope="module")
def own(start):
    """A proxy with even localhost listed."""
    return start(
        {
            "network": {
                "allowed_domains": [
                    "127.0.0.1:*",
                    "localhost:*",
                    {"domain": "*.allowed.test:*", "addresses": ["127.0.0.0/8"]},
                    {"domain": "*.plain.test:*", "addresses": ["127.0.0.0/8"]},
                ]
            }
        }
    )


@pytest.mark.parametrize("spelling", own_spellings(0))
def test_own_endpoint(own, spelling):
    """Listed or not, the proxy never dials its own listener."""
    authority = own_spellings(own.proxy.port)[spelling]
    for data in (
        connect(authority.encode()),
        f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode(),
    ):
        with own.one_ending("own_endpoint"):
            reply, rest = own.ask(data)
            assert reply.status == REASONS["own_endpoint"].status
            assert reply.json()["reason"] == "own_endpoint"
            assert rest == b""


def test_origin_form_is_a_request_to_the_proxy_itself(gate):
    """Origin-form on the explicit port has no target to forward to."""
    with gate.nothing_asked(), gate.one_ending("bad_request", "bad_target", "own_endpoint"):
        reply, rest = gate.ask(b"GET / HTTP/1.1\r\nHost: www.plain.test\r\n\r\n")
        assert reply.status == 400
        assert rest == b""
