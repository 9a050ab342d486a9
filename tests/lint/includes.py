#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""includes.py [ROOT]: includes point down only, and each library stays in its rooms.

The tables are the ones of README.md, "Rooms". A project header is named from the root
("base/slice.h"), so that the room it is in can be read off every include.
"""
import collections
import re
import sys

import tree

# Which rooms a room may include beside itself.
MAY_INCLUDE = {
    "base": (),
    "policy": ("base",),
    "certs": ("base",),
    "tls": ("base", "certs"),
    "telemetry": ("base",),
    "control": ("base", "policy", "telemetry"),
    "proxy": ("base", "policy", "certs", "tls", "telemetry", "control"),
}

# Who may include a system header that begins so: a room, or one file of it by name. The first row
# that fits counts; a header without a row is free.
LIBRARIES = (
    ("uv.h", ("base/mailbox.h", "proxy", "control")),
    ("ares", ("proxy",)),
    ("llhttp", ("proxy", "control")),
    ("openssl/", ("certs", "tls", "control/seal", "policy/fingerprint")),
    ("protobuf-c/", ("telemetry",)),
    ("curl/", ("telemetry", "control")),
    ("zlib.h", ("telemetry", "proxy/squeeze")),
    ("sqlite3.h", ("policy", "telemetry")),
    ("jansson.h", ("control", "policy/json")),
    ("idn2.h", ("policy",)),
    ("uninorm.h", ("policy/normal",)),
    ("unictype.h", ("policy/normal",)),
    ("libpsl.h", ("policy",)),
    ("toml++/", ("policy",)),
    # Sockets: bytes in, values out for policy, tls and certs. The kernel's address types are known
    # to base/address.h alone; policy asks for this machine's own addresses.
    ("ifaddrs.h", ("policy", "proxy", "control")),
    ("sys/socket.h", ("base/address", "proxy", "control")),
    ("sys/epoll.h", ("proxy",)),
    ("sys/un.h", ("proxy", "control")),
    ("netinet/", ("base/address", "proxy", "control")),
    ("arpa/", ("base/address", "proxy", "control")),
    ("netdb.h", ("proxy", "control")),
    ("net/", ("proxy", "control")),
    ("poll.h", ("proxy", "telemetry", "control")),
)

# A library that one file of a room keeps to itself.
ONE_FILE = ("sqlite3.h", "toml++/", "protobuf-c/", "curl/", "zlib.h", "idn2.h", "libpsl.h")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(root):
    """(path, line, "<" or quote, header) of every include in the rooms."""
    for path in tree.files(root, (".c", ".h", ".cc", ".cpp", ".hpp", ".def"), tree.ROOMS):
        for number, line in tree.lines(root, path):
            found = INCLUDE.match(line)
            if found:
                yield path, number, found[1], found[2]


def check(root):
    keepers = collections.defaultdict(set)
    for path, number, bracket, header in includes(root):
        room = path.split("/")[0]
        where = f"{path}:{number}: includes {header}: "
        if bracket == '"':
            yield from own(where, room, header)
            continue
        for prefix, allowed in LIBRARIES:
            if header.startswith(prefix):
                if not any(path.startswith(a) for a in allowed):
                    yield where + f"only for {', '.join(allowed)}"
                break
        for prefix in ONE_FILE:
            if header.startswith(prefix):
                keepers[room, prefix].add(path)
    for (room, header), paths in keepers.items():
        if len({path.rsplit(".", 1)[0] for path in paths}) > 1:
            yield f"{sorted(paths)[1]}:1: {header} is in {', '.join(sorted(paths))}: one file of {room}/"


def own(where, room, header):
    """A header in quotes: ours, or generated (it has no folder then)."""
    other = header.split("/")[0]
    if "/" not in header:
        if not header.endswith(".pb-c.h"):
            yield where + 'write the path from the root ("room/noun.h")'
    elif other not in MAY_INCLUDE:
        yield where + "not in a room"
    elif other != room and other not in MAY_INCLUDE[room]:
        yield where + f"{room}/ may include {', '.join(MAY_INCLUDE[room]) or 'no other room'}"


if __name__ == "__main__":
    sys.exit(tree.main(check))
