#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measure sallyport beside its peers and the bare relay; print one table per workload.

  bench/run.py                     everything, build directory build/
  bench/run.py --only setup,small  some workloads
  bench/run.py --write             also put the tables into bench/README.md

The figure is the CPU time of the candidate's processes per operation. Candidates take turns in
short rounds, so that a busy moment of the machine hits all of them; a ratio is taken within a
round, and the median over the rounds is printed. The candidate runs on one core, the load program
(client and origin in one thread) on the other.
"""

import argparse
import glob
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import certificates  # noqa: E402
import collector  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402


HELD = peers.SallyportHold.held
RELEASED = peers.SallyportRelease.held


class Workload:
    """One table: who takes part, against which limit, with which arguments of bench/load."""

    def __init__(self, key, load, arguments, limits, candidates, origin="tls"):
        self.key = key
        self.load = load
        self.arguments = arguments
        self.limits = limits  # first: the limit of all; then the one of direct peers
        self.candidates = candidates
        self.origin = origin

    def limit_of(self, candidate):
        """The name of the bare relay that does the same exchange."""
        if candidate.direct and len(self.limits) > 1:
            return self.limits[1].name
        return self.limits[0].name if self.limits else ""


def count_arguments(count, concurrency):
    return ["--count", str(count), "--concurrency", str(concurrency)]


def workloads(scale, others):
    """The table of workloads; scale multiplies how much each round does."""
    everyone = [peers.Sallyport] + others
    proxies = [p for p in everyone if p.refuses]
    copy = [peers.RelayCopy]
    bulk = ["--concurrency", "1", "--megabytes", str(1000 * scale)]
    held = ["--count", str(HELD), "--concurrency", "64"]
    inside = [] if not others else [peers.SquidInside, peers.Mitmproxy]
    inside = [peers.SallyportInside] + inside
    secure = [peers.RelaySecure]
    idle = min(10000, (peers.DESCRIPTORS - 400) // 2)
    return [
        Workload("setup", "setup", count_arguments(3000 * scale, 16), [peers.RelayCopy, peers.RelayDirect], everyone),
        Workload("setup-one", "setup", count_arguments(2000 * scale, 1), [peers.RelayCopy, peers.RelayDirect], everyone),
        Workload("refuse", "refuse", count_arguments(5000 * scale, 16), [peers.RelayRefuse], proxies),
        Workload("bulk-down", "bulk", bulk, [peers.RelaySplice], everyone),
        Workload("bulk-up", "bulk", bulk + ["--direction", "up"], [peers.RelaySplice], everyone),
        Workload("small", "small", count_arguments(30000 * scale, 16), copy, everyone),
        Workload("small-one", "small", count_arguments(10000 * scale, 1), copy, everyone),
        Workload("forward", "forward", count_arguments(15000 * scale, 16) + ["--answer", "512"], [peers.RelayHttp], proxies, "http"),
        Workload("forward-16k", "forward", count_arguments(8000 * scale, 16) + ["--answer", "16384"], [peers.RelayHttp], proxies, "http"),
        Workload("inspect", "inspect", count_arguments(1000 * scale, 16), secure, inside),
        Workload("inspect-kept", "inspect-kept", count_arguments(10000 * scale, 16) + ["--answer", "512"], secure, inside),
        Workload("inspect-idle", "inspect-idle", count_arguments(1000, 16), secure, inside),
        Workload("held-few", "held", held + ["--questions", "10"], [], [peers.SallyportHold]),
        Workload("held-many", "held", held + ["--questions", str(HELD)], [], [peers.SallyportHold]),
        Workload("release", "release", count_arguments(RELEASED, RELEASED), [], [peers.SallyportRelease]),
        Workload("idle", "idle", count_arguments(idle, 64), copy, everyone),
    ]


class Run:
    """One invocation: the build, the origins that every candidate leads to, the collector."""

    def __init__(self, options):
        self.build = os.path.abspath(options.build)
        self.rounds = options.rounds
        self.others = [] if options.alone else peers.PEERS
        self.folder = tempfile.mkdtemp(prefix="sallyport-bench-")
        os.chmod(self.folder, 0o755)
        cores = sorted(os.sched_getaffinity(0))
        self.load_core, self.proxy_core = cores[0], cores[-1]
        self.origins = {"tls": self.listen(), "http": self.listen()}
        self.certificates = certificates.Certificates(self.folder, peers.NAME)
        self.collector = collector.Collector()
        self.missing = []
        self.faults = []

    @staticmethod
    def listen():
        s = socket.socket()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.bind(("127.0.0.1", 0))
        s.listen(4096)
        return s

    def origin_port(self, kind):
        return self.origins[kind].getsockname()[1]

    def start(self, peer_class, core):
        """A started candidate, or None with the reason noted."""
        peer = peer_class(self, core)
        if not peer.installed():
            if peer.name not in self.missing:
                self.missing.append(peer.name)
            return None
        try:
            peer.start()
            return peer
        except RuntimeError as fault:
            self.note(str(fault))
            return None

    def note(self, text):
        print(text, file=sys.stderr)
        self.faults.append(text)

    def target(self, workload, peer):
        """What the candidate is asked for."""
        if workload.load == "refuse":
            return peers.REFUSED
        if workload.load == "release":
            return f"{peers.RELEASED}:{self.origin_port(workload.origin)}"
        return peer.target(self.origin_port(workload.origin))

    def measure(self, workload, peer):
        """One round of one candidate: what bench/load printed, or None."""
        origin = self.origins[workload.origin]
        command = [
            os.path.join(self.build, "bench", "load"), workload.load, *workload.arguments,
            "--port", str(peer.port),
            "--target", self.target(workload, peer),
            "--sni", peers.NAME,
            "--origin-fd", str(origin.fileno()),
            "--certificate", self.certificates.leaf, "--key", self.certificates.key,
            "--settle", str(peer.settle_ms), *peer.arguments(),
        ]
        for pid in peer.pids():
            command += ["--pid", str(pid)]
        if peer.direct:
            command.append("--direct")
        done = subprocess.run(
            command, capture_output=True, text=True, pass_fds=[origin.fileno()],
            preexec_fn=lambda: os.sched_setaffinity(0, {self.load_core}),
        )
        if done.returncode != 0:
            self.note(f"{workload.key}, {peer.name}: {done.stderr.strip() or done.stdout.strip()}")
            return None
        return json.loads(done.stdout)

    def table(self, workload):
        """All rounds of one workload: candidate name -> list of results."""
        started = [self.start(c, self.proxy_core) for c in workload.limits + workload.candidates]
        started = [peer for peer in started if peer]
        results = {peer.name: [] for peer in started}
        rounds = 1 if workload.key in report.RESIDENT else self.rounds
        try:
            for number in range(rounds):
                for peer in started:
                    result = self.measure(workload, peer)
                    if result:
                        result["limit"] = workload.limit_of(peer)
                        result["round"] = number
                        results[peer.name].append(result)
                print(f"{workload.key}: round {number + 1} of {rounds}", file=sys.stderr)
        finally:
            for peer in started:
                peer.stop()
        return results

    def resident(self):
        """Resident KiB of each candidate that has just started."""
        sizes = {}
        for candidate in [peers.RelayCopy, peers.Sallyport] + self.others:
            peer = self.start(candidate, self.proxy_core)
            if not peer:
                continue
            sizes[peer.name] = sum(resident_kib(pid) for pid in peer.pids())
            peer.stop()
        return sizes

    def two_workers(self):
        """CPU per set-up with one and with two workers on two cores, and how the threads shared
        it. The load runs on the same two cores, so rates say nothing; CPU per operation does."""
        workload = Workload("two-workers", "setup", count_arguments(4000, 32), [], [])
        one, two = self.start(peers.Sallyport, None), self.start(peers.SallyportTwo, None)
        if not one or not two:
            return None
        costs, before = [], thread_times(two.process.pid)
        for _ in range(self.rounds):
            pair = self.measure(workload, one), self.measure(workload, two)
            if all(pair):
                costs.append([r["cpu_ns_per_operation"] for r in pair])
        after = thread_times(two.process.pid)
        one.stop()
        two.stop()
        spent = sorted((after[t] - before.get(t, 0) for t in after), reverse=True)[:2]
        if not costs or len(spent) < 2 or spent[0] == 0:
            return None
        growth = statistics.median(b / a for a, b in costs)
        return {"growth": growth, "share": spent[1] / sum(spent), "speedup": 2 / growth}

    def steady(self):
        """Latencies of set-ups through a proxy that holds connections and one that does not."""
        quiet, holding = self.start(peers.SallyportQuiet, self.proxy_core), self.start(peers.SallyportHold, self.proxy_core)
        if not quiet or not holding:
            return []
        arguments = [
            *count_arguments(HELD, 256), "--questions", str(HELD), "--rate", "500",
            "--base-port", str(quiet.port), "--base-control", str(quiet.control), "--base-token", quiet.token(),
        ]
        workload = Workload("steady", "steady", arguments, [], [])
        rounds = [self.measure(workload, holding) for _ in range(self.rounds)]
        quiet.stop()
        holding.stop()
        return [r for r in rounds if r]

    def micro(self):
        """The lines of the micro-benchmarks."""
        lines = []
        for program in sorted(glob.glob(os.path.join(self.build, "bench", "bench_*"))):
            if not os.access(program, os.X_OK) or os.path.isdir(program):
                continue
            done = subprocess.run(
                [program], capture_output=True, text=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {self.proxy_core}),
            )
            lines += done.stdout.splitlines()
            if done.returncode != 0:
                self.note(f"{os.path.basename(program)}: exit {done.returncode} {done.stderr[-500:]}")
        return lines


def resident_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Rss:"))


def thread_times(pid):
    """Thread id -> nanoseconds on a core."""
    times = {}
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as f:
            times[path.split("/")[4]] = int(f.read().split()[0])
    return times


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "?")
    busy = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, load average {busy:.1f} before the run"


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build"), help="build directory")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each workload (at least 5)")
    parser.add_argument("--scale", type=int, default=1, help="multiplies what a round does")
    parser.add_argument("--only", default="", help="comma-separated workloads, steady, resident, two-workers, micro")
    parser.add_argument("--alone", action="store_true", help="leave the peers out: sallyport and the bare relays")
    parser.add_argument("--write", action="store_true", help="put the tables into bench/README.md")
    return parser.parse_args()


def build_programs(folder):
    """The load program, the relay and the micro-benchmarks are not part of the default build."""
    subprocess.run(["ninja", "-C", folder, "bench-programs"], check=True, stdout=subprocess.DEVNULL)


def main():
    chosen = options()
    build_programs(chosen.build)
    run = Run(chosen)
    only = set(filter(None, chosen.only.split(",")))
    wanted = lambda key: not only or key in only  # noqa: E731
    parts = [f"{machine()}; {chosen.rounds} rounds.\n"]
    try:
        for workload in workloads(chosen.scale, run.others):
            if wanted(workload.key):
                parts.append(report.workload_table(workload, run.table(workload)))
                print(parts[-1], flush=True)
        for key, measure, tabulate in [
            ("steady", run.steady, report.steady_table),
            ("resident", run.resident, report.resident_table),
            ("two-workers", run.two_workers, report.two_workers_table),
            ("micro", run.micro, report.micro_table),
        ]:
            if wanted(key):
                parts.append(tabulate(measure()))
                print(parts[-1], flush=True)
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)
    parts.append(report.notes(run))
    print(parts[-1])
    if chosen.write:
        report.write(os.path.join(HERE, "README.md"), "\n".join(parts))


if __name__ == "__main__":
    main()
