#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""headers.py BUILD: each header compiles alone, with the options of its room's files."""
import re
import sys

import compiled
import tree

ERROR = re.compile(r"^(\S+?:\d+):\d+: (?:fatal )?error: (.*)$", re.MULTILINE)


def jobs(build):
    options = {}
    for path, arguments in compiled.commands(build).items():
        if path.endswith(".c"):
            options.setdefault(path.split("/")[0], arguments)
    for path in tree.files(".", (".h",), tree.ROOMS + ("tests", "bench")):
        room = path.split("/")[0]
        if room in options:
            yield (path, [*options[room], "-Wno-unused-function", "-Wno-pedantic",
                          "-fdiagnostics-color=never", "-fsyntax-only", "-x", "c",
                          "-include", "../" + path, "/dev/null"], build)


def check(build):
    for path, status, output in compiled.run_all(jobs(build)):
        if status == 0:
            continue
        found = ERROR.search(output)
        where, what = found.groups() if found else (f"{path}:1", output.strip()[-300:])
        yield f"{path}:1: does not compile alone: {where}: {what}"


if __name__ == "__main__":
    sys.exit(tree.main(check))
