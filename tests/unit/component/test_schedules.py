"""Scheduled tasks: EventBridge Scheduler starts them from the same image, with a role that may only that."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.args import ProcessArgs, ScheduleArgs

from tests.unit.component.cloud import ACCOUNT, MIGRATION_RUN, REGION, Graph
from tests.unit.component.service import deployed

pytestmark = pytest.mark.thorough(keep=3)

SCHEDULE, TASK_DEFINITION, ROLE, POLICY = (
    "aws:scheduler/schedule:Schedule",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
)


def nightly(**more: Any) -> Graph:
    return deployed(
        schedules={"nightly": {"command": "bin/report", "expression": "cron(0 3 * * ? *)", **more}}
    )


def schedule(graph: Graph) -> dict[str, Any]:
    return dict(graph.one(SCHEDULE, "web-nightly").inputs)


def test_it_starts_a_task_of_the_same_image_on_the_same_cluster_and_network() -> None:
    graph = nightly()
    target = schedule(graph)["target"]
    assert target["arn"] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/learning"
    assert target["ecsParameters"]["taskDefinitionArn"] == "arn:aws:TaskDefinition:web-nightly"
    assert target["ecsParameters"]["launchType"] == "FARGATE"
    assert target["ecsParameters"]["networkConfiguration"] == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": False,
    }
    assert graph.container("web-nightly")["image"] == graph.container("web")["image"]
    assert graph.container("web-nightly")["command"] == ["bin/report"]


def test_it_runs_on_the_capacity_of_the_service() -> None:
    spot = {"name": "FARGATE_SPOT", "weight": 2}
    schedules = {"nightly": {"command": "x", "expression": "rate(1 day)"}}

    def parameters(**rollout: Any) -> dict[str, Any]:
        return dict(schedule(deployed(rollout=rollout, schedules=schedules))["target"]["ecsParameters"])

    on_spot = parameters(capacity_providers=[spot], platform_version="1.4.0")
    assert on_spot["capacityProviderStrategies"] == [
        {"capacityProvider": "FARGATE_SPOT", "weight": 2, "base": 0}
    ]
    assert on_spot["platformVersion"] == "1.4.0"
    assert "launchType" not in on_spot, "ECS takes only one of the two"
    latest = parameters(platform_version="LATEST")
    assert latest["launchType"] == "FARGATE"
    assert not latest.get("platformVersion"), "the Scheduler takes numbers only"


def test_a_cluster_given_by_its_arn_is_taken_as_it_is() -> None:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/other"
    graph = deployed(cluster=arn, schedules={"nightly": {"command": "x", "expression": "rate(1 day)"}})
    assert schedule(graph)["target"]["arn"] == arn


def test_the_new_revision_is_scheduled_once_it_is_migrated_for() -> None:
    assert f"{MIGRATION_RUN}::web-migrate" in nightly().one(SCHEDULE, "web-nightly").waits_for


@pytest.mark.parametrize(
    ("name", "value", "key", "arrived"),
    [
        ("expression", "rate(5 minutes)", "scheduleExpression", "rate(5 minutes)"),
        ("expression", "at(2030-01-01T03:00:00)", "scheduleExpression", "at(2030-01-01T03:00:00)"),
        ("timezone", "Asia/Tokyo", "scheduleExpressionTimezone", "Asia/Tokyo"),
        ("enabled", False, "state", "DISABLED"),
        ("flexible_minutes", 15, "flexibleTimeWindow", {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}),
        ("family", "report", "name", "report"),
    ],
)
@pytest.mark.thorough(keep=3)
def test_it_arrives(name: str, value: Any, key: str, arrived: Any) -> None:
    assert schedule(nightly(**{name: value}))[key] == arrived


def test_starts_that_ecs_refused_are_tried_again_for_an_hour_unless_told_otherwise() -> None:
    assert schedule(nightly())["target"]["retryPolicy"] == {
        "maximumRetryAttempts": 3,
        "maximumEventAgeInSeconds": 3600,
    }
    assert schedule(nightly(retries=0, max_age=60))["target"]["retryPolicy"] == {
        "maximumRetryAttempts": 0,
        "maximumEventAgeInSeconds": 60,
    }


def test_the_rest_of_the_arguments_are_those_of_every_process() -> None:
    of_processes = {field.name for field in fields(ProcessArgs)}
    own = {"expression", "timezone", "enabled", "retries", "max_age", "flexible_minutes"}
    assert {field.name for field in fields(ScheduleArgs)} == of_processes | own
    graph = nightly(
        cpu=512, memory=1024, environment={"X": "1"}, container={"user": "1000"}, container_name="report"
    )
    assert graph.one(TASK_DEFINITION, "web-nightly").inputs["cpu"] == "512"
    assert graph.container("web-nightly")["environment"] == [{"name": "X", "value": "1"}]
    assert (graph.container("web-nightly")["user"], graph.container("web-nightly")["name"]) == (
        "1000",
        "report",
    )


def test_the_scheduler_may_start_this_family_on_this_cluster_with_these_roles_and_nothing_else() -> None:
    document = json.loads(nightly().one(POLICY, "web-nightly-schedule").inputs["policy"])
    run, pass_on = document["Statement"]
    assert (run["Action"], run["Resource"]) == (["ecs:RunTask"], ["arn:aws:TaskDefinition:*"])
    assert run["Condition"] == {
        "ArnEquals": {"ecs:cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/learning"}
    }
    assert (pass_on["Action"], pass_on["Resource"]) == (
        ["iam:PassRole"],
        ["arn:aws:Role:web-execution", "arn:aws:Role:web-task"],
    )
    assert pass_on["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_only_the_scheduler_of_this_account_takes_the_role() -> None:
    (trust,) = json.loads(nightly().one(ROLE, "web-nightly-schedule").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


@pytest.mark.parametrize("expression", ["every day", "cron(0 3 * * *)", "rate(0 minutes)", "rate(5)", "", 5])
def test_what_is_no_expression_is_refused(expression: object) -> None:
    with pytest.raises(InvalidArgument) as refused:
        nightly(expression=expression)
    assert "schedules['nightly'].expression is" in str(refused.value)
