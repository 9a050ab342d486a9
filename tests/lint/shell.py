#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""shell.py [ROOT]: shellcheck finds nothing in any shell script."""
import subprocess
import sys

import tree

SHEBANGS = ("#!/bin/sh", "#!/usr/bin/env bash", "#!/bin/bash")


def check(root):
    scripts = [path for path in tree.files(root)
               if (tree.text(root, path) or "").startswith(SHEBANGS)]
    if not scripts:
        return
    run = subprocess.run(["shellcheck", "--format=gcc", *scripts], cwd=root, capture_output=True,
                         text=True)
    yield from run.stdout.splitlines()
    if run.returncode != 0 and not run.stdout:
        yield f"shellcheck: {run.stderr.strip()}"


if __name__ == "__main__":
    sys.exit(tree.main(check))
