#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""embed.py OUTPUT NAME=PATH…: files as C arrays, so that the program serves them from itself.

NAME is the path of the URL, PATH the file. Writes the table of control/embedded.h, sorted by name;
the same files give the same output, wherever they lie.
"""
import os
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
COLUMNS = 24


def quoted(text):
    assert all(32 <= ord(c) < 127 and c not in '"\\' for c in text), text
    return f'"{text}"'


def array(number, content):
    yield f"static const unsigned char file_{number}[] = {{"
    for start in range(0, len(content), COLUMNS):
        yield "\t" + "".join(f"{byte}," for byte in content[start:start + COLUMNS])
    # So that an empty file has an element too.
    yield "\t0};"


def row(number, name, path):
    kind = TYPES[os.path.splitext(path)[1]]
    return (f"\t{{{quoted(name)}, {quoted(kind)},\n"
            f"\t\t{{(const char *)file_{number}, sizeof(file_{number}) - 1}}}},")


def main(output, *pairs):
    files = sorted(tuple(pair.split("=", 1)) for pair in pairs)
    lines = ["/* Made by control/embed.py. */", '#include "control/embedded.h"', ""]
    for number, (_, path) in enumerate(files):
        with open(path, "rb") as file:
            lines += array(number, file.read())
    lines.append("const struct embedded embedded_files[] = {")
    lines += [row(number, name, path) for number, (name, path) in enumerate(files)]
    lines += ["\t{0},", "};", ""]
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
