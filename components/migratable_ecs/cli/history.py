"""`migratable-ecs history`: the runs of the migration, also those that ECS has forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ..migration.decide import short
from .desk import Desk, operator_options
from .screen import duration


@click.command("history")
@operator_options
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, the newest first."
)
def command(desk: Desk, limit: int) -> None:
    """Runs of the migration, newest first.

    From the log group's history, which knows failed first runs too, and from the stack's state. `show RUN` takes the beginning of a run's
    name.
    """
    from .facts import MigrationFacts

    runs = list(reversed(MigrationFacts(desk).runs(limit)))
    migration = desk.target.need_migration()
    data = {"service": desk.target.name, "family": migration.family, "runs": runs}
    desk.screen.result(data, lambda: _draw(desk, runs))


def _draw(desk: Desk, runs: list[dict[str, Any]]) -> None:
    if not runs:
        desk.screen.line(f"no run of {desk.target.need_migration().family} yet")
        return
    desk.screen.table(
        ["run", "at (UTC)", "result", "image", "took", "exit", "by"],
        [row(run) for run in runs],
        right=["took", "exit"],
    )


def row(run: Mapping[str, Any]) -> list[Any]:
    """One line of the table. Pure."""
    took = (run.get("timings") or {}).get("run")
    what = {"migration": ""}.get(str(run.get("purpose") or "migration"), f"{run.get('purpose')} ")
    return [
        str(run.get("run", ""))[:8],
        when(run.get("started_at"))[5:16],
        f"{what}{run.get('status')}",
        short(str(run.get("digest") or "")).removeprefix("sha256:")[:8],
        duration(took) or None,
        run.get("exit_code"),
        who(run.get("actor")),
    ]


def when(at: Any) -> str:
    """`2026-11-21 14:05:09`, from ISO 8601 in UTC."""
    return str(at or "").replace("T", " ")[:19]


def who(actor: Any) -> str:
    """The last part of an ARN: the user, or the session of an assumed role."""
    return str(actor or "").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
