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
from .migration_run import Migration

_COLORS = {"succeeded": "#2ca02c", "failed": "#d62728"}
_HEIGHT, _HALF, _WHOLE = 6, 12, 24


@dataclass(frozen=True)
class Watched:
    """What the dashboard shows; everything is known.

    Args:
        target_groups: with blue/green two.
        workers: key -> name of the ECS service.
        histories: (log group, family) of each migration. runs: their histories, oldest first.
    """

    service: str
    ecs_service: str
    cluster: str
    region: str
    target_groups: Sequence[str] = ()
    load_balancer: str = ""
    workers: Mapping[str, str] = field(default_factory=dict)
    histories: Sequence[Sequence[str]] = ()
    runs: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def body(watched: Watched) -> str:
    """The dashboard's JSON. Pure.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    tasks = [
        _of_service(watched, "CPUUtilization", name)
        for name in (watched.ecs_service, *watched.workers.values())
    ]
    graphs = [
        _use(watched, "", watched.ecs_service),
        _graph(watched, "Tasks running", "SampleCount", tasks),
        *(_use(watched, f"{key}: ", name) for key, name in watched.workers.items()),
    ]  # fmt: skip
    if watched.target_groups:
        counted = ("RequestCount", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count")
        graphs += [
            _graph(watched, "Requests and errors", "Sum", _of_targets(watched, *counted)),
            _graph(watched, "Response time, p95 (s)", "p95", _of_targets(watched, "TargetResponseTime")),
        ]
    widgets = [
        {**graph, "x": number % 2 * _HALF, "y": number // 2 * _HEIGHT, "width": _HALF, "height": _HEIGHT}
        for number, graph in enumerate(graphs)
    ]
    if watched.histories:
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


def _use(watched: Watched, prefix: str, service: str) -> dict[str, Any]:
    metrics = [_of_service(watched, name, service) for name in ("CPUUtilization", "MemoryUtilization")]
    return _graph(watched, f"{prefix}CPU and memory (%)", "Average", metrics)


def _of_service(watched: Watched, metric: str, service: str) -> list[str]:
    return ["AWS/ECS", metric, "ClusterName", watched.cluster, "ServiceName", service]


def _of_targets(watched: Watched, *metrics: str) -> list[list[str]]:
    return [
        ["AWS/ApplicationELB", metric, "TargetGroup", group, "LoadBalancer", watched.load_balancer]
        for group in watched.target_groups
        for metric in metrics
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
        " | ".join(f"SOURCE '{group}'" for group, _ in watched.histories)
        + " | filter "
        + " or ".join(f"@logStream = '{stream_name(family)}'" for _, family in watched.histories)
        + " | fields @timestamp, status, digest, exit_code, attempts, cause, actor, task_arn"
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
    migrations: Sequence[Migration] = (),
    workers: Mapping[str, aws.ecs.Service] | None = None,
) -> aws.cloudwatch.Dashboard:
    """The dashboard of one service. It changes when a migration has run, since the run is marked in it."""
    known: pulumi.Output[dict[str, Any]] = pulumi.Output.all(
        service=context.name,
        ecs_service=service.name,
        cluster=pulumi.Output.from_input(context.args.cluster).apply(names.cluster),
        region=context.region,
        target_groups=[group.arn_suffix for group in ingress.target_groups] if ingress else [],
        load_balancer=ingress.load_balancer_dimension if ingress else "",
        workers={key: worker.name for key, worker in (workers or {}).items()},
        histories=[[migration.group.name, migration.family] for migration in migrations],
        runs=pulumi.Output.all(*(migration.run.history for migration in migrations)).apply(_in_order),
    )
    return aws.cloudwatch.Dashboard(
        context.name,
        dashboard_name=context.names.dashboard,
        dashboard_body=known.apply(lambda got: body(Watched(**got))),
        opts=context.options(),
    )


def _in_order(histories: Sequence[Sequence[Mapping[str, Any]] | None]) -> list[Mapping[str, Any]]:
    """All runs, oldest first. Of a run that came to no end, and in a preview of the first update, nothing is known."""
    runs = [run for history in histories for run in history or ()]
    return sorted(runs, key=lambda run: str(run.get("started_at")))
