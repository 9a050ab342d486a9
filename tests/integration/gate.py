# SPDX-License-Identifier: Apache-2.0
"""A proxy with its name server, and the assertions that every refusal owes: the reply, the record,
what the name server heard, what the origin got."""

from contextlib import contextmanager

import record
from reason import REASONS
from wire import Wire, ask


class Gate:
    def __init__(self, proxy, dns):
        self.proxy = proxy
        self.dns = dns

    @property
    def address(self):
        return self.proxy.address

    @property
    def records(self):
        return self.proxy.records

    def wire(self):
        return Wire(self.address)

    def ask(self, data, method=b"GET"):
        return ask(self.address, data, method)

    def stop(self):
        try:
            if self.proxy.process is not None:
                self.proxy.stop()
        finally:
            self.dns.close()

    @contextmanager
    def one_ending(self, *words, name=None):
        """The block makes the proxy end one exchange with one of `words`: exactly one decision
        says so, or one end, or one of each for what was allowed first; no other record of the
        block has a fault. Yields an object whose .record is that record once the block is left."""
        mark = self.records.mark()
        found = Found()
        yield found
        self.proxy.settle()
        since = self.records.since(mark)
        endings = [r for r in since if r.reason in words]
        others = [r for r in since if r.reason not in (*words, *QUIET)]
        decisions = [r for r in endings if r.name == record.DECISION]
        ends = [r for r in endings if r.name == record.CLOSED]
        seen = "\n".join(r.line for r in since)
        assert len(decisions) <= 1 and len(ends) <= 1 and endings == decisions + ends, seen
        assert not others, seen
        assert all(r.decision == "deny" for r in decisions), seen
        assert endings, seen
        found.record = endings[0]
        assert name is None or name in [r.name for r in endings], seen

    @contextmanager
    def nothing_asked(self):
        """The block causes no DNS query at all."""
        before = len(self.dns.queries)
        yield
        assert self.dns.queries[before:] == []


# Reasons that go with any good exchange.
QUIET = (None, "", "none", "completed", "client_closed", "client_reset")


class Found:
    record = None


def assert_refused(reply, word, host=None, port=None, protocol=None):
    """A refusal as DESIGN §6 has it, in the words of base/reason.def."""
    row = REASONS[word]
    assert reply.start.startswith(b"HTTP/1.1 "), reply.start
    assert reply.status == row.status, (reply.start, reply.body)
    status = reply.value("Proxy-Status")
    assert status.startswith(f"sallyport; error={row.proxy_status}"), status
    assert 'details="' in status, status
    assert reply.value("X-Proxy-Error") == (row.token or None)
    assert reply.value("Cache-Control") == "no-store"
    assert reply.value("Connection") == "close"
    assert reply.value("Content-Type").split(";")[0] == "application/json"
    value = reply.json()
    expected = {
        "reason": word,
        "host": host,
        "port": port,
        "message": row.message,
        "guidance": row.guidance,
    }
    assert {key: value[key] for key in expected} == expected
    # What policy allowed and the other side broke was not denied.
    verdict = (value["status"], value["decision"])
    if row.status in (502, 504) and word != "loop":
        assert verdict == ("failed", "allow"), verdict
    elif row.status in (400, 403):
        assert verdict == ("blocked", "deny"), verdict
    elif row.status == 429:
        assert verdict == ("blocked", "deny"), verdict
    else:
        assert verdict in (("failed", "allow"), ("blocked", "deny")), verdict
    assert value["source"] in ("baseline_policy", "mode_guard", "proxy_state", "decider")
    if protocol is not None:
        assert value["protocol"] == protocol
