"""Names that can be foretold: `{name}` and `{name}-migrate`, shortened with a hash where AWS wants them shorter, or given. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from .args.naming import NamesArgs


@dataclass(frozen=True)
class Names:
    """What is made for one service, by name. `log_group` is None when it follows from the app's family."""

    service: str
    execution_role: str
    task_role: str
    target_group: str
    alternate_target_group: str
    load_balancer: str
    security_group: str
    blue_green_role: str
    alarms: str
    dashboard: str
    log_group: str | None = None

    def alarm(self, what: str) -> str:
        """Name of the alarm for `what`, at most 255 characters."""
        return shortened(f"{self.alarms}-{what}", 255)

    def rule(self, what: str) -> str:
        """Name of an EventBridge rule, at most 64 characters."""
        return shortened(f"{self.alarms}-{what}", 64)


def all_of(name: str, given: NamesArgs | None) -> Names:
    """Every name of the service `name`: as given, else derived."""
    own = given or NamesArgs()
    group = own.target_group or target_group(name)
    return Names(
        service=own.service or name,
        execution_role=own.execution_role or role(name, "execution"),
        task_role=own.task_role or role(name, "task"),
        target_group=group,
        alternate_target_group=shortened(f"{group}-alternate", 32),
        load_balancer=own.load_balancer or shortened(name, 32),
        security_group=own.security_group or shortened(f"{name}-alb", 255),
        blue_green_role=role(name, "blue-green"),
        alarms=own.alarms or name,
        dashboard=own.dashboard or shortened(name, 255),
        log_group=own.log_group,
    )


def shortened(name: str, limit: int) -> str:
    """`name`, or its head and eight hex digits of its hash when it is longer than `limit`."""
    if len(name) <= limit:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{mark}"


def target_group(name: str) -> str:
    """At most 32 characters."""
    return shortened(name, 32)


def role(name: str, purpose: str) -> str:
    """At most 64 characters."""
    return shortened(f"{name}-{purpose}", 64)


def migration(name: str, suffix: str = "migrate") -> str:
    """The family of a migration's task definition: at most 255 characters."""
    return shortened(f"{name}-{suffix}", 255)


def log_group(family: str) -> str:
    """`/ecs/{family}`, as the ECS console names it."""
    return f"/ecs/{family}"


def cluster(name_or_arn: str) -> str:
    """The cluster's name, from its name or its ARN."""
    return name_or_arn.rsplit("/", 1)[-1]
