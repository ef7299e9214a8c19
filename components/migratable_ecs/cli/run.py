"""`migratable-ecs run`: the migration now, with the engine of `pulumi up`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ..migration import guard, history, state
from ..migration.decide import decide, short
from ..migration.spec import RunRecord, RunSpec
from . import exit_codes
from .confirm import confirm
from .desk import Desk, operator_options
from .errors import CommandError
from .running import fresh_identity, manual_identity, run_task
from .screen import duration, plural
from .target import Migration, Target

if TYPE_CHECKING:
    from ..migration.ecs import Task
    from .facts import MigrationFacts


@click.command("run")
@operator_options
@click.option(
    "--command", "script", metavar="SCRIPT", help="Run this shell script instead of the migration's command."
)
@click.option(
    "--force",
    is_flag=True,
    help="Run although skip is set or the image went back to an earlier digest; never adopt.",
)
@click.option(
    "--skip",
    is_flag=True,
    help="Run nothing; write into the history that this image's migration was passed over.",
)
@click.option(
    "--attempts",
    type=click.IntRange(1, 10),
    help="Tries of a migration that exits non-zero; default the program's.",
)
@click.option(
    "--timeout", type=click.IntRange(1, 7 * 86400), metavar="SECONDS", help="Stop the task after so long."
)
@click.option("--yes", is_flag=True, help="Do not ask (--command and --force ask in production).")
def command(
    desk: Desk,
    script: str | None,
    force: bool,
    skip: bool,
    attempts: int | None,
    timeout: int | None,
    yes: bool,
) -> None:
    """Run the migration now, or adopt the one that is running.

    The task has the stack's newest task definition: the image, environment, secrets, roles and network of the last `pulumi up`. Only one
    task of a migration runs at a time; a run of the same image that is executing is followed, whoever started it.
    """
    if skip and (script or force or attempts or timeout):
        raise CommandError("--skip runs nothing: give it alone", exit_codes.USAGE)
    migration = desk.target.need_migration()
    from .facts import MigrationFacts

    facts = MigrationFacts(desk)
    if skip:
        record = _skipped(desk, facts)
    else:
        if not script and not force:
            _refuse(migration)
        changes: dict[str, Any] = {"attempts": attempts, "timeout": float(timeout) if timeout else None}
        if script:
            changes |= {"command": _words(desk, facts, script, yes=yes), "purpose": "command"}
            changes["identity"] = fresh_identity("command")
        else:
            if force and desk.production:
                _agreed(desk, migration, yes=yes)
            changes["identity"] = _identity(desk, facts, force=force)
        record = run_task(desk, migration.spec(**{k: v for k, v in changes.items() if v is not None}))
        _say_what_pulumi_knows(desk, migration, record)
    desk.screen.result(record.as_dict(), lambda: _draw(desk, record))


def _refuse(migration: Migration) -> None:
    """What the program says against a run, unless --force is given."""
    against = _against(migration)
    if against:
        remedy = (
            ": remove skip, or pass --force"
            if migration.props.get("skip") is True
            else "; pass --force to run it all the same"
        )
        raise CommandError(f"{against}{remedy}")


def _against(migration: Migration) -> str:
    """What the program says against a run; empty when nothing. Pure."""
    if migration.props.get("skip") is True:
        return "the program skips this migration (skip is True)"
    wanted = dataclasses.replace(state.wanted(migration.props), phase="before")
    decision = decide(state.recorded(migration.recorded), wanted) if migration.recorded else None
    went_back = (
        decision is not None and not decision.run and wanted.digest != migration.recorded.get("digest")
    )
    return decision.line if decision is not None and went_back else ""


def _agreed(desk: Desk, migration: Migration, *, yes: bool) -> None:
    """A run by force, in production: what speaks against it is no longer heard, and what is running is not adopted."""
    lost = ["what the migration changes is not undone; one that is applied already may be run a second time"]
    against = _against(migration)
    if against:
        lost.insert(0, against)
    image = short(migration.digest) or migration.task_definition.rsplit("/", 1)[-1]
    confirm(desk, f"run the migration of {image} by force", lost, yes=yes)


def _identity(desk: Desk, facts: MigrationFacts, *, force: bool) -> str:
    """That of a run of the same image that is executing, or has succeeded while nobody looked; else a new one."""
    runs = facts.runs()
    if not force:
        written = {run.get("task_arn") for run in runs}
        for task in reversed(facts.tasks()):
            if _same(task, facts.migration) and _goes_on_or_was_lost(task, facts.migration, written):
                return task.started_by
    return manual_identity(facts.migration, str(runs[-1]["run"]) if runs else "", force=force)


def _goes_on_or_was_lost(task: Task, migration: Migration, written: Collection[Any]) -> bool:
    """Executing; or over with success and in no history, as after the death of whoever followed it."""
    from ..migration.diagnosis import succeeded

    if not task.over(migration.container):
        return not task.stopping
    return task.arn not in written and bool(succeeded(task.raw, migration.container))


def _same(task: Task, migration: Migration) -> bool:
    from .facts import digest_of, migrates

    if not migrates(task):
        return False
    if migration.digest:
        return digest_of(task) == migration.digest
    return task.raw.get("taskDefinitionArn") == migration.task_definition


def _words(desk: Desk, facts: MigrationFacts, script: str, *, yes: bool) -> tuple[str, ...]:
    """What replaces the container's command, so that a shell runs `script`."""
    if desk.production:
        sentence = guard.refusal("--command", script, desk.target.environment)
        if sentence:
            raise CommandError(sentence)
        confirm(
            desk,
            f"run {script!r} as a task with the migration's permissions",
            ["what it changes is not undone"],
            yes=yes,
        )
    entry_point = list(facts.container.get("entryPoint") or ())
    if entry_point and entry_point[-1] != "-c":
        raise CommandError(
            f"--command needs a shell, but the entry point of container {facts.migration.container} is {entry_point!r}"
        )
    return (script,) if entry_point else ("sh", "-c", script)


def _skipped(desk: Desk, facts: MigrationFacts) -> RunRecord:
    """Write down that nothing ran. It stays pending: the next update, or the next run, runs it."""
    spec = facts.migration.spec()
    actor = desk.caller()
    at = facts.ecs.now()
    record = skip_record(spec, at, actor)
    if not facts.log_group:
        raise CommandError(
            f"the migration of {spec.service} has no log group, so there is no history to write to"
        )
    problems: list[str] = []
    history.append(facts.logs, facts.log_group, spec.family, record, at, problems.append)
    if problems:
        raise CommandError(problems[0], exit_codes.UNREACHABLE)
    desk.screen.say(
        "skipped: nothing ran; the migration stays pending, and the next `pulumi up` or run runs it"
    )
    return record


def skip_record(spec: RunSpec, at: float, actor: str) -> RunRecord:
    """The history's entry of a migration that was passed over at `at` (seconds since the epoch). Pure."""
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    return RunRecord(
        run=f"{int(at):x}-skipped",
        status="skipped",
        digest=spec.digest,
        service=spec.service,
        stack=spec.stack,
        attempts=0,
        message="passed over on request; it stays pending",
        started_at=when,
        stopped_at=when,
        actor=actor,
    )


def _say_what_pulumi_knows(desk: Desk, migration: Migration, record: RunRecord) -> None:
    """The state of the stack changes in an update only."""
    if (
        not desk.target.stack
        or record.purpose != "migration"
        or migration.props.get("phase") in ("manual", "init")
    ):
        return
    known = migration.recorded
    if known.get("digest") != record.digest or known.get("status") != "succeeded":
        desk.screen.say(
            "the stack's state does not know this run: the next `pulumi up` runs the migration once more, which finds nothing to do"
        )


def _draw(desk: Desk, record: RunRecord) -> None:
    desk.screen.facts(result_facts(record, desk.target))


def result_facts(record: RunRecord, target: Target) -> list[tuple[str, Any]]:
    """The screen of a run that is over."""
    log = record.log
    return [
        ("result", record.status),
        ("service", f"{target.name} ({target.title})"),
        ("image", short(record.digest)),
        ("run", record.run),
        ("exit code", record.exit_code),
        ("took", duration(record.timings.get("run"))),
        ("log", f"{plural(log.lines, 'line')} in {log.group}" if log.group else ""),
        ("snapshot", record.snapshot_id),
    ]
