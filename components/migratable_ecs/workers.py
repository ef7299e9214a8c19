"""Workers: further services from the same image, which wait for the migration as the app does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pulumi
import pulumi_aws as aws

from . import logs, names, processes
from .args import MigratableEcsServiceArgs, NamesArgs, WatchingArgs, WorkerArgs
from .around import Made, around
from .containers import Container
from .context import Context
from .ecs_service import ecs_service
from .iam import Roles
from .task_definitions import task_definition


class Worker:
    """One worker: first its containers, which the roles need, then the rest."""

    definition: aws.ecs.TaskDefinition
    service: aws.ecs.Service

    def __init__(self, context: Context, key: str, args: WorkerArgs) -> None:
        self._context, self._args, self.key = context, args, key
        self.name = f"{context.name}-{key}"
        self.family = args.family or names.shortened(self.name, 255)
        where = f"workers[{key!r}]"
        group = self._group = logs.log_group(context, self.name, self.family, args.log_group)
        self.containers: list[Container] = [
            processes.process(context, args, group, where=where, name=key),
            *processes.sidecars(context, args.sidecars, group, f"{where}."),
        ]

    def register(self, roles: Roles, after: Sequence[pulumi.Resource]) -> None:
        """Make the task definition, and the service, with its scaling and alarms, once everything in `after` is done."""
        self.definition = task_definition(
            self._context,
            self.name,
            family=self.family,
            cpu=self._args.cpu,
            memory=self._args.memory,
            roles=(roles.execution_arn, roles.task_arn),
            ready=roles.ready,
            containers=self.containers,
        )
        own = self._own_context()
        self.service = ecs_service(own, self.definition, None, after)
        around(own, Made(self.service, None, self._group.name))

    def _own_context(self) -> Context:
        """The service's, without what is the app's alone: ingress, discovery, blue/green, dashboard; with its own scaling and alarms."""
        app, own = self._context.args, self._args
        args = MigratableEcsServiceArgs(
            cluster=app.cluster,
            image=app.image,
            network=app.network,
            names=NamesArgs(service=own.service_name, alarms=f"{self._context.names.alarms}-{self.key}"),
            rollout=replace(app.rollout, blue_green=None, grace_period=None) if app.rollout else None,
            scaling=own.scaling,
            watching=self._watching(),
            desired_count=own.desired_count,
            wait_for_steady_state=app.wait_for_steady_state,
        )
        return replace(self._context, name=self.name, args=args)

    def _watching(self) -> WatchingArgs | None:
        own, app = self._args.watching, self._context.args.watching
        if own is None:
            return None
        topic = own.topic_arn if own.topic_arn is not None or app is None else app.topic_arn
        return replace(own, topic_arn=topic, dashboard=False)
