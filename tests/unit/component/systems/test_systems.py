"""Five real systems: the whole resource graph of each, and the facts that their documents insist on."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.component.cloud import ACCOUNT, MIGRATION_RUN, REGION, Graph
from tests.unit.component.systems.settings import SYSTEMS
from tests.unit.component.systems.snapshot import FOLDER, graph_of, snapshot

SERVICE, TASK_DEFINITION, LOG_GROUP = (
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:cloudwatch/logGroup:LogGroup",
)


def graph(name: str) -> Graph:
    return graph_of(SYSTEMS[name])


def inputs(found: Graph, type_: str, name: str) -> dict[str, Any]:
    return dict(found.one(type_, name).inputs)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_whole_graph(name: str) -> None:
    golden = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert json.loads(snapshot(graph(name))) == json.loads(golden)


@pytest.mark.parametrize("name", SYSTEMS)
def test_nothing_is_allowed_beyond_need(name: str) -> None:
    on_everything = {
        "ecr:GetAuthorizationToken",
        *(f"ssmmessages:{a}{b}Channel" for a in ("Create", "Open") for b in ("Control", "Data")),
    }
    for each in graph(name).resources:
        if each.type != "aws:iam/rolePolicy:RolePolicy":
            continue
        for statement in json.loads(each.inputs["policy"])["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action]
            assert "*" not in statement["Resource"] or set(statement["Action"]) <= on_everything


def test_laravel() -> None:
    found = graph("laravel")
    migrate = inputs(found, TASK_DEFINITION, "learning-app-stg-migrate")
    assert migrate["family"] == "learning-db-migrate-task-stg"
    assert (migrate["cpu"], migrate["memory"], migrate["networkMode"]) == ("256", "512", "awsvpc")
    assert migrate["executionRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/learning-ecs-task-execution-role-stg"
    assert migrate["taskRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/learning-ecs-task-role-stg"
    app = inputs(found, TASK_DEFINITION, "learning-app-stg")
    assert app["family"] == "learning-app-task-stg"
    assert all(app[role] == migrate[role] for role in ("executionRoleArn", "taskRoleArn"))
    container = found.container("learning-app-stg-migrate")
    assert container["name"] == "migrate"
    assert container["essential"] is True
    assert container["image"] == found.container("learning-app-stg")["image"]
    assert (container["entryPoint"], container["command"]) == (["sh", "-c"], ["php artisan migrate --force"])
    assert container["workingDirectory"] == "/var/www"
    assert container["memoryReservation"] == 512
    assert container["portMappings"] == []
    assert "healthCheck" not in container
    assert container["logConfiguration"] == {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": "/ecs/learning-db-migrate-task-stg",
            "awslogs-region": "ap-northeast-1",
            "awslogs-stream-prefix": "migrate",
            "awslogs-create-group": "true",
        },
    }
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-main-instance-stg"
    assert {each["name"]: each["valueFrom"] for each in container["secrets"]} == {
        "DB_HOST": f"{secret}:host::",
        "DB_USERNAME": f"{secret}:operator_user::",
        "DB_PASSWORD": f"{secret}:operator_password::",
    }
    assert f"{SERVICE}::learning-app-stg" in found.waits_for(MIGRATION_RUN, "learning-app-stg-migrate")
    assert not [type_ for type_ in found.types() if type_.startswith("aws:iam/")]


def test_django() -> None:
    found = graph("django")
    name = "django-ecs-service-staging"
    app = inputs(found, TASK_DEFINITION, name)
    assert (app["family"], app["cpu"], app["memory"]) == ("django-app-staging", "256", "512")
    assert app["executionRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
    assert app.get("taskRoleArn") is None
    container = found.container(name)
    assert container["name"] == "django-app"
    assert container["portMappings"] == [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]
    assert container["logConfiguration"]["options"]["awslogs-group"] == "/ecs/django-app-staging"
    assert container["logConfiguration"]["options"]["awslogs-stream-prefix"] == "ecs"
    service = inputs(found, SERVICE, name)
    assert (service["name"], service["cluster"]) == (name, "django-ecs-cluster-staging")
    assert (service["desiredCount"], service["healthCheckGracePeriodSeconds"]) == (2, 60)
    assert service["loadBalancers"][0]["containerName"] == "django-app"
    assert inputs(found, "aws:lb/listenerRule:ListenerRule", name)["priority"] == 100
    made = {type_.split(":")[1].split("/")[0] for type_ in found.types() if type_.startswith("aws:")}
    assert made == {"ecs", "cloudwatch", "lb"}, "no VPC, no cluster, no load balancer, no role"


def test_go() -> None:
    found = graph("go")
    run = inputs(found, MIGRATION_RUN, "neuraknot-prod-backend-go-migrate")
    assert run["image_digest"] == "sha256:" + "d" * 64
    assert run["protected"] is True
    service = inputs(found, SERVICE, "neuraknot-prod-backend-go")["networkConfiguration"]
    assert (run["subnets"], run["security_groups"]) == (service["subnets"], service["securityGroups"])
    container = found.container("neuraknot-prod-backend-go-migrate")
    assert container["user"] == "10001:10001"
    assert container["command"] == ["-create-db"]
    assert (
        inputs(found, LOG_GROUP, "neuraknot-prod-backend-go-migrate")["name"] == "/ecs/neuraKnot-prod-migrate"
    )


def test_prisma() -> None:
    found = graph("prisma")
    definition = inputs(found, TASK_DEFINITION, "prod-fast-note")
    migration, app = json.loads(definition["containerDefinitions"])
    assert (migration["name"], app["name"]) == ("db-migration", "fast-note")
    assert migration["essential"] is False
    assert app["dependsOn"] == [{"containerName": "db-migration", "condition": "SUCCESS"}]
    assert migration["image"] == app["image"]
    assert migration["secrets"] == app["secrets"]
    assert re.search(r"pnpm prisma migrate deploy\n", migration["command"][0])
    assert (migration["memory"], migration["memoryReservation"], migration["cpu"]) == (512, 256, 512)
    assert inputs(found, SERVICE, "prod-fast-note")["desiredCount"] == 3
    run = inputs(found, MIGRATION_RUN, "prod-fast-note-migrate")
    assert (run["phase"], run["attempts"], run["timeout"]) == ("init", 4, 300)


def test_rails() -> None:
    found = graph("rails")
    service = inputs(found, SERVICE, "rails-app")
    assert (service["name"], service["cluster"]) == ("rails-app-service", "rails-app-cluster")
    assert (service["desiredCount"], service["enableExecuteCommand"]) == (1, True)
    assert found.container("rails-app")["name"] == "rails-app"
    definition = inputs(found, TASK_DEFINITION, "rails-app")
    assert (definition["cpu"], definition["memory"]) == ("256", "512")
    assert inputs(found, LOG_GROUP, "rails-app")["name"] == "/ecs/rails-app"
    assert inputs(found, "aws:lb/targetGroup:TargetGroup", "rails-app")["name"] == "rails-app-tg"
    run = inputs(found, MIGRATION_RUN, "rails-app-migrate")
    assert run["backup"]["instance"] == "rails-app-db"
    assert run["command"] == "rails db:migrate"
