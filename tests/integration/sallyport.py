# SPDX-License-Identifier: Apache-2.0
"""The real binary with a generated configuration: start it, ask it, end it, and never leave it
unwatched: a crash, a sanitizer report or a session left behind fails the test that caused it."""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import threading
import time

from record import RecordLog

BINARY = os.environ.get("SALLYPORT") or str(
    pathlib.Path(__file__).parents[2] / "build" / "sallyport"
)
LISTENING = re.compile(r"listening on (?:http://)?(127\.0\.0\.1|\[::1\]):(\d+)")
SANITIZER = re.compile(r"Sanitizer|runtime error:|Assertion ")
LOOPBACK = ["127.0.0.0/8", "::1/128"]
WAIT = 10

running = []  # every proxy under watch; conftest looks at them after each test


def toml(value):
    """A value in TOML; tables inside lists are written inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"


def document(config):
    """A configuration: top-level keys, then one table for each nested dict."""
    lines = [f"{key} = {toml(item)}" for key, item in config.items() if not isinstance(item, dict)]
    for table, items in config.items():
        if isinstance(items, dict):
            lines += ["", f"[{table}]"] + [f"{key} = {toml(item)}" for key, item in items.items()]
    return "\n".join(lines) + "\n"


def merged(base, changes):
    """`base` with `changes` over it, table by table; None removes a key."""
    result = dict(base)
    for key, item in changes.items():
        if isinstance(item, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], item)
        elif item is None:
            result.pop(key, None)
        else:
            result[key] = item
    return result


class Lines:
    """What a pipe says, line by line, as it comes."""

    def __init__(self, pipe):
        self.lines = []
        self.ended = False
        self._changed = threading.Condition()
        self._pipe = pipe
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self._pipe:
            with self._changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self.ended = True
            self._changed.notify_all()
        self._pipe.close()

    def wait(self, pattern, mark=0, seconds=WAIT):
        """The first match of `pattern` in a line from `mark` on; None when the pipe ended first."""
        wanted = re.compile(pattern)
        until = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self.lines[mark:]:
                    if match := wanted.search(line):
                        return match
                if self.ended:
                    return None
                mark = len(self.lines)
                if not self._changed.wait(until - time.monotonic()):
                    raise TimeoutError(f"no line matches {pattern!r}:\n" + self.text())

    def text(self):
        return "\n".join(self.lines)


class Sallyport:
    """One proxy process.

    directory    of its own; configuration, log and state go there
    config       nested dict, written as config.toml; listen.proxy, otel.log and state.directory
                 are filled in where missing
    files        RLIMIT_NOFILE, or None
    """

    def __init__(self, directory, config, *, files=None, arguments=(), environment=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.path = self.directory / "config.toml"
        self.records = RecordLog(self.directory / "events.jsonl")
        self.config = merged(
            {
                "listen": {"proxy": ["127.0.0.1:0"]},
                "otel": {"exporter": "none", "log": str(self.records.path)},
                "state": {"directory": str(self.directory / "state")},
            },
            config,
        )
        self.files = files
        self.arguments = arguments
        self.environment = environment or {}
        self.process = self.out = self.err = None
        self.host = self.port = None  # of the first listener, once it is bound
        self.ended_by_test = False
        self.begun = 0  # records that were in the log when the process started
        self.looked = 0  # lines of its errors that were checked

    def write(self, config=None, text=None):
        """Writes the configuration file as an operator would: whole, by rename."""
        self.config = merged(self.config, config or {})
        fresh = self.path.with_suffix(".new")
        fresh.write_text(document(self.config) if text is None else text)
        fresh.rename(self.path)

    def launch(self):
        """Starts the process without waiting for it to listen."""
        self.ended_by_test = False
        self.begun, self.looked = self.records.mark(), 0
        if not os.access(BINARY, os.X_OK):
            raise RuntimeError(f"{BINARY} is not there: build it, or set SALLYPORT")
        environment = {
            key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")
        }
        environment.update({"OTEL_BLRP_SCHEDULE_DELAY": "20", **self.environment})
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", str(self.path), *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            preexec_fn=self._limit if self.files else None,
        )
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)
        return self

    def _limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))

    def start(self):
        self.write()
        self.launch()
        until = time.monotonic() + WAIT
        while self.port is None or self.process.poll() is not None:
            match = LISTENING.search(self.out.text() + "\n" + self.err.text())
            # The line behind those of all listeners.
            if match and " entries allow, " in self.err.text():
                self.host, self.port = match.group(1).strip("[]"), int(match.group(2))
                break
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"the proxy did not start:\n{self.said()}")
            time.sleep(0.005)
        if self.config["otel"]["log"] == str(self.records.path):
            # The record of the start, which nobody takes for a later one's then.
            self.records.wait(lambda r: r.name == "network_proxy.config_changed", self.begun, seconds=WAIT)
        running.append(self)
        return self

    @property
    def address(self):
        return (self.host, self.port)

    @property
    def url(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def said(self):
        return self.out.text() + "\n" + self.err.text()

    def signal(self, number):
        self.process.send_signal(number)

    def _ask_for_metrics(self):
        """SIGUSR1, until the gauge of sessions was logged; the lines before it, and its number."""
        mark = len(self.err.lines)
        self.signal(signal.SIGUSR1)
        match = self.err.wait(r"sallyport_sessions (\d+)", mark)
        if match is None:
            raise RuntimeError("the proxy ended instead of logging metrics:\n" + self.said())
        return mark, int(match.group(1))

    def metrics(self):
        """The Prometheus text that SIGUSR1 logs, as {series: number}."""
        mark, _ = self._ask_for_metrics()
        self._ask_for_metrics()  # its first lines come behind the last of the first text
        series = re.compile(r"^(sallyport_\w+(?:\{[^}]*\})?) (\S+)$")
        found = [series.search(line) for line in self.err.lines[mark:]]
        return {match.group(1): float(match.group(2)) for match in found if match}

    def sessions(self):
        return self._ask_for_metrics()[1]

    def settle(self, sessions=0, seconds=WAIT):
        """Until this many sessions are left; AssertionError when it never comes to that. Without
        any, every record of what has happened is in the log then, too."""
        until = time.monotonic() + seconds
        while True:
            mark, left = self._ask_for_metrics()
            if left == sessions:
                break
            assert time.monotonic() < until, f"{left} sessions are left, not {sessions}"
            time.sleep(0.005)
        if sessions == 0 and self.config["otel"]["log"] == str(self.records.path):
            mark, _ = self._ask_for_metrics()  # the first text may be older than its last lines
            decisions = re.compile(r"sallyport_(?:allowed|denied)_total (\d+)")
            counts = [decisions.search(line) for line in self.err.lines[mark:]]
            decided = [int(match.group(1)) for match in counts if match][:2]
            self.records.settle(self.begun, sum(decided))

    def check(self):
        """What must hold after every test."""
        if self.ended_by_test:
            return
        assert self.process.poll() is None, f"the proxy ended ({self.process.returncode}):\n" + (
            self.said()
        )
        self.settle()
        self.check_words()

    def check_words(self):
        """No sanitizer report and no failed assertion since the last look."""
        fresh = self.err.lines[self.looked :]
        self.looked += len(fresh)
        assert not [line for line in fresh if SANITIZER.search(line)], "\n".join(fresh)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def wait(self, seconds=WAIT):
        """The exit status, once the process has ended and its pipes are read."""
        status = self.process.wait(seconds)
        for lines in (self.out, self.err):
            lines.thread.join(seconds)
        self.ended_by_test = True
        return status

    def stop(self):
        """An orderly end; it must be clean."""
        if self in running:
            running.remove(self)
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                status = self.wait()
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("SIGTERM did not end the proxy:\n" + self.said()) from None
            assert status == 0, f"exit status {status} after SIGTERM:\n" + self.said()
        self.check_words()

    def kill(self):
        if self in running:
            running.remove(self)
        self.ended_by_test = True
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
