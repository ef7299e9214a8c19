"""`scripts/drift` and `migratable-ecs drift`: from the options to the report. The effects are called here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..migration.session import AwsSettings, connect
from ..migration.state import AWS_KEYS, aws_settings
from ..validation import InvalidArgument
from . import cloudtrail, engine
from .events import SECRET, Log, read, together
from .find import report
from .model import Migration, Report


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Args:
        stack: the Pulumi stack; may be empty with `files`.
        folder: of the program.
        files: saved event logs; then no engine is run.
        drift, changes: which parts are wanted; drift needs a refresh, changes a preview.
        who: whether CloudTrail is asked.
        plan: whether the plan_command of migrations that will run is run as a task. plan_role: the task role of that task.
        save: file that gets the engine's events, for `files` another time.
    """

    stack: str = ""
    folder: Path = Path(".")
    files: tuple[Path, ...] = ()
    drift: bool = True
    changes: bool = True
    who: bool = True
    plan: bool = False
    plan_role: str = ""
    save: Path | None = None


def make(options: Options, say: Callable[[str], None]) -> tuple[Report, Log]:
    """The report, and the engine's log that it is made of.

    Args:
        say: told what is under way, each time one line.

    Raises:
        InvalidArgument: a file that cannot be read or holds no events; an engine that cannot be run; neither stack nor file.
    """
    if options.files:
        log = together(_saved(file) for file in options.files)
        made = report(
            log,
            refreshed=options.drift and bool(log.refreshed),
            previewed=options.changes and bool(log.planned),
        )
    else:
        log = _run(options, say)
        made = report(log, refreshed=options.drift, previewed=options.changes)
    made = replace(made, stack=made.stack or options.stack)
    if options.plan and not options.files:
        made = _with_plans(made, log, options.plan_role, say)
    lookup = _lookup(log) if options.who and made.drifts and not options.files else None
    if lookup:
        say("asking CloudTrail who it was")
    return cloudtrail.with_who(made, lookup, settings(log).region), log


def settings(log: Log) -> AwsSettings:
    """Where AWS calls go: as the stack's configuration says, but for its secrets, which the events do not hold."""
    config: Mapping[str, Any] = {
        key: value for key, value in log.config.items() if key in AWS_KEYS and value != SECRET
    }
    return aws_settings({}, config)


def _with_plans(made: Report, log: Log, role: str, say: Callable[[str], None]) -> Report:
    """What the new images would apply, for each migration that will run."""
    from ..migration.clock import SystemClock
    from .pending import planned

    steps = {step.urn: step for step in log.planned}
    clients = connect(settings(log))

    def ask(migration: Migration) -> Migration:
        if not migration.will_run:
            return migration
        say(f"asking the new image of {migration.name} what it would apply")
        return replace(migration, plan=planned(steps[migration.urn], clients, SystemClock(), say, role=role))

    return replace(made, migrations=tuple(map(ask, made.migrations)))


def _run(options: Options, say: Callable[[str], None]) -> Log:
    if not options.stack:
        raise InvalidArgument("no stack is named: give -s STACK, or --from FILE for a saved event log")
    wanted = [
        (engine.REFRESH, "comparing AWS with the state", options.drift),
        (engine.PREVIEW, "previewing the program", options.changes),
    ]
    logs = []
    saved: list[str] = []
    for command, what, needed in wanted:
        if needed:
            say(what)
            logs.append(engine.run(command, options.stack, options.folder, saved.append))
    if options.save:
        options.save.write_text("".join(saved))
    return together(logs)


def _saved(file: Path) -> Log:
    try:
        return read(file.read_text().splitlines(), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"{file} cannot be read ({error}): give the file of an event log") from error


def _lookup(log: Log) -> cloudtrail.Lookup:
    where = settings(log)

    def client(region: str) -> Any:
        return connect(replace(where, region=region or where.region)).client("cloudtrail")

    return cloudtrail.client_lookup(client)
