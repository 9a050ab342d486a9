#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A million mixed connections through a real sallyport, after which nothing may be left: no
session, no descriptor, no growth, no complaint of a sanitizer. Each client also checks what it sees.

  make soak                           1,000,000 connections
  make soak ARGS="--count 50000"      fewer
  SALLYPORT=build-asan/sallyport tests/soak/run.py --count 200000
"""

import argparse
import collections
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "bench"))
sys.path.append(os.path.join(ROOT, "tests", "integration"))
import certificates  # noqa: E402
import collector  # noqa: E402
from control import Control  # noqa: E402

# On no list: what is decided about each.
HELD = {"held.test": ("approve", {}), "denied.test": ("deny", {"ttl": 1}), "unanswered.test": None}
# In the order of enum place (caller.h): what the policy calls them, and their protocol.
PLACES = [
    ("good", "soak.test", "tls"),
    ("half", "soak.test", "tls"),
    ("reset", "soak.test", "tls"),
    ("reset at once", "soak.test", "tls"),
    ("big", "soak.test", "tls"),
    ("plain", "plain.test", "http"),
    ("inside", "inside.test", "tls"),
    ("dead", "soak.test", "tls"),
]
FIRST_FD = 100
SLICES = 5
# What an allocator may keep beyond what it held half-way.
GROWTH_KIB = 2048
# Pipes that a worker keeps for splicing (LIMIT_PIPES), two descriptors each.
PIPES_KEPT = 32
WORKERS = 2
COMPLAINTS = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error|Assertion|assert")


def origins():
    """Listening sockets at FIRST_FD and after; the dead one is only bound."""
    sockets = []
    for number, (name, _, _) in enumerate(PLACES):
        s = socket.socket()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.bind(("127.0.0.1", 0))
        if name != "dead":
            s.listen(4096)
        os.dup2(s.fileno(), FIRST_FD + number, inheritable=True)
        sockets.append(s)
    return sockets


def configuration(folder, port, sockets, endpoint, roots):
    hosts = os.path.join(folder, "hosts")
    names = ["soak.test", "plain.test", "raw.test", "inside.test", *HELD]
    with open(hosts, "w") as f:
        f.writelines(f"127.0.0.1 {name}\n" for name in names)
    ports = [s.getsockname()[1] for s in sockets]
    rows = [(name, at, protocol) for (_, name, protocol), at in zip(PLACES, ports)]
    rows.append(("raw.test", ports[0], "raw"))
    rows.append(("inside.test", ports[3], "tls"))  # resets at once
    rows.append(("plain.test", ports[0], "tls"))  # so that a wrong name is an allowed one
    listed = "\n".join(
        f'  {{ domain = "{name}:{at}", protocol = "{protocol}", addresses = ["127.0.0.1"] }},'
        for name, at, protocol in rows
    )
    path = os.path.join(folder, "config.toml")
    with open(path, "w") as f:
        f.write(
            f"""workers = {WORKERS}
[listen]
proxy = ["127.0.0.1:{port}"]
[network]
unlisted = "hold"
allow_local_binding = true
denied_domains = ["refused.test"]
allowed_domains = [
{listed}
]
[[network.rules]]
domain = "inside.test:*"
methods = ["GET"]
action = "allow"
[tls]
extra_roots = "{roots}"
[dns]
servers = ["127.0.0.1:9"]
hosts_file = "{hosts}"
[approvals]
hold_timeout = "8s"
session_ttl = "5s"
[timeouts]
head = "2s"
hello = "2s"
keepalive = "3s"
[otel]
exporter = {{ otlp-http = {{ endpoint = "{endpoint}" }} }}
log = "none"
[state]
directory = "{folder}/state"
"""
        )
    return path


class Proxy:
    """The proxy under soak, its standard error in a file."""

    def __init__(self, program, config, folder, port):
        self.errors = os.path.join(folder, "stderr")
        self.port = port
        environment = dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=8:detect_leaks=1")
        with open(self.errors, "w") as errors:
            self.process = subprocess.Popen(
                [program, "serve", "--config", config], stdout=subprocess.DEVNULL, stderr=errors, env=environment
            )
        self.pid = self.process.pid
        for _ in range(200):
            with socket.socket() as s:
                if self.process.poll() is not None or s.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        if self.process.poll() is not None:
            sys.exit(f"soak: the proxy did not start: {self.text()[-2000:]}")

    def text(self, start=0):
        with open(self.errors, errors="replace") as f:
            f.seek(start)
            return f.read()

    def metrics(self):
        """Name (with labels) -> value, as SIGUSR1 prints them."""
        start = os.path.getsize(self.errors)
        os.kill(self.pid, signal.SIGUSR1)
        previous = ""
        for _ in range(50):
            time.sleep(0.1)
            text = self.text(start)
            if text and text == previous and "sallyport_sessions" in text:
                break
            previous = text
        lines = re.findall(r"^(sallyport_\S+) (\S+)$", previous, re.MULTILINE)
        return {name: float(value) for name, value in lines}

    def descriptors(self):
        """Kind -> how many."""
        kinds = collections.Counter()
        for number in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                kinds[os.readlink(f"/proc/{self.pid}/fd/{number}").split(":")[0]] += 1
            except OSError:
                pass
        return kinds

    def resident_kib(self):
        with open(f"/proc/{self.pid}/smaps_rollup") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("Rss:"))

    def left_open(self, before, seconds=5):
        """The descriptors, once there are as many of each kind as before, or the time is over: what
        was asked at the control endpoint last may not be closed yet."""
        deadline = time.monotonic() + seconds
        while (now := self.descriptors()) != before and time.monotonic() < deadline:
            time.sleep(0.1)
        return now

    def quiet(self, seconds=20):
        """Waits until no session and no kept upstream connection is left; the last metrics."""
        deadline = time.monotonic() + seconds
        while True:
            metrics = self.metrics()
            busy = [metrics.get(f"sallyport_{gauge}", -1) for gauge in ("sessions", "tunnels", "pooled")]
            if busy == [0, 0, 0] or time.monotonic() > deadline:
                return metrics

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "none within a minute"


class Decider(threading.Thread):
    """Decides about what waits, for as long as the proxy is there."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.control = Control(types.SimpleNamespace(config={"state": {"directory": f"{folder}/state"}}))
        self.over = threading.Event()
        self.counts = collections.Counter()

    def run(self):
        while not self.over.wait(0.02):
            for question in self.control.approvals():
                self.decide(question)

    def decide(self, question):
        if not HELD[question["host"]]:
            return
        verb, body = HELD[question["host"]]
        answer = self.control.call("POST", f"/v1/approvals/{question['id']}/{verb}", body)
        self.counts[f"{verb} {answer.status}"] += 1

    def left(self):
        """What the desk holds, by name."""
        text = self.control.call("GET", "/metrics").body.decode()
        names = ("waiters", "questions_pending", "grants")
        return {name: float(re.search(rf"^sallyport_{name} (\S+)$", text, re.MULTILINE).group(1)) for name in names}

    def quiet(self, seconds=20):
        """Once what was decided has had its time; what is left."""
        self.over.set()
        self.join()
        deadline = time.monotonic() + seconds
        while (left := self.left())["grants"] > 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        return left


class Soak:
    def __init__(self, proxy, program, origin):
        self.proxy = proxy
        self.origin = origin
        self.program = program
        self.counts = collections.Counter()
        self.wrong = collections.Counter()
        self.violations = []

    def check(self, good, sentence):
        if not good:
            self.violations.append(sentence)

    def slice(self, count, seed):
        words = [self.program, str(self.proxy.port), str(FIRST_FD), str(count), str(seed)]
        words += [self.origin.leaf, self.origin.key]
        done = subprocess.run(
            words, stdout=subprocess.PIPE, text=True, pass_fds=range(FIRST_FD, FIRST_FD + len(PLACES))
        )
        for line in done.stdout.splitlines():
            name, ran, wrong = line.split("\t")
            self.counts[name] += int(ran)
            self.wrong[name] += int(wrong)
        self.check(done.returncode == 0, f"the load program ended with {done.returncode}")

    def check_desk(self, left):
        """For each protocol the question that nobody answers stays, and an approval for the next
        one, where everybody had left; nobody waits."""
        stays = left["questions_pending"] <= 2 and left["grants"] <= 2
        self.check(left["waiters"] == 0 and stays, f"the desk is left with {left}")

    def check_left(self, metrics, before, resident, sanitized):
        for gauge in ("sessions", "tunnels", "pooled", "held"):
            left = metrics.get(f"sallyport_{gauge}")
            self.check(left == 0, f"gauge sallyport_{gauge} is {left}, not 0")
        after = self.proxy.left_open(before)
        for kind in set(before) | set(after):
            spare = 2 * PIPES_KEPT * WORKERS if kind == "pipe" else 0
            self.check(
                after[kind] <= max(before[kind], spare) if spare else after[kind] == before[kind],
                f"{after[kind]} descriptors of kind {kind}, {before[kind]} before",
            )
        growth = resident[-1] - resident[len(resident) // 2]
        self.check(sanitized or growth <= GROWTH_KIB, f"resident size grew by {growth} KiB after half of the run")

    def report(self, metrics, resident, seconds):
        print(f"{'scenario':40}{'count':>10}{'wrong':>8}")
        for name, count in self.counts.items():
            print(f"{name:40}{count:>10}{self.wrong[name]:>8}")
        total = sum(self.counts.values())
        print(f"{total} connections in {seconds:.0f} s, {total / seconds:,.0f} per second")
        print("resident KiB after each slice:", *resident)
        lost = {name: value for name, value in metrics.items() if "dropped" in name}
        print("dropped records:", ", ".join(f"{n} {v:.0f}" for n, v in lost.items()) or "not reported")
        for name, wrong in self.wrong.items():
            self.check(wrong == 0, f"{name}: {wrong} of {self.counts[name]} went wrong")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    program = os.path.abspath(os.environ.get("SALLYPORT", os.path.join(ROOT, "build", "sallyport")))
    with open(program, "rb") as f:
        sanitized = b"__asan_init" in f.read()
    folder = tempfile.mkdtemp(prefix="sallyport-soak-")
    sockets = origins()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    origin = certificates.Certificates(folder, "inside.test")
    config = configuration(folder, port, sockets, collector.Collector().url, origin.ca)
    proxy = Proxy(program, config, folder, port)
    soak = Soak(proxy, os.path.join(os.path.dirname(program), "bench", "soak"), origin)
    decider = Decider(folder)
    try:
        decider.start()
        soak.slice(min(5000, options.count), options.seed)  # what is allocated once
        proxy.quiet()
        before, resident, began = proxy.descriptors(), [proxy.resident_kib()], time.monotonic()
        for number in range(SLICES):
            soak.slice(options.count // SLICES, options.seed + 1 + number)
            resident.append(proxy.resident_kib())
        seconds = time.monotonic() - began
        metrics = proxy.quiet()
        soak.check_desk(decider.quiet())
        soak.check_left(metrics, before, resident + [proxy.resident_kib()], sanitized)
    finally:
        status = proxy.stop()
    soak.check(status == 0, f"the proxy's exit status was {status}")
    complaint = COMPLAINTS.search(proxy.text())
    soak.check(not complaint, f"standard error says {complaint and complaint.group()}: {proxy.errors}")
    soak.report(metrics, resident, seconds)
    print("decisions:", ", ".join(f"{count} {what}" for what, count in sorted(decider.counts.items())))
    if not complaint:
        shutil.rmtree(folder, ignore_errors=True)
    for violation in soak.violations:
        print("VIOLATION:", violation)
    print("soak: nothing left behind" if not soak.violations else f"soak: {len(soak.violations)} violations")
    return 1 if soak.violations else 0


if __name__ == "__main__":
    sys.exit(main())
