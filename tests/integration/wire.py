# SPDX-License-Identifier: Apache-2.0
"""A client that sends exactly the bytes it is told and says exactly what came back."""

import socket
import ssl
import struct

from message import Reader

WAIT = 10  # seconds; far beyond every deadline in the test configurations


class Wire:
    def __init__(self, address, receive_bytes=None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.socket.settimeout(WAIT)
        if receive_bytes:  # counts only when set before the connection is made
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name = self.socket.getsockname()
        self.reader = Reader(self.recv)
        self.reset = False  # the peer ended with a reset

    def recv(self, size):
        try:
            return self.socket.recv(size)
        except (ConnectionResetError, BrokenPipeError):
            self.reset = True
            return b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def try_send(self, data):
        """Like send, for a peer that may refuse before it has read everything."""
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return self

    def send_apart(self, data, step=1):
        """In segments of `step` bytes, each its own write (TCP_NODELAY)."""
        for at in range(0, len(data), step):
            self.try_send(data[at : at + step])
        return self

    def reply(self, method=b"GET"):
        return self.reader.reply(method)

    def rest(self):
        """What comes until the peer closes; TimeoutError when it does not."""
        return self.reader.rest()

    def connect(self, authority, early=b""):
        """CONNECT; the reply. The tunnel is open when its status is 200."""
        if isinstance(authority, str):
            authority = authority.encode()
        head = b"CONNECT " + authority + b" HTTP/1.1\r\nHost: " + authority + b"\r\n\r\n"
        self.send(head + early)
        return self.reply(b"CONNECT")

    def handshake(self, name, context):
        """TLS inside the tunnel, as a real client does it."""
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        return self

    def shutdown(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def abort(self):
        """Close with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(address, data, method=b"GET"):
    """One exchange on a connection of its own; the reply, and what followed until the close."""
    with Wire(address) as wire:
        wire.try_send(data)
        return wire.reply(method), wire.rest()


def trusting(certificate, **settings):
    """A TLS client context that trusts one CA file."""
    context = ssl.create_default_context(cafile=certificate)
    for key, value in settings.items():
        setattr(context, key, value)
    return context
