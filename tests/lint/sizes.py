#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sizes.py [ROOT]: a function fits a screen and a file holds one noun.

Functions of at most 60 lines, 5 parameters and 3 levels of nesting; .c at most 400 lines, .h at
most 150; a test's tables of rows do not count. tests/lint/exceptions.txt lists what may be larger, each with a sentence of reason; an
exception that is no longer needed is an offender too. Relies on the format that clang-format
gives: a definition begins in the first column and ends with a brace there.
"""
import os
import re
import sys

import tree

MOST = {"lines": 60, "parameters": 5, "nesting": 3}
MOST_FILE = {".c": 400, ".cc": 400, ".h": 150}
EXCEPTIONS = "tests/lint/exceptions.txt"

NOISE = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:\\\n|[^\n])*',
    re.DOTALL | re.MULTILINE)
DEFINITION = re.compile(
    r"^(?P<head>[A-Za-z_][^;{}=]*?\))\s*\n\{\n(?P<body>.*?)^\}", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"([A-Za-z_]\w*)\s*\(")
# A table of rows inside a function is data, not something to follow.
TABLE = re.compile(r"=\s*\{$.*?^\t*\};", re.DOTALL | re.MULTILINE)
TOKEN = re.compile(r"[A-Za-z_]\w*|[(){};]")


def quiet(source):
    """The source without comments, strings and preprocessor lines; line numbers stay."""
    return NOISE.sub(lambda found: "\n" * found[0].count("\n"), source)


class Nesting:
    """The deepest level of control statements in a function's body; `else if` is no level."""

    def __init__(self, body):
        self.tokens = TOKEN.findall(body)
        self.at = 0
        self.deepest = 0
        while self.peek():
            self.statement(0)

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def skip_group(self, opening, closing):
        """Over a bracketed group that begins here, if one does."""
        if self.peek() != opening:
            return
        depth = 0
        while self.peek():
            token = self.take()
            depth += (token == opening) - (token == closing)
            if depth == 0:
                return

    def block(self, level):
        self.take()
        while self.peek() not in ("}", None):
            self.statement(level)
        if self.peek():
            self.take()

    def inner(self, level):
        self.deepest = max(self.deepest, level)
        if self.peek() == "{":
            self.block(level)
        else:
            self.statement(level)

    def statement(self, level):
        token = self.peek()
        if token == "{":
            self.block(level)
        elif token in ("for", "while", "switch", "if"):
            self.take()
            self.skip_group("(", ")")
            if self.peek() == ";":
                self.take()
                return
            self.inner(level + 1)
            if token == "if" and self.peek() == "else":
                self.take()
                if self.peek() == "if":
                    self.statement(level)
                else:
                    self.inner(level + 1)
        elif token == "do":
            self.take()
            self.inner(level + 1)
            self.simple()
        else:
            self.simple()

    def simple(self):
        """To the semicolon, over brackets and initialisers; a label ends nothing."""
        while self.peek() not in (";", "}", None):
            if self.peek() == "(":
                self.skip_group("(", ")")
            elif self.peek() == "{":
                self.skip_group("{", "}")
            elif self.peek() in ("if", "for", "while", "do", "switch"):
                return
            else:
                self.take()
        if self.peek() == ";":
            self.take()


def parameters(head):
    inside = last_group(head)
    if inside.strip() in ("", "void"):
        return 0
    depth = commas = 0
    for c in inside:
        depth += (c in "([") - (c in ")]")
        commas += c == "," and depth == 0
    return commas + 1


def last_group(head):
    """What stands between the last top-level parentheses."""
    depth = 0
    for i in range(len(head) - 1, -1, -1):
        depth += (head[i] == ")") - (head[i] == "(")
        if depth == 0:
            return head[i + 1:-1]
    return ""


def functions(source):
    """(name, line, measures) of each function."""
    text = quiet(source)
    for found in DEFINITION.finditer(text):
        name = NAME.search(found["head"])
        if not name:
            continue
        body = TABLE.sub("= {};", found["body"])
        yield name[1], text.count("\n", 0, found.start()) + 1, {
            "lines": body.count("\n") + found["head"].count("\n") + 3,
            "parameters": parameters(found["head"]),
            "nesting": Nesting(body).deepest,
        }


def measured(root):
    """(key, where, value, most) of everything too large."""
    for path in tree.files(root, tuple(MOST_FILE)):
        source = tree.text(root, path) or ""
        counted = TABLE.sub("= {};", source) if path.startswith("tests/") else source
        most = MOST_FILE[os.path.splitext(path)[1]]
        count = counted.count("\n")
        if count > most:
            yield path, f"{path}:{most + 1}", f"{count} lines, at most {most}"
        for name, line, measures in functions(source):
            for what, value in measures.items():
                if value > MOST[what]:
                    yield (f"{path}:{name}", f"{path}:{line}",
                           f"{name}() has {what} {value}, at most {MOST[what]}")


def exceptions(root):
    """key → line number; each line reads "path[:function]  reason."."""
    known = {}
    if not os.path.exists(os.path.join(root, EXCEPTIONS)):
        return known
    for number, line in tree.lines(root, EXCEPTIONS):
        key, _, reason = line.partition(" ")
        if key and not key.startswith("#"):
            known[key] = (number, reason.strip())
    return known


def check(root):
    known = exceptions(root)
    needed = set()
    for key, where, what in measured(root):
        if key in known:
            needed.add(key)
        else:
            yield f"{where}: {what}"
    for key, (number, reason) in known.items():
        if len(reason.split()) < 4:
            yield f"{EXCEPTIONS}:{number}: {key} needs a sentence of reason"
        if key not in needed:
            yield f"{EXCEPTIONS}:{number}: {key} is not too large any more: take it out"


if __name__ == "__main__":
    sys.exit(tree.main(check))
