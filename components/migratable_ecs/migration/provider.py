"""The dynamic provider: turns the engine's calls into a decision, a run and outputs.

The state of every stack refers to `migratable_ecs.migration.provider.MigrationProvider` by name, so this path and the class
without instance state are public for ever: refresh, destroy and the next update all run the code that is installed then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from . import plugin_process
from .decide import Decision, decide
from .engine_log import Row
from .errors import MigrationError, MigrationFailed, MigrationInterrupted
from .spec import LogSummary, RunRecord
from .state import (
    AWS_KEYS,
    aws_settings,
    outputs_after_run,
    outputs_without_run,
    recorded,
    run_spec,
    wanted,
)
from .unanswered import told_when_unanswered

Props = dict[str, Any]


class MigrationProvider(ResourceProvider):
    """Stateless; one for all migrations of a stack."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Called once in the plugin's process, never in the program."""
        plugin_process.prepare({key: req.config.get(key) for key in AWS_KEYS})

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """A first run has no diff, so its line is said here."""
        if not _olds:
            Row(news).info(decide(None, wanted(news)).line)
        return CheckResult(news, [])

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Changes if and only if the migration will run. Everything else about the task is no concern of the state's."""
        decision = decide(recorded(_olds), wanted(_news))
        Row(_news).info(decision.line)
        if decision.refused:
            fail("migration refused", decision.reason)
        return DiffResult(changes=decision.run, replaces=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        decision = decide(None, wanted(props))
        if not decision.run:
            return CreateResult(str(props["service"]), outputs_without_run(props, decision.line))
        return CreateResult(str(props["service"]), _run(props, None, decision))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        decision = decide(recorded(_olds), wanted(_news))
        return UpdateResult(_run(_news, _olds, decision))

    def read(self, id_: str, props: Props) -> ReadResult:
        """A run that has been is a fact: refresh leaves it alone and asks AWS nothing."""
        return ReadResult(id_, props)


def _run(props: Props, olds: Props | None, decision: Decision) -> Props:
    row = Row(props)
    try:
        record = _execute(props, olds, row.info)
    except MigrationInterrupted as interrupted:
        fail("migration interrupted", str(interrupted))
    except MigrationError as error:
        if props.get("on_failure") != "warn":
            fail("migration failed", str(error))
        row.warning(f"the migration failed and on_failure is warn, so the deployment goes on: {error}")
        record = _failed_record(props, error)
    return outputs_after_run(props, olds, record, decision.line)


def _execute(props: Props, olds: Props | None, console: Callable[[str], None]) -> RunRecord:
    """boto3 is imported here and not before: previews never need it."""
    from .clock import SystemClock
    from .run import execute
    from .session import connect

    clock = SystemClock(plugin_process.stopping)
    with told_when_unanswered(plugin_process.stopping, console):
        clients = connect(aws_settings(props, plugin_process.config))
        ecs, logs = plugin_process.shared(clients, clock)
        spec = run_spec(props, olds)
        return execute(spec, clients, clock, console, plugin_process.stopping.is_set, ecs=ecs, logs=logs)


def _failed_record(props: Props, error: MigrationError) -> RunRecord:
    if isinstance(error, MigrationFailed) and error.record:
        kept: Mapping[str, Any] = error.record
        return RunRecord(**{**kept, "log": LogSummary(**kept["log"])})
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return RunRecord(
        run=f"not-started-{now}",
        status="failed",
        digest=str(props["image_digest"]),
        cause="not-started",
        message=str(error),
        started_at=now,
        stopped_at=now,
    )


def fail(title: str, text: str) -> NoReturn:
    """Raise so that the engine shows `title: text` and no traceback: the shim prints whatever traceback.format_exc() gives."""
    sys.tracebacklimit = 0
    raise type(title, (Exception,), {"__module__": "builtins"})(text) from None


class RolloutProvider(ResourceProvider):
    """Looks after each roll whether the service runs the revision it was given; public for ever, as above."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        MigrationProvider().configure(req)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """A new revision is looked at; nothing else is of interest."""
        changed = _olds.get("task_definition") != _news.get("task_definition")
        return DiffResult(changes=changed, replaces=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        return CreateResult(str(props["service"]), _rolled(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(_rolled(_news))

    def read(self, id_: str, props: Props) -> ReadResult:
        return ReadResult(id_, props)


def _rolled(props: Props) -> Props:
    """Wait for the roll that the update has just begun."""
    from .clock import SystemClock
    from .rollout import RolloutSpec, wait_until_rolled
    from .session import connect

    spec = RolloutSpec(
        cluster=str(props["cluster"]),
        service=str(props["service"]),
        task_definition=str(props["task_definition"]),
        timeout=float(props.get("timeout") or 1800),
    )
    console, clock = Row(props).info, SystemClock(plugin_process.stopping)
    try:
        with told_when_unanswered(plugin_process.stopping, console):
            ecs = connect(aws_settings(props, plugin_process.config)).client("ecs")
            wait_until_rolled(spec, ecs, clock, console, plugin_process.stopping.is_set)
    except MigrationInterrupted as interrupted:
        fail("rollout interrupted", str(interrupted))
    except MigrationError as error:
        fail("rollout failed", str(error))
    return dict(props)
