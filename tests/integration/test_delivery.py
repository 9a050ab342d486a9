# SPDX-License-Identifier: Apache-2.0
"""Records reach the collector whatever it does: slow, refusing, dead and back, over kill -9."""

import re
import ssl
import statistics
import threading
import time

import pytest

import record
from collector import Collector, records_of
from message import Malformed

EVIL = "CONNECT {name}.evil.test:443 HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def collector(schema):
    collector = Collector(schema)
    yield collector
    collector.stop()


def telling(start, collector, **more):
    exporter = {"otlp-http": {"endpoint": collector.endpoint}}
    return start({"otel": {"exporter": exporter, "timeout": "1s", **more}})


def refuse(gate, name):
    """Makes one record; how long the client waited for its reply, in seconds."""
    began = time.perf_counter()
    reply, _ = gate.ask(EVIL.format(name=name).encode())
    assert reply.status == 403
    return time.perf_counter() - began


def names(collector, prefix):
    """The names with this prefix that the collector has; each must be there once."""
    hosts = [str(r.attributes.get("server.address", "")) for r in collector.records]
    return sorted(host.split(".")[0] for host in hosts if host.startswith(prefix))


def expect_all(gate, collector, prefix, count, again=False):
    """All `count` records arrive; none twice, unless `again`: where the collector may have died
    between taking a batch and saying so, the batch is sent again."""
    collector.wait(
        lambda r: str(r.attributes.get("server.address", "")).startswith(prefix), count, 30
    )
    expected = sorted(f"{prefix}{number}" for number in range(count))
    wait_until(lambda: sorted(set(names(collector, prefix))) == expected)
    assert again or names(collector, prefix) == expected
    assert gate.proxy.metrics()['sallyport_telemetry_records_total{outcome="dropped"}'] == 0


def wait_until(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.01)


def test_collector_dies_and_returns_under_load(start, collector):
    """No record is lost, no client waits longer."""
    gate = telling(start, collector)
    alive = [refuse(gate, f"load{number}") for number in range(200)]
    collector.stop()
    away = [refuse(gate, f"load{number}") for number in range(200, 600)]
    collector.start()
    back = [refuse(gate, f"load{number}") for number in range(600, 800)]
    expect_all(gate, collector, "load", 800, again=True)
    for later in (away, back):
        assert statistics.median(later) < 3 * statistics.median(alive) + 0.002


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_refusals_that_may_be_retried(start, collector, status):
    gate = telling(start, collector)
    collector.answer = collector.refuse(status)
    for number in range(20):
        refuse(gate, f"retry{number}")
    collector.wait_for_requests(2)
    assert not names(collector, "retry")
    collector.answer = collector.accept
    expect_all(gate, collector, "retry", 20)


def test_retry_after_is_honoured(start, collector):
    gate = telling(start, collector)
    collector.wait(lambda r: r.name == record.CONFIG)
    before = len(collector.requests)
    collector.answer = collector.refuse(503, Retry_After="2")
    refuse(gate, "after0")
    collector.wait_for_requests(before + 1)
    began = time.monotonic()
    collector.answer = collector.accept
    expect_all(gate, collector, "after", 1)
    assert time.monotonic() - began > 1.5


def test_refusals_that_may_not_be_retried(start, collector):
    """400: the batch is counted as rejected, the next one is sent."""
    gate = telling(start, collector)
    collector.answer = collector.refuse(400)
    refuse(gate, "bad0")
    collector.wait_for_offer("bad0")
    collector.answer = collector.accept
    refuse(gate, "good0")
    expect_all(gate, collector, "good", 1)
    assert not names(collector, "bad")
    assert gate.proxy.metrics()['sallyport_telemetry_records_total{outcome="rejected"}'] >= 1


def test_partial_success_is_counted(start, collector, schema):
    gate = telling(start, collector)

    def partly(_request):
        # partial_success { rejected_log_records: 1, error_message: "odd" }, which came to the
        # schema after the release that the package has.
        fields = b"\x08\x01" + b"\x12\x03odd"
        response = b"\x0a" + bytes([len(fields)]) + fields
        return 200, {}, schema.ExportLogsServiceResponse.FromString(response)

    collector.answer = partly
    refuse(gate, "part0")
    expect_all(gate, collector, "part", 1)
    rejected = 'sallyport_telemetry_records_total{outcome="rejected"}'
    wait_until(lambda: gate.proxy.metrics()[rejected] == len(collector.requests))


def test_slow_collector_delays_nobody(start, collector):
    gate = telling(start, collector)
    slow = threading.Event()

    def wait(request):
        slow.wait(0.7)
        return collector.accept(request)

    collector.answer = wait
    waited = [refuse(gate, f"slow{number}") for number in range(200)]
    slow.set()
    expect_all(gate, collector, "slow", 200)
    assert statistics.median(waited) < 0.05


def test_silent_collector_is_given_up(start, collector):
    """Longer than the timeout: the batch is sent again. Delivered at least once, then."""
    gate = telling(start, collector)
    silent = threading.Event()
    collector.answer = lambda request: silent.wait(1.6) and collector.accept(request) or (503, {}, None)
    refuse(gate, "silent0")
    wait_until(lambda: gate.proxy.metrics()["sallyport_telemetry_failures_total"] >= 1)
    silent.set()
    collector.answer = collector.accept
    collector.wait(lambda r: str(r.attributes.get("server.address", "")).startswith("silent0"))


def test_order_survives_the_spool(start, collector):
    gate = telling(start, collector)
    collector.stop()
    for number in range(50):
        refuse(gate, f"order{number}")
    collector.start()
    expect_all(gate, collector, "order", 50)
    times = [
        r.message.time_unix_nano
        for r in collector.records
        if str(r.attributes.get("server.address", "")).startswith("order")
    ]
    assert len(set(times)) > 40


def test_orderly_end_delivers_or_spools(start, collector):
    """SIGTERM while the collector is away: the next process delivers."""
    gate = telling(start, collector)
    collector.stop()
    for number in range(30):
        refuse(gate, f"term{number}")
    gate.proxy.stop()
    collector.start()
    gate.proxy.port = None
    gate.proxy.start()
    expect_all(gate, collector, "term", 30)


def test_kill_and_restart(start, collector):
    """kill -9 with the collector away: what was recorded is delivered by the next process, which
    says how many it found."""
    gate = telling(start, collector)
    refuse(gate, "first0")
    expect_all(gate, collector, "first", 1)
    collector.stop()
    for number in range(100):
        refuse(gate, f"kill{number}")
    gate.proxy.kill()
    collector.start()
    gate.proxy.port = None
    gate.proxy.start()
    expect_all(gate, collector, "kill", 100)
    said = gate.proxy.err.wait(r"earlier run: (\d+) recovered")
    assert said, gate.proxy.said()


def test_kill_within_a_burst(start, collector):
    """Killed while clients are being refused: every record of an answered client arrives, but for
    those that were in a ring, and those are counted."""
    gate = telling(start, collector)
    answered = []

    def client(part):
        number = 0
        while True:
            try:
                refuse(gate, f"burst{part}x{number}")
            except (OSError, Malformed, AssertionError):  # the proxy was killed
                return
            answered.append(f"burst{part}x{number}")
            number += 1

    clients = [threading.Thread(target=client, args=(part,)) for part in range(4)]
    for thread in clients:
        thread.start()
    while len(answered) < 400:
        time.sleep(0.01)
    gate.proxy.kill()
    for thread in clients:
        thread.join()
    gate.proxy.port = None
    gate.proxy.start()
    refuse(gate, "done0")
    collector.wait(lambda r: str(r.attributes.get("server.address", "")).startswith("done0"))
    got = set(names(collector, "burst"))
    missing = [name for name in answered if name not in got]
    assert not missing, f"{len(missing)} of {len(answered)} records are lost"


FULL = 4000  # records, too many for the spool


def fill_spool(start, collector):
    """Long records into a spool of 1 MiB with the collector away. The timeout is long: on a
    busy machine no post is repeated only because its answer is late."""
    gate = telling(start, collector, spool_size="1MiB", gzip=False, timeout="30s")
    # The proxy knows that the first record arrived: it must not count as lost.
    wait_until(lambda: gate.proxy.metrics()[outcome("delivered")] == 1)
    collector.stop()
    pad = "x" * 60 + "." + "y" * 60 + "." + "z" * 60

    def client(numbers):
        for number in numbers:
            gate.ask(EVIL.format(name=f"full{number}.{pad}").encode())

    clients = [threading.Thread(target=client, args=(range(p, FULL, 4),)) for p in range(4)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    gate.proxy.settle()
    return gate


def outcome(word):
    return f'sallyport_telemetry_records_total{{outcome="{word}"}}'


def reports(records):
    return [r for r in records if r.name == record.DROPPED]


def told(records):
    """What the reports of losses among `records` say; one that came again counts once."""
    key = "network_proxy.dropped.count"
    return sum({r.message.time_unix_nano: r.attributes[key] for r in reports(records)}.values())


def expect_exact_count(gate, collector):
    """Every record is either at the collector or in the counter, in the reports, and in the lines."""
    refuse(gate, "fin0")
    collector.wait(lambda r: str(r.attributes.get("server.address", "")).startswith("fin0"), 1, 30)
    dropped = gate.proxy.metrics()[outcome("dropped")]
    assert dropped > 0, "4000 long records fit into 1 MiB?"
    assert len(set(names(collector, "full"))) + dropped == FULL
    assert told(collector.records) == dropped
    lines = reports(gate.records.refresh())
    assert sum(r["network_proxy.dropped.count"] for r in lines) == dropped


def test_full_spool_counts_what_it_drops(start, collector):
    """What does not fit into the spool is counted exactly, and told."""
    gate = fill_spool(start, collector)
    collector.start()
    expect_exact_count(gate, collector)
    assert len(names(collector, "full")) == len(set(names(collector, "full")))


def test_losses_told_twice_are_the_same_record(start, collector):
    """A collector that takes a batch and does not say so gets it again, its report of losses too:
    the same record, with the same time. What it may have taken is never counted as lost."""
    gate = fill_spool(start, collector)

    def take_silently(request):
        if not reports(records_of(request)):
            return collector.accept(request)
        collector.keep(request)
        collector.answer = collector.accept
        return 503, {}, None

    collector.answer = take_silently
    collector.start()
    expect_exact_count(gate, collector)
    times = [r.message.time_unix_nano for r in reports(collector.records)]
    assert len(times) > len(set(times))


def test_tls_to_the_collector(start, schema, certificates):
    """The collector's certificate is checked, ours is shown."""
    context = certificates.server()
    context.load_verify_locations(certificates.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    collector = Collector(schema, context)
    tls = {
        "ca-certificate": certificates.ca,
        "client-certificate": certificates.leaf,
        "client-private-key": certificates.key,
    }
    exporter = {"otlp-http": {"endpoint": collector.endpoint, "tls": tls}}
    gate = start({"otel": {"exporter": exporter}})
    try:
        refuse(gate, "tls0")
        expect_all(gate, collector, "tls", 1)
    finally:
        collector.stop()


def test_foreign_collector_gets_nothing(start, schema, certificates):
    """Without the CA the certificate is not trusted: no record is sent, clients are served."""
    collector = Collector(schema, certificates.server())
    gate = start({"otel": {"exporter": {"otlp-http": {"endpoint": collector.endpoint}}}})
    try:
        refuse(gate, "foreign0")
        wait_until(lambda: gate.proxy.metrics()["sallyport_telemetry_failures_total"] >= 1)
        assert not collector.records
    finally:
        collector.stop()


def test_environment_variables(start, collector):
    """OTEL_* count where the configuration says nothing."""
    base = collector.endpoint.removesuffix("/v1/logs")
    gate = start(
        {"otel": {"exporter": None}},
        environment={
            "OTEL_EXPORTER_OTLP_ENDPOINT": base,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=sesame",
            "OTEL_SERVICE_NAME": "gatekeeper",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test,team=blue",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        },
    )
    refuse(gate, "env0")
    expect_all(gate, collector, "env", 1)
    about = collector.records[-1].resource
    assert about["service.name"] == "gatekeeper"
    assert about["deployment.environment"] == "test"
    assert about["team"] == "blue"
    path, fields, _ = collector.requests[-1]
    assert path == "/v1/logs"
    assert fields["x-api-key"] == "sesame"
    assert "Content-Encoding" not in fields
    assert not re.search("sesame", gate.proxy.said())


def test_log_to_stdout(start):
    gate = start({"otel": {"log": "stdout"}})
    gate.proxy.records.path.touch()
    refuse(gate, "stdout0")
    line = gate.proxy.out.wait(r"^\{.*stdout0\.evil\.test.*\}$")
    assert line
