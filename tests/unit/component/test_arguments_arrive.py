"""Every argument reaches the property it is meant for, and only a changed argument changes the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs import (
    BackupArgs,
    IngressArgs,
    MigratableEcsService,
    MigratableEcsServiceArgs,
    MigrationArgs,
    NetworkArgs,
)

from tests.unit.component.cloud import MIGRATION_RUN, Graph, deploy
from tests.unit.component.service import arguments, deployed

SERVICE, RULE, TARGET_GROUP = (
    "aws:ecs/service:Service",
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/targetGroup:TargetGroup",
)
TASK_DEFINITION, LOG_GROUP = "aws:ecs/taskDefinition:TaskDefinition", "aws:cloudwatch/logGroup:LogGroup"
DIGEST = "sha256:" + "d" * 64


def service(key: str) -> Callable[[Graph], Any]:
    return lambda graph: graph.one(SERVICE).inputs[key]


def network(key: str) -> Callable[[Graph], Any]:
    """The same network for the service and for the migration's task."""

    def read(graph: Graph) -> Any:
        camel = {
            "subnets": "subnets",
            "security_groups": "securityGroups",
            "assign_public_ip": "assignPublicIp",
        }[key]
        of_service = graph.one(SERVICE).inputs["networkConfiguration"][camel]
        assert graph.one(MIGRATION_RUN, "web-migrate").inputs[key] == of_service
        return of_service

    return read


def run(key: str) -> Callable[[Graph], Any]:
    return lambda graph: graph.one(MIGRATION_RUN, "web-migrate").inputs[key]


def inputs(type_: str, key: str, name: str = "web") -> Callable[[Graph], Any]:
    return lambda graph: graph.one(type_, name).inputs[key]


def container(key: str, name: str = "web") -> Callable[[Graph], Any]:
    return lambda graph: graph.container(name)[key]


#: Path of the argument, a value that is not its default, where it must arrive, and as what (the value itself when left out).
ARRIVALS: list[tuple[str, Any, Callable[[Graph], Any], Any]] = [
    ("cluster", "other", service("cluster"), "other"),
    ("cluster", "other", run("cluster"), "other"),
    ("image", f"app@{DIGEST}", run("image_digest"), DIGEST),
    ("container_port", 3000, lambda g: g.container()["portMappings"][0]["containerPort"], 3000),
    ("command", ["serve"], container("command"), ["serve"]),
    ("entry_point", ["/entry"], container("entryPoint"), ["/entry"]),
    ("working_directory", "/srv", container("workingDirectory"), "/srv"),
    ("environment", {"A": "1"}, container("environment"), [{"name": "A", "value": "1"}]),
    ("secrets", {"A": "db"}, lambda g: g.container()["secrets"][0]["name"], "A"),
    ("cpu", 512, inputs(TASK_DEFINITION, "cpu"), "512"),
    ("memory", 2048, inputs(TASK_DEFINITION, "memory"), "2048"),
    ("desired_count", 3, service("desiredCount"), 3),
    ("log_retention_days", 7, inputs(LOG_GROUP, "retentionInDays"), 7),
    ("wait_for_steady_state", False, service("waitForSteadyState"), False),
    ("tags", {"team": "x"}, lambda g: service("tags")(g)["team"], "x"),
    ("network__subnets", ["subnet-9"], network("subnets"), ["subnet-9"]),
    ("network__security_groups", ["sg-9"], network("security_groups"), ["sg-9"]),
    ("network__assign_public_ip", True, network("assign_public_ip"), True),
    ("ingress__listener_arn", "arn:other", inputs(RULE, "listenerArn"), "arn:other"),
    ("ingress__vpc_id", "vpc-9", inputs(TARGET_GROUP, "vpcId"), "vpc-9"),
    ("ingress__priority", 9, inputs(RULE, "priority"), 9),
    (
        "ingress__host_headers",
        ["h"],
        lambda g: inputs(RULE, "conditions")(g)[0]["hostHeader"]["values"],
        ["h"],
    ),
    (
        "ingress__path_patterns",
        ["/p"],
        lambda g: inputs(RULE, "conditions")(g)[0]["pathPattern"]["values"],
        ["/p"],
    ),
    ("ingress__health_check_path", "/h", lambda g: inputs(TARGET_GROUP, "healthCheck")(g)["path"], "/h"),
    (
        "ingress__health_check_matcher",
        "204",
        lambda g: inputs(TARGET_GROUP, "healthCheck")(g)["matcher"],
        "204",
    ),
    ("ingress__health_check_interval", 15, lambda g: inputs(TARGET_GROUP, "healthCheck")(g)["interval"], 15),
    ("ingress__deregistration_delay", 0, inputs(TARGET_GROUP, "deregistrationDelay"), 0),
    ("migration__command", ["up"], container("command", "web-migrate"), ["up"]),
    ("migration__entry_point", ["sh", "-ec"], container("entryPoint", "web-migrate"), ["sh", "-ec"]),
    ("migration__working_directory", "/db", container("workingDirectory", "web-migrate"), "/db"),
    ("migration__cpu", 512, inputs(TASK_DEFINITION, "cpu", "web-migrate"), "512"),
    ("migration__memory", 2048, inputs(TASK_DEFINITION, "memory", "web-migrate"), "2048"),
    ("migration__phase", "manual", run("phase"), "manual"),
    ("migration__triggers", {"x": "1"}, run("triggers"), {"x": "1"}),
    ("migration__on_failure", "warn", run("on_failure"), "warn"),
    ("migration__on_rollback", "refuse", run("on_rollback"), "refuse"),
    ("migration__on_cancel", "stop", run("on_cancel"), "stop"),
    ("migration__timeout", 60, run("timeout"), 60),
    ("migration__lock_timeout", 0, run("lock_timeout"), 0),
    ("migration__attempts", 3, run("attempts"), 3),
    ("migration__skip", True, run("skip"), True),
    ("migration__backup", {"instance": "db-1"}, lambda g: run("backup")(g)["instance"], "db-1"),
    ("migration__backup", {"cluster": "db-c"}, lambda g: run("backup")(g)["cluster"], "db-c"),
    ("migration__backup", {"cluster": "c", "keep": 2}, lambda g: run("backup")(g)["keep"], 2),
    ("migration__backup", {"cluster": "c", "timeout": 90}, lambda g: run("backup")(g)["timeout"], 90),
]


@pytest.mark.parametrize(
    ("path", "value", "read", "arrived"),
    ARRIVALS,
    ids=[f"{path}-{n}" for n, (path, *_) in enumerate(ARRIVALS)],
)
@pytest.mark.thorough(keep=5)
def test_it_arrives(path: str, value: Any, read: Callable[[Graph], Any], arrived: Any) -> None:
    roomy = {"memory": 1024, "migration__memory": 1024, "migration__command": ["migrate"]}
    changes: dict[str, Any] = {**roomy, path: value}
    assert read(deployed(**changes)) == arrived


def test_names_of_secret_variables_arrive() -> None:
    graph = deployed(environment={"TOKEN": "t"}, migration__secret_environment=["TOKEN"])
    assert run("secret_environment")(graph) == ["TOKEN"]


#: Arguments that have a file of their own, which also checks that none of theirs is left out.
ELSEWHERE = {
    "test_container_arguments.py": {"container", "container_name", "stream_prefix", "sidecars"},
    "test_task_arguments.py": {"task"},
    "test_workers.py": {"workers"},
    "test_phases.py": {"contract"},
    "test_rollout.py": {"rollout", "discovery", "service_connect"},
    "test_scaling.py": {"scaling"},
    "test_watching.py": {"watching"},
    "test_names.py": {"names"},
    "test_logs.py": {"log_kms_key_arn"},
    "test_ingress.py": {"ingress__container_name", "ingress__container_port"},
    "test_load_balancer.py": {
        *("ingress__load_balancer", "ingress__http_headers", "ingress__http_methods", "ingress__query_strings"),
        *("ingress__source_ips", "ingress__health_check_timeout", "ingress__healthy_threshold", "ingress__slow_start"),
        *("ingress__unhealthy_threshold", "ingress__stickiness", "ingress__protocol_version"),
    },
    "test_schedules.py": {"schedules"},
    "test_migration_arguments.py": {
        *("migration__environment", "migration__secrets", "migration__image", "migration__network"),
        *("migration__execution_role_arn", "migration__task_role_arn", "migration__container", "migration__container_name"),
        *("migration__family", "migration__log_group", "migration__stream_prefix", "migration__status_command"),
        *("migration__plan_command", "migration__rollback_command", "migration__environment_name", "migration__protected"),
    },
}  # fmt: skip


def test_no_argument_is_left_out_of_this_table() -> None:
    covered = {path for path, *_ in ARRIVALS}.union(
        {"migration__secret_environment", "network", "ingress", "migration"}, *ELSEWHERE.values()
    )
    every = {field.name for field in fields(MigratableEcsServiceArgs)}
    for prefix, cls in (("network", NetworkArgs), ("ingress", IngressArgs), ("migration", MigrationArgs)):
        every |= {f"{prefix}__{field.name}" for field in fields(cls)}
    assert every == covered
    assert all((Path(__file__).parent / file).is_file() for file in ELSEWHERE)
    keys_of_backup = {key for path, value, *_ in ARRIVALS if path == "migration__backup" for key in value}
    assert keys_of_backup == {field.name for field in fields(BackupArgs)}


def test_a_dict_literal_and_the_classes_give_the_same_graph() -> None:
    given = arguments(migration__backup={"instance": "db-1"}, environment={"A": "1"})

    def classes() -> None:
        migration = MigrationArgs(**{**given["migration"], "backup": BackupArgs(instance="db-1")})
        whole = {
            **given,
            "network": NetworkArgs(**given["network"]),
            "ingress": IngressArgs(**given["ingress"]),
            "migration": migration,
        }
        MigratableEcsService("web", MigratableEcsServiceArgs(**whole))

    def mixed() -> None:
        MigratableEcsService("web", MigratableEcsServiceArgs(**given))

    def literal() -> None:
        MigratableEcsService("web", given)

    first, *others = (sorted(deploy(way).resources, key=lambda r: r.urn) for way in (literal, classes, mixed))
    assert all(other == first for other in others)


def test_the_arguments_given_stay_as_they_were() -> None:
    given = arguments(migration__backup={"instance": "db-1"})
    before = repr(given)
    whole = MigratableEcsServiceArgs(**given)

    def program() -> None:
        MigratableEcsService("web", whole)

    deploy(program)
    assert repr(given) == before
    assert whole.network is given["network"]


def test_a_service_that_fails_to_roll_goes_back_by_itself() -> None:
    assert service("deploymentCircuitBreaker")(deployed()) == {"enable": True, "rollback": True}


def test_everything_taggable_carries_the_tags_and_the_name_of_its_service() -> None:
    graph = deployed(tags={"team": "x"})
    untagged = {r.type for r in graph.resources if r.type.startswith("aws:") and "tags" not in r.inputs}
    assert untagged == {"aws:iam/rolePolicy:RolePolicy"}
    for resource in graph.resources:
        if "tags" in resource.inputs:
            assert resource.inputs["tags"] == {"migratable-ecs:service": "web", "team": "x"}
