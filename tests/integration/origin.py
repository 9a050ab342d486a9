# SPDX-License-Identifier: Apache-2.0
"""A scripted origin: what it does with a connection is one function, and it keeps every byte."""

import socket
import ssl
import struct
import threading

from message import Malformed, Reader

WAIT = 10


class Peer:
    """One connection that the origin accepted."""

    def __init__(self, connection):
        self.socket = connection
        self.received = bytearray()  # what arrived, inside TLS where there is TLS
        self.requests = []
        self.ended = None  # "eof" or "reset", once the other side has ended
        self.closed = threading.Event()  # the script is done with it
        self.reader = Reader(self.recv)

    def recv(self, size):
        try:
            data = self.socket.recv(size)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            self.ended = "reset"
            return b""
        if not data:
            self.ended = "eof"
        self.received += data
        return data

    def request(self):
        message = self.reader.request()
        if message is not None:
            self.requests.append(message)
        return message

    def send(self, data):
        self.socket.sendall(data)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Origin:
    """Listens on a kernel-chosen loopback port while the `with` block runs.

    script   called with each Peer on a thread of its own; the connection closes when it returns
    context  TLS server context, or None for plain TCP
    """

    def __init__(self, script, context=None, host="127.0.0.1", port=0):
        self.script = script
        self.context = context
        self.peers = []
        self.faults = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=256)
        self.port = self.listener.getsockname()[1]
        self._arrived = threading.Condition()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def received(self):
        """Everything that any connection brought."""
        return b"".join(bytes(peer.received) for peer in self.peers)

    @property
    def requests(self):
        return [request for peer in self.peers for request in peer.requests]

    def wait_for_peers(self, count=1, seconds=5):
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.peers) >= count, seconds):
                raise TimeoutError(f"{len(self.peers)} connections, not {count}")
        return self.peers

    def settled(self, seconds=5):
        """There was a connection, and every one has ended; the peers."""
        for peer in list(self.wait_for_peers(1, seconds)):
            if not peer.closed.wait(seconds):
                raise TimeoutError("a connection to the origin is still open")
        return self.peers

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(5)
        for peer in self.peers:
            if not peer.closed.is_set():
                try:
                    peer.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        if kind is None and self.faults:
            raise self.faults[0]

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(WAIT)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(connection)
            with self._arrived:
                self.peers.append(peer)
                self._arrived.notify_all()
            threading.Thread(target=self._run, args=(peer,), daemon=True).start()

    def _run(self, peer):
        try:
            if self.context:
                peer.socket = self.context.wrap_socket(peer.socket, server_side=True)
            self.script(peer)
        except (OSError, Malformed):
            peer.ended = peer.ended or "reset"
        except Exception as fault:  # pylint: disable=broad-except  (reported by __exit__)
            self.faults.append(fault)
        finally:
            peer.socket.close()
            peer.closed.set()


def recording(peer):
    """Reads until the other side ends, says nothing."""
    while peer.recv(65536):
        pass


def echoing(peer):
    """Sends back what arrives; its own end follows the other's."""
    while data := peer.recv(65536):
        peer.send(data)


def answering(*responses):
    """Answers requests on a kept connection, in turn; the last response repeats."""

    def script(peer):
        turn = 0
        while (request := peer.request()) is not None:
            response = responses[min(turn, len(responses) - 1)]
            peer.send(response(request) if callable(response) else response)
            turn += 1

    return script


def ok(body=b"ok", *fields):
    """A 200 with Content-Length."""
    lines = b"".join(field + b"\r\n" for field in fields)
    length = str(len(body)).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n" + lines + b"\r\n" + body


def once(response):
    """Reads one request, sends `response`, closes."""

    def script(peer):
        peer.request()
        peer.send(response)

    return script


def closed_port():
    """A port that nobody listens on: bound and held, so that the kernel refuses connections."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder
