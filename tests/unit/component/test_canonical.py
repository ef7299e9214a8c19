"""Nothing churns: what is registered is, byte for byte, what ECS gives back.

`as_ecs_returns` does to container definitions what ECS does between RegisterTaskDefinition and DescribeTaskDefinition. Its rules come
from the API reference (defaults and types of ContainerDefinition) and from reports of task definitions that were replaced at every update.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs.args.containers import (
    CONDITIONS,
    ULIMITS,
    ContainerArgs,
    HealthCheckArgs,
    LogArgs,
    MountArgs,
    PortArgs,
)
from migratable_ecs.containers import canonical, container_definition
from migratable_ecs.image import Image
from migratable_ecs.secrets import Secret

from tests.unit.component.cloud import REGION, Graph
from tests.unit.component.service import deployed

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"

#: What ECS lists even when it was not given.
LISTED = ("environment", "mountPoints", "portMappings", "volumesFrom", "systemControls")


def as_ecs_returns(registered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Container definitions of an awsvpc task, as DescribeTaskDefinition returns them."""
    return sorted((_stored(each) for each in registered), key=lambda each: str(each["name"]))


def _stored(given: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in given.items() if value is not None and value != [] and value != {}}
    found = {**{key: [] for key in LISTED}, "cpu": 0, "essential": True, **kept}
    for name in ("environment", "secrets", "ulimits"):
        if found.get(name):
            found[name] = sorted(found[name], key=lambda each: str(each["name"]))
    found["portMappings"] = [
        {"protocol": "tcp", **port, "hostPort": port.get("hostPort") or port["containerPort"]}
        for port in found["portMappings"]
    ]
    if "user" in found:
        found["user"] = str(found["user"])
    elif "firelensConfiguration" in found:
        found["user"] = "0"
    if "healthCheck" in found:
        found["healthCheck"] = {"interval": 30, "timeout": 5, "retries": 3, **found["healthCheck"]}
    return found


WORDS = st.text("abcdefgh-", min_size=1, max_size=8)
PATHS = st.lists(WORDS, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
COMMANDS = st.lists(st.text("abc -", max_size=5), max_size=3)
VARIABLES = st.dictionaries(st.text("ABCDEF_", min_size=1, max_size=5), st.text(max_size=5), max_size=5)
SECONDS = st.none() | st.integers(2, 120)
SECRETS = st.lists(
    st.builds(Secret, name=st.text("GHIJ", min_size=1, max_size=4), value_from=WORDS, arn=WORDS),
    max_size=4,
    unique_by=lambda secret: secret.name,
)
PORTS = st.lists(
    st.builds(
        PortArgs,
        container_port=st.integers(1, 99),
        protocol=st.sampled_from(["tcp", "udp"]),
        name=st.none() | WORDS,
    ),
    max_size=3,
)
MORE = st.builds(
    ContainerArgs,
    ports=PORTS,
    user=st.none() | st.sampled_from(["0", "1000", "1000:1000", "app"]),
    environment_files=st.lists(st.just("arn:aws:s3:::bucket/web.env"), max_size=2),
    health_check=st.none()
    | st.builds(
        HealthCheckArgs,
        command=WORDS | st.lists(WORDS, min_size=1, max_size=2),
        interval=st.integers(5, 300),
        start_period=st.none() | st.integers(0, 300),
    ),
    depends_on=st.none() | st.dictionaries(WORDS, st.sampled_from(CONDITIONS), max_size=3),
    start_timeout=SECONDS,
    stop_timeout=SECONDS,
    ulimits=st.none()
    | st.dictionaries(
        st.sampled_from(ULIMITS), st.tuples(st.integers(0, 9), st.integers(9, 99)).map(list), max_size=3
    ),
    readonly_root_filesystem=st.booleans(),
    writable=st.lists(PATHS, max_size=2, unique=True),
    mounts=st.none()
    | st.dictionaries(PATHS, st.builds(MountArgs, volume=WORDS, read_only=st.booleans()), max_size=2),
    init_process=st.booleans(),
    log=st.none()
    | st.builds(LogArgs, driver=st.sampled_from(["awslogs", "awsfirelens"]), options=st.none() | VARIABLES),
    cpu=st.none() | st.integers(1, 256),
    memory=st.none() | st.integers(6, 512),
    extra=st.none()
    | st.just({"linuxParameters": {"capabilities": {"drop": ["ALL"]}}, "dnsServers": [], "dockerLabels": {}})
    | st.just({"interactive": True}),
)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    return container_definition(
        name=draw(WORDS),
        image=Image("repo@sha256:x", "sha256:x"),
        environment=draw(VARIABLES),
        secrets=draw(SECRETS),
        log_secrets=draw(SECRETS),
        log_group="/ecs/web",
        stream_prefix="app",
        region=REGION,
        entry_point=draw(st.none() | COMMANDS),
        command=draw(st.none() | COMMANDS),
        working_directory=draw(st.none() | PATHS),
        port=draw(st.none() | st.integers(1, 99)),
        essential=draw(st.booleans()),
        more=draw(MORE),
        firelens=draw(st.sampled_from([None, "fluentbit"])),
    )


@given(definitions())
@pytest.mark.thorough
def test_ecs_gives_a_container_back_as_it_was_written(definition: dict[str, Any]) -> None:
    (returned,) = as_ecs_returns([definition])
    assert json.dumps(returned, sort_keys=True) == json.dumps(definition, sort_keys=True)


@given(definitions())
def test_canonical_is_final(definition: dict[str, Any]) -> None:
    assert canonical(definition) == definition


@given(st.lists(definitions(), max_size=3, unique_by=lambda each: str(each["name"])))
@pytest.mark.thorough
def test_the_normaliser_is_stable_and_would_see_another_order(definitions: list[dict[str, Any]]) -> None:
    once = as_ecs_returns(definitions)
    assert as_ecs_returns(once) == once
    assert [each["name"] for each in once] == sorted(each["name"] for each in definitions)


def test_the_normaliser_finds_what_is_not_canonical() -> None:
    for careless in (
        {"name": "a", "image": "i"},
        {**canonical({"name": "a", "essential": True}), "secrets": []},
        canonical({"name": "a", "essential": True, "user": 0}),
        canonical(
            {"name": "a", "essential": True, "portMappings": [{"containerPort": 80, "protocol": "tcp"}]}
        ),
        canonical(
            {
                "name": "a",
                "essential": True,
                "environment": [{"name": "B", "value": ""}, {"name": "A", "value": ""}],
            }
        ),
        canonical({"name": "a", "essential": True, "healthCheck": {"command": ["CMD", "true"]}}),
        canonical({"name": "a", "essential": True, "firelensConfiguration": {"type": "fluentbit"}}),
    ):
        assert as_ecs_returns([careless]) != [careless], careless


def written(graph: Graph, name: str) -> list[dict[str, Any]]:
    return list(json.loads(graph.one(TASK_DEFINITION, name).inputs["containerDefinitions"]))


def test_whole_task_definitions_come_back_as_they_were_written() -> None:
    sidecar = {"image": "ghcr.io/team/x@sha256:" + "e" * 64}
    graph = deployed(
        environment={"B": "2", "A": "1"},
        secrets={"S": "db"},
        container={
            "health_check": {"command": "true"},
            "writable": ["/tmp"],
            "log": {"driver": "awsfirelens"},
        },
        sidecars={"zipkin": sidecar, "alpha": {**sidecar, "firelens": "fluentbit"}},
        workers={"queue": {"command": "x", "sidecars": {"a": sidecar}}},
        schedules={"nightly": {"command": "x", "expression": "rate(1 day)"}},
        migration__phase="init",
    )
    for name in ("web", "web-migrate", "web-queue", "web-nightly"):
        assert as_ecs_returns(written(graph, name)) == written(graph, name)
    assert [each["name"] for each in written(graph, "web")] == ["alpha", "app", "migrate", "zipkin"]
