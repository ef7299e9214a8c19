"""The report as JSON, for other programs. Pure.

`version` changes when a member goes away or changes its meaning; new members may come at any time.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

from .model import ABSENT, Report

VERSION = 1


def document(report: Report) -> str:
    """The whole report; a value that one side does not have is left out."""
    return (
        json.dumps(
            {"version": VERSION, "exit_code": report.exit_code, **_plain(report)},
            ensure_ascii=False,
            indent=2,
            default=str,
        )
        + "\n"
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        members = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: _plain(member) for name, member in members.items() if member is not ABSENT}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value
