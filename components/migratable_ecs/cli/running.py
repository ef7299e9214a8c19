"""Running one task with the engine: progress while it runs, and what Ctrl-C means."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from ..migration.decide import short
from ..migration.errors import LostSight, MigrationInterrupted
from ..migration.identity import STARTED_BY_PREFIX, run_identity
from ..migration.spec import RunRecord, RunSpec
from . import exit_codes
from .desk import Desk
from .errors import CommandError
from .outside import Interrupts
from .target import Migration


def run_task(desk: Desk, spec: RunSpec, output: Callable[[str], None] | None = None) -> RunRecord:
    """Run `spec` to its end, or adopt it where it is running.

    Args:
        output: is told the lines of the containers, which are shown in any case: on stdout, with --json on stderr.

    Returns:
        the record of the run, which has succeeded.

    Raises:
        CommandError: no cluster is known yet; Ctrl-C, or AWS cannot be asked any longer: no result.
        MigrationError: it failed, was refused, or found no free moment.
    """
    from ..migration.run import execute

    desk.target.need_cluster()
    if desk.target.unfinished:
        desk.screen.say(
            f"the last update did not get past this migration: its image {short(spec.digest)} is meant"
        )
    with (
        desk.screen.progress(desk.clock.monotonic) as progress,
        desk.outside.ctrl_c(Interrupts(lambda: progress.line(_leaving(spec)))) as interrupts,
    ):

        def console(line: str) -> None:
            progress.phase = line
            progress.line(line)

        def container_line(line: str) -> None:
            progress.output(line)
            if output is not None:
                output(line)

        def cancelled() -> bool:
            progress.tick()
            return interrupts.asked()

        try:
            return execute(spec, desk.clients, desk.clock, console, cancelled, output=container_line)
        except MigrationInterrupted as end:
            how = "AWS cannot be asked any longer" if isinstance(end, LostSight) else "Ctrl-C"
            raise CommandError(
                f"no result ({how}): {end}. {_further(desk, spec)}",
                exit_codes.NO_RESULT,
            ) from end


def fresh_identity(purpose: str) -> str:
    """A `startedBy` that no other task has; its middle word keeps it from being taken for a run of the migration."""
    return f"{STARTED_BY_PREFIX}{purpose}-{uuid.uuid4().hex[:12]}"


def manual_identity(migration: Migration, newest_run: str, *, force: bool) -> str:
    """The `startedBy` of a run that an operator wants.

    It follows from the newest run of the history: a run that was lost sight of before it was written there is found again by its identity,
    and one that is written is followed by a new one. With `force` it is new in any case.
    """
    digest = migration.digest or migration.task_definition
    mark = uuid.uuid4().hex if force else newest_run
    return run_identity(str(migration.props.get("urn", "")), digest, {"after-run": mark}, 1)


def _leaving(spec: RunSpec) -> str:
    if spec.on_cancel == "stop":
        return "Ctrl-C: the task is asked to stop (on_cancel is stop); again to leave at once"
    return "Ctrl-C: leaving; the task goes on in AWS (on_cancel is detach), nothing is lost; again to leave at once"


def _further(desk: Desk, spec: RunSpec) -> str:
    """How to see the end of it: only a migration and a rollback are found again by their identity."""
    target = desk.target
    where = f"-s {target.stack}" if target.stack else f"--cluster {target.cluster} --family {spec.family}"
    verb = {"migration": "run", "rollback": "rollback schema"}.get(spec.purpose)
    if verb:
        return (
            f"`migratable-ecs {verb} {where}` follows the task from its first line when it is still running"
        )
    return f"`migratable-ecs logs migration {where}` shows its lines; the same command again would start another task"
