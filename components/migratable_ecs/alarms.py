"""Who is told when something is wrong: CloudWatch alarms, and an EventBridge rule for deployments that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from . import names
from .args import WatchingArgs
from .context import Context
from .ingress import Ingress

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
        migration_log_group: where the history of the migrations is; None without a migration.
    """

    def __init__(
        self,
        context: Context,
        args: WatchingArgs,
        service: aws.ecs.Service,
        ingress: Ingress | None,
        migration_log_group: pulumi.Output[str] | None,
    ) -> None:
        self._context, self._args = context, args
        self._of_service: dict[str, pulumi.Input[str]] = {
            "ClusterName": pulumi.Output.from_input(context.args.cluster).apply(names.cluster),
            "ServiceName": service.name,
        }
        self._of_target: dict[str, pulumi.Input[str]] = (
            {
                "LoadBalancer": ingress.load_balancer_dimension,
                "TargetGroup": ingress.target_group.arn_suffix,
            }
            if ingress
            else {}
        )
        if migration_log_group is not None:
            self._migrations(migration_log_group)
        if args.no_healthy_task and context.args.desired_count > 0:
            self._no_healthy_task()
        self._use("cpu", "CPUUtilization", args.cpu)
        self._use("memory", "MemoryUtilization", args.memory)
        if args.server_errors is not None and ingress:
            self._server_errors(args.server_errors)
        if args.rollback and args.topic_arn is not None:
            self._rollback(service, args.topic_arn)

    def _alarm(self, what: str, description: str, dimensions: Mapping[str, Any], **settings: Any) -> None:
        topics = [self._args.topic_arn] if self._args.topic_arn is not None else []
        aws.cloudwatch.MetricAlarm(
            f"{self._context.name}-{what}",
            name=self._context.names.alarm(what),
            alarm_description=description,
            dimensions=dict(dimensions) or None,
            period=60,
            alarm_actions=topics,
            ok_actions=topics,
            tags=self._context.tags,
            opts=self._context.options(),
            **settings,
        )

    def _migrations(self, group: pulumi.Output[str]) -> None:
        """Failed and succeeded runs are counted, from the history, for alarm and dashboard."""
        for status in ("failed", "succeeded"):
            aws.cloudwatch.LogMetricFilter(
                f"{self._context.name}-migrations-{status}",
                name=self._context.names.alarm(f"migrations-{status}"),
                log_group_name=group,
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
                {},
                namespace=NAMESPACE,
                metric_name=metric_name(self._context.name, "failed"),
                statistic="Sum",
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
        if self._of_target:
            self._alarm(
                "no-healthy-task", f"No task of {self._context.name} is healthy", self._of_target,
                namespace="AWS/ApplicationELB", metric_name="HealthyHostCount", statistic="Maximum", **common,
            )  # fmt: skip
            return
        # Each running task reports its CPU once a minute, so the number of reports is the number of tasks.
        # Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html
        self._alarm(
            "no-healthy-task", f"No task of {self._context.name} is running", self._of_service,
            namespace="AWS/ECS", metric_name="CPUUtilization", statistic="SampleCount", **common,
        )  # fmt: skip

    def _use(self, what: str, metric: str, percent: int | None) -> None:
        if percent is None:
            return
        self._alarm(
            what,
            f"{self._context.name} has used more than {percent} percent of its {what} for {self._args.minutes} minutes",
            self._of_service,
            namespace="AWS/ECS",
            metric_name=metric,
            statistic="Average",
            comparison_operator="GreaterThanThreshold",
            threshold=percent,
            evaluation_periods=self._args.minutes,
            treat_missing_data="notBreaching",
        )

    def _server_errors(self, a_minute: int) -> None:
        self._alarm(
            "server-errors",
            f"{self._context.name} has answered 5xx more than {a_minute} times a minute for {self._args.minutes} minutes",
            self._of_target,
            namespace="AWS/ApplicationELB",
            metric_name="HTTPCode_Target_5XX_Count",
            statistic="Sum",
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


def metric_name(service: str, status: str) -> str:
    """The metric that counts the runs with `status`."""
    return f"{service}-migrations-{status}"
