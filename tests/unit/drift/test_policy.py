"""The role of a preview may look at everything that the deployer may change, and change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from migratable_ecs import deployer_policy
from migratable_ecs.drift.policy import preview_policy

ARGS: dict[str, Any] = {
    "cluster": "shop",
    "image": "shop:latest",
    "container_port": 80,
    "network": {"subnets": ["subnet-1"], "security_groups": ["sg-1"]},
    "migration": {"command": "migrate"},
    "watching": {"topic_arn": "arn:aws:sns:ap-northeast-1:123456789012:alarms"},
    "rollout": {"restart_on": ["arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop-db-AbCdEf"]},
}
WHERE: dict[str, Any] = {
    "account": "123456789012",
    "region": "ap-northeast-1",
    "state_bucket": "states",
    "state_kms_key_arns": ["arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd"],
}


@pytest.fixture(scope="module")
def statements() -> list[dict[str, Any]]:
    return list(json.loads(preview_policy(name="shop", args=ARGS, **WHERE))["Statement"])


def actions(statements: list[dict[str, Any]]) -> set[str]:
    return {action for each in statements for action in each["Action"]}


def test_nothing_can_be_changed_started_or_handed_on(statements: list[dict[str, Any]]) -> None:
    words = {action.partition(":")[2] for action in actions(statements)}
    words -= {"Decrypt", "LookupEvents", "ValidateStateMachineDefinition"}
    assert all(word.startswith(("Describe", "Get", "List")) for word in words)
    assert not actions(statements) & {"iam:PassRole", "ecs:RunTask", "s3:PutObject", "logs:GetLogEvents"}


def test_what_a_refresh_reads_is_allowed(statements: list[dict[str, Any]]) -> None:
    assert {
        "ecs:DescribeServices", "ecs:DescribeTaskDefinition", "iam:GetRole", "iam:GetRolePolicy", "logs:DescribeLogGroups",
        "cloudwatch:DescribeAlarms", "ecr:DescribeImages", "s3:GetObject", "kms:Decrypt", "cloudtrail:LookupEvents",
        "states:DescribeStateMachine", "states:ValidateStateMachineDefinition",
    } <= actions(statements)  # fmt: skip


def test_resources_stay_those_of_the_deployer(statements: list[dict[str, Any]]) -> None:
    whole = json.loads(deployer_policy("shop", ARGS, **WHERE))["Statement"]
    for each in statements[:-1]:
        assert any(
            each["Resource"] == other["Resource"] and set(each["Action"]) <= set(other["Action"])
            for other in whole
        )
