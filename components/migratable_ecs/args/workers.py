"""Workers and scheduled tasks: further things that run from the service's image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..validation import InvalidArgument, between, text
from .containers import SidecarArgs
from .process import ProcessArgs
from .scaling import ScalingArgs
from .task import family
from .watching import WatchingArgs

#: Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
_EXPRESSION = re.compile(
    r"^(rate\([1-9]\d* (minute|minutes|hour|hours|day|days)\)"
    r"|cron\(\S+ \S+ \S+ \S+ \S+ \S+\)"
    r"|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\))\Z"
)

#: What follows `{service}-`, and so is part of families, log groups and names of services.
_KEY = re.compile(r"^[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}[a-zA-Z0-9])?\Z")


@dataclass(kw_only=True)
class WorkerArgs(ProcessArgs):
    """A further service from the same image that nobody calls: a queue worker, Celery, Sidekiq. One migration gates them all.

    Args:
        command: a string runs as `sh -c`, a list as it is.
        entry_point, working_directory: default the image's.
        environment, secrets: besides the service's; one with the same name replaces the service's.
        cpu, memory: units and MiB of the task, default 256 and 512.
        desired_count: default 1.
        container: more of its container. container_name: default the worker's key.
        sidecars: name -> further container of its task.
        scaling: its number of tasks follows its own load, as the service's; without `requests_per_target`, since nobody calls it.
        watching: its own alarms, as the service's; `topic_arn` default the service's. `migration_failed`, `server_errors` and `dashboard`
            are the service's alone, whose dashboard shows the workers too.
        service_name, family: default `{service}-{key}`. log_group: default `/ecs/{family}`. stream_prefix: default the container's name.
    """

    desired_count: int = 1
    sidecars: Mapping[str, SidecarArgs] | None = None
    scaling: ScalingArgs | None = None
    watching: WatchingArgs | None = None
    service_name: str | None = None

    def validate(self, where: str) -> None:
        super().validate(where)
        between(f"{where}.desired_count", self.desired_count, 0, 5000)
        family(f"{where}.service_name", self.service_name)
        if self.scaling:
            self.scaling.validate(f"{where}.scaling")
            if self.scaling.requests_per_target is not None:
                raise InvalidArgument(
                    f"{where}.scaling.requests_per_target needs ingress, which a worker does not have: leave it out, or give cpu"
                )
        if self.watching:
            self.watching.validate(f"{where}.watching")


@dataclass(kw_only=True)
class ScheduleArgs(ProcessArgs):
    """A task that EventBridge Scheduler starts from the same image.

    Args:
        expression: `rate(5 minutes)`, `cron(0 3 * * ? *)` or `at(2030-01-01T03:00:00)`.
        timezone: of cron and at, default `UTC`, such as `Asia/Tokyo`.
        enabled: default True.
        retries: how often a start that ECS refused is tried again, 0 to 185, default 3; a task that fails is not started again.
        max_age: seconds after which a start that was refused is given up, 60 to 86400, default 3600.
        flexible_minutes: it may start up to so much later, 1 to 1440, default at the time itself.
        command: a string runs as `sh -c`, a list as it is.
        entry_point, working_directory: default the image's.
        environment, secrets: besides the service's; one with the same name replaces the service's.
        cpu, memory: units and MiB of the task, default 256 and 512.
        container: more of its container. container_name: default the schedule's key.
        family: default `{service}-{key}`, which also names the schedule. log_group: default `/ecs/{family}`.
        stream_prefix: default the container's name.
    """

    expression: str
    timezone: str = "UTC"
    enabled: bool = True
    retries: int = 3
    max_age: int = 3600
    flexible_minutes: int | None = None

    def validate(self, where: str) -> None:
        super().validate(where)
        if not isinstance(self.expression, str) or not _EXPRESSION.match(self.expression):
            raise InvalidArgument(
                f"{where}.expression is {self.expression!r}; give rate(5 minutes), cron(0 3 * * ? *) with six fields, or "
                "at(2030-01-01T03:00:00)"
            )
        text(f"{where}.timezone", self.timezone)
        between(f"{where}.retries", self.retries, 0, 185)
        between(f"{where}.max_age", self.max_age, 60, 86400, " s")
        between(f"{where}.flexible_minutes", self.flexible_minutes, 1, 1440, " minutes")


def key(where: str, name: object) -> None:
    """Refuse the key of a worker or schedule that could not be part of a name."""
    if not isinstance(name, str) or not _KEY.match(name):
        raise InvalidArgument(
            f"{where} has the key {name!r}; allowed are letters, digits and hyphens inside, at most 64"
        )
