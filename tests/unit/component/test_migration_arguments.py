"""The migration beside its command: image, variables, network, roles and names of its own, and commands for the operator."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs import InvalidArgument, MigrationArgs
from migratable_ecs.migration.state import wanted

from tests.unit.component.cloud import (
    ACCOUNT,
    DIGEST,
    MIGRATION_RUN,
    REGION,
    REGISTRY,
    Cloud,
    Graph,
    secret_arn,
)
from tests.unit.component.service import deployed
from tests.unit.component.test_arguments_arrive import ELSEWHERE

pytestmark = pytest.mark.thorough(keep=3)

SERVICE, TASK_DEFINITION, LOG_GROUP, POLICY = (
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:iam/rolePolicy:RolePolicy",
)
MIGRATE_DIGEST = "sha256:" + "b" * 64
EXECUTION, TASK = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("start-tasks", "owner"))


def run(graph: Graph) -> dict[str, Any]:
    return dict(graph.one(MIGRATION_RUN, "web-migrate").inputs)


def migrating(**changes: Any) -> Graph:
    """A service whose migration has `changes`."""
    cloud = Cloud(images={"app:v1": DIGEST, "app-migrate:v7": MIGRATE_DIGEST})
    given = {f"migration__{name}": value for name, value in changes.items()}
    return deployed(
        cloud, environment={"A": "1", "ROLE": "app"}, secrets={"DB": "db", "PASSWORD": "db:app"}, **given
    )


def test_an_image_of_its_own_is_what_makes_it_run() -> None:
    graph = migrating(image="app-migrate:v7")
    assert graph.container("web-migrate")["image"] == f"{REGISTRY}/app-migrate@{MIGRATE_DIGEST}"
    assert graph.container("web")["image"] == f"{REGISTRY}/app@{DIGEST}"
    assert run(graph)["image_digest"] == MIGRATE_DIGEST
    assert wanted(run(graph)).digest == MIGRATE_DIGEST


def test_both_images_may_be_pulled() -> None:
    statements = json.loads(migrating(image="app-migrate:v7").one(POLICY, "web-execution").inputs["policy"])[
        "Statement"
    ]
    (pull,) = [each for each in statements if "ecr:BatchGetImage" in each["Action"]]
    assert [arn.rpartition("/")[2] for arn in pull["Resource"]] == ["app", "app-migrate"]


def test_variables_are_added_and_replaced() -> None:
    container = migrating(
        environment={"ROLE": "owner", "DB": "plain"}, secrets={"PASSWORD": "db:owner", "A": "learning-db"}
    ).container("web-migrate")
    assert {each["name"]: each["value"] for each in container["environment"]} == {
        "ROLE": "owner",
        "DB": "plain",
    }
    assert {each["name"]: each["valueFrom"] for each in container["secrets"]} == {
        "A": secret_arn("learning-db"),
        "PASSWORD": f"{secret_arn('db')}:owner::",
    }


def test_a_network_of_its_own() -> None:
    graph = migrating(network={"subnets": ["subnet-db"], "security_groups": ["sg-db"]})
    assert (run(graph)["subnets"], run(graph)["security_groups"]) == (["subnet-db"], ["sg-db"])
    assert graph.one(SERVICE).inputs["networkConfiguration"]["subnets"] == ["subnet-1", "subnet-2"]


def test_roles_of_its_own() -> None:
    graph = migrating(execution_role_arn=EXECUTION, task_role_arn=TASK)
    migration, app = (graph.one(TASK_DEFINITION, name).inputs for name in ("web-migrate", "web"))
    assert (migration["executionRoleArn"], migration["taskRoleArn"]) == (EXECUTION, TASK)
    assert app["taskRoleArn"] != TASK


def test_its_names_are_given() -> None:
    graph = migrating(
        family="learning-db-migrate-task-stg",
        log_group="/ecs/neuraKnot-prod-migrate",
        container_name="db-migration",
        stream_prefix="migrate",
    )
    assert graph.one(TASK_DEFINITION, "web-migrate").inputs["family"] == "learning-db-migrate-task-stg"
    assert graph.one(LOG_GROUP, "web-migrate").inputs["name"] == "/ecs/neuraKnot-prod-migrate"
    container = graph.container("web-migrate")
    assert container["name"] == run(graph)["container"] == "db-migration"
    assert container["logConfiguration"]["options"]["awslogs-stream-prefix"] == "migrate"
    assert run(graph)["family"] == "learning-db-migrate-task-stg"


def test_its_log_group_follows_its_family() -> None:
    assert migrating(family="db-up").one(LOG_GROUP, "web-migrate").inputs["name"] == "/ecs/db-up"


def test_more_of_its_container() -> None:
    assert (
        migrating(container={"user": "1000", "memory_reservation": 512}).container("web-migrate")["user"]
        == "1000"
    )


@pytest.mark.parametrize(
    ("command", "entry_point", "status", "expected"),
    [
        ("migrate", None, "migrate:status --v", ["migrate:status --v"]),
        ("migrate", None, ["status", "a b"], ["status 'a b'"]),
        (["migrate"], None, "status | tail", ["sh", "-c", "status | tail"]),
        (["migrate"], None, ["status"], ["status"]),
        (["up"], ["/goose"], ["status"], ["status"]),
        ("up", ["bash", "-c"], "status", ["status"]),
    ],
)
@pytest.mark.thorough(keep=3)
def test_an_operators_command_replaces_the_containers_command_but_not_its_entry_point(
    command: Any, entry_point: Any, status: Any, expected: list[str]
) -> None:
    given = {"command": command, "status_command": status, "plan_command": status, "rollback_command": status}
    props = run(migrating(**given, entry_point=entry_point))
    assert props["status_command"] == props["plan_command"] == props["rollback_command"] == expected


def test_operators_commands_are_no_reason_to_run() -> None:
    assert wanted(run(migrating())) == wanted(run(migrating(status_command="status", plan_command="plan")))


def test_the_environment_is_the_stack_unless_it_is_named() -> None:
    assert (run(migrating())["environment_name"], run(migrating())["protected"]) == ("stg", False)
    props = run(migrating(environment_name="shop-prod"))
    assert (props["environment_name"], props["protected"]) == ("shop-prod", True)


@pytest.mark.parametrize("name", ["command", "status_command", "plan_command", "rollback_command"])
@pytest.mark.parametrize("guard", [{"environment_name": "prod"}, {"protected": True}], ids=["name", "flag"])
def test_a_destructive_command_is_refused_where_data_matters(name: str, guard: dict[str, Any]) -> None:
    cloud = Cloud()
    with pytest.raises(InvalidArgument) as refused:
        deployed(
            cloud, migration={"command": "php artisan migrate", **guard, name: "php artisan migrate:fresh"}
        )
    assert str(refused.value).startswith(f"migration.{name} contains 'migrate:fresh', which drops all tables")
    assert not cloud.calls


def test_it_is_allowed_elsewhere_and_where_the_user_insists() -> None:
    assert deployed(migration__command="./migrate -reset")
    assert deployed(migration={"command": "./migrate -reset", "environment_name": "prod", "protected": False})


def test_an_entry_point_does_not_hide_it() -> None:
    with pytest.raises(InvalidArgument):
        deployed(migration={"command": ["reset"], "entry_point": ["goose"], "protected": True})


# --- init


def containers(graph: Graph) -> dict[str, dict[str, Any]]:
    listed = json.loads(graph.one(TASK_DEFINITION).inputs["containerDefinitions"])
    return {each["name"]: each for each in listed}


def test_init_is_a_container_of_the_apps_task_that_must_succeed_first() -> None:
    found = containers(deployed(migration__phase="init", migration__command="pnpm prisma migrate deploy"))
    assert list(found) == ["app", "migrate"]
    assert found["app"]["dependsOn"] == [{"containerName": "migrate", "condition": "SUCCESS"}]
    assert found["app"]["essential"] is True
    migrate = found["migrate"]
    assert migrate["essential"] is False
    assert migrate["command"] == ["pnpm prisma migrate deploy"]
    assert migrate["image"] == found["app"]["image"]
    assert migrate["logConfiguration"]["options"]["awslogs-group"] == "/ecs/web-migrate"


def test_init_keeps_what_else_the_app_depends_on() -> None:
    image = "ghcr.io/team/otel@sha256:" + "e" * 64
    found = containers(
        deployed(
            migration__phase="init",
            container={"depends_on": {"otel": "START"}},
            sidecars={"otel": {"image": image}},
        )
    )
    assert {each["containerName"]: each["condition"] for each in found["app"]["dependsOn"]} == {
        "migrate": "SUCCESS",
        "otel": "START",
    }


def test_with_init_nothing_runs_as_a_task_of_its_own() -> None:
    graph = deployed(migration__phase="init")
    assert run(graph)["phase"] == "init"
    assert graph.one(TASK_DEFINITION, "web-migrate"), "the operator can still run it"


def test_without_init_the_apps_task_has_no_migration() -> None:
    assert list(containers(deployed())) == ["app"]


def test_no_argument_is_left_out() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    ours = {path.removeprefix("migration__") for path in ELSEWHERE["test_migration_arguments.py"]}
    assert ours <= {field.name for field in fields(MigrationArgs)}
    for name in ours:
        assert f"{name}=" in text or f'"{name}"' in text, name


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"container": {"log": {"driver": "awsfirelens"}}},
            "migration.container sends the log elsewhere, but the migration's lines are read from CloudWatch: leave its log driver at "
            "'awslogs'",
        ),
        (
            {"command": ["up"], "entry_point": ["/goose"], "status_command": "status"},
            "migration.status_command is the string 'status', which needs a shell, but migration.entry_point is ['/goose']: give the "
            "command as a list, or leave entry_point out",
        ),
        (
            {"image": "app-migrate"},
            "image 'app-migrate' has neither tag nor digest: give repository:tag or repository@sha256:…",
        ),
        (
            {"family": "a/b"},
            "migration.family is 'a/b'; allowed are letters, digits, hyphens and underscores, at most 255",
        ),
        (
            {"secrets": {"X": "postgres://u:planted@h"}},
            "migration.secrets['X'] is not a reference to a secret: give the secret's name, name:json-key, or its full ARN in Secrets "
            "Manager or SSM, never the value",
        ),
        (
            {"phase": "init", "container_name": "app"},
            "migration.container_name is 'app', as the app's container in the same task: give another name",
        ),
        (
            {"phase": "during"},
            "migration.phase is 'during'",
        ),
    ],
)
def test_it_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        migrating(**changes)
    assert str(refused.value).startswith(sentence)


def test_the_region_is_the_services() -> None:
    assert run(migrating())["region"] == REGION
