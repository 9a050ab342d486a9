#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""current.py PAGE COMMAND...: the checked-in page is what the command prints."""
import pathlib
import subprocess
import sys


def main(page, *command):
    page = pathlib.Path(page)
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if page.read_text(encoding="utf-8") == printed:
        return 0
    words = " ".join(command[1:])
    print(f"docs/{page.name}:1: not current: build/sallyport {words} > docs/{page.name}")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
