"""The two roles of the tasks, least privilege: each action on exactly the resources at hand (docs/security.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pulumi
import pulumi_aws as aws

from . import volumes
from .args import TaskArgs
from .containers import Container
from .context import Context
from .image import Image
from .secrets import Secret

ASSUMED_BY_TASKS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)

#: What the agent of ECS Exec does in a task. AWS defines no resource for these actions.
#: Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions
EXEC_ACTIONS = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)


@dataclass(frozen=True)
class Needs:
    """What ECS needs to start tasks; everything is known."""

    images: Sequence[Image]
    secrets: Sequence[Secret]
    log_group_arns: Sequence[str]
    environment_files: Sequence[str] = ()
    kms_keys: Sequence[str] = ()


def execution_policy(needs: Needs) -> str:
    """What ECS itself may do to start the tasks: pull these images, read these secrets and files, write these logs. Pure."""
    arns = {secret.arn for secret in needs.secrets}
    repositories = {image.repository_arn for image in needs.images if image.repository_arn}
    buckets = {file.partition("/")[0] for file in needs.environment_files}
    wanted: list[tuple[list[str], set[str]]] = [
        (["logs:CreateLogStream", "logs:PutLogEvents"], {f"{arn}:*" for arn in needs.log_group_arns}),
        # GetAuthorizationToken belongs to no resource: AWS allows nothing narrower than *.
        (["ecr:GetAuthorizationToken"], {"*"} if repositories else set()),
        (
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repositories,
        ),
        (["secretsmanager:GetSecretValue"], {arn for arn in arns if ":ssm:" not in arn}),
        (["ssm:GetParameters"], {arn for arn in arns if ":ssm:" in arn}),
        (["kms:Decrypt"], set(needs.kms_keys)),
        (["s3:GetObject"], set(needs.environment_files)),
        (["s3:GetBucketLocation"], buckets),
    ]
    return policy([_statement(actions, resources) for actions, resources in wanted if resources])


def policy(statements: Sequence[Mapping[str, Any]]) -> str:
    """A policy document. Pure."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _statement(actions: Sequence[str], resources: set[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": sorted(resources)}


class Roles:
    """The execution role (used by ECS) and the task role (used by the app), made or given.

    Args:
        containers: all containers of the tasks that run with these roles.
        exec_enabled: the task role may what ECS Exec needs.

    Attributes:
        ready: what must be there before a task definition with these roles is used.
    """

    def __init__(self, context: Context, containers: Sequence[Container], exec_enabled: bool = False) -> None:
        self._context, self._args = context, context.args.task or TaskArgs()
        self.ready: list[pulumi.Resource] = []
        self.execution_arn = self._execution(containers)
        self.task_arn, self.task_name = self._task(containers, exec_enabled)

    def _execution(self, containers: Sequence[Container]) -> pulumi.Output[str]:
        if self._args.execution_role_arn:
            return pulumi.Output.from_input(self._args.execution_role_arn)
        role = self._role("execution")
        self._allow("execution", "start-tasks", role, _needs(self._args, containers).apply(execution_policy))
        return role.arn

    def _task(
        self, containers: Sequence[Container], exec_enabled: bool
    ) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        if self._args.task_role_arn:
            arn: pulumi.Output[str] = pulumi.Output.from_input(self._args.task_role_arn)
            return arn, arn.apply(lambda known: known.rsplit("/", 1)[-1])
        if self._args.without_task_role and not exec_enabled:
            nothing: pulumi.Output[Any] = pulumi.Output.from_input(None)
            return nothing, nothing
        role = self._role("task")
        statements = self._task_statements(containers, exec_enabled)
        if statements:
            self._allow(
                "task",
                "use",
                role,
                pulumi.Output.all(*statements).apply(lambda found: policy(list(chain(*found)))),
            )
        return role.arn, role.name

    def _task_statements(self, containers: Sequence[Container], exec_enabled: bool) -> list[Any]:
        found: list[Any] = []
        if self._args.task_role_statements:
            found.append([dict(each) for each in self._args.task_role_statements])
        shared = {name: volume for name, volume in (self._args.volumes or {}).items() if volume.iam}
        if shared:
            known = pulumi.Output.all(volumes.known(shared), containers[0].group.arn)
            found.append(known.apply(lambda got: volumes.efs_statements(got[0], got[1])))
        if exec_enabled:
            found.append([_statement(EXEC_ACTIONS, {"*"})])
        return found

    def _role(self, purpose: str) -> aws.iam.Role:
        name, own = self._context.name, self._context.names
        return aws.iam.Role(
            f"{name}-{purpose}",
            name=own.execution_role if purpose == "execution" else own.task_role,
            assume_role_policy=ASSUMED_BY_TASKS,
            permissions_boundary=self._args.permissions_boundary,
            tags=self._context.tags,
            opts=self._context.options(),
        )

    def _allow(self, purpose: str, name: str, role: aws.iam.Role, document: pulumi.Output[str]) -> None:
        self.ready.append(
            aws.iam.RolePolicy(
                f"{self._context.name}-{purpose}",
                name=name,
                role=role.name,
                policy=document,
                opts=self._context.options(),
            )
        )


def _needs(args: TaskArgs, containers: Sequence[Container]) -> pulumi.Output[Needs]:
    secrets = [each for c in containers for each in (c.secrets, c.log_secrets) if each is not None]
    groups = {id(c.group): c.group.arn for c in containers}
    known: pulumi.Output[Any] = pulumi.Output.from_input(
        {
            "images": [c.image for c in containers],
            "secrets": secrets,
            "groups": list(groups.values()),
            "files": [file for c in containers for file in c.more.environment_files],
            "keys": list(args.secrets_kms_keys),
        }
    )
    return known.apply(
        lambda got: Needs(
            got["images"], list(chain(*got["secrets"])), got["groups"], got["files"], got["keys"]
        )
    )
