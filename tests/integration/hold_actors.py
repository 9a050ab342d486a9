# SPDX-License-Identifier: Apache-2.0
"""Who takes part in a concurrent run: clients that ask, deciders, an operator; and the origins that
they lead to. Each draws what it does from a generator of its own, so a seed gives each the same
intentions again; how they meet is the machine's affair."""

import base64
import http.client
import threading
import time
from contextlib import suppress

from hello import hello
from hold_model import Ask
from message import Malformed
from wire import Wire

DOMAIN = "held.test"
# What deciders, lists and grants know nothing of.
FORGOTTEN = [f"{name}.nobody.{DOMAIN}" for name in ("w", "x")]
HOSTS = [f"{name}.{base}.{DOMAIN}" for base in ("a", "b", "c") for name in ("w", "x", "y", "z")]
PATTERNS = [f"{star}.{base}.{DOMAIN}" for star in ("*", "**") for base in ("a", "b", "c")]
SESSIONS = [None, None, "one", "two"]
GREETING = b"seen"
PATIENCE = 15
LOST = (OSError, http.client.HTTPException, TimeoutError)


# ---- origins ---------------------------------------------------------------------------------


def tunnelled(model):
    """Greets who sent a ClientHello, then stays until the other side ends."""

    def script(peer):
        while data := peer.recv(65536):
            for host in HOSTS:
                if host.encode() in data:
                    model.arrived.append((host, time.time()))
                    peer.send(GREETING)

    return script


def requested(model):
    """Answers requests of any host on a kept connection."""

    def script(peer):
        while (request := peer.request()) is not None:
            model.arrived.append((request.value("Host").partition(":")[0], time.time()))
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + GREETING)

    return script


# ---- actors ----------------------------------------------------------------------------------


class Actor(threading.Thread):
    """Acts again and again until `stop` is set."""

    def __init__(self, run, random):
        super().__init__(daemon=True)
        self.run_, self.model, self.random = run, run.model, random

    def run(self):
        try:
            while not self.run_.over.is_set():
                self.act()
        except Exception as fault:  # pylint: disable=broad-except  (reported by the model)
            self.model.fault(f"{type(self).__name__}: {fault!r}")
            raise


class Client(Actor):
    """One request after the other, each on a connection of its own or on a kept one."""

    def act(self):
        r = self.random
        tunnel = r.random() < 0.5
        port = self.run_.tls_port if tunnel else self.run_.http_port
        ask = Ask(r.choice(HOSTS), port, r.choice(SESSIONS), time.time())
        leaves = r.choice([None, None, None, None, "close", "abort", "shutdown"])
        try:
            with Wire(self.run_.address) as wire:
                wire.socket.settimeout(PATIENCE)
                if leaves:
                    self.leave(wire, ask, leaves)
                elif tunnel:
                    self.connect(wire, ask)
                else:
                    self.request(wire, ask)
        except LOST:
            self.end(ask, "unreachable" if ask.outcome is None else ask.outcome)
        except Malformed as fault:
            self.end(ask, f"malformed: {fault}")
        time.sleep(r.choice([0, 0, 0.01, 0.05]))

    def head(self, ask, tunnel):
        where = f"{ask.host}:{ask.port}"
        first = f"CONNECT {where}" if tunnel else f"GET http://{where}/"
        lines = [f"{first} HTTP/1.1", f"Host: {where}"]
        if ask.session:
            word = base64.b64encode(f"{ask.session}:".encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {word}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def end(self, ask, outcome):
        if ask.replied is None:
            ask.outcome, ask.replied = outcome, time.time()
            self.model.asks.append(ask)

    def leave(self, wire, ask, how):
        wire.send(self.head(ask, ask.port == self.run_.tls_port))
        time.sleep(self.random.random() * 0.2)
        getattr(wire, how)()
        with suppress(OSError):
            if how == "shutdown":
                wire.rest()
        self.end(ask, "left")

    def reply(self, wire, ask, method):
        """The status, and the ask with its end."""
        try:
            reply = wire.reply(method)
        except (*LOST, Malformed):
            reply = None
        if reply is None:
            self.end(ask, "cut")
            return 0
        if reply.status == 200:
            self.end(ask, "allowed")
            return 200
        value = reply.json()
        ask.question = value["approval"] and value["approval"]["id"]
        if ask.question:
            self.model.seen.add(ask.question)
        self.end(ask, value["reason"])
        return reply.status

    def connect(self, wire, ask):
        wire.send(self.head(ask, True))
        if self.reply(wire, ask, b"CONNECT") != 200:
            return
        until = time.time() + self.random.choice([0, 0, 0.3, 1, 2.5])
        with suppress(*LOST):
            wire.send(hello(ask.host))
            data = wire.reader.buffer or wire.recv(65536)
            while data and time.time() < until:
                wire.socket.settimeout(max(until - time.time(), 0.01))
                data = wire.recv(65536)
            ask.closed_by_proxy = not data
        ask.closed = time.time()

    def request(self, wire, ask):
        """A few requests, each judged anew."""
        while True:
            wire.send(self.head(ask, False))
            if self.reply(wire, ask, b"GET") != 200 or self.random.random() < 0.5:
                return
            ask = Ask(self.random.choice(HOSTS), ask.port, ask.session, time.time(), kept=True)


class Bystander(Client):
    """Waits for what nobody decides about, to the end of its time."""

    def act(self):
        port = self.random.choice([self.run_.tls_port, self.run_.http_port])
        ask = Ask(self.random.choice(FORGOTTEN), port, None, time.time())
        try:
            with Wire(self.run_.address) as wire:
                wire.send(self.head(ask, port == self.run_.tls_port))
                self.reply(wire, ask, b"GET")
        except LOST:
            self.end(ask, "unreachable")
            time.sleep(0.05)


class Decider(Actor):
    """Decides about what waits, ahead of time, and takes decisions back."""

    def act(self):
        r = self.random
        try:
            r.choices([self.answer, self.revoke, self.ahead, self.look], [10, 5, 1, 1])[0]()
        except LOST:
            time.sleep(0.05)  # the proxy was killed: what was asked of it may have happened
        time.sleep(r.random() * 0.06)

    def call(self, method, path, what, body=None):
        """(begin, answer); when none comes, the model knows what may have happened."""
        begin = time.time()
        try:
            return begin, self.run_.control.call(method, path, body)
        except LOST:
            with self.model.lock:
                self.model.lost.append((begin, what))
                rule = self.model.grants.get(what)
                if rule:
                    rule.doubt = min(rule.doubt, begin)
            raise

    def answer(self):
        r = self.random
        waiting = [q for q in self.run_.control.approvals() if q["host"] in HOSTS]
        if not waiting:
            return
        question = r.choice(waiting)
        self.model.seen.add(question["id"])
        verb = r.choices(["approve", "deny"], [3, 2])[0]
        body = self.body(question, verb)
        path = f"/v1/approvals/{question['id']}/{verb}"
        begin, answer = self.call("POST", path, question["id"], body)
        if answer.status == 200:
            self.model.answered(verb, question["id"], answer.json(), begin, time.time())
        else:
            self.check_refusal(question, answer.json())

    def body(self, question, verb):
        r = self.random
        scope = r.choice(["once", "once", "session", "ttl", "ttl", "always"])
        body = {"scope": scope, "note": f"{r.random():.6f}"}
        if scope == "ttl" or (verb == "deny" and scope == "once"):
            body.update(scope="ttl", ttl=r.choice([1, 1, 2]))
        if scope in ("ttl", "always"):
            if r.random() < 0.3:
                body["pattern"] = r.choice([p for p in question["wider"] if p in PATTERNS])
            if r.random() < 0.3:
                body["identity"] = "*"
        return body

    def check_refusal(self, question, problem):
        """Somebody else was first, or rules or another decision stand against it."""
        good = problem["code"] in ("already_decided", "refused_by_policy")
        gone = problem["code"] == "gone" and question
        self.model.check(good or gone, f"{problem} to {question} at {time.time()}")

    def revoke(self):
        grants = self.run_.control.grants()
        if not grants:
            return
        grant = self.random.choice(grants)
        begin, answer = self.call("DELETE", f"/v1/grants/{grant['id']}", grant["id"])
        if answer.status == 200:
            self.model.revoked(grant["id"], begin, time.time())
        else:
            self.model.check(answer.status == 404, f"{answer} to {grant}")

    def ahead(self):
        """For everybody; or for somebody else, which lets nobody in here."""
        r = self.random
        pattern = r.choice(HOSTS + PATTERNS)
        body = {"decision": r.choice(["allow", "deny"]), "pattern": f"{pattern}:*", "scope": "ttl",
                "ttl": 1, "identity": r.choice(["*", "192.0.2.1"])}  # fmt: skip
        begin, answer = self.call("POST", "/v1/grants", pattern, body)
        if answer.status == 201:
            self.model.granted(answer.json(), begin, time.time())
        else:
            self.check_refusal(None, answer.json())

    def look(self):
        begin = time.time()
        shown = self.run_.control.grants()
        self.model.see_grants(shown, begin, time.time())


class Operator(Actor):
    """Reloads, and kills. The only one who does either, so the two never meet."""

    def act(self):
        time.sleep(self.random.random() * 0.8)
        if self.random.random() < 0.1:
            self.kill()
        else:
            self.reload()

    def reload(self):
        r = self.random
        allow = [f"{p}:*" for p in r.sample(HOSTS, r.choice([0, 1, 2]))]
        deny = r.sample(HOSTS + PATTERNS[:3], r.choice([0, 1, 2]))
        begin = time.time()
        self.run_.write(allow, deny, r)
        answer = self.run_.control.call("POST", "/v1/reload", {})
        self.model.check(answer.status == 200, f"reload: {answer}")
        self.model.listed(allow, deny, begin, time.time())

    def kill(self):
        run, begin = self.run_, time.time()
        run.gate.proxy.kill()
        run.gate.proxy.port = None
        run.gate.proxy.start()
        run.address = run.gate.address
        self.model.killed(begin, time.time())
        with self.model.lock:
            lost = {what for _, what in self.model.lost}
        shown = run.control.grants()
        self.model.adopt(shown, run.questions(lost), time.time())
        begin = time.time()
        self.model.see_grants(run.control.grants(), begin, time.time())
