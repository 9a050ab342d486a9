# SPDX-License-Identifier: Apache-2.0
"""A name server on loopback that can rebind, lie, truncate, fail and keep silent; it remembers
every question. Source: RFC 1035 §4."""

import ipaddress
import select
import socket
import struct
import threading
from dataclasses import dataclass, field

A, CNAME, SOA, AAAA = 1, 5, 6, 28
TYPES = {A: "A", AAAA: "AAAA"}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


@dataclass
class Answer:
    a: list = field(default_factory=list)
    aaaa: list = field(default_factory=list)
    cname: list = field(default_factory=list)  # the chain, in order; addresses belong to its end
    ttl: int = 60
    rcode: int = NOERROR
    silent: bool = False
    truncate: bool = False  # over UDP only: the TC bit and no records
    garbage: bool = False  # a reply that is not a message


@dataclass(frozen=True)
class Query:
    name: str
    type: str
    transport: str


class DnsStub:
    """Answers from `zone`: name -> Answer, or a list of them, one for each question of a type (the
    last one repeats). A key "*.x" answers every name below x. Anything else does not exist."""

    def __init__(self, zone=None):
        self.zone = dict(zone or {})
        self.queries = []
        self.gate = threading.Event()  # while clear, answers wait
        self.gate.set()
        self._turn = {}
        self._arrived = threading.Condition()
        self._udp, self._tcp = self._listen()
        self.port = self._udp.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._stop_read, self._stop_write = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @staticmethod
    def _listen():
        for _ in range(50):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind(("127.0.0.1", 0))
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind(udp.getsockname())
            except OSError:  # the TCP port of the same number is somebody else's
                udp.close()
                tcp.close()
                continue
            tcp.listen(64)
            return udp, tcp
        raise RuntimeError("no port is free for both UDP and TCP")

    def names(self):
        """The names asked for so far."""
        return [query.name for query in self.queries]

    def asked(self, name):
        return [query for query in self.queries if query.name == name]

    def wait_for(self, name, count=1, seconds=5):
        """Until `name` was asked for `count` times."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.asked(name)) >= count, seconds):
                raise TimeoutError(f"{name} asked {len(self.asked(name))} times, not {count}")

    def close(self):
        self.gate.set()
        self._stop_write.send(b"x")
        self._thread.join(5)
        for s in (self._udp, self._tcp, self._stop_read, self._stop_write):
            s.close()

    def _serve(self):
        while True:
            ready, _, _ = select.select([self._udp, self._tcp, self._stop_read], [], [])
            if self._stop_read in ready:
                return
            if self._udp in ready:
                data, peer = self._udp.recvfrom(4096)
                self._later(data, "udp", lambda reply, peer=peer: self._send_udp(reply, peer))
            if self._tcp in ready:
                connection, _ = self._tcp.accept()
                threading.Thread(target=self._serve_tcp, args=(connection,), daemon=True).start()

    def _later(self, data, transport, send):
        reply = self._reply(data, transport)
        if reply is None:
            return
        if self.gate.is_set():
            send(reply)
        else:
            waiter = threading.Thread(
                target=lambda: (self.gate.wait(30), send(reply)), daemon=True
            )
            waiter.start()

    def _send_udp(self, reply, peer):
        try:
            self._udp.sendto(reply, peer)
        except OSError:
            pass  # the stub was closed, or the asker went away

    def _serve_tcp(self, connection):
        connection.settimeout(10)
        with connection:
            try:
                while size := connection.recv(2, socket.MSG_WAITALL):
                    data = connection.recv(struct.unpack("!H", size)[0], socket.MSG_WAITALL)
                    reply = self._reply(data, "tcp")
                    if reply is not None:
                        self.gate.wait(30)
                        connection.sendall(struct.pack("!H", len(reply)) + reply)
            except OSError:
                pass

    def _find(self, name, kind):
        found = self.zone.get(name)
        labels = name.split(".")
        for at in range(1, len(labels)):
            found = found or self.zone.get("*." + ".".join(labels[at:]))
        if isinstance(found, list):
            turn = self._turn.get((name, kind), 0)
            self._turn[(name, kind)] = turn + 1
            found = found[min(turn, len(found) - 1)]
        return found or Answer(rcode=NXDOMAIN)

    def _reply(self, data, transport):
        name, at = read_name(data, 12)
        kind = struct.unpack("!H", data[at : at + 2])[0]
        name = name.lower()
        answer = self._find(name, kind)
        with self._arrived:
            self.queries.append(Query(name, TYPES.get(kind, str(kind)), transport))
            self._arrived.notify_all()
        if answer.silent:
            return None
        if answer.garbage:
            return data[:2] + b"\xff" * 7
        truncated = answer.truncate and transport == "udp"
        records = [] if truncated or answer.rcode != NOERROR else build(name, kind, answer)
        flags = 0x8180 | (0x0200 if truncated else 0) | answer.rcode
        authority = [] if records or truncated else [start_of_authority(answer.ttl)]
        head = data[:2] + struct.pack("!HHHHH", flags, 1, len(records), len(authority), 0)
        return head + data[12 : at + 4] + b"".join(records + authority)


def build(name, kind, answer):
    records = []
    for alias in answer.cname:
        records.append(record(name, CNAME, answer.ttl, write_name(alias)))
        name = alias
    for address in answer.a if kind == A else answer.aaaa if kind == AAAA else []:
        records.append(record(name, kind, answer.ttl, ipaddress.ip_address(address).packed))
    return records


def start_of_authority(ttl):
    numbers = struct.pack("!IIIII", 1, 3600, 600, 86400, ttl)
    return record("test", SOA, ttl, write_name("ns.test") + write_name("host.test") + numbers)


def record(name, kind, ttl, data):
    return write_name(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def write_name(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in labels) + b"\0"


def read_name(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode("latin-1"))
        at += 1 + data[at]
    return ".".join(labels), at + 1
