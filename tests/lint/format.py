#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""format.py [ROOT]: every C and C++ file is as clang-format with .clang-format writes it."""
import re
import subprocess
import sys

import tree

FAULT = re.compile(r"^(.+?):(\d+):\d+: error: ", re.MULTILINE)


def check(root):
    paths = tree.files(root, (".c", ".h", ".cc"))
    if not paths:
        return
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=root,
                         capture_output=True, text=True)
    first = {}
    for path, line in FAULT.findall(run.stderr):
        first.setdefault(path, line)
    for path, line in first.items():
        yield f"{path}:{line}: not formatted: clang-format -i {path}"
    if run.returncode != 0 and not first:
        yield f"clang-format: {run.stderr.strip()}"


if __name__ == "__main__":
    sys.exit(tree.main(check))
