"""The runbooks of docs/operating.md, so that tests carry out what stands there and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "operating.md"
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: The last part of the page: what of the runbooks is carried out where.
TRIED = "What of this is tried"


@dataclass(frozen=True)
class Runbook:
    """One runbook: its lines for a shell, and its statements for the database, in their order."""

    title: str
    lines: tuple[str, ...]
    sql: tuple[str, ...]


def runbooks(page: str) -> dict[str, Runbook]:
    """Those of the page, by their titles, in their order."""
    parts = re.split(r"^### ", page.partition("## Runbooks")[2], flags=re.MULTILINE)[1:]
    found = [_runbook(part) for part in parts]
    return {each.title: each for each in found if each.title != TRIED}


def tried(page: str) -> str:
    """The last part of the page."""
    return page.partition(f"### {TRIED}")[2]


def _runbook(part: str) -> Runbook:
    title, _, text = part.partition("\n")
    blocks = _FENCED.findall(text)
    lines = [line for kind, block in blocks if not kind for line in block.splitlines()]
    sql = [
        each.strip() for kind, block in blocks if kind == "sql" for each in block.split(";") if each.strip()
    ]
    return Runbook(title, tuple(lines), tuple(sql))
