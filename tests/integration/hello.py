# SPDX-License-Identifier: Apache-2.0
"""ClientHello messages built by hand, well-formed or not, and cut into records at will.
Source: RFC 8446 §4.1.2 and §5.1, RFC 6066 §3, RFC 8701 (GREASE)."""

import ssl
import struct

SERVER_NAME, SUPPORTED_VERSIONS, ALPN, PADDING, ECH = 0, 43, 16, 21, 0xFE0D


def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def name_entry(name, kind=0):
    return bytes([kind]) + struct.pack("!H", len(name)) + name


def name_list(*entries):
    body = b"".join(entries)
    return struct.pack("!H", len(body)) + body


def server_name(name):
    """The server_name extension for one host name."""
    if isinstance(name, str):
        name = name.encode()
    return extension(SERVER_NAME, name_list(name_entry(name)))


def versions():
    return extension(SUPPORTED_VERSIONS, b"\x04\x03\x04\x03\x03")


def ech(body=b"\x00" + b"\x00\x01\x00\x01" + b"\x07" + b"\x00\x20" + b"e" * 32 + b"\x00\x10" + b"p" * 16):
    """An outer encrypted_client_hello; the default is what a GREASE one looks like."""
    return extension(ECH, body)


def handshake(*extensions, length=None):
    """A ClientHello handshake message. `length` overrides the declared one."""
    block = b"".join(extensions)
    body = (
        b"\x03\x03"
        + bytes(range(32))  # random
        + b"\x20"
        + bytes(range(32))  # legacy_session_id
        + struct.pack("!H", 6)
        + b"\x13\x01\x13\x02\xc0\x2b"
        + b"\x01\x00"
        + struct.pack("!H", len(block))
        + block
    )
    declared = len(body) if length is None else length
    return b"\x01" + struct.pack("!I", declared)[1:] + body


def record(fragment, kind=22):
    return bytes([kind]) + b"\x03\x01" + struct.pack("!H", len(fragment)) + fragment


def records(message, size=16384):
    """The message cut into records of `size` bytes, as RFC 8446 §5.1 lets a client do."""
    return b"".join(record(message[at : at + size]) for at in range(0, len(message), size))


def hello(name=None, *more, size=16384):
    """A well-formed ClientHello for `name` (None: without SNI) in records of `size` bytes."""
    first = [server_name(name)] if name is not None else []
    return records(handshake(*first, versions(), *more), size)


def padded(name, total):
    """A well-formed hello whose handshake message has `total` bytes."""
    bare = len(handshake(server_name(name), versions(), extension(PADDING, b"")))
    return handshake(server_name(name), versions(), extension(PADDING, bytes(total - bare)))


def real(name):
    """What Debian's OpenSSL says first, for `name`."""
    context = ssl.create_default_context()
    sent = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return sent.read()
