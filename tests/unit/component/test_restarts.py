"""`rollout.restart_on`: when a secret has a new value, tasks of service and workers are replaced: they read it only when they start."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs import InvalidArgument, deployer_policy

from tests.unit.component.cloud import ACCOUNT, REGION, Graph
from tests.unit.component.service import arguments, deployed

MACHINE = "aws:sfn/stateMachine:StateMachine"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
OTHER = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:key-AbCdEf"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
WORKER = {"command": "work", "desired_count": 1}
ASKED: dict[str, Any] = {
    "rollout": {"restart_on": [SECRET, OTHER]},
    "workers": {"mail": WORKER},
    "watching": {"topic_arn": TOPIC},
    "task": {"permissions_boundary": "arn:boundary"},
}


def rights_of_the_pairs() -> str:
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
    return page.partition("## The roles that follow a new value of a secret")[2].partition("\n## ")[0]


@cache
def asked() -> Graph:
    return deployed(**ASKED)


def test_nothing_is_restarted_unless_asked_for() -> None:
    assert MACHINE not in deployed(workers={"mail": WORKER}).types()


def test_a_new_value_of_either_secret_is_what_it_waits_for() -> None:
    assert json.loads(asked().one(RULE, "web-restart").inputs["eventPattern"]) == {
        "source": ["aws.secretsmanager"],
        "detail-type": ["Secret Label Updated"],
        "resources": [SECRET, OTHER],
        "detail": {"labelUpdated": ["AWSCURRENT"]},
    }
    target = asked().one(TARGET, "web-restart").inputs
    assert (target["rule"], target["arn"], target["roleArn"]) == (
        "web-restart",
        "arn:aws:StateMachine:web-restart",
        "arn:aws:Role:web-restart-start",
    )


def test_service_and_workers_get_a_new_deployment_each_by_itself() -> None:
    machine = asked().one(MACHINE, "web-restart").inputs
    assert (machine["type"], machine["roleArn"]) == ("EXPRESS", "arn:aws:Role:web-restart-run")
    (restart,) = json.loads(machine["definition"])["States"].values()
    assert restart["Type"] == "Parallel"
    tasks = [state for branch in restart["Branches"] for state in branch["States"].values()]
    assert {each["Resource"] for each in tasks} == {"arn:aws:states:::aws-sdk:ecs:updateService"}
    assert [each["Parameters"] for each in tasks] == [
        {"Cluster": "learning", "Service": service, "ForceNewDeployment": True}
        for service in ("web", "web-mail")
    ]
    assert all(each["Retry"] and each["ResultPath"] is None for each in tasks)


def test_its_role_may_that_and_no_more() -> None:
    (may,) = json.loads(asked().one(POLICY, "web-restart-run").inputs["policy"])["Statement"]
    assert (may["Action"], may["Resource"]) == (
        ["ecs:UpdateService"],
        ["arn:aws:Service:web", "arn:aws:Service:web-mail"],
    )
    assert asked().one(ROLE, "web-restart-run").inputs["permissionsBoundary"] == "arn:boundary"
    (trust,) = json.loads(asked().one(ROLE, "web-restart-run").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Condition"]["StringEquals"] == {
        "aws:SourceArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:web-restart",
        "aws:SourceAccount": ACCOUNT,
    }


def test_the_security_page_gives_a_reason_for_each_right() -> None:
    """Those of the database's pair are in tests/unit/environment/test_password.py."""
    documented = re.findall(r"^\| `([a-z]+:[A-Za-z]+)`", rights_of_the_pairs(), re.MULTILINE)
    for what in ("run", "start"):
        for statement in json.loads(asked().one(POLICY, f"web-restart-{what}").inputs["policy"])["Statement"]:
            assert set(statement["Action"]) <= set(documented)


def test_a_failed_one_is_told_to_the_topic_of_the_service() -> None:
    for what in ("failed", "not-started"):
        assert asked().one(ALARM, f"web-restart-{what}").inputs["alarmActions"] == [TOPIC]


def test_whoever_deploys_may_make_it() -> None:
    place = {"account": ACCOUNT, "region": REGION}
    args = arguments(**ASKED, ingress=...)
    allowed = json.loads(deployer_policy("web", args, repositories=["app"], **place))["Statement"]
    passed = {
        arn: each["Condition"]["StringEquals"]["iam:PassedToService"]
        for each in allowed
        for arn in each["Resource"]
        if "iam:PassRole" in each["Action"]
    }
    roles = f"arn:aws:iam::{ACCOUNT}:role"
    assert passed[f"{roles}/web-restart-run"] == "states.amazonaws.com"
    assert passed[f"{roles}/web-restart-start"] == "events.amazonaws.com"
    for action, resource in (
        ("states:CreateStateMachine", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:web-restart"),
        ("events:PutTargets", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/web-restart"),
        ("iam:CreateRole", f"{roles}/web-restart-run"),
    ):
        assert resource in [arn for each in allowed if action in each["Action"] for arn in each["Resource"]]
    without = deployer_policy("web", arguments(ingress=...), repositories=["app"], **place)
    assert "states:" not in without


@pytest.mark.parametrize(
    "given", ["db", "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:db-AbCdEf:key::"]
)
def test_a_secret_is_given_by_its_whole_arn(given: str) -> None:
    with pytest.raises(InvalidArgument, match=r"rollout\.restart_on\[0\] is '.*'; give the ARN of a secret"):
        deployed(rollout={"restart_on": [given]})
