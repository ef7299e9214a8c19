"""Who is told when something is wrong: CloudWatch alarms, and an EventBridge rule for deployments that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from . import names
from .args import MigratableEcsServiceArgs, WatchingArgs
from .context import Context
from .ecs_service import desired_count
from .ingress import Ingress
from .migration_run import Migration

#: CloudWatch namespace of the metrics that are counted from the history of the migrations.
NAMESPACE = "migratable-ecs"

#: Minutes without a healthy task until the alarm.
NO_HEALTHY_TASK_MINUTES = 3


def history_pattern(status: str) -> str:
    """Filter for the history's events with `status` (migration/history.py) and for no line of the migration's own log. Pure.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    return f'{{ ($.status = "{status}") && ($.identity = "*") && ($.task_definition_arn = "*") }}'


def rollback_pattern(service_arn: str) -> str:
    """Event pattern for a deployment of the service that failed; with the circuit breaker's rollback, that is a rollback. Pure.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
    """
    return json.dumps(
        {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Deployment State Change"],
            "resources": [service_arn],
            "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
        }
    )


class Alarms:
    """The alarms that were asked for.

    Args:
        service: watched.
        migrations: whose histories are counted; a worker has none.
    """

    def __init__(
        self,
        context: Context,
        args: WatchingArgs,
        service: aws.ecs.Service,
        ingress: Ingress | None,
        migrations: Sequence[Migration] = (),
    ) -> None:
        self._context, self._args = context, args
        self._of_service: dict[str, pulumi.Input[str]] = {
            "ClusterName": pulumi.Output.from_input(context.args.cluster).apply(names.cluster),
            "ServiceName": service.name,
        }
        # With blue/green the requests are now at the one, now at the other target group.
        self._of_targets: list[dict[str, pulumi.Input[str]]] = []
        if ingress is not None:
            balancer = ingress.load_balancer_dimension
            self._of_targets = [
                {"LoadBalancer": balancer, "TargetGroup": group.arn_suffix} for group in ingress.target_groups
            ]
        if migrations:
            self._migrations(migrations)
        if args.no_healthy_task and always_runs(context.args):
            self._no_healthy_task()
        self._use("cpu", "CPUUtilization", args.cpu)
        self._use("memory", "MemoryUtilization", args.memory)
        if args.server_errors is not None and ingress:
            self._server_errors(args.server_errors)
        if args.rollback and args.topic_arn is not None:
            self._rollback(service, args.topic_arn)

    def _alarm(self, what: str, description: str, metric: Mapping[str, Any], **settings: Any) -> None:
        topics = [self._args.topic_arn] if self._args.topic_arn is not None else []
        aws.cloudwatch.MetricAlarm(
            f"{self._context.name}-{what}",
            name=self._context.names.alarm(what),
            alarm_description=description,
            alarm_actions=topics,
            ok_actions=topics,
            tags=self._context.tags,
            opts=self._context.options(),
            **metric,
            **settings,
        )

    def _of_requests(self, metric: str, statistic: str) -> dict[str, Any]:
        """A metric of the target group, or the sum of both.

        Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
        """
        namespace = "AWS/ApplicationELB"
        if len(self._of_targets) == 1:
            return _metric(namespace, metric, statistic, self._of_targets[0])
        queries = [
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id=color,
                metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                    namespace=namespace, metric_name=metric, stat=statistic, period=60, dimensions=dimensions
                ),
            )
            for color, dimensions in zip(("blue", "green"), self._of_targets, strict=True)
        ]
        both = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="both", label=metric, expression="FILL(blue, 0) + FILL(green, 0)", return_data=True
        )
        return {"metric_queries": [both, *queries]}

    def _migrations(self, migrations: Sequence[Migration]) -> None:
        """Failed and succeeded runs are counted, from the histories, for alarm and dashboard."""
        for migration, what in zip(migrations, ("migrations", "contracts"), strict=False):
            for status in ("failed", "succeeded"):
                aws.cloudwatch.LogMetricFilter(
                    f"{self._context.name}-{what}-{status}",
                    name=self._context.names.alarm(f"{what}-{status}"),
                    log_group_name=migration.group.name,
                    pattern=history_pattern(status),
                    metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                        name=metric_name(self._context.name, status),
                        namespace=NAMESPACE,
                        value="1",
                        default_value="0",
                    ),
                    opts=self._context.options(),
                )
        if self._args.migration_failed:
            self._alarm(
                "migration-failed",
                f"A migration of {self._context.name} has failed; its log and history are in the migration's log group",
                _metric(NAMESPACE, metric_name(self._context.name, "failed"), "Sum"),
                comparison_operator="GreaterThanThreshold",
                threshold=0,
                evaluation_periods=1,
                treat_missing_data="notBreaching",
            )

    def _no_healthy_task(self) -> None:
        common: dict[str, Any] = {
            "comparison_operator": "LessThanThreshold",
            "threshold": 1,
            "evaluation_periods": NO_HEALTHY_TASK_MINUTES,
            "treat_missing_data": "breaching",
        }
        if self._of_targets:
            self._alarm(
                "no-healthy-task",
                f"No task of {self._context.name} is healthy",
                self._of_requests("HealthyHostCount", "Maximum"),
                **common,
            )
            return
        # Each running task reports its CPU once a minute, so the number of reports is the number of tasks.
        # Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html
        self._alarm(
            "no-healthy-task",
            f"No task of {self._context.name} is running",
            _metric("AWS/ECS", "CPUUtilization", "SampleCount", self._of_service),
            **common,
        )

    def _use(self, what: str, metric: str, percent: int | None) -> None:
        if percent is None:
            return
        self._alarm(
            what,
            f"{self._context.name} has used more than {percent} percent of its {what} for {self._args.minutes} minutes",
            _metric("AWS/ECS", metric, "Average", self._of_service),
            comparison_operator="GreaterThanThreshold",
            threshold=percent,
            evaluation_periods=self._args.minutes,
            treat_missing_data="notBreaching",
        )

    def _server_errors(self, a_minute: int) -> None:
        self._alarm(
            "server-errors",
            f"{self._context.name} has answered 5xx more than {a_minute} times a minute for {self._args.minutes} minutes",
            self._of_requests("HTTPCode_Target_5XX_Count", "Sum"),
            comparison_operator="GreaterThanThreshold",
            threshold=a_minute,
            evaluation_periods=self._args.minutes,
            treat_missing_data="notBreaching",
        )

    def _rollback(self, service: aws.ecs.Service, topic: pulumi.Input[str]) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._context.name}-rollback",
            name=self._context.names.rule("rollback"),
            description=f"A deployment of {self._context.name} has failed",
            event_pattern=service.arn.apply(rollback_pattern),
            tags=self._context.tags,
            opts=self._context.options(),
        )
        aws.cloudwatch.EventTarget(
            f"{self._context.name}-rollback",
            rule=rule.name,
            target_id="topic",
            arn=topic,
            opts=self._context.options(),
        )


def always_runs(args: MigratableEcsServiceArgs) -> bool:
    """Whether a task of the service is to run at any time, so that none is a fault. Pure."""
    if args.scaling is not None and args.scaling.may_be_none():
        return False
    return desired_count(args) > 0


def _metric(
    namespace: str, name: str, statistic: str, dimensions: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What an alarm looks at, once a minute."""
    found = {"namespace": namespace, "metric_name": name, "statistic": statistic, "period": 60}
    return {**found, "dimensions": dict(dimensions)} if dimensions else found


def metric_name(service: str, status: str) -> str:
    """The metric that counts the runs with `status`."""
    return f"{service}-migrations-{status}"
