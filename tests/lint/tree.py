# SPDX-License-Identifier: Apache-2.0
"""The files of a source tree, and how a lint script reports: shared by the scripts beside it.

A script has `check(root)`, which yields one "file:line: what is wrong" per offender, and ends with
`tree.main(check)`. Files are found by walking, so that a new file is checked before its commit.
"""
import os
import sys

ROOMS = ("base", "policy", "certs", "tls", "telemetry", "proxy", "control")
GENERATED = ("build", ".git", "__pycache__", ".pytest_cache", "node_modules", "subprojects")


def files(root, suffixes=None, below=None):
    """Paths relative to root, sorted; of these suffixes and below these folders only."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in GENERATED and not f.startswith("build-")]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            if name in GENERATED:  # .git is a file in a worktree
                continue
            if suffixes and not name.endswith(suffixes):
                continue
            if below and path.split(os.sep)[0] not in below:
                continue
            found.append(path)
    return sorted(found)


def text(root, path):
    """The file's text, or None for one that is not text."""
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def lines(root, path):
    """(number, line) from 1; nothing of a file that is not text."""
    return enumerate((text(root, path) or "").splitlines(), 1)


def main(check):
    root = sys.argv[1] if len(sys.argv) > 1 else os.getcwd()
    offenders = list(check(root))
    for offender in offenders:
        print(offender)
    return 1 if offenders else 0
