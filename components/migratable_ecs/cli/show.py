"""`migratable-ecs show RUN`: one run, with its phases as a small timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from ..migration.decide import short
from . import exit_codes
from .desk import Desk, operator_options
from .errors import CommandError
from .history import when, who
from .screen import duration, plural

#: Phases in the order in which they follow one another (migration/run.py `timings`), and what they mean.
PHASES = {
    "before": "checks, lock, backup",
    "queue": "network and capacity",
    "pull": "image",
    "start": "container",
    "run": "the migration",
    "drain": "end of the log",
}
#: Characters of the timeline.
WIDTH = 36


@click.command("show")
@operator_options
@click.argument("run", default="last", metavar="[RUN]")
def command(desk: Desk, run: str) -> None:
    """One run: result, phases as a timeline, last lines.

    RUN is the beginning of a name that `history` shows; default the newest.
    """
    from .facts import MigrationFacts

    found = pick(MigrationFacts(desk).runs(1000), run)
    desk.screen.result(found, lambda: _draw(desk, found))


def pick(runs: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """The run that `name` begins, or the newest for `last`. Pure.

    Raises:
        CommandError: none, or several.
    """
    if not runs:
        raise CommandError("there is no run yet", exit_codes.NOT_FOUND)
    if name == "last":
        return runs[-1]
    fitting = [run for run in runs if str(run.get("run", "")).startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise CommandError(
            f"there is no run {name!r}: `migratable-ecs history` lists them", exit_codes.NOT_FOUND
        )
    names = ", ".join(str(run["run"]) for run in fitting)
    raise CommandError(f"several runs begin with {name!r}: {names}", exit_codes.USAGE)


def timeline(timings: Mapping[str, float], width: int = WIDTH) -> list[tuple[str, float, str]]:
    """(phase, seconds, bar) for each phase that is known; the bars stand one after the other, the whole being `width` wide. Pure."""
    spans = [(name, float(timings[name])) for name in PHASES if timings.get(name) is not None]
    whole = sum(seconds for _, seconds in spans) or 1.0
    rows, begun = [], 0.0
    for name, seconds in spans:
        first, last = round(begun / whole * width), round((begun + seconds) / whole * width)
        bar = "█" * (last - first) or "▏"
        rows.append((name, seconds, " " * min(first, width - 1) + bar))
        begun += seconds
    return rows


def _draw(desk: Desk, run: Mapping[str, Any]) -> None:
    log = run.get("log") or {}
    shown = [
        ("run", run.get("run")),
        ("what", run.get("purpose") or "migration"),
        ("result", run.get("status")),
        ("cause", run.get("cause")),
        ("image", short(str(run.get("digest") or ""))),
        ("started", f"{when(run.get('started_at'))} UTC by {who(run.get('actor')) or 'nobody known'}"),
        ("exit code", run.get("exit_code")),
        ("attempts", run.get("attempts")),
        ("adopted", "yes: it was found running" if run.get("adopted") else ""),
        ("task", str(run.get("task_arn") or "").rpartition(":task/")[2]),
        (
            "log",
            f"{plural(log['lines'], 'line')}, {'complete' if log.get('complete') else log.get('reason')}"
            if log
            else "",
        ),
        ("snapshot", run.get("snapshot_id")),
    ]
    desk.screen.facts(shown)
    rows = timeline(run.get("timings") or {})
    if rows:
        desk.screen.table(
            ["phase", "what", "seconds", "timeline"],
            [[name, PHASES[name], duration(seconds), bar] for name, seconds, bar in rows],
            right=["seconds"],
        )
    if run.get("status") != "succeeded":
        for line in [*str(run.get("message") or "").splitlines()]:
            desk.screen.line(line)
