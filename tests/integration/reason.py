# SPDX-License-Identifier: Apache-2.0
"""The table of endings (base/reason.def) as the tests see it: word, status, tokens, sentences."""

import pathlib
import re
from dataclasses import dataclass

TABLE = pathlib.Path(__file__).parents[2] / "base" / "reason.def"


@dataclass(frozen=True)
class Reason:
    word: str
    status: int
    token: str
    proxy_status: str
    message: str
    guidance: str


def load(path=TABLE):
    """Every row by its word."""
    row = re.compile(
        r'^REASON\((\w+),\s*"([^"]*)",\s*(\d+),\s*"([^"]*)",\s*"([^"]*)",'
        r'\s*"([^"]*)",\s*"([^"]*)"\)',
        re.M,
    )
    found = row.findall(path.read_text())
    return {
        word: Reason(word, int(status), token, proxy_status, message, guidance)
        for _, word, status, token, proxy_status, message, guidance in found
    }


REASONS = load()
