# SPDX-License-Identifier: Apache-2.0
"""What a process has in memory, as a core of it would: without what it keeps out of cores."""

import re

MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ (\S+) \d+ *(.*)$")
MOST = 1 << 32  # a sanitizer's shadow is larger than any core


def mappings(pid):
    """(first, last, whether a core has it) of each readable private mapping."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as lines:
        for line in lines:
            head = MAPPING.match(line)
            if head:
                here = (int(head[1], 16), int(head[2], 16), head[3], head[5])
            elif line.startswith("VmFlags:") and here[2].startswith("r") and here[3] != "[vvar]":
                found.append((here[0], here[1], "dd" not in line.split()))
    return found


def measurable(pid):
    return all(last - first < MOST for first, last, _ in mappings(pid))


def dense(data, size=65536):
    """Without its long stretches of nothing."""
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(piece for piece in pieces if piece.count(0) < len(piece))


def read(pid, dumped=True):
    """The bytes of all that a core has (or of all that it has not), dense."""
    parts = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for first, last, in_core in mappings(pid):
            if in_core != dumped:
                continue
            try:
                memory.seek(first)
                parts.append(dense(memory.read(last - first)))
            except (OSError, ValueError):
                pass  # gone meanwhile, or the kernel's own
    return b"\0".join(parts)
