#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tidy.py BUILD: clang-tidy with .clang-tidy finds nothing in any file that BUILD compiles.

What was clean is not asked again while neither it nor a header it includes has changed; BUILD/tidy
keeps one stamp per file, named by a digest of all of them.
"""
import hashlib
import os
import re
import sys

import compiled
import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
COMPLAINT = re.compile(r"^\S+:\d+:\d+: (?:error|warning): .*$", re.MULTILINE)
ERROR = re.compile(r"error: .*")
# The analyzer follows this many steps of a function, a fifth of its default: it finds the same here
# and takes a quarter of the time, so that a clean run of everything stays within two minutes.
QUICK = ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=40000")
# Options of the build's compiler that clang does not know are no fault of the file.
LENIENT = ("-Wno-unknown-warning-option", "-Wno-ignored-optimization-argument")
SETTINGS = (".clang-tidy", "tests/.clang-tidy", "bench/.clang-tidy")


def command(path, arguments):
    # The one C++ file is mostly a template library, which is not ours to analyse.
    checks = ["--checks=-clang-analyzer-*"] if path.endswith(".cc") else []
    source = os.path.join("..", path)
    return ["clang-tidy", "-quiet", *checks, source, "--", *arguments[1:], *LENIENT, *QUICK]


def closure(path, seen):
    """The project files that path includes, itself among them."""
    if path in seen or not os.path.exists(path):
        return seen
    seen.add(path)
    for header in INCLUDE.findall(tree.text(".", path) or ""):
        closure(header, seen)
    return seen


def digest(path, argv):
    sum_ = hashlib.sha256(" ".join(argv).encode())
    for name in [*SETTINGS, *sorted(closure(path, set()))]:
        with open(name, "rb") as file:
            sum_.update(file.read())
    return sum_.hexdigest()


def check(build):
    stamps = os.path.join(build, "tidy")
    os.makedirs(stamps, exist_ok=True)
    jobs, stamp = [], {}
    for path, arguments in sorted(compiled.commands(build).items()):
        argv = command(path, arguments)
        stamp[path] = os.path.join(stamps, path.replace("/", "_") + "-" + digest(path, argv))
        if not os.path.exists(stamp[path]):
            jobs.append((path, argv, build))
    for path, status, output in compiled.run_all(jobs):
        complaints = COMPLAINT.findall(output)
        yield from (os.path.relpath(os.path.join(build, complaint)) for complaint in complaints)
        if status == 0 and not complaints:
            clean(stamps, path, stamp[path])
        elif not complaints:
            why = ERROR.search(output)
            yield f"{path}:1: clang-tidy failed: {why[0] if why else output.strip()[-300:]}"


def clean(stamps, path, stamp):
    """Remembers that path is clean; its older stamps go."""
    prefix = path.replace("/", "_") + "-"
    for name in os.listdir(stamps):
        if name.startswith(prefix) and len(name) == len(prefix) + 64:
            os.remove(os.path.join(stamps, name))
    open(stamp, "w").close()


if __name__ == "__main__":
    sys.exit(tree.main(check))
