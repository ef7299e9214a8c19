"""Hides what looks like a secret in the values of a report. What Pulumi itself marks as secret is masked before (events.py). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..migration.redaction import Redactor
from ..migration.redaction_rules import MARKER
from ..migration.state import UNKNOWN

#: In the place of a value that only the update will give.
LATER = "[known after the update]"

_REDACTOR = Redactor()
_SEGMENTS = re.compile(r"[^.\[\]\"]+")


def hidden(path: str, value: Any) -> Any:
    """`value` with `[redacted]` in the place of texts that look secret by their form, or by a name in `path` or around them.

    What is not known yet is said to be so.
    """
    return _hidden(tuple(_SEGMENTS.findall(path)), value)


def hidden_text(text: str) -> str:
    """A text, such as a program's output, without what looks like a secret."""
    return _REDACTOR.text(text)


def _hidden(names: tuple[str, ...], value: Any) -> Any:
    if isinstance(value, Mapping):
        # The environment of a container: {"name": "DB_PASSWORD", "value": "…"}.
        own = (str(value["name"]),) if "name" in value else ()
        return {key: _hidden((*names, *own, str(key)), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(names, inner) for inner in value]
    if value == UNKNOWN:
        return LATER
    if not isinstance(value, str) or not value:
        return value
    if any(_REDACTOR.text(f"{name}={value}") == f"{name}={MARKER}" for name in names):
        return MARKER
    return _REDACTOR.text(value)
