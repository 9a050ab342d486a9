# SPDX-License-Identifier: Apache-2.0
"""Event delivery: rings, exporter and spool of a real process (telemetry_driver) against a scripted
collector. What arrives is decoded with the official schema."""

import email.utils
import json
import os
import pathlib
import signal
import ssl
import subprocess
import threading
import time

import pytest

import otlp
from otlp import Answer, Collector

BUILD = pathlib.Path(os.environ.get("SALLYPORT", "build/sallyport")).resolve().parent
DRIVER = BUILD / "telemetry" / "telemetry_driver"


class Driver:
    """The process; every command is answered by one line."""

    def __init__(self, directory, **options):
        options.setdefault("ring", directory / "ring.0")
        options.setdefault("spool", directory / "spool.db")
        arguments = [f"{key}={text}" for key, text in options.items() if text is not None]
        environment = {**os.environ, "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1",
                       "https_proxy": "http://127.0.0.1:1"}
        self.process = subprocess.Popen(
            [DRIVER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment)
        self.ready = self.process.stdout.readline()

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def record(self, count, host="evil.test"):
        assert int(self.ask(f"record {count} {host}")) == count

    def counts(self):
        return counts_of(self.ask("counts"))

    def wait_counts(self, condition, timeout=20):
        end = time.monotonic() + timeout
        while True:
            counts = self.counts()
            if condition(counts):
                return counts
            assert time.monotonic() < end, counts
            time.sleep(0.02)

    def stop(self, deadline_ms=5000):
        out, self.log = self.process.communicate(f"stop {deadline_ms}\n", timeout=60)
        assert self.process.returncode == 0, self.log
        return counts_of(out)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def counts_of(line):
    return {key: int(number) for key, number in (pair.split("=") for pair in line.split())}


@pytest.fixture
def collector():
    one = Collector()
    yield one
    one.close()


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(endpoint=None, **options):
        driver = Driver(tmp_path, endpoint=endpoint, **options)
        started.append(driver)
        return driver

    yield begin
    for driver in started:
        if driver.process.poll() is None:
            driver.kill()


def numbers(found):
    return [record["attributes"]["network_proxy.connection.id"] for record in found
            if record["event_name"] == "network_proxy.policy_decision"]


def losses(found):
    return sum(record["attributes"]["network_proxy.dropped.count"] for record in found
               if record["event_name"] == "network_proxy.records_dropped")


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_records_arrive_in_the_official_schema(collector, start, packed):
    before = time.time_ns()
    driver = start(collector.endpoint, gzip="1" if packed else None,
                   resource="service.namespace=sand%20box,team=a",
                   headers="Authorization: Bearer t0ken")
    driver.record(1)
    driver.ask("others")
    found = {record["event_name"].split(".")[1]: record for record in collector.wait_records(3)}
    after = time.time_ns()
    counts = driver.stop()
    assert counts["delivered"] == 3 and counts["dropped"] == counts["rejected"] == 0
    headers = collector.requests[0][1]
    assert headers["Content-Type"] == "application/x-protobuf"
    assert headers.get("Content-Encoding") == ("gzip" if packed else None)
    assert headers["Authorization"] == "Bearer t0ken"
    assert "Expect" not in headers
    assert collector.requests[0][4] == "/v1/logs"

    decision = found["policy_decision"]
    assert decision["severity"] == 13 and decision["severity_text"] == "WARN"
    assert decision["body"] == "denied evil.test:443 for 127.0.0.1: not_allowed"
    assert before <= decision["time"] <= decision["observed"] + 10**8 <= after + 2 * 10**8
    assert decision["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert decision["span_id"] == "b7ad6b7169203331" and decision["flags"] == 1
    assert decision["attributes"] == {
        "network.transport.protocol": "https_connect",
        "server.address": "evil.test",
        "server.port": 443,
        "http.request.method": "CONNECT",
        "client.address": "127.0.0.1",
        "client.port": 50000,
        "network_proxy.connection.id": 1,
        "network.policy.scope": "domain",
        "network.policy.decision": "deny",
        "network.policy.source": "baseline_policy",
        "network.policy.reason": "not_allowed",
        "network.policy.override": False,
        "network.policy.rule": "*.example.com (config.toml:12)",
    }
    assert decision["scope"] == "sallyport"
    resource = decision["resource"]
    assert resource["service.name"] == "sallyport" and resource["service.version"]
    assert len(resource["service.instance.id"]) == 36 and resource["host.name"]
    assert resource["service.namespace"] == "sand box" and resource["team"] == "a"

    closed = found["connection_closed"]
    assert closed["severity"] == 9 and closed["trace_id"] == ""
    assert closed["time"] == 1700000000123456789
    assert closed["attributes"]["network_proxy.duration"] == pytest.approx(1.234567)
    assert closed["attributes"]["network_proxy.bytes_sent"] == 512
    assert closed["attributes"]["network_proxy.bytes_received"] == 1024
    assert closed["attributes"]["network.peer.address"] == "192.0.2.7"
    assert closed["attributes"]["client.address"] == "2001:db8::1"
    assert closed["attributes"]["user.id"] == "agent-7"
    assert closed["attributes"]["http.response.status_code"] == 200
    sni = closed["attributes"]["tls.client.server_name"]
    assert sni == "api.example.com\\x0d\\x0a\\xff\\x1b[31m"

    changed = found["config_changed"]
    assert changed["body"] == "configuration applied, by SIGHUP: allow +1"


def test_approvals_arrive_in_the_official_schema(collector, start):
    driver = start(collector.endpoint)
    assert driver.ask("approvals") == "9"
    found = collector.wait_records(9)
    driver.stop()
    approvals = {record["attributes"]["network_proxy.approval.state"]: record for record in found
                 if record["event_name"] == "network_proxy.approval"}
    assert list(approvals) == ["asked", "approved", "denied", "expired", "withdrawn", "revoked"]
    assert {state: record["severity"] for state, record in approvals.items()} == {
        "asked": 9, "approved": 9, "denied": 13, "expired": 13, "withdrawn": 9, "revoked": 13}
    assert approvals["approved"]["body"] == (
        "approved cdn.new.example:443 for local by admin, ttl *.new.example:443: "
        "a note\\x0d\\x0a\\xe2\\x80\\xae")
    assert approvals["approved"]["attributes"] == {
        "network.transport.protocol": "https_connect",
        "server.address": "cdn.new.example",
        "server.port": 443,
        "user.id": "local",
        "session.id": "s-1",
        "network_proxy.approval.id": "q-0123456789abcdef",
        "network_proxy.grant.id": "g-fedcba9876543210",
        "network_proxy.approval.state": "approved",
        "network_proxy.approval.scope": "ttl",
        "network_proxy.approval.pattern": "*.new.example:443",
        "network_proxy.approval.decider": "admin",
        "network_proxy.approval.note": "a note\\x0d\\x0a\\xe2\\x80\\xae",
        "network_proxy.approval.waited": 1.5,
        "network_proxy.approval.waiters": 3,
    }
    assert "network_proxy.approval.waited" not in approvals["asked"]["attributes"]
    asked, allowed = [record for record in found
                      if record["event_name"] == "network_proxy.policy_decision"]
    assert asked["severity"] == 9
    assert asked["attributes"]["network.policy.decision"] == "ask"
    assert asked["attributes"]["network.policy.override"] is False
    assert asked["attributes"]["network_proxy.approval.id"] == "q-0123456789abcdef"
    assert allowed["attributes"]["network.policy.source"] == "decider"
    assert allowed["attributes"]["network.policy.override"] is True
    assert allowed["attributes"]["network_proxy.grant.id"] == "g-fedcba9876543210"
    closed, = [record for record in found
               if record["event_name"] == "network_proxy.connection_closed"]
    assert closed["attributes"]["network_proxy.grant.id"] == "g-fedcba9876543210"
    assert "network_proxy.approval.id" not in closed["attributes"]


@pytest.mark.parametrize("sinks", ["none", "lines", "collector"])
def test_the_digest_gets_every_record_once(collector, start, tmp_path, sinks):
    driver = start(collector.endpoint if sinks == "collector" else None, digest="1",
                   json=tmp_path / "lines" if sinks == "lines" else None)
    driver.record(600)
    driver.ask("others")
    end = time.monotonic() + 20
    while driver.ask("digest") != "rows=256 missed=345 blocked=256":
        assert time.monotonic() < end, driver.ask("digest")
        time.sleep(0.02)
    if sinks == "collector":
        assert len(collector.wait_records(602)) == 602
    assert driver.stop()["dropped"] == 0


def test_protoc_reads_it_too(collector, start):
    driver = start(collector.endpoint)
    driver.record(1)
    collector.wait_records(1)
    driver.stop()
    text = subprocess.run(
        ["protoc", f"--proto_path={otlp.protos()}",
         "--decode=opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest",
         otlp.Schema.SERVICE],
        input=collector.requests[0][2], stdout=subprocess.PIPE, check=True).stdout.decode()
    assert "severity_number: SEVERITY_NUMBER_WARN" in text
    assert '12: "network_proxy.policy_decision"' in text


def test_one_connection_is_kept(collector, start):
    driver = start(collector.endpoint)
    for i in range(5):
        driver.record(1)
        collector.wait_requests(i + 1)
    driver.stop()
    assert len(collector.connections) == 1


def test_every_record_arrives_once_and_in_order(collector, start):
    driver = start(collector.endpoint, gzip="1")
    for _ in range(20):
        driver.record(500)
        time.sleep(0.01)
    found = numbers(collector.wait_records(10000))
    counts = driver.stop()
    assert found == list(range(1, 10001))
    assert counts["delivered"] == 10000 and counts["ring_dropped"] == 0


def test_a_trickle_is_gathered(collector, start):
    driver = start(collector.endpoint)
    begin = time.monotonic()
    for _ in range(500):
        driver.record(1)
        time.sleep(0.001)
    assert len(numbers(collector.wait_records(500))) == 500
    driver.stop()
    # One for each 50 ms, and some grace.
    assert len(collector.requests) <= (time.monotonic() - begin) / 0.05 + 2


def test_retry_after_in_seconds(collector, start):
    collector.answers = [Answer(429, {"Retry-After": "2"})]
    driver = start(collector.endpoint)
    driver.record(3)
    assert numbers(collector.wait_records(3)) == [1, 2, 3]
    waited = collector.requests[1][0] - collector.requests[0][0]
    assert 1.9 <= waited < 4
    assert driver.stop()["failures"] == 1


def test_retry_after_as_a_date(collector, start):
    later = email.utils.formatdate(time.time() + 3, usegmt=True)
    collector.answers = [Answer(503, {"Retry-After": later})]
    driver = start(collector.endpoint)
    driver.record(3)
    collector.wait_records(3)
    waited = collector.requests[1][0] - collector.requests[0][0]
    assert 1.5 <= waited < 6
    driver.stop()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_these_are_repeated(collector, start, status):
    collector.answers = [Answer(status)]
    driver = start(collector.endpoint)
    driver.record(2)
    assert numbers(collector.wait_records(2)) == [1, 2]
    counts = driver.stop()
    assert counts["failures"] == 1 and counts["delivered"] == 2 and counts["spooled"] == 0
    assert "wait in the spool" in driver.log and "is back" in driver.log


@pytest.mark.parametrize("status", [400, 401, 404, 500, 301])
def test_these_are_not_repeated(collector, start, status):
    collector.answers = [Answer(status, {"Location": "/elsewhere"})]
    driver = start(collector.endpoint)
    driver.record(2)
    collector.wait_requests(1)
    driver.wait_counts(lambda c: c["rejected"] == 2)
    driver.record(1)
    assert numbers(collector.wait_records(1)) == [3]
    counts = driver.stop()
    assert counts["rejected"] == 2 and counts["delivered"] == 1
    assert len(collector.requests) == 2
    assert f"the collector answered {status}" in driver.log


def test_partial_success_is_counted(collector, start):
    # ExportLogsServiceResponse { partial_success: { rejected_log_records: 2, error_message: "no" } }
    collector.answers = [Answer(200, body=b"\x0a\x06\x08\x02\x12\x02no"), Answer(200, body=b"\xff")]
    driver = start(collector.endpoint)
    driver.record(5)
    driver.wait_counts(lambda c: c["delivered"] == 3 and c["rejected"] == 2)
    driver.record(1)
    driver.wait_counts(lambda c: c["delivered"] == 4)
    driver.stop()
    assert "rejected 2 of 5" in driver.log
    assert len(collector.requests) == 2


@pytest.mark.parametrize("packing", [{"gzip": "1"}, {"gzip_spool": "1"}, {}],
                         ids=["gzip", "gzip on disk", "plain"])
def test_a_collector_that_comes_late_gets_everything_oldest_first(tmp_path, start, packing):
    first = Collector()
    port = first.port
    first.close()
    driver = start(f"http://127.0.0.1:{port}/v1/logs", **packing)
    for _ in range(30):
        driver.record(100)
        time.sleep(0.05)
    driver.wait_counts(lambda c: c["spooled"] > 0)
    assert (tmp_path / "spool.db").exists()
    second = Collector(port=port)
    try:
        found = numbers(second.wait_records(3000, timeout=60))
        assert found == list(range(1, 3001))
        encoding = second.requests[0][1].get("Content-Encoding")
        assert encoding == ("gzip" if packing else None)
        counts = driver.stop()
        assert counts["delivered"] == 3000 and counts["dropped"] == 0
        assert not (tmp_path / "spool.db").exists()
    finally:
        second.close()


def test_a_slow_collector_delays_nobody(collector, start):
    gate = threading.Event()
    collector.answers = [Answer(hold=gate)]
    driver = start(collector.endpoint, ring_bytes=65536, timeout_ms=30000)
    driver.record(1)
    driver.wait_counts(lambda c: c["requests"] == 1)
    for _ in range(40):  # many times what the ring holds
        driver.record(100)
        time.sleep(0.06)
    counts = driver.wait_counts(lambda c: c["spooled"] > 3000)
    assert counts["ring_dropped"] == 0
    gate.set()
    found = numbers(collector.wait_records(4001, timeout=60))
    assert found == list(range(1, 4002))
    driver.stop()


def test_a_full_ring_is_reported_exactly(collector, start):
    driver = start(collector.endpoint, ring_bytes=65536)
    kept = int(driver.ask("full"))
    found = collector.wait_records(kept + 1)
    counts = driver.stop()
    found = collector.accepted()
    assert losses(found) == counts["dropped"] == counts["ring_dropped"] >= 10
    assert len(numbers(found)) == kept


def test_a_full_spool_drops_the_oldest_and_says_how_many(collector, start):
    collector.otherwise = Answer(503, {"Retry-After": "1"})
    driver = start(collector.endpoint, spool_bytes=100000)
    sent = 0
    for _ in range(6):
        driver.record(50)
        sent += 50
        driver.wait_counts(lambda c: c["spooled"] + c["dropped"] >= sent)
    driver.wait_counts(lambda c: c["dropped"] > 0)
    collector.otherwise = Answer()
    driver.wait_counts(lambda c: c["spooled"] == 0 and c["delivered"] > 0, timeout=60)
    counts = driver.stop()
    found = collector.accepted()
    assert losses(found) == counts["dropped"] > 50
    assert len(numbers(found)) + losses(found) == sent
    # The collector was asked to take the first batch, and might have.
    assert numbers(found)[:50] == list(range(1, 51))
    assert numbers(found)[-50:] == list(range(sent - 49, sent + 1))


def test_the_spool_outlives_the_process(start):
    gone = Collector()
    gone.close()
    driver = start(gone.endpoint)
    driver.record(10)
    driver.wait_counts(lambda c: c["spooled"] == 10)
    driver.record(5)
    assert driver.stop(1000)["spooled"] == 15
    back = Collector(port=gone.port)
    try:
        driver = start(gone.endpoint)
        driver.record(1)
        found = numbers(back.wait_records(16))
        assert found == list(range(1, 16)) + [1]
        driver.stop()
        assert "15 in the spool" in driver.log
    finally:
        back.close()


def test_what_a_killed_process_recorded_is_delivered_by_the_next(tmp_path, start):
    """kill -9 at any moment: everything recorded arrives, none is missing."""
    gone = Collector()
    gone.close()
    recorded = 0
    for round_ in range(8):
        driver = start(gone.endpoint)
        driver.record(40)
        time.sleep(0.03 * round_)
        driver.record(60)
        recorded += 100
        driver.kill()
    back = Collector(port=gone.port)
    try:
        driver = start(gone.endpoint)
        found = numbers(back.wait_records(recorded, timeout=60))
        counts = driver.stop()
        assert counts["ring_dropped"] == 0
        assert "recovered" in driver.log and ", 0 lost" in driver.log
        for number in range(1, 101):
            # Twice is possible: delivered or stored, and killed before that was noted.
            assert found.count(number) >= 8
        assert not (tmp_path / "ring.0").exists()
    finally:
        back.close()


def test_rings_that_nobody_opens_any_more_are_read_too(tmp_path, collector, start):
    gone = Collector()
    gone.close()
    driver = start(gone.endpoint, ring=tmp_path / "ring.7")
    driver.record(25)
    driver.kill()
    (tmp_path / "ring.9.bad").write_bytes(b"set aside before")
    driver = start(collector.endpoint, ring_directory=tmp_path)
    assert len(numbers(collector.wait_records(25))) == 25
    driver.stop()
    assert not (tmp_path / "ring.7").exists()
    assert (tmp_path / "ring.9.bad").exists()


def test_a_damaged_spool_is_set_aside(tmp_path, collector, start):
    (tmp_path / "spool.db").write_bytes(b"this is no database" * 1000)
    driver = start(collector.endpoint)
    driver.record(2)
    assert numbers(collector.wait_records(2)) == [1, 2]
    driver.stop()
    assert "is damaged and kept as" in driver.log
    assert (tmp_path / "spool.db.bad").exists() and not (tmp_path / "spool.db").exists()


def test_without_a_disk_batches_wait_in_memory(start):
    gone = Collector()
    gone.close()
    driver = start(gone.endpoint, spool=None, ring=None)
    driver.record(10)
    driver.wait_counts(lambda c: c["spooled"] == 10)
    back = Collector(port=gone.port)
    try:
        assert numbers(back.wait_records(10)) == list(range(1, 11))
    finally:
        back.close()
    driver.record(3)
    counts = driver.stop(300)
    assert counts["dropped"] == 3  # nowhere to keep them
    assert "3 event records lost" in driver.log


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stderr=subprocess.DEVNULL)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=test CA")
    for name in ("server", "client"):
        (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", f"{name}.pem")
    return folder


@pytest.fixture
def tls_collector(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    one = Collector(tls=context)
    yield one
    one.close()


def test_tls_with_a_client_certificate(tls_collector, certificates, start):
    driver = start(tls_collector.endpoint, ca=certificates / "ca.pem",
                   certificate=certificates / "client.pem", key=certificates / "client.key")
    driver.record(2)
    assert numbers(tls_collector.wait_records(2)) == [1, 2]
    driver.wait_counts(lambda c: c["delivered"] == 2)
    driver.stop()


def test_an_unknown_authority_gets_nothing(tls_collector, certificates, start):
    driver = start(tls_collector.endpoint, certificate=certificates / "client.pem",
                   key=certificates / "client.key")
    driver.record(2)
    driver.wait_counts(lambda c: c["failures"] > 0)
    assert driver.stop()["spooled"] == 2
    assert tls_collector.requests == []
    assert "certificate" in driver.log


def test_json_lines_have_the_same_attributes(tmp_path, collector, start):
    lines = tmp_path / "events.log"
    driver = start(collector.endpoint, json=lines)
    driver.record(2, "evil.test")
    driver.ask("others")
    found = collector.wait_records(4)
    lines.rename(tmp_path / "events.log.1")
    driver.ask("reopen")
    driver.record(1)
    found = collector.wait_records(5)
    driver.stop()
    written = [json.loads(line) for name in ("events.log.1", "events.log")
               for line in (tmp_path / name).read_text().splitlines()]
    assert len((tmp_path / "events.log").read_text().splitlines()) == 1
    assert [line["event_name"] for line in written] == [record["event_name"] for record in found]
    for line, record in zip(written, found):
        assert line["attributes"] == record["attributes"]
        assert line["body"] == record["body"]
        assert line["severity"] == record["severity_text"]
        assert line.get("trace_id", "") == record["trace_id"]


def test_json_lines_alone_settle_the_ring(tmp_path, start):
    lines = tmp_path / "events.log"
    driver = start(json=lines)
    driver.record(1000)
    driver.stop()
    assert len(lines.read_text().splitlines()) == 1000
    assert not (tmp_path / "ring.0").exists()


def test_a_pipe_that_nobody_reads_blocks_nothing(tmp_path, collector, start):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        driver = start(collector.endpoint, json=fifo)
        for _ in range(10):
            driver.record(500)
            time.sleep(0.05)
        assert numbers(collector.wait_records(5000)) == list(range(1, 5001))
        counts = driver.stop(500)
        assert counts["lines_dropped"] > 0 and counts["delivered"] == 5000
    finally:
        os.close(reader)


def test_lines_alone_that_nobody_reads_wait_in_the_ring(tmp_path, start):
    """Nothing is lost silently: lines and counted losses are all there is."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    text = b""
    try:
        driver = start(json=fifo, ring_bytes=262144)
        sent = sum(int(driver.ask("record 500")) or time.sleep(0.01) or 0 for _ in range(20))
        driver.wait_counts(lambda c: c["ring_dropped"] > 0)
        while not text.endswith(b"}}\n") or text.count(b"policy_decision") < sent:
            try:
                text += os.read(reader, 65536)
            except BlockingIOError:
                time.sleep(0.01)
        driver.wait_counts(lambda c: c["dropped"] == c["ring_dropped"])
        counts = driver.stop()
        while chunk := os.read(reader, 65536):
            text += chunk
    finally:
        os.close(reader)
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(numbers(lines)) == sent
    assert losses(lines) == counts["ring_dropped"] == counts["dropped"] == 10000 - sent
    assert counts["lines_dropped"] == 0


def test_libcurl_is_not_loaded_before_it_is_needed(collector, start):
    driver = start(collector.endpoint)
    maps = pathlib.Path(f"/proc/{driver.process.pid}/maps")
    time.sleep(0.2)
    assert "libcurl.so" not in maps.read_text()
    driver.record(1)
    collector.wait_records(1)
    assert "libcurl.so" in maps.read_text()
    driver.stop()
