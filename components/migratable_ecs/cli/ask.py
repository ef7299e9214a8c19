"""`migratable-ecs pending` and `plan`: the program's status_command and plan_command, as a task with the migration's image and secrets."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import click

from ..migration.errors import MigrationFailed
from . import exit_codes
from .desk import Desk, operator_options
from .running import fresh_identity, run_task

#: A look is no run: a few minutes are plenty, whatever the migration may take.
TIMEOUT = 600.0
#: Exit codes from here on say nothing of migrations. Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
NOT_ITS_OWN = 126


@click.command("pending")
@operator_options
def pending(desk: Desk) -> None:
    """Show which migrations are pending.

    Runs status_command of the program as a task and shows its lines. Ends with exit code 8 when the command itself ends with another code
    than 0, by which tools such as Prisma and Rails say that something is pending; with 1 when it could not be started or was killed.
    """
    _ask(desk, "status")


@click.command("plan")
@operator_options
def plan(desk: Desk) -> None:
    """Show what the next run would do.

    Runs plan_command of the program, such as `manage.py migrate --plan`, as a task and shows its lines. Nothing is changed.
    """
    _ask(desk, "plan")


def _ask(desk: Desk, purpose: Literal["status", "plan"]) -> None:
    words = desk.target.operator_command(purpose)
    given = desk.target.need_migration().spec()
    spec = dataclasses.replace(
        given,
        purpose=purpose,
        command=words,
        identity=fresh_identity(purpose),
        attempts=1,
        backup=None,
        timeout=min(given.timeout, TIMEOUT),
    )
    lines: list[str] = []

    try:
        code = run_task(desk, spec, lines.append).exit_code
    except MigrationFailed as failed:
        code = _exit_code(failed)
        if code is None:
            raise
    data: dict[str, Any] = {
        "service": desk.target.name,
        "command": f"{purpose}_command",
        "exit_code": code,
        "lines": lines,
    }
    desk.screen.result(data, lambda: None)
    if code:
        desk.screen.say(f"{purpose}_command ended with exit code {code}")
        click.get_current_context().exit(exit_codes.FINDINGS)


def _exit_code(failed: MigrationFailed) -> int | None:
    """Of the command itself; None when it did not run to its own end: with 126 and 127 a shell could not start it, above are signals."""
    record: Any = failed.record or {}
    code = record.get("exit_code")
    own = code is not None and int(code) < NOT_ITS_OWN and record.get("cause") != "timeout"
    return int(code) if own else None
