"""Who is told when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ..validation import between


@dataclass(kw_only=True)
class WatchingArgs:
    """Alarms and a dashboard.

    Args:
        topic_arn: SNS topic that alarms go to; its policy must let `cloudwatch.amazonaws.com` and `events.amazonaws.com` publish.
            Without it alarms are shown, and nobody is told.
        migration_failed: alarm for each failed migration, default True.
        no_healthy_task: alarm when no task is healthy for 3 minutes, default True.
        rollback: message when a deployment has failed, default True; needs topic_arn.
        cpu, memory: alarm when the average is above so many percent, default 90; None for no alarm.
        server_errors: alarm when the app answers 5xx more often in a minute, default 10; None for no alarm. With ingress.
        minutes: how long cpu, memory and server_errors must be above, default 5.
        dashboard: a CloudWatch dashboard of service and migrations, default True.
    """

    topic_arn: pulumi.Input[str] | None = None
    migration_failed: bool = True
    no_healthy_task: bool = True
    rollback: bool = True
    cpu: int | None = 90
    memory: int | None = 90
    server_errors: int | None = 10
    minutes: int = 5
    dashboard: bool = True

    def validate(self, where: str) -> None:
        between(f"{where}.cpu", self.cpu, 1, 100, " percent")
        between(f"{where}.memory", self.memory, 1, 100, " percent")
        between(f"{where}.server_errors", self.server_errors, 0, 1_000_000, " a minute")
        between(f"{where}.minutes", self.minutes, 1, 60, " minutes")
