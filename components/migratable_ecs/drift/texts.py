"""How values and names are written in GitHub's Markdown, so that nothing in them is taken for Markdown or HTML. Pure.

Source: https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from .model import ABSENT, Difference

#: A value of more characters is folded.
LONG = 120
# Characters of a folded value; no reader wants more, and every one counts towards the comment's limit.
_KEPT = 4000
_TICKS = re.compile(r"`+")


def code(text: str) -> str:
    """`text` as a code span of one line, also in a table."""
    line = " ".join(text.split()) if "\n" in text else text
    if not line.strip():
        return "(empty)"
    fence = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")


def block(text: str, language: str = "") -> str:
    """`text` as a code block."""
    fence = "`" * max(3, max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def folded(summary: str, body: str) -> str:
    """`body` behind a line that opens it; `summary` is text, not Markdown."""
    return f"<details><summary>{html.escape(summary)}</summary>\n\n{body}\n\n</details>"


def plain(value: Any) -> str:
    """A value as text: JSON for lists and objects, without empty members."""
    if value is ABSENT:
        return str(ABSENT)
    if isinstance(value, str):
        return value
    return json.dumps(without_empty(value), ensure_ascii=False, default=str)


def is_long(difference: Difference) -> bool:
    """Whether a value does not fit into a line of a table."""
    return any(
        "\n" in text or len(text) > LONG for text in (plain(difference.before), plain(difference.after))
    )


def without_empty(value: Any) -> Any:
    """A list or object without the empty members that AWS's provider writes for everything that is not set."""
    if isinstance(value, Mapping):
        inner = {key: without_empty(each) for key, each in value.items()}
        return {key: each for key, each in inner.items() if each not in (None, "", [], {})}
    if isinstance(value, list):
        return [without_empty(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def cell(value: Any) -> str:
    return str(value) if value is ABSENT else code(plain(value))


def long_value(value: Any) -> str:
    """A long value over several lines, cut at 4000 characters with a word about it."""
    text = (
        json.dumps(without_empty(value), ensure_ascii=False, indent=2)
        if isinstance(value, Mapping | list)
        else plain(value)
    )
    left = len(text) - _KEPT
    return text if left <= 0 else f"{text[:_KEPT]}\n… {left} more characters are not shown"


def count(number: int, one: str, many: str = "") -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
