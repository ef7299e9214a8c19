"""The tasks' role may write to the log group in which a made cluster keeps the sessions of ECS Exec."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi

from ..args import MigratableEcsServiceArgs, TaskArgs
from ..names import cluster
from .cluster import exec_log_group

#: What the agent in the task does. Looking for the group is the only one that AWS does not limit to it.
#: Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-logging
_WRITE = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
_LOOK = ("logs:DescribeLogGroups",)


def with_exec_logging(args: MigratableEcsServiceArgs) -> MigratableEcsServiceArgs:
    """`args` whose task role may what logging of ECS Exec needs; as they are without ECS Exec, or with a role that is made elsewhere."""
    task = args.task or TaskArgs()
    if not (args.rollout and args.rollout.execute_command) or task.task_role_arn:
        return args
    statements = [*task.task_role_statements, *_statements(args.cluster)]
    return replace(args, task=replace(task, task_role_statements=statements))


def _statements(cluster_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    known: pulumi.Output[Any] = pulumi.Output.all(cluster_arn)
    group = known.apply(lambda found: log_group_arn(str(found[0])))
    return [
        {"Effect": "Allow", "Action": list(_WRITE), "Resource": [group]},
        {"Effect": "Allow", "Action": list(_LOOK), "Resource": ["*"]},
    ]


def log_group_arn(cluster_arn: str) -> str:
    """`arn:aws:ecs:REGION:ACCOUNT:cluster/NAME` -> the ARN of its log group, with all its streams; from a name, of any region. Pure."""
    parts = cluster_arn.split(":")
    partition, region, account = (parts[1], parts[3], parts[4]) if len(parts) == 6 else ("aws", "*", "*")
    return f"arn:{partition}:logs:{region}:{account}:log-group:{exec_log_group(cluster(cluster_arn))}:*"
