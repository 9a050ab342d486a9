# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 messages as a strict peer reads them: what arrived, byte for byte, and what it means.

Strict on purpose: anything RFC 9112 does not allow raises, so a sloppy proxy fails its tests.
"""

import json
import re
from dataclasses import dataclass, field

CLOSED = "closed"
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")


class Malformed(Exception):
    """The bytes are not a message."""


@dataclass
class Message:
    start: bytes
    fields: list
    body: bytes = b""
    trailers: list = field(default_factory=list)
    raw: bytes = b""  # the head, as it arrived

    @property
    def status(self):
        return int(self.start.split(b" ")[1])

    @property
    def method(self):
        return self.start.split(b" ")[0]

    @property
    def target(self):
        return self.start.split(b" ")[1]

    def values(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower().encode()]

    def value(self, name):
        """The one value of a field; None without it; two are an error of the sender."""
        values = self.values(name)
        if len(values) > 1:
            raise Malformed(f"{name} appears {len(values)} times")
        return values[0].decode("latin-1") if values else None

    def json(self):
        return json.loads(self.body)


class Reader:
    """Bytes of a connection, taken in the portions that HTTP needs. `recv` returns b"" at the end."""

    def __init__(self, recv):
        self.recv = recv
        self.buffer = b""

    def more(self):
        data = self.recv(65536)
        self.buffer += data
        return bool(data)

    def until(self, mark):
        """Everything up to and including `mark`; None when the peer closed first."""
        while mark not in self.buffer:
            if not self.more():
                return None
        at = self.buffer.index(mark) + len(mark)
        taken, self.buffer = self.buffer[:at], self.buffer[at:]
        return taken

    def exactly(self, count):
        parts = [self.buffer[:count]]
        self.buffer = self.buffer[count:]
        have = len(parts[0])
        while have < count:
            data = self.recv(min(count - have, 1 << 20))
            if not data:
                raise Malformed(f"closed after {have} of {count} bytes")
            parts.append(data)
            have += len(data)
        return b"".join(parts)

    def rest(self):
        while self.more():
            pass
        taken, self.buffer = self.buffer, b""
        return taken

    def head(self):
        """A start line and fields, without content; None when the peer closed before any byte."""
        raw = self.until(b"\r\n\r\n")
        if raw is None:
            if self.buffer:
                raise Malformed(f"closed within a head: {self.buffer!r}")
            return None
        lines = raw[:-4].split(b"\r\n")
        return Message(lines[0], [split_field(line) for line in lines[1:]], raw=raw)

    def request(self):
        """A whole request; None when the peer closed before one began."""
        message = self.head()
        if message is not None:
            self.content(message, close_ends=False)
        return message

    def reply(self, method=b"GET"):
        """A whole response to `method`."""
        message = self.head()
        if message is None:
            raise Malformed("closed without a reply")
        if not message.start.startswith(b"HTTP/1."):
            raise Malformed(f"not a status line: {message.start!r}")
        empty = method == b"HEAD" or message.status in (204, 304) or message.status < 200
        if not empty and not (method == b"CONNECT" and message.status == 200):
            self.content(message, close_ends=True)
        return message

    def content(self, message, close_ends):
        coding = message.value("Transfer-Encoding")
        length = message.value("Content-Length")
        if coding is not None and length is not None:
            raise Malformed("Transfer-Encoding and Content-Length")
        if coding is not None:
            if coding != "chunked":
                raise Malformed(f"Transfer-Encoding: {coding}")
            message.body, message.trailers = self.chunks()
        elif length is not None:
            message.body = self.exactly(int(length))
        elif close_ends:
            message.body = self.rest()

    def chunks(self):
        parts = []
        while True:
            line = self.until(b"\r\n")
            if line is None:
                raise Malformed("closed within chunked content")
            size = int(line[:-2].split(b";")[0], 16)
            if size == 0:
                break
            parts.append(self.exactly(size))
            if self.exactly(2) != b"\r\n":
                raise Malformed("chunk does not end with CRLF")
        trailers = []
        while (line := self.until(b"\r\n")) != b"\r\n":
            if line is None:
                raise Malformed("closed within trailers")
            trailers.append(split_field(line[:-2]))
        return b"".join(parts), trailers


def split_field(line):
    match = FIELD.fullmatch(line)
    if not match:
        raise Malformed(f"not a field: {line!r}")
    return match.group(1), match.group(2)
