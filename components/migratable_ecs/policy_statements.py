"""Statements of the policies of people and of CI, and those that both have: running a migration, looking things up. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .args import BackupArgs
from .policy_scope import Scope, plain

Statement = dict[str, Any]

TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def running(scope: Scope) -> list[Statement]:
    """A migration run: start, follow, stop, read and write its log, snapshot."""
    keys = scope.migrations()
    if not keys:
        return []
    in_cluster = {"ArnEquals": {"ecs:cluster": scope.arn("ecs", f"cluster/{scope.cluster}")}}
    tasks = [scope.arn("ecs", f"task/{scope.cluster}/*")]
    return [
        allow(["ecs:DescribeClusters"], [scope.arn("ecs", f"cluster/{scope.cluster}")]),
        allow(["ecs:DescribeTaskDefinition"], ["*"]),
        allow(["ecs:RunTask"], scope.definitions(keys), in_cluster),
        allow(["ecs:ListTasks"], ["*"], in_cluster),
        allow(["ecs:DescribeTasks", "ecs:StopTask", "ecs:TagResource"], tasks),
        allow(["iam:PassRole"], scope.passed_roles(), TASKS),
        allow(["logs:DescribeLogGroups"], ["*"]),
        allow(["logs:GetLogEvents", "logs:CreateLogStream", "logs:PutLogEvents"], scope.log_groups(keys)),
        *(statement for backup in scope.backups() for statement in _backup(scope, backup)),
    ]


def _backup(scope: Scope, backup: BackupArgs) -> list[Statement]:
    """Snapshots of the component are named after the service."""
    kind, of = ("Cluster", backup.cluster) if backup.cluster else ("", backup.instance)
    source = scope.arn("rds", f"{'cluster' if kind else 'db'}:{plain('backup', of)}")
    snapshots = scope.arn("rds", f"{'cluster-snapshot' if kind else 'snapshot'}:*")
    return [
        allow([f"rds:CreateDB{kind}Snapshot", "rds:AddTagsToResource"], [source, snapshots]),
        allow([f"rds:DescribeDB{kind}Snapshots"], [source, snapshots]),
        allow([f"rds:DeleteDB{kind}Snapshot"], [snapshots], {"StringEquals": {"aws:ResourceTag/migratable-ecs:service": scope.name}}),
    ]  # fmt: skip


def reading(scope: Scope) -> list[Statement]:
    """Look-ups: digests of images, ARNs of secrets; never their values."""
    return [
        allow(["ecr:DescribeRepositories", "ecr:DescribeImages", "ecr:ListTagsForResource"], scope.ecr()),
        allow(["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"], scope.secrets()),
    ]


def allow(
    actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    """One statement; `condition` as IAM writes it."""
    found: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": sorted(set(resources))}
    return {**found, "Condition": dict(condition)} if condition else found


def compact(statements: Sequence[Statement]) -> list[Statement]:
    """One statement for each set of resources and condition, none about nothing: IAM limits the length of a policy."""
    found: dict[str, Statement] = {}
    for statement in statements:
        if statement["Resource"] and statement["Action"]:
            on = json.dumps([statement["Resource"], statement.get("Condition")])
            same = found.setdefault(on, {**statement, "Action": []})
            same["Action"] += [action for action in statement["Action"] if action not in same["Action"]]
    return list(found.values())
