"""What ECS and CloudWatch know of a migration: its task definition, its tasks, its runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..migration import history
from ..migration.cloudwatch import Logs
from ..migration.ecs import AwsCallFailed, Ecs, Task
from ..migration.follow import Streams
from ..migration.obtain import DIGEST_TAG
from .desk import Desk

#: `startedBy` of a run of the migration. Those of status and plan commands have a word in between (running.py).
_MIGRATES = re.compile(r"migratable-[0-9a-f]{20}")


class MigrationFacts:
    """Asked for one migration of the desk's target; each answer is asked for once."""

    def __init__(self, desk: Desk) -> None:
        self.migration = desk.target.need_migration()
        self._target = desk.target
        self.ecs = Ecs(desk.client("ecs"), desk.clock)
        self.logs = Logs(desk.client("logs"), desk.clock)
        self._definition: Mapping[str, Any] | None = None

    @property
    def cluster(self) -> str:
        """Where its tasks are."""
        return self._target.need_cluster()

    @property
    def definition(self) -> Mapping[str, Any]:
        """The task definition that the next run has."""
        if self._definition is None:
            self._definition = self.ecs.task_definition(self.migration.task_definition)
        return self._definition

    @property
    def container(self) -> Mapping[str, Any]:
        """The migration's container in it."""
        name = self.migration.container
        return next((c for c in self.definition["containerDefinitions"] if c["name"] == name), {})

    @property
    def log_group(self) -> str:
        """Where the migration writes; empty when not to CloudWatch."""
        options = (self.container.get("logConfiguration") or {}).get("options") or {}
        return str(options.get("awslogs-group") or "")

    def streams(self, task: Task) -> Streams:
        """Log streams of the containers of `task`."""
        return Streams.of(self.definition, task)

    def tasks(self) -> list[Task]:
        """The tasks of the family that ECS still knows, oldest first."""
        return self.ecs.family_tasks(self.cluster, self.migration.family)

    def executing(self) -> list[Task]:
        """The tasks of the family that are not over, oldest first; at most one but for a moment."""
        tasks = self.ecs.family_tasks(self.cluster, self.migration.family, ("RUNNING",))
        return [task for task in tasks if not task.over(self.migration.container)]

    def runs(self, limit: int = 20) -> list[dict[str, Any]]:
        """Runs, oldest first: of the log group's history, else those that the stack's state has kept."""
        kept = [dict(run) for run in self.migration.recorded.get("history") or ()]
        written: list[dict[str, Any]] = []
        if self.log_group:
            try:
                written = history.read(self.logs, self.log_group, self.migration.family, limit)
            except AwsCallFailed as failed:
                if failed.error.code != "ResourceNotFoundException":
                    raise
        merged = {str(run.get("run")): run for run in [*kept, *written]}
        return once(sorted(merged.values(), key=lambda run: str(run.get("started_at", ""))))[-limit:]

    def secret_values(self) -> list[str]:
        """Values of the environment variables that the program calls secret; never shown."""
        names = set(self.migration.props.get("secret_environment") or ())
        pairs = (self.container.get("environment") or ()) if names else ()
        return [str(pair["value"]) for pair in pairs if pair["name"] in names]


def once(runs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A task that several processes followed was written down by each: whoever started it is believed. Pure."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        key = str(run.get("task_arn") or run.get("run"))
        if key not in found or found[key].get("adopted"):
            found[key] = run
    return list(found.values())


def migrates(task: Task) -> bool:
    """Whether the task is a run of the migration, not of a status or plan command."""
    return bool(_MIGRATES.fullmatch(task.started_by))


def digest_of(task: Task) -> str:
    """The image digest that the task was started for; empty when nobody wrote it down."""
    return task.tag(DIGEST_TAG)


def app_log_group(desk: Desk) -> str:
    """Where the app writes; empty when not to CloudWatch."""
    outputs = desk.target.outputs
    if outputs.get("log_group"):
        return str(outputs["log_group"])
    if not outputs.get("task_definition_arn"):
        # Says why there is none.
        desk.target.need_service()
    definition = Ecs(desk.client("ecs"), desk.clock).task_definition(str(outputs["task_definition_arn"]))
    options = [
        (c.get("logConfiguration") or {}).get("options") or {} for c in definition["containerDefinitions"]
    ]
    return next((str(each["awslogs-group"]) for each in options if each.get("awslogs-group")), "")
