"""Comparing version numbers such as `v3.255.0`, `go1.26.8` or `7.51.1-alpha`."""

from __future__ import annotations

import re

Version = tuple[int, ...]


def parse(text: str) -> Version | None:
    """The first dotted number in `text`, as a tuple of three or more integers; None when there is none."""
    match = re.search(r"\d+(?:\.\d+)*", text)
    if match is None:
        return None
    numbers = tuple(int(part) for part in match.group().split("."))
    return numbers + (0,) * (3 - len(numbers))


def accepts(text: str, minimum: str, below: str | None) -> bool:
    """Whether the version in `text` is `minimum` or later, and before `below` when that is given."""
    version, lowest = parse(text), parse(minimum)
    highest = parse(below) if below else None
    if version is None or lowest is None:
        return False
    return version >= lowest and (highest is None or version < highest)
