# SPDX-License-Identifier: Apache-2.0
"""The control endpoint as a script would use it: JSON over the unix socket, with the admin token."""

import http.client
import json
import pathlib
import socket
import time
from dataclasses import dataclass

WAIT = 10


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=WAIT):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Control:
    """One proxy's endpoint; each call is a connection of its own."""

    def __init__(self, proxy):
        self.directory = pathlib.Path(proxy.config["state"]["directory"])

    @property
    def token(self):
        return (self.directory / "admin.token").read_text().strip()

    def connection(self, timeout=WAIT):
        return UnixConnection(self.directory / "control.sock", timeout)

    def call(self, method, path, body=None, headers=None, timeout=WAIT):
        fields = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            fields["Content-Type"] = "application/json"
            body = json.dumps(body)
        fields.update(headers or {})
        connection = self.connection(timeout)
        try:
            connection.request(
                method, path, body, {k: v for k, v in fields.items() if v is not None}
            )
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())
        finally:
            connection.close()

    def get(self, path, expected=200):
        answer = self.call("GET", path)
        assert answer.status == expected, (answer.status, answer.body)
        return answer.json()

    def approvals(self, state="pending"):
        return self.get(f"/v1/approvals?state={state}&limit=1000")["approvals"]

    def grants(self):
        return self.get("/v1/grants")["grants"]

    def question(self, host, waiters=None, state="pending", seconds=WAIT):
        """The one question about `host`, once it is there (with so many waiters)."""
        until = time.monotonic() + seconds
        while True:
            found = [a for a in self.approvals(state) if a["host"] == host]
            assert len(found) <= 1, found
            if found and waiters in (None, found[0]["waiters"]):
                return found[0]
            assert time.monotonic() < until, (host, waiters, self.approvals("all"))
            time.sleep(0.005)

    def decide(self, question, verb, expected=200, **body):
        answer = self.call("POST", f"/v1/approvals/{question}/{verb}", body)
        assert answer.status == expected, (answer.status, answer.body)
        return answer.json()

    def approve(self, host, **body):
        return self.decide(self.question(host)["id"], "approve", **body)

    def deny(self, host, **body):
        return self.decide(self.question(host)["id"], "deny", **body)

    def grant(self, pattern, expected=201, **body):
        body = {"decision": "allow", "scope": "always", "pattern": pattern, **body}
        answer = self.call("POST", "/v1/grants", body)
        assert answer.status == expected, (answer.status, answer.body)
        return answer.json()

    def revoke(self, grant, expected=200):
        answer = self.call("DELETE", f"/v1/grants/{grant}")
        assert answer.status == expected, (answer.status, answer.body)
        return answer.json()
