"""What is made around a service that is there: scaling, alarms, dashboard; and the links to see it by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from . import console, names
from .alarms import Alarms
from .context import Context
from .dashboard import dashboard
from .ingress import Ingress
from .migration_run import Migration
from .scaling import Scaling


@dataclass(frozen=True)
class Made:
    """A service with what belongs to it: its migrations, the first of them before a second one; its workers by key."""

    service: aws.ecs.Service
    ingress: Ingress | None
    log_group: pulumi.Output[str]
    migrations: Sequence[Migration] = ()
    workers: Mapping[str, aws.ecs.Service] = field(default_factory=dict)


def around(context: Context, made: Made) -> None:
    """Scaling, alarms and dashboard, as far as they were asked for."""
    args = context.args
    if args.scaling:
        Scaling(context, args.scaling, made.service, made.ingress)
    if args.watching:
        Alarms(context, args.watching, made.service, made.ingress, made.migrations)
        if args.watching.dashboard:
            dashboard(context, made.service, made.ingress, made.migrations, made.workers)


def links(context: Context, made: Made) -> dict[str, pulumi.Output[Any]]:
    """URL of the service, and pages of the AWS console; None for what there is not."""
    nothing: pulumi.Output[Any] = pulumi.Output.from_input(None)
    cluster = pulumi.Output.from_input(context.args.cluster).apply(names.cluster)
    region = context.region
    migration = made.migrations[0] if made.migrations else None
    watched = context.args.watching
    return {
        "url": made.ingress.url() if made.ingress else nothing,
        "service_link": pulumi.Output.all(region, cluster, made.service.name).apply(
            lambda got: console.service(*got)
        ),
        "log_link": pulumi.Output.all(region, made.log_group).apply(lambda got: console.log_group(*got)),
        "migration_log_link": pulumi.Output.all(region, migration.group.name).apply(
            lambda got: console.log_group(*got)
        )
        if migration
        else nothing,
        "migration_task_link": pulumi.Output.all(region, migration.run.task_arn).apply(
            lambda got: console.task(got[0], got[1] or "")
        )
        if migration
        else nothing,
        "dashboard_link": region.apply(lambda known: console.dashboard(known, context.names.dashboard))
        if watched and watched.dashboard
        else nothing,
    }
