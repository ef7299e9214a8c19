"""Where sessions of ECS Exec are kept, the tasks' role may write them there and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from migratable_ecs.environment.exec_logging import log_group_arn

from tests.unit.environment.configured import ROOT, run

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


def test_the_group_is_that_of_the_cluster() -> None:
    arn = "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/shop"
    assert log_group_arn(arn) == "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/ecs/shop/exec:*"
    assert log_group_arn("shop") == "arn:aws:logs:*:*:log-group:/ecs/shop/exec:*"


@pytest.mark.parametrize(
    ("cluster", "execute", "written"),
    [
        ({"create": {}}, True, True),
        ({"create": {"execLogging": False}}, True, False),
        ({"create": {}}, False, False),
        ({"stack": "organization/migratable-ecs/base"}, True, True),
        # What it logs, and where, is its maker's affair.
        ({"name": "local"}, True, False),
    ],
)
@pytest.mark.thorough(keep=5)
def test_the_role_may_write_where_the_cluster_logs(
    cluster: dict[str, Any], execute: bool, written: bool
) -> None:
    graph = run(
        ROOT / "Pulumi.local.yaml", "local", cluster=cluster, rollout={"executeCommand": execute}
    ).graph
    policies = [json.loads(each.inputs["policy"]) for each in graph.resources if each.type == ROLE_POLICY]
    groups = [
        statement["Resource"]
        for policy in policies
        for statement in policy["Statement"]
        if "logs:DescribeLogStreams" in statement["Action"]
    ]
    assert bool(groups) == written
    assert all(resource.endswith("/exec:*") for found in groups for resource in found)
