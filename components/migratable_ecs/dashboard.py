"""A CloudWatch dashboard of service and migrations, with the runs marked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from . import names
from .alarms import NAMESPACE, metric_name
from .context import Context
from .ingress import Ingress
from .migration.history import stream_name
from .migration.resource import MigrationRun

_COLORS = {"succeeded": "#2ca02c", "failed": "#d62728"}
_HEIGHT, _HALF, _WHOLE = 6, 12, 24


@dataclass(frozen=True)
class Watched:
    """What the dashboard shows; everything is known. `runs` is the history of the migration, oldest first."""

    service: str
    ecs_service: str
    cluster: str
    region: str
    target_group: str = ""
    load_balancer: str = ""
    migration_log_group: str = ""
    migration_family: str = ""
    runs: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def body(watched: Watched) -> str:
    """The dashboard's JSON. Pure.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    of_service = ["ClusterName", watched.cluster, "ServiceName", watched.ecs_service]
    graphs = [
        _graph(watched, "CPU and memory (%)", "Average", [
            ["AWS/ECS", "CPUUtilization", *of_service],
            ["AWS/ECS", "MemoryUtilization", *of_service],
        ]),
        _graph(watched, "Tasks running", "SampleCount", [["AWS/ECS", "CPUUtilization", *of_service]]),
    ]  # fmt: skip
    if watched.target_group:
        of_target = ["TargetGroup", watched.target_group, "LoadBalancer", watched.load_balancer]
        graphs += [
            _graph(watched, "Requests and errors", "Sum", [
                ["AWS/ApplicationELB", name, *of_target]
                for name in ("RequestCount", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count")
            ]),
            _graph(watched, "Response time, p95 (s)", "p95", [["AWS/ApplicationELB", "TargetResponseTime", *of_target]]),
        ]  # fmt: skip
    widgets = [
        {**graph, "x": number % 2 * _HALF, "y": number // 2 * _HEIGHT, "width": _HALF, "height": _HEIGHT}
        for number, graph in enumerate(graphs)
    ]
    if watched.migration_log_group:
        below = (len(graphs) + 1) // 2 * _HEIGHT
        widgets += _migrations(watched, below)
    return json.dumps({"widgets": widgets}, sort_keys=True)


def marks(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A vertical line for each run. Pure."""
    return [
        {
            "label": f"migration {run.get('status')}: {str(run.get('digest'))[:19]}",
            "value": str(run["started_at"]),
            "color": _COLORS.get(str(run.get("status")), "#7f7f7f"),
        }
        for run in runs
        if run.get("started_at")
    ]


def _graph(watched: Watched, title: str, statistic: str, metrics: list[list[str]]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": title, "region": watched.region, "view": "timeSeries", "stat": statistic, "period": 60, "metrics": metrics,
    }  # fmt: skip
    if lines := marks(watched.runs):
        properties["annotations"] = {"vertical": lines}
    return {"type": "metric", "properties": properties}


def _migrations(watched: Watched, below: int) -> list[dict[str, Any]]:
    counted = _graph(
        watched, "Migrations", "Sum",
        [[NAMESPACE, metric_name(watched.service, status)] for status in ("succeeded", "failed")],
    )  # fmt: skip
    query = (
        f"SOURCE '{watched.migration_log_group}'"
        f" | filter @logStream = '{stream_name(watched.migration_family)}'"
        " | fields @timestamp, status, digest, exit_code, attempts, cause, actor, task_arn"
        " | sort @timestamp desc | limit 20"
    )
    history = {
        "type": "log",
        "properties": {
            "title": "Runs of the migration",
            "region": watched.region,
            "view": "table",
            "query": query,
        },
    }
    return [
        {**counted, "x": 0, "y": below, "width": _HALF, "height": _HEIGHT},
        {**history, "x": 0, "y": below + _HEIGHT, "width": _WHOLE, "height": _HEIGHT},
    ]


def dashboard(
    context: Context,
    service: aws.ecs.Service,
    ingress: Ingress | None,
    migration: MigrationRun | None,
    migration_log_group: pulumi.Output[str] | None,
    migration_family: str,
) -> aws.cloudwatch.Dashboard:
    """The dashboard of one service. It changes when a migration has run, since the run is marked in it."""
    known: pulumi.Output[dict[str, Any]] = pulumi.Output.all(
        service=context.name,
        ecs_service=service.name,
        cluster=pulumi.Output.from_input(context.args.cluster).apply(names.cluster),
        region=context.region,
        target_group=ingress.target_group.arn_suffix if ingress else "",
        load_balancer=ingress.load_balancer_dimension if ingress else "",
        migration_log_group=migration_log_group if migration_log_group is not None else "",
        migration_family=migration_family,
        # Nothing is known of it yet in a preview of the first update, and nothing when the run came to no end.
        runs=migration.history.apply(lambda found: found or []) if migration else [],
    )
    return aws.cloudwatch.Dashboard(
        context.name,
        dashboard_name=context.names.dashboard,
        dashboard_body=known.apply(lambda got: body(Watched(**got))),
        opts=context.options(),
    )
