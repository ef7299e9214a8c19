"""Names given instead of derived."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from ..validation import InvalidArgument, is_plain

#: Field -> (what AWS accepts, in words, greatest length).
#: Sources: the `Pattern` and `Length Constraints` of CreateService, RegisterTaskDefinition, CreateLogGroup, CreateTargetGroup, CreateRole,
#: CreateLoadBalancer, CreateSecurityGroup, PutMetricAlarm and PutDashboard in their API references.
_WORD = (r"[a-zA-Z0-9_-]+", "letters, digits, hyphens and underscores")
_HOST = (r"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?", "letters, digits and inner hyphens")
_LOGS = (r"[a-zA-Z0-9_/.#-]+", "letters, digits and _ / . # -")
_ROLE = (r"[\w+=,.@-]+", "letters, digits and _ + = , . @ -")
RULES: dict[str, tuple[tuple[str, str], int]] = {
    "service": (_WORD, 255),
    "log_group": (_LOGS, 512),
    "execution_role": (_ROLE, 64),
    "task_role": (_ROLE, 64),
    "target_group": (_HOST, 32),
    "load_balancer": (_HOST, 32),
    "security_group": ((r"(?!sg-)[a-zA-Z0-9 ._:/()#,@+=&;{}!$*-]+", "letters, digits and spaces, not beginning with sg-"), 255),
    "alarms": (_WORD, 200),
    "dashboard": (_WORD, 255),
}  # fmt: skip


@dataclass(kw_only=True)
class NamesArgs:
    """Names of your own, where the derived ones are not wanted; `{name}` is the component's name.

    Families, and the log groups of the migration and the workers, are named where those are described.

    Args:
        service: default `{name}`.
        log_group: of the app, default `/ecs/{family}`.
        execution_role, task_role: default `{name}-execution` and `{name}-task`, at most 64 characters.
        target_group: default `{name}`, at most 32 characters.
        load_balancer, security_group: of the load balancer made for the service, default `{name}` and `{name}-alb`.
        alarms: beginning of every alarm's name, default `{name}`.
        dashboard: default `{name}`.
    """

    service: str | None = None
    log_group: str | None = None
    execution_role: str | None = None
    task_role: str | None = None
    target_group: str | None = None
    load_balancer: str | None = None
    security_group: str | None = None
    alarms: str | None = None
    dashboard: str | None = None

    def validate(self, where: str) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            (pattern, words), limit = RULES[field.name]
            if is_plain(value) and (len(value) > limit or not re.fullmatch(pattern, value, re.ASCII)):
                raise InvalidArgument(
                    f"{where}.{field.name} is {value!r}; allowed are {words}, at most {limit} characters"
                )
