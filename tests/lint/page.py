#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""page.py [ROOT]: the page of the control endpoint: modules that parse, imports that are there, nothing
from elsewhere, no markup made of data, short functions.
"""
import os
import re
import subprocess
import sys

import tree

PAGE = "control/page"
MOST_COLUMNS, MOST_LINES = 120, 60
# Ways to make markup or code out of a string; the policy of control/page.c refuses them, too.
STRINGS = re.compile(r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function"
                     r"|createContextualFragment|setHTMLUnsafe|DOMParser|localStorage)\b")
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/)|[\"'(]//")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:")
IMPORT = re.compile(r'^import (?:[^"]*? from )?"([^"]+)";$', re.MULTILINE)
FUNCTION = re.compile(r"^(?:export )?(?:async )?function (\w+).*?^\}", re.DOTALL | re.MULTILINE)


def lines(root, path):
    for number, line in tree.lines(root, path):
        if ELSEWHERE.search(line):
            yield f"{path}:{number}: something from elsewhere"
        if path.endswith(".js") and STRINGS.search(line):
            yield f"{path}:{number}: makes markup, code or traces out of a string"
        if path.endswith(".html") and INLINE.search(line):
            yield f"{path}:{number}: inline script or style"
        if path.endswith(".js") and len(line.expandtabs(4)) > MOST_COLUMNS:
            yield f"{path}:{number}: longer than {MOST_COLUMNS} columns"


def module(root, path):
    source = tree.text(root, path)
    if "SPDX-License-Identifier: Apache-2.0" not in source[:200]:
        yield f"{path}:1: no SPDX line"
    for found in IMPORT.finditer(source):
        if not os.path.exists(os.path.join(root, PAGE, found[1])):
            yield f"{path}:1: imports {found[1]}, which is not there"
    for found in FUNCTION.finditer(source):
        if found[0].count("\n") >= MOST_LINES:
            yield f"{path}:1: {found[1]}() is longer than {MOST_LINES} lines"
    run = subprocess.run(["node", "--check", "--input-type=module"], input=source, text=True,
                         capture_output=True)
    if run.returncode != 0:
        yield f"{path}:1: {' '.join(run.stderr.split())[:300]}"


def check(root):
    paths = tree.files(os.path.join(root, PAGE)) if os.path.isdir(os.path.join(root, PAGE)) else []
    for name in paths:
        path = f"{PAGE}/{name}"
        yield from lines(root, path)
        if path.endswith(".js"):
            yield from module(root, path)


if __name__ == "__main__":
    sys.exit(tree.main(check))
