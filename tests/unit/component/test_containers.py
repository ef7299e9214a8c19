"""Container definitions are written as ECS gives them back, so that nothing churns; app and migration differ only in their command."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs.containers import container_definition
from migratable_ecs.image import Image
from migratable_ecs.secrets import Secret

from tests.unit.component.cloud import REGION
from tests.unit.component.service import deployed

pytestmark = pytest.mark.thorough(keep=3)

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
VARIABLES = st.dictionaries(st.text("ABCDEFGH", min_size=1, max_size=4), st.text(max_size=5), max_size=6)


def definition(environment: dict[str, str]) -> dict[str, Any]:
    return container_definition(
        name="app",
        image=Image("repo@sha256:x", "sha256:x"),
        environment=environment,
        secrets=[Secret("S", "arn:s", "arn:s")],
        log_group="/ecs/web",
        stream_prefix="app",
        region=REGION,
    )


@given(VARIABLES, st.randoms())
def test_the_order_in_which_variables_are_given_does_not_matter(
    environment: dict[str, str], random: Any
) -> None:
    items = list(environment.items())
    random.shuffle(items)
    assert json.dumps(definition(dict(items))) == json.dumps(definition(environment))


@given(VARIABLES)
def test_no_variable_is_lost(environment: dict[str, str]) -> None:
    assert {each["name"]: each["value"] for each in definition(environment)["environment"]} == environment


def test_the_app() -> None:
    graph = deployed(environment={"B": "2", "A": "1"}, secrets={"Z": "db", "Y": "db:key"})
    container = graph.container()
    assert [each["name"] for each in container["environment"]] == ["A", "B"]
    assert [each["name"] for each in container["secrets"]] == ["Y", "Z"]
    assert container["portMappings"] == [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]
    assert container["essential"] is True
    assert "command" not in container
    assert container["logConfiguration"] == {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/ecs/web", "awslogs-region": REGION, "awslogs-stream-prefix": "app"},
    }


def test_the_migration_differs_in_name_command_ports_and_log_only() -> None:
    graph = deployed(environment={"A": "1"}, secrets={"Z": "db"})
    app, migration = graph.container("web"), graph.container("web-migrate")
    differing = {key for key in app.keys() | migration.keys() if app.get(key) != migration.get(key)}
    assert differing == {"name", "command", "entryPoint", "portMappings", "logConfiguration"}
    assert migration["portMappings"] == []
    assert migration["logConfiguration"]["options"]["awslogs-group"] == "/ecs/web-migrate"
    assert migration["logConfiguration"]["options"]["awslogs-stream-prefix"] == "migrate"


@pytest.mark.parametrize(
    ("changes", "entry_point", "command"),
    [
        ({"migration__command": "a && b"}, ["sh", "-c"], ["a && b"]),
        ({"migration__command": ["manage", "migrate"]}, None, ["manage", "migrate"]),
        ({"migration__command": ["x"], "migration__entry_point": ["/run"]}, ["/run"], ["x"]),
        ({"migration__command": "a", "migration__entry_point": ["bash", "-c"]}, ["bash", "-c"], ["a"]),
    ],
)
def test_a_string_needs_a_shell_and_a_list_does_not(
    changes: dict[str, Any], entry_point: Any, command: Any
) -> None:
    container = deployed(**changes).container("web-migrate")
    assert container.get("entryPoint") == entry_point
    assert container["command"] == command


def test_both_are_fargate_task_definitions_of_their_own_family_and_size() -> None:
    graph = deployed(cpu=512, memory=2048, migration__cpu=1024, migration__memory=4096)
    for name, cpu, memory in (("web", "512", "2048"), ("web-migrate", "1024", "4096")):
        inputs = graph.one(TASK_DEFINITION, name).inputs
        assert (inputs["family"], inputs["cpu"], inputs["memory"]) == (name, cpu, memory)
        assert inputs["networkMode"] == "awsvpc"
        assert inputs["requiresCompatibilities"] == ["FARGATE"]


def test_the_migration_works_where_the_app_works_unless_told_otherwise() -> None:
    assert deployed(working_directory="/srv").container("web-migrate")["workingDirectory"] == "/srv"
    graph = deployed(working_directory="/srv", migration__working_directory="/db")
    assert (
        graph.container("web")["workingDirectory"],
        graph.container("web-migrate")["workingDirectory"],
    ) == ("/srv", "/db")
