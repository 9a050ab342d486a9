# SPDX-License-Identifier: Apache-2.0
"""Event records as the JSON-lines log has them, awaited rather than slept for."""

import json
import time
from dataclasses import dataclass

DECISION = "network_proxy.policy_decision"
CLOSED = "network_proxy.connection_closed"
CONFIG = "network_proxy.config_changed"
APPROVAL = "network_proxy.approval"
DROPPED = "network_proxy.records_dropped"

WAIT = 5


@dataclass
class Record:
    name: str
    attributes: dict
    line: str

    @property
    def reason(self):
        return self.attributes.get("network.policy.reason") or self.attributes.get(
            "network_proxy.reason"
        )

    @property
    def decision(self):
        return self.attributes.get("network.policy.decision")

    @property
    def host(self):
        return self.attributes.get("server.address")

    @property
    def port(self):
        return self.attributes.get("server.port")

    def __getitem__(self, key):
        return self.attributes[key]

    def get(self, key, default=None):
        return self.attributes.get(key, default)


def parse(line):
    value = json.loads(line)
    return Record(value["event_name"], value["attributes"], line)


class RecordLog:
    """The JSON-lines file that the proxy appends to."""

    def __init__(self, path):
        self.path = path
        self.records = []
        self._read = 0

    def refresh(self):
        """Takes up whole new lines; a line is taken once only."""
        if self.path.exists():
            with open(self.path, "rb") as file:
                file.seek(self._read)
                data = file.read()
            whole = data.rfind(b"\n") + 1
            self._read += whole
            self.records += [parse(line.decode("utf-8")) for line in data[:whole].splitlines()]
        return self.records

    def mark(self):
        """Where the log ends now; give it to wait() and since()."""
        return len(self.refresh())

    def since(self, mark):
        return self.refresh()[mark:]

    def wait(self, wanted, mark=0, count=1, seconds=WAIT):
        """The records after `mark` for which wanted(record) holds, once there are `count`."""
        until = time.monotonic() + seconds
        while True:
            found = [record for record in self.since(mark) if wanted(record)]
            if len(found) >= count:
                return found
            if time.monotonic() > until:
                seen = "\n  ".join(record.line for record in self.since(mark)) or "nothing"
                raise TimeoutError(f"{len(found)} of {count} records came; the log has\n  {seen}")
            time.sleep(0.005)

    def wait_decided(self, mark, state, host=None):
        """An approval's record comes from another thread than those of connections."""
        return self.wait(
            lambda r: r.name == APPROVAL
            and r["network_proxy.approval.state"] == state
            and host in (None, r.host),
            mark,
        )

    def settle(self, mark, decisions, seconds=WAIT):
        """Until the log after `mark` has that many decisions, and the end of every connection that
        was allowed something: nothing of what has happened is still on its way then."""
        until = time.monotonic() + seconds
        while True:
            since = self.since(mark)
            count = sum(r.name == DECISION and r.decision != "ask" for r in since)
            waiting = unended(since)
            if count >= decisions and not waiting:
                return
            if time.monotonic() > until:
                seen = "\n  ".join(record.line for record in since[-20:])
                raise TimeoutError(
                    f"{count} of {decisions} decisions came, and no end for connections {waiting}; "
                    f"the log ends with\n  {seen}"
                )
            time.sleep(0.005)


def unended(records):
    """Connections whose last record is that something was allowed."""
    last = {}
    for record in records:
        if record.name == DECISION and record.decision == "allow":
            last[record["network_proxy.connection.id"]] = DECISION
        elif record.name == CLOSED:
            last[record["network_proxy.connection.id"]] = CLOSED
    return sorted(connection for connection, name in last.items() if name == DECISION)
