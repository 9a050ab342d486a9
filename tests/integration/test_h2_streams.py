# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 inside tunnels that are looked into, stream by stream, with peers that say what a test
wants."""

import signal
import time

import pytest
from h2.connection import ConnectionState

import record
import test_inspection as inspection
from conftest import HERE, PATIENT
from control import Control
from h2_client import assert_refused
from h2_origin import H2Origin, Script
from test_h2 import inside, seen  # pylint: disable=unused-import
from test_hold import HOLDING

HOST = "www.allowed.test"
WINDOW = 256 * 1024
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL = 0, 1, 2, 7, 8


def wait(until, seconds=5):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.005)


def authority(origin):
    return f"{HOST}:{origin.port}"


def open_to(gate, origin, **settings):
    return inside(gate, origin.port, HOST, **settings)


def test_request_is_written_anew(seen, certificates):
    fields = [
        ("accept", "*/*"),
        ("te", "trailers"),
        ("proxy-authorization", "Basic c2VjcmV0"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("x-odd", "caf\xe9"),
    ]
    with H2Origin(certificates) as origin, open_to(seen, origin) as client:
        assert client.get(authority(origin), "/a?b=c", *fields).status == 200
        (asked,) = origin.asked
    names = [name for name, _ in asked.fields]
    assert asked.fields[:4] == [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", authority(origin)),
        (":path", "/a?b=c"),
    ]
    assert names[4:] == ["accept", "x-odd", "te", "via", "cookie"]
    assert asked["cookie"] == "a=1; b=2"
    assert asked["via"].startswith("2.0 ")
    assert asked["te"] == "trailers"


def test_response_is_written_anew(seen, certificates):
    class Said(Script):
        def on_end(self, speaker, asked):
            fields = [("x-a", "1"), ("set-cookie", "a"), ("set-cookie", "b"), ("proxy-x", "no")]
            speaker.answer(asked.stream, b"hello", ("content-length", "5"), *fields)

    with H2Origin(certificates, Said()) as origin, open_to(seen, origin) as client:
        heard = client.get(authority(origin), "/")
    assert heard.body == b"hello"
    assert heard.fields["content-length"] == "5"
    assert heard.fields["via"].startswith("2.0 ")
    assert "date" in heard.fields and "proxy-x" not in heard.fields


def test_trailers_go_both_ways(seen, certificates):
    class Trailing(Script):
        def on_end(self, speaker, asked):
            speaker.answer(asked.stream, b"x", ended=False)
            trailers = [("grpc-status", "0"), ("set-cookie", "late")]
            speaker.h2.send_headers(asked.stream, trailers, end_stream=True)

    with H2Origin(certificates, Trailing()) as origin, open_to(seen, origin) as client:
        stream = client.ask("POST", authority(origin), "/", body=b"abc", ended=False)
        client.h2.send_headers(stream, [("x-sum", "6"), ("host", "evil.test")], end_stream=True)
        client.flush()
        heard = client.heard(stream)
        assert (heard.status, heard.body) == (200, b"x")
        assert heard.trailers == {"grpc-status": "0"}
        assert origin.asked[0].body == b"abc"
        assert origin.asked[0].trailers == {"x-sum": "6"}


def test_trailers_alone_end_a_response(seen, certificates):
    """As gRPC says an error: one section, which ends the stream."""

    class Only(Script):
        def on_end(self, speaker, asked):
            fields = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "5")]
            speaker.h2.send_headers(asked.stream, fields, end_stream=True)

    with H2Origin(certificates, Only()) as origin, open_to(seen, origin) as client:
        heard = client.get(authority(origin), "/")
    assert heard.fields["grpc-status"] == "5" and heard.body == b"" and heard.ended


def test_interim_responses_pass(seen, certificates):
    class Early(Script):
        def on_request(self, speaker, asked):
            speaker.h2.send_headers(asked.stream, [(":status", "103"), ("link", "</a>")])
            speaker.h2.send_headers(asked.stream, [(":status", "100")])

    with H2Origin(certificates, Early()) as origin, open_to(seen, origin) as client:
        heard = client.get(authority(origin), "/", ("expect", "100-continue"))
    assert [i[":status"] for i in heard.interims] == ["103", "100"]
    assert heard.interims[0]["link"] == "</a>"
    assert heard.status == 200


def test_flood_of_interim_responses_is_a_bad_response(seen, certificates):
    class Early(Script):
        def on_request(self, speaker, asked):
            for _ in range(17):
                speaker.h2.send_headers(asked.stream, [(":status", "103")])

        def on_end(self, speaker, asked):
            pass

    with H2Origin(certificates, Early()) as origin, seen.one_ending("bad_response"):
        with open_to(seen, origin) as client:
            assert_refused(client.get(authority(origin), "/"), "bad_response", HOST, origin.port)
        wait(lambda: origin.asked and origin.asked[0].reset is not None)


@pytest.mark.parametrize("code", [NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, 0xD])
def test_reset_by_the_upstream_is_carried_over(seen, certificates, code):
    class Resetting(Script):
        def on_end(self, speaker, asked):
            if asked[":path"] == "/ok":
                super().on_end(speaker, asked)
            else:
                speaker.h2.reset_stream(asked.stream, code)

    with H2Origin(certificates, Resetting()) as origin, open_to(seen, origin) as client:
        # Without a response even "no error" is one.
        assert client.get(authority(origin), "/").reset == (code or INTERNAL_ERROR)
        assert client.get(authority(origin), "/ok").status == 200


@pytest.mark.parametrize("code", [NO_ERROR, INTERNAL_ERROR, CANCEL])
def test_reset_by_the_client_is_carried_over(seen, certificates, code):
    class Silent(Script):
        def on_end(self, speaker, asked):
            if asked[":path"] == "/ok":
                super().on_end(speaker, asked)

    with H2Origin(certificates, Silent()) as origin, open_to(seen, origin) as client:
        stream = client.ask("GET", authority(origin), "/")
        wait(lambda: len(origin.asked) == 1)
        client.h2.reset_stream(stream, code)
        client.flush()
        wait(lambda: origin.asked and origin.asked[0].reset is not None)
        assert origin.asked[0].reset == (code or CANCEL)
        assert client.get(authority(origin), "/ok").status == 200


def test_response_before_the_whole_request(seen, certificates):
    class Hasty(Script):
        def on_request(self, speaker, asked):
            speaker.answer(asked.stream, b"no thanks", status=413)
            speaker.h2.reset_stream(asked.stream, NO_ERROR)

    with H2Origin(certificates, Hasty()) as origin, open_to(seen, origin) as client:
        stream = client.ask("POST", authority(origin), "/", body=b"x" * 10, ended=False)
        heard = client.heard(stream)
        assert (heard.status, heard.body) == (413, b"no thanks")
        client.listen(lambda: heard.reset is not None)
        assert heard.reset == NO_ERROR


class Holding(Script):
    """Takes nothing of an upload before it is asked for /go."""

    def __init__(self):
        self.held = {}
        self.going = False

    def on_request(self, speaker, asked):
        if asked[":path"] != "/go":
            return
        self.going = True
        for stream, size in self.held.items():
            speaker.h2.acknowledge_received_data(size, stream)

    def on_data(self, speaker, asked, size):
        if self.going:
            super().on_data(speaker, asked, size)
        else:
            self.held[asked.stream] = self.held.get(asked.stream, 0) + size


def test_upload_waits_for_whom_it_is_for(seen, certificates):
    """No more is taken from the client than fits in one window and what the upstream takes."""
    with H2Origin(certificates, Holding()) as origin, open_to(seen, origin) as client:
        stream = client.ask("POST", authority(origin), "/", ended=False)
        client.listen(lambda: client.h2.local_flow_control_window(stream) == WINDOW)
        room = client.h2.local_flow_control_window
        sent = 0
        while room(stream) > 0:
            part = min(16384, room(stream))
            client.h2.send_data(stream, b"x" * part)
            client.flush()
            sent += part
        wait(lambda: origin.asked and len(origin.asked[0].body) == 65535)
        # The others are not held up, and the window is still shut.
        assert client.get(authority(origin), "/other").status == 200
        assert room(stream) == 0 and sent == WINDOW
        assert client.get(authority(origin), "/go").status == 200
        client.listen(lambda: room(stream) > 0)
        client.h2.end_stream(stream)
        client.flush()
        assert client.heard(stream).status == 200
        assert len(origin.asked[0].body) == WINDOW


def test_download_waits_for_whom_it_is_for(seen, certificates):
    class Endless(Script):
        sent = 0

        def on_end(self, speaker, asked):
            speaker.h2.send_headers(asked.stream, [(":status", "200")])
            while room := speaker.h2.local_flow_control_window(asked.stream):
                speaker.h2.send_data(asked.stream, b"x" * min(room, 16384))
                self.sent += min(room, 16384)

    script = Endless()
    with H2Origin(certificates, script) as origin, open_to(seen, origin) as client:
        stream = client.ask("GET", authority(origin), "/")
        client.listen(lambda: client.streams[stream].fields is not None)
        wait(lambda: script.sent == WINDOW)
        client.h2.reset_stream(stream, CANCEL)
        client.flush()
        wait(lambda: origin.asked and origin.asked[0].reset == CANCEL)


def test_goaway_of_the_upstream_is_passed_on(seen, certificates):
    class Leaving(Script):
        def on_request(self, speaker, asked):
            if asked[":path"] == "/bye":
                speaker.h2.close_connection(last_stream_id=asked.stream)

        def on_end(self, speaker, asked):
            if asked[":path"] == "/bye":
                speaker.flush()
                # python3-h2 says nothing more after that; an upstream finishes what it took.
                speaker.h2.state_machine.state = ConnectionState.CLIENT_OPEN
            speaker.answer(asked.stream)

    with H2Origin(certificates, Leaving()) as origin, open_to(seen, origin) as client:
        assert client.get(authority(origin), "/").status == 200
        heard = client.heard(client.ask("GET", authority(origin), "/bye"))
        assert heard.status == 200
        client.listen(lambda: client.closed)
        assert client.went_away == (NO_ERROR, 3)


def test_upstream_that_closes_ends_the_tunnel(seen, certificates):
    class Closing(Script):
        def on_end(self, speaker, asked):
            speaker.done = True

    with H2Origin(certificates, Closing()) as origin, seen.one_ending("upstream_closed"):
        with open_to(seen, origin) as client:
            heard = client.get(authority(origin), "/")
            assert_refused(heard, "upstream_closed", HOST, origin.port)
            client.listen(lambda: client.closed)
            assert client.went_away == (NO_ERROR, 1)


def test_upstream_that_closes_in_a_response_resets_it(seen, certificates):
    class Cutting(Script):
        def on_end(self, speaker, asked):
            speaker.answer(asked.stream, b"half", ended=False)
            speaker.flush()
            speaker.done = True

    with H2Origin(certificates, Cutting()) as origin, seen.one_ending("upstream_closed"):
        with open_to(seen, origin) as client:
            heard = client.get(authority(origin), "/")
            assert heard.status == 200 and heard.reset is not None and not heard.ended


def test_client_that_goes_away_is_let_go(seen, certificates):
    with H2Origin(certificates) as origin, open_to(seen, origin) as client:
        stream = client.ask("GET", authority(origin), "/")
        client.heard(stream)
        client.raw(bytes.fromhex("000008 07 00 00000000 00000000 00000000"))
        client.listen(lambda: client.closed)


def test_streams_are_as_many_as_the_upstream_takes(seen, certificates):
    with H2Origin(certificates, MAX_CONCURRENT_STREAMS=7) as origin:
        with open_to(seen, origin) as client:
            client.listen(lambda: client.remote.get(3) == 7)
            assert client.get(authority(origin), "/").status == 200


def test_late_upstream_is_told_of(quick, certificates):
    class Silent(Script):
        def on_end(self, speaker, asked):
            pass

    with H2Origin(certificates, Silent()) as origin, quick.one_ending("response_timeout"):
        with open_to(quick, origin) as client:
            heard = client.get(authority(origin), "/")
            assert_refused(heard, "response_timeout", HOST, origin.port)
        wait(lambda: origin.asked and origin.asked[0].reset == CANCEL)


def test_late_upload_is_told_of(quick, certificates):
    with H2Origin(certificates) as origin, quick.one_ending("body_timeout"):
        with open_to(quick, origin) as client:
            heard = client.heard(client.ask("POST", authority(origin), "/", body=b"x", ended=False))
            assert_refused(heard, "body_timeout", HOST, origin.port)


def test_idle_tunnel_ends_in_order(quick, certificates):
    with H2Origin(certificates) as origin, quick.one_ending("idle"):
        with open_to(quick, origin) as client:
            assert client.get(authority(origin), "/").status == 200
            client.listen(lambda: client.closed)
            assert client.went_away == (NO_ERROR, 1)


@pytest.fixture(scope="module")
def quick(start, certificates):
    """A proxy that does not wait long."""
    times = {**PATIENT, "head": "600ms", "response": "300ms", "keepalive": "500ms"}
    return looking(start, certificates, timeouts=times)


def looking(start, certificates, zone=None, **changes):
    """A proxy that looks into tunnels to HOST."""
    rules = [{"domain": HOST, "paths": ["/secret/"], "action": "deny"}]
    gate = start(
        {
            "network": {"rules": rules},
            "tls": {"extra_roots": certificates.ca},
            "timeouts": PATIENT,
            **changes,
        },
        zone=zone,
    )
    gate.trust = inspection.Trust(gate.proxy, certificates)
    return gate


class Patient(Script):
    """Answers what is not asked below /wait."""

    def on_end(self, speaker, asked):
        if not asked[":path"].startswith("/wait"):
            super().on_end(speaker, asked)
        elif asked[":path"].startswith("/wait/begun"):
            speaker.answer(asked.stream, b"begun", ended=False)


def reload(gate, network):
    mark = len(gate.proxy.err.lines)
    gate.proxy.write({"network": network})
    gate.proxy.signal(signal.SIGHUP)
    assert gate.proxy.err.wait("configuration reloaded", mark)


def test_new_rules_end_what_they_do_not_allow(start, certificates):
    gate = looking(start, certificates)
    with H2Origin(certificates, Patient()) as origin, open_to(gate, origin) as client:
        waits = [client.ask("GET", authority(origin), f"/wait/{n}") for n in ("a", "begun", "c")]
        client.listen(lambda: client.streams[waits[1]].body == b"begun")
        wait(lambda: len(origin.asked) == 3)
        mark = gate.records.mark()
        paths = ["/wait/a", "/wait/b*"]
        reload(gate, {"rules": [{"domain": HOST, "paths": paths, "action": "deny"}]})
        assert_refused(client.heard(waits[0]), "rule_denied", HOST, origin.port)
        assert client.heard(waits[1]).reset == CANCEL
        denied = gate.records.wait(lambda r: r.decision == "deny", mark, 2)
        assert [r.reason for r in denied] == ["rule_denied"] * 2
        wait(lambda: [a.reset for a in origin.asked] == [CANCEL, CANCEL, None])
        assert client.get(authority(origin), "/").status == 200


def test_lost_permission_ends_all(start, certificates):
    gate = looking(start, certificates)
    with H2Origin(certificates, Patient()) as origin, gate.one_ending("permission_lost"):
        with open_to(gate, origin) as client:
            stream = client.ask("GET", authority(origin), "/wait")
            wait(lambda: len(origin.asked) == 1)
            reload(gate, {"denied_domains": [HOST]})
            assert_refused(client.heard(stream), "permission_lost", HOST, origin.port)
            client.listen(lambda: client.closed)
            assert client.went_away == (NO_ERROR, 1)


def test_drain_finishes_what_is_under_way(start, certificates):
    gate = looking(start, certificates)
    with H2Origin(certificates, Holding()) as origin, open_to(gate, origin) as client:
        stream = client.ask("POST", authority(origin), "/", body=b"x", ended=False)
        wait(lambda: len(origin.asked) == 1)
        gate.proxy.signal(signal.SIGTERM)
        client.listen(lambda: client.went_away is not None)
        assert client.went_away == (NO_ERROR, 1)
        client.h2.send_data(stream, b"y", end_stream=True)
        client.flush()
        assert client.heard(stream).status == 200
        client.listen(lambda: client.closed)
        assert gate.proxy.wait() == 0


def test_grant_of_the_tunnel_is_one_for_its_requests(start, certificates):
    host = "www.held.test"
    rules = [{"domain": "*.held.test:*", "paths": ["/secret/"], "action": "deny"}]
    network = {**HOLDING["network"], "rules": rules}
    gate = looking(start, certificates, network=network, zone={"*.held.test": HERE})
    control = Control(gate.proxy)
    with H2Origin(certificates, Patient()) as origin, gate.one_ending("approval_revoked"):
        grant = control.grant(f"{host}:{origin.port}")
        with inside(gate, origin.port, host) as client:
            name = f"{host}:{origin.port}"
            assert client.get(name, "/a").status == 200
            stream = client.ask("GET", name, "/wait")
            wait(lambda: len(origin.asked) == 2)
            control.revoke(grant["id"])
            assert_refused(client.heard(stream), "approval_revoked", host, origin.port)
            client.listen(lambda: client.closed)
    allowed = [r for r in gate.records.since(0) if r.decision == "allow"]
    assert [r.get("http.request.method") for r in allowed] == ["CONNECT", "GET", "GET"]
    assert len({r["network_proxy.grant.id"] for r in allowed}) == 1
