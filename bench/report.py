# SPDX-License-Identifier: Apache-2.0
"""From the results of a bench run to tables in Markdown, with the budgets marked met or missed."""

import re
import statistics

BEGIN, END = "<!-- results: written by bench/run.py --write -->", "<!-- end of results -->"

# Workload -> title, unit of the figure, nanoseconds (or bytes) per unit.
TITLES = {
    "setup": ("Set-up: CONNECT, ClientHello, first answer, close; 16 at once", "µs", 1000),
    "setup-one": ("Set-up, one after the other", "µs", 1000),
    "refuse": ("Refusal: CONNECT answered 403, close", "µs", 1000),
    "bulk-down": ("Bulk, origin to client", "s/GB", 1),
    "bulk-up": ("Bulk, client to origin", "s/GB", 1),
    "small": ("Small messages, 128 bytes to and fro in 16 tunnels", "µs", 1000),
    "small-one": ("Small messages, 128 bytes to and fro in one tunnel", "µs", 1000),
    "forward": ("Plain HTTP, kept-alive GET, 512 bytes", "µs", 1000),
    "forward-16k": ("Plain HTTP, kept-alive GET, 16 KiB", "µs", 1000),
    "idle": ("Idle tunnels, resident", "KiB", 1024),
    "inspect": ("Looking inside: CONNECT, both handshakes, one request, close; 16 at once", "µs", 1000),
    "inspect-kept": ("Looking inside, kept-alive GET, 512 bytes", "µs", 1000),
    "inspect-idle": ("Idle tunnels that are looked into, resident", "KiB", 1024),
    "held-few": ("Held connections, resident: 50,000 for 10 questions", "KiB", 1024),
    "release": ("One approval releases 1,000 waiters, each with an upstream connection", "ms", 1000000),
    "held-many": ("Held connections, resident: 50,000 for as many questions", "KiB", 1024),
}

# Workload -> ("ratio", bound) against the limit, or ("figure", bound) in the table's unit.
BUDGETS = {
    "setup": ("ratio", 1.2),
    "setup-one": ("ratio", 1.2),
    "refuse": ("figure", 60.0),
    "bulk-down": ("ratio", 1.1),
    "bulk-up": ("ratio", 1.1),
    "small": ("ratio", 1.1),
    "small-one": ("ratio", 1.1),
    "idle": ("figure", 1.5),
    "inspect": ("ratio", 1.3),
    "inspect-idle": ("figure", 24.0),
    "held-few": ("figure", 2.0),
    "held-many": ("figure", 2.0),
    "release": ("figure", 50.0),
}
STEADY = 1.1  # growth of the 99th percentile
RESIDENT = ("idle", "inspect-idle", "held-few", "held-many")  # bytes per connection, not time
RESIDENT_MIB = 10
TWO_WORKERS = 1.8
# How a micro-benchmark's line begins -> most nanoseconds.
MICRO = {"judge": 150.0, "ring_record": 500.0}


def figure(key, result):
    """What the table shows of one round, in its unit."""
    unit = TITLES[key][2]
    if key.startswith("bulk"):
        return result["cpu_ns"] / result["bytes"]  # ns per byte is s per GB
    if key in RESIDENT:
        return (result["resident_after"] - result["resident_before"]) / result["operations"] / unit
    if key == "release":
        return result["wall_ns"] / unit
    return result["cpu_ns"] / result["operations"] / unit


def rate(key, result):
    seconds = result["wall_ns"] / 1e9
    if key.startswith("bulk"):
        return f"{result['bytes'] / seconds / 1e9:.2f} GB/s"
    return f"{result['operations'] / seconds:,.0f}/s"


def ratios(key, results, name):
    """Against the limit in the same round."""
    found = []
    for result in results[name]:
        limit = next((r for r in results.get(result["limit"], []) if r["round"] == result["round"]), None)
        if limit and figure(key, limit) > 0:
            found.append(figure(key, result) / figure(key, limit))
    return found


def mark(met):
    return "**met**" if met else "**missed**"


def judged(key, middle, ratio):
    kind, bound = BUDGETS[key]
    if kind == "ratio":
        return f"≤ {bound} ×: {mark(ratio is not None and ratio <= bound)}"
    return f"≤ {bound:g} {TITLES[key][1]}: {mark(middle <= bound)}"


def workload_table(workload, results):
    key = workload.key
    title, unit, _ = TITLES[key]
    lines = [
        f"### {title}\n",
        f"| candidate | {unit} | lowest round | × limit | rate | budget |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for name, rounds in results.items():
        if not rounds:
            lines.append(f"| {name} | failed | | | | |")
            continue
        figures = [figure(key, r) for r in rounds]
        middle = statistics.median(figures)
        against = ratios(key, results, name)
        ratio = statistics.median(against) if against else None
        bare = name.startswith("bare")
        shown = "1" if bare else "" if ratio is None else f"{ratio:.2f}"
        if key in RESIDENT:
            shown = ""
        budget = judged(key, middle, ratio) if name.startswith("sallyport") and key in BUDGETS else ""
        speed = rate(key, sorted(rounds, key=lambda r: r["wall_ns"])[len(rounds) // 2])
        lines.append(f"| {name} | {middle:.2f} | {min(figures):.2f} | {shown} | {speed} | {budget} |")
    return "\n".join(lines) + "\n"


def steady_table(rounds):
    """The latencies of both proxies, the ratio of each round, and its median."""
    title = "### Allowed traffic while 50,000 connections are held and questions come and go\n"
    if not rounds:
        return f"{title}\nNot measured.\n"
    lines = [title, "| set-up, from when it was due | median | 99th percentile |", "|---|--:|--:|"]
    for name, key in [("holding nothing", "base_"), ("holding 50,000", "")]:
        middle = [statistics.median(r[f"{key}{p}_ns"] for r in rounds) / 1000 for p in ("p50", "p99")]
        lines.append(f"| {name} | {middle[0]:.0f} µs | {middle[1]:.0f} µs |")
    growth = sorted(r["p99_ns"] / r["base_p99_ns"] for r in rounds)
    middle = statistics.median(growth)
    lines.append(
        f"\nThe 99th percentile grows to {middle:.2f} × in the median of {len(growth)} rounds, which lie between "
        f"{growth[0]:.2f} and {growth[-1]:.2f} (≤ {STEADY} ×: {mark(middle <= STEADY)})."
    )
    return "\n".join(lines) + "\n"


def resident_table(sizes):
    lines = ["### Resident size, idle, just started\n", "| candidate | MiB | budget |", "|---|--:|---|"]
    for name, kib in sizes.items():
        mib = kib / 1024
        budget = f"≤ {RESIDENT_MIB} MiB: {mark(mib <= RESIDENT_MIB)}" if name == "sallyport" else ""
        lines.append(f"| {name} | {mib:.1f} | {budget} |")
    return "\n".join(lines) + "\n"


def two_workers_table(result):
    if not result:
        return "### Two workers\n\nNot measured.\n"
    met = mark(result["speedup"] >= TWO_WORKERS and result["share"] >= 0.35)
    return (
        "### Two workers on two cores\n\n"
        f"A set-up costs {result['growth']:.2f} × the CPU time it costs with one worker, and the less "
        f"busy worker did {result['share']:.0%} of the work: two cores give {result['speedup']:.2f} × "
        f"one (≥ {TWO_WORKERS}: {met}).\n"
    )


def micro_table(lines):
    """Each line of a micro-benchmark as it is, with the budget where its words name one."""
    shown = ["### Micro-benchmarks\n", "| line | budget |", "|---|---|"]
    for line in lines:
        numbers = re.findall(r"([\d.]+)\s*ns", line)
        bound = next((b for word, b in MICRO.items() if line.startswith(word)), None)
        budget = ""
        if bound and numbers:
            budget = f"≤ {bound:g} ns: {mark(float(numbers[0]) <= bound)}"
        shown.append(f"| {line.replace('|', '/')} | {budget} |")
    return "\n".join(shown) + "\n"


def notes(run):
    lines = [f"The collector took {run.collector.batches} batches of events, {run.collector.bytes:,} bytes."]
    lines += [f"{name}: not installed." for name in run.missing]
    lines += [f"Fault: {fault.splitlines()[0]}" for fault in run.faults]
    return "\n\n".join(lines) + "\n"


def write(path, text):
    """Puts the tables between the markers of the page."""
    with open(path) as f:
        page = f.read()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    with open(path, "w") as f:
        f.write(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
