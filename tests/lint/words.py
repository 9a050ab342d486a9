#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""words.py [ROOT]: nothing is left for later, no file knows a package registry or somebody's home,
links and file names in the documentation lead somewhere, README.md names every room, sources name
their licence.
"""
import os
import re
import sys

import tree

# In two halves, so that this file does not offend itself.
LATER = re.compile(r"\b(?:" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")) + r")\b")
HOSTS = (("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"), ("pypi", "org"),
         ("pythonhosted", "org"), ("crates", "io"), ("rubygems", "org"), ("golang", "org"),
         ("debian", "org"), ("nodesource", "com"))
# A registry is such a host or one below it that serves packages; a project's own pages are not.
REGISTRY = re.compile(r"\b(?:(?:registry|deb|packages|files|static|index|proxy|sum|test)\.)?(?:" +
                      "|".join(re.escape(".".join(h)) for h in HOSTS) + r")\b", re.IGNORECASE)
HOME = re.compile(r"(?<![\w.~-])/(?:root|home|work|Users)/[\w.-]+")
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*?)\s*$", re.MULTILINE)
# A file of this tree, named in prose.
PATH = re.compile(r"`((?:" + "|".join(tree.ROOMS + ("tests", "bench", "docs", "packaging")) +
                  r")/[\w./-]*)`")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)

EXEMPT = ("LICENSE",)
SOURCES = (".c", ".h", ".cc", ".def", ".py", ".sh", ".build", ".proto")


def words(root):
    for path in tree.files(root):
        if path in EXEMPT or path.startswith("tests/fuzz/corpus/"):
            continue
        for number, line in tree.lines(root, path):
            for pattern, what in ((LATER, "nothing is left for later"),
                                  (REGISTRY, "names a package registry"),
                                  (HOME, "an absolute path of one machine")):
                found = pattern.search(line)
                if found:
                    yield f"{path}:{number}: {found[0]}: {what}"


def licences(root):
    for path in tree.files(root, SOURCES):
        head = (tree.text(root, path) or "")[:200]
        if "SPDX-License-Identifier: Apache-2.0" not in head:
            yield f"{path}:1: no SPDX line"


def anchor(heading):
    """As the usual renderers make it from a heading."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def links(root):
    for path in tree.files(root, (".md",)):
        for number, line in tree.lines(root, path):
            for named in PATH.findall(line):
                if not os.path.exists(os.path.join(root, named)):
                    yield f"{path}:{number}: {named}: no such file"
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue
                file, _, part = target.partition("#")
                to = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
                if not os.path.exists(os.path.join(root, to)):
                    yield f"{path}:{number}: link to {target}: no such file"
                elif part and to.endswith(".md"):
                    body = FENCE.sub("", tree.text(root, to) or "")
                    if part not in {anchor(h) for h in HEADING.findall(body)}:
                        yield f"{path}:{number}: link to {target}: no such heading"


def rooms(root):
    """Every room that is there stands in README.md, and the other way round."""
    text = tree.text(root, "README.md") if os.path.exists(os.path.join(root, "README.md")) else None
    if text is None:
        yield "README.md:1: missing"
        return
    named = set(re.findall(r"^\| `(\w+)/`", text, re.MULTILINE))
    there = {room for room in tree.ROOMS if os.path.isdir(os.path.join(root, room))}
    for room in sorted(there - named):
        yield f"README.md:1: the table of rooms lacks {room}/"
    for room in sorted(named):
        if not os.path.isdir(os.path.join(root, room)):
            yield f"README.md:1: {room}/ is in the table of rooms but not in the tree"


def check(root):
    yield from words(root)
    yield from licences(root)
    yield from links(root)
    yield from rooms(root)


if __name__ == "__main__":
    sys.exit(tree.main(check))
