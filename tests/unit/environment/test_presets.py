"""examples/presets: each of the five systems in ten lines, with the names and sizes of its documents."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.component.cloud import DIGEST, MIGRATION_RUN
from tests.unit.component.systems.settings import SYSTEMS
from tests.unit.environment.configured import ROOT, Run, config_of, run

pytestmark = pytest.mark.thorough(keep=3)

PRESETS = ROOT / "examples" / "presets"
SERVICE, DEFINITION = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"
#: The stack of each that its document deploys to.
STACKS = {"laravel": "stg", "django": "staging", "go": "prod", "prisma": "prod", "rails": "rails"}


def preset(name: str) -> Path:
    return PRESETS / f"{name}.yaml"


@cache
def deployed(name: str) -> Run:
    return run(preset(name), STACKS[name])


def test_the_five_systems_have_one() -> None:
    assert set(STACKS) == set(SYSTEMS)
    assert {path.stem.removesuffix("-base") for path in PRESETS.glob("*.yaml")} == set(SYSTEMS)


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_ten_lines(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if line and not line.lstrip().startswith("#") and line != "config:"]
    assert len(settings) <= 10
    assert len(settings) == len(config_of(path))


def app_and_migration(found: Run, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The app's container, and the migration's, which is another definition's or, inside each task, beside the app."""
    service = SYSTEMS[name].name
    containers = json.loads(found.graph.one(DEFINITION, service).inputs["containerDefinitions"])
    if len(containers) == 2:
        return containers[1], containers[0]
    return containers[0], found.graph.container(f"{service}-migrate")


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_names_sizes_and_commands_are_those_of_the_system(name: str) -> None:
    found, system = deployed(name), SYSTEMS[name].args
    service = found.graph.one(SERVICE, SYSTEMS[name].name).inputs
    definition = found.graph.one(DEFINITION, SYSTEMS[name].name).inputs
    app, migration = app_and_migration(found, name)
    assert service["name"] == system.get("names", {}).get("service", SYSTEMS[name].name)
    assert definition["family"] == system.get("task", {}).get("family", SYSTEMS[name].name)
    assert (definition["cpu"], definition["memory"]) == (
        str(system.get("cpu", 256)),
        str(system.get("memory", 512)),
    )
    assert app["name"] == system.get("container_name", "app")
    port = system.get("container_port")
    assert [each["containerPort"] for each in app["portMappings"]] == ([port] if port else [])
    assert migration["command"][-1].strip().splitlines()[-1] in (
        system["migration"]["command"],
        system["migration"]["command"][-1],
        "cd /app && pnpm prisma migrate deploy",
    )
    assert migration["name"] == system["migration"].get("container_name", "migrate")
    assert {each["name"] for each in app.get("secrets", ())} >= set(system.get("secrets", ()))


def test_laravel_migrates_after_the_roll() -> None:
    graph = deployed("laravel").graph
    assert f"{SERVICE}::learning-app-stg" in graph.waits_for(MIGRATION_RUN, "learning-app-stg-migrate")
    assert graph.container("learning-app-stg-migrate")["memoryReservation"] == 512
    assert not [each for each in graph.types() if each.startswith("aws:iam/")], "the roles are there already"


def test_django_touches_only_what_is_its_own() -> None:
    found = deployed("django")
    made = {each.split(":")[1].split("/")[0] for each in found.graph.types() if each.startswith("aws:")}
    assert made == {"ecs", "cloudwatch", "lb"}
    name = "django-ecs-service-staging"
    assert found.graph.one(SERVICE, name).inputs["cluster"] == "arn:cluster-b"
    assert found.graph.one("aws:lb/listenerRule:ListenerRule", name).inputs["listenerArn"] == "arn:listener-b"
    assert found.outputs["url"] == "http://staging.grape-app.jp/"


def test_go_runs_its_own_image_protected() -> None:
    found = deployed("go")
    migration = found.graph.one(MIGRATION_RUN, "neuraknot-prod-backend-go-migrate").inputs
    assert migration["protected"] is True
    assert migration["image_digest"] == DIGEST
    assert found.graph.container("neuraknot-prod-backend-go-migrate")["user"] == "10001:10001"


def test_prisma_migrates_before_the_app_in_each_task() -> None:
    inputs = deployed("prisma").graph.one(DEFINITION, "prod-fast-note").inputs
    _, app = json.loads(inputs["containerDefinitions"])
    assert app["dependsOn"] == [{"containerName": "db-migration", "condition": "SUCCESS"}]


def test_rails_reads_the_database_of_its_base() -> None:
    found = deployed("rails")
    (app,) = json.loads(found.graph.one(DEFINITION, "rails-app").inputs["containerDefinitions"])
    secrets = {each["name"]: each["valueFrom"] for each in app["secrets"]}
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:db-b-AbCdEf"
    assert secrets["DATABASE_HOST"] == f"{arn}:host::"
    assert secrets["MYAPP_DATABASE_PASSWORD"] == f"{arn}:operator_password::"
    backup = found.graph.one(MIGRATION_RUN, "rails-app-migrate").inputs["backup"]
    assert backup["instance"] == "rails-app-db"


@pytest.mark.parametrize("name", ["django", "rails"])
def test_a_base_makes_what_its_service_reads(name: str) -> None:
    base = run(preset(f"{name}-base"), f"{name}-base")
    assert SERVICE not in base.graph.types()
    read = {"vpc_id", "subnet_ids", "security_group_ids", "cluster_arn", "listener_arn", "listener_port"}
    assert read <= set(base.outputs)
    assert ("database_secret_arn" in base.outputs) == (name == "rails")


def test_both_halves_of_rails_may_stand_in_one_file() -> None:
    halves = {**config_of(preset("rails-base")), **config_of(preset("rails")), "migratable-ecs:base": ""}
    changes = {key.partition(":")[2]: value for key, value in halves.items()}
    found = run(preset("rails"), "rails", **changes)
    assert {"aws:rds/instance:Instance", "aws:ecr/repository:Repository", SERVICE} <= set(found.graph.types())
    assert found.graph.one(SERVICE, "rails-app").inputs["name"] == "rails-app-service"
