"""What is made around a service that is there: scaling, alarms, dashboard; and the links to see it by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from . import console, names
from .alarms import Alarms
from .context import Context
from .dashboard import dashboard
from .ingress import Ingress
from .migration.resource import MigrationRun
from .scaling import Scaling


@dataclass(frozen=True)
class Made:
    """A service with what belongs to it. `runs` are its migrations, `history` their log group and `family` its task definition's."""

    service: aws.ecs.Service
    ingress: Ingress | None
    log_group: pulumi.Output[str]
    runs: MigrationRun | None = None
    history: pulumi.Output[str] | None = None
    family: str = ""


def around(context: Context, made: Made) -> None:
    """Scaling, alarms and dashboard, as far as they were asked for."""
    args = context.args
    if args.scaling:
        Scaling(context, args.scaling, made.service, made.ingress)
    if args.watching:
        Alarms(context, args.watching, made.service, made.ingress, made.history)
        if args.watching.dashboard:
            dashboard(context, made.service, made.ingress, made.runs, made.history, made.family)


def links(context: Context, made: Made) -> dict[str, pulumi.Output[Any]]:
    """URL of the service, and pages of the AWS console; None for what there is not."""
    nothing: pulumi.Output[Any] = pulumi.Output.from_input(None)
    cluster = pulumi.Output.from_input(context.args.cluster).apply(names.cluster)
    region = context.region
    watched = context.args.watching
    return {
        "url": made.ingress.url() if made.ingress else nothing,
        "service_link": pulumi.Output.all(region, cluster, made.service.name).apply(
            lambda got: console.service(*got)
        ),
        "log_link": pulumi.Output.all(region, made.log_group).apply(lambda got: console.log_group(*got)),
        "migration_log_link": pulumi.Output.all(region, made.history).apply(
            lambda got: console.log_group(*got)
        )
        if made.history is not None
        else nothing,
        "migration_task_link": pulumi.Output.all(region, made.runs.task_arn).apply(
            lambda got: console.task(got[0], got[1] or "")
        )
        if made.runs
        else nothing,
        "dashboard_link": region.apply(lambda known: console.dashboard(known, context.names.dashboard))
        if watched and watched.dashboard
        else nothing,
    }
