#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tests/count.py BUILD…: sums what tests/run left in each build directory.

A TAP test counts by its lines, any other meson test as one; a test that crashed, timed out or
stopped short of its plan is at least one failure; a result file that is missing is one; a
sanitizer report is one. The last line reads "N passed, N failed"; the exit status is 0 only when
something passed and nothing failed.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree

TAP_LINE = re.compile(r"^(not ok|ok)\b[^#\n]*(#\s*skip)?", re.IGNORECASE | re.MULTILINE)
TAP_PLAN = re.compile(r"^1\.\.(\d+)", re.MULTILINE)


class Count:
    def __init__(self):
        self.passed = self.skipped = 0
        self.failures = []

    def fail(self, name):
        self.failures.append(name)


def tap(count, name, output):
    """Counts one TAP stream; a plan that was not kept is a failure."""
    seen = 0
    for word, skip in TAP_LINE.findall(output):
        seen += 1
        if skip:  # cmocka writes "not ok 3 # SKIP", which meson takes for a failure
            count.skipped += 1
        elif word.lower() == "not ok":
            count.fail(name)
        else:
            count.passed += 1
    planned = sum(int(n) for n in TAP_PLAN.findall(output))
    if seen != planned:
        count.fail(f"{name}: {seen} results for a plan of {planned}")


def meson(count, path):
    for line in open(path, encoding="utf-8"):
        test = json.loads(line)
        name, result = test["name"], test["result"]
        failures, skipped = len(count.failures), count.skipped
        if result == "SKIP":
            count.skipped += 1
        elif TAP_PLAN.search(test.get("stdout", "")):
            tap(count, name, test["stdout"])
        elif result == "OK":
            count.passed += 1
        only_skips = result == "FAIL" and test["returncode"] == 0 and count.skipped > skipped
        if result not in ("OK", "SKIP") and not only_skips and len(count.failures) == failures:
            count.fail(f"{name}: {result.lower()}")


def pytest(count, path):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            count.fail(name)
        elif case.find("skipped") is not None:
            count.skipped += 1
        else:
            count.passed += 1


def build(count, directory):
    parts = [("meson-logs/testlog.json", meson)]
    if os.path.isdir("tests/integration"):
        parts.append(("integration.xml", pytest))
    for name, read in parts:
        path = os.path.join(directory, name)
        try:
            read(count, path)
        except (OSError, ValueError, KeyError, xml.etree.ElementTree.ParseError) as error:
            count.fail(f"{path}: no result ({error})")
    reports = os.path.join(directory, "sanitizer")
    for report in sorted(os.listdir(reports)) if os.path.isdir(reports) else []:
        count.fail(f"sanitizer report {os.path.join(reports, report)}")


def main(directories):
    count = Count()
    for directory in directories:
        build(count, directory)
    for failure in count.failures:
        print(f"failed: {failure}")
    if count.skipped:
        print(f"{count.skipped} skipped")
    print(f"{count.passed} passed, {len(count.failures)} failed")
    return 0 if count.passed and not count.failures else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
