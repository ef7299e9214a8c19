"""Each role may do what docs/security.md says, on exactly the resources at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import migratable_ecs.migration
import pytest

from tests.unit.component.cloud import ACCOUNT, REGION, Graph, secret_arn
from tests.unit.component.service import deployed

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/stg/token"
SECURITY_PAGE = Path(__file__).parents[3] / "docs" / "security.md"


def statements(graph: Graph) -> list[dict[str, Any]]:
    found = []
    for resource in graph.resources:
        if resource.type == POLICY:
            found += json.loads(resource.inputs["policy"])["Statement"]
    return found


def resources_of(graph: Graph, action: str) -> list[str]:
    (allowed,) = [s for s in statements(graph) if action in s["Action"]]
    return list(allowed["Resource"])


@pytest.fixture
def graph() -> Graph:
    return deployed(
        secrets={"A": "db", "B": "learning-db:password", "C": PARAMETER},
        task={"secrets_kms_keys": [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"]},
        container={"environment_files": ["arn:aws:s3:::settings/web.env"]},
    )


def test_no_action_has_a_wildcard(graph: Graph) -> None:
    actions = [action for statement in statements(graph) for action in statement["Action"]]
    assert actions
    assert not [action for action in actions if "*" in action]


def test_only_the_login_to_ecr_is_allowed_on_everything(graph: Graph) -> None:
    on_everything = [s["Action"] for s in statements(graph) if "*" in s["Resource"]]
    assert on_everything == [["ecr:GetAuthorizationToken"]]


def test_nothing_is_allowed_by_exclusion(graph: Graph) -> None:
    for statement in statements(graph):
        assert set(statement) == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"


def test_images_come_from_this_repository_only(graph: Graph) -> None:
    for action in ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
        assert resources_of(graph, action) == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app"]


def test_logs_go_to_the_two_groups_only(graph: Graph) -> None:
    groups = [
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/{family}:*" for family in ("web-migrate", "web")
    ]
    assert resources_of(graph, "logs:CreateLogStream") == resources_of(graph, "logs:PutLogEvents") == groups


def test_these_secrets_are_read_and_no_others(graph: Graph) -> None:
    assert resources_of(graph, "secretsmanager:GetSecretValue") == [
        secret_arn("db"),
        secret_arn("learning-db"),
    ]
    assert resources_of(graph, "ssm:GetParameters") == [PARAMETER]


def test_without_secrets_no_secret_may_be_read() -> None:
    actions = {action for statement in statements(deployed()) for action in statement["Action"]}
    assert not [action for action in actions if action.startswith(("secretsmanager:", "ssm:"))]


def test_without_an_image_in_ecr_nothing_is_allowed_there() -> None:
    graph = deployed(image="ghcr.io/team/app@sha256:" + "c" * 64)
    assert {action.partition(":")[0] for s in statements(graph) for action in s["Action"]} == {"logs"}


def test_the_task_role_may_nothing(graph: Graph) -> None:
    assert {r.inputs["role"] for r in graph.resources if r.type == POLICY} == {"web-execution"}
    assert not [r for r in graph.resources if "attachment" in r.type.lower()]
    assert not {"inlinePolicies", "managedPolicyArns"} & set(graph.one(ROLE, "web-task").inputs)


def test_only_ecs_tasks_assume_the_roles(graph: Graph) -> None:
    for name in ("web-execution", "web-task"):
        (trust,) = json.loads(graph.one(ROLE, name).inputs["assumeRolePolicy"])["Statement"]
        assert trust == {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }


def test_app_and_migration_share_both_roles(graph: Graph) -> None:
    app, migration = (
        graph.one("aws:ecs/taskDefinition:TaskDefinition", name).inputs for name in ("web", "web-migrate")
    )
    for role in ("executionRoleArn", "taskRoleArn"):
        assert app[role] == migration[role]
    assert app["executionRoleArn"] != app["taskRoleArn"]


def test_the_security_page_gives_a_reason_for_each_action_and_for_no_other(graph: Graph) -> None:
    text = SECURITY_PAGE.read_text(encoding="utf-8")
    table = text.partition("## The execution role")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z0-9]+:[A-Za-z]+)` \|", table, re.MULTILINE))
    assert documented == {action for statement in statements(graph) for action in statement["Action"]}


def test_the_security_page_has_every_call_that_a_run_makes() -> None:
    calls = re.compile(r"(?:_?client|rds|sts|client\(\"ecr\"\))\.([a-z]+(?:_[a-z]+)+)\b")
    sources = (Path(migratable_ecs.migration.__file__).parent).glob("*.py")
    made = {call for source in sources for call in calls.findall(source.read_text(encoding="utf-8"))}
    assert {"run_task", "stop_task", "get_log_events", "describe_images", "create_db_snapshot"} <= made
    text = SECURITY_PAGE.read_text(encoding="utf-8").partition("## Who runs")[2]
    for call in made:
        assert f":{call.title().replace('_', '').replace('Db', 'DB')}`" in text, call
