"""Task definitions of the app, the migration, workers and schedules."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from .args import TaskArgs
from .containers import Container
from .context import Context
from .volumes import task_volumes, volume_names


def task_definition(
    context: Context,
    name: str,
    *,
    family: str,
    cpu: int,
    memory: int,
    roles: tuple[pulumi.Output[str], pulumi.Output[str]],
    ready: Sequence[pulumi.Resource],
    containers: Sequence[Container],
) -> aws.ecs.TaskDefinition:
    """A Fargate task definition; a new revision when anything in it changes.

    Args:
        roles: ARNs of the execution role and of the task role.
        ready: what must be there before a task of it starts.
    """
    task = context.args.task or TaskArgs()
    definitions = [each.definition(context.region) for each in sorted(containers, key=lambda c: c.name)]
    mounted = volume_names([(each.name, each.more) for each in containers])
    return aws.ecs.TaskDefinition(
        name,
        family=family,
        cpu=str(cpu),
        memory=str(memory),
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        execution_role_arn=roles[0],
        task_role_arn=roles[1],
        runtime_platform=_platform(task),
        ephemeral_storage=_storage(task),
        volumes=task_volumes(mounted, task.volumes or {}) or None,
        container_definitions=pulumi.Output.all(*definitions).apply(
            lambda found: json.dumps(found, sort_keys=True)
        ),
        skip_destroy=task.keep_revisions,
        tags=context.tags,
        opts=context.options(ready),
    )


def _platform(task: TaskArgs) -> aws.ecs.TaskDefinitionRuntimePlatformArgs | None:
    """Left out unless asked for, as ECS gives it back only then."""
    if task.architecture is None:
        return None
    return aws.ecs.TaskDefinitionRuntimePlatformArgs(
        cpu_architecture=task.architecture, operating_system_family="LINUX"
    )


def _storage(task: TaskArgs) -> aws.ecs.TaskDefinitionEphemeralStorageArgs | None:
    if task.ephemeral_storage is None:
        return None
    return aws.ecs.TaskDefinitionEphemeralStorageArgs(size_in_gib=task.ephemeral_storage)
