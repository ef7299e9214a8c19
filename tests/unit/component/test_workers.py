"""Workers: further services from the same image, gated by the one migration."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.args import ProcessArgs, WorkerArgs

from tests.unit.component.cloud import MIGRATION_RUN, Graph, secret_arn
from tests.unit.component.service import deployed

pytestmark = pytest.mark.thorough(keep=3)

SERVICE, TASK_DEFINITION, LOG_GROUP = (
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:cloudwatch/logGroup:LogGroup",
)
RUN = f"{MIGRATION_RUN}::web-migrate"
OTEL = "public.ecr.aws/aws-observability/collector@sha256:" + "e" * 64


def with_queue(**queue: Any) -> Graph:
    return deployed(
        environment={"A": "1", "B": "2"},
        secrets={"DB": "db", "KEY": "learning-db"},
        working_directory="/srv",
        workers={"queue": {"command": "bin/queue", **queue}},
    )


def container(graph: Graph) -> dict[str, Any]:
    return graph.container("web-queue")


def test_it_is_a_service_of_its_own_from_the_same_image() -> None:
    graph = with_queue()
    assert container(graph)["image"] == graph.container("web")["image"]
    service = graph.one(SERVICE, "web-queue").inputs
    assert service["name"] == "web-queue"
    assert service["networkConfiguration"] == graph.one(SERVICE, "web").inputs["networkConfiguration"]
    assert not service.get("loadBalancers")
    assert graph.one(TASK_DEFINITION, "web-queue").inputs["family"] == "web-queue"
    assert graph.one(LOG_GROUP, "web-queue").inputs["name"] == "/ecs/web-queue"


def test_it_runs_its_own_command_with_the_variables_of_the_service() -> None:
    graph = with_queue()
    assert (container(graph)["entryPoint"], container(graph)["command"]) == (["sh", "-c"], ["bin/queue"])
    for key in ("environment", "secrets", "workingDirectory"):
        assert container(graph)[key] == graph.container("web")[key]
    assert container(graph)["portMappings"] == []


def test_one_migration_gates_them_all() -> None:
    graph = deployed(workers={"queue": {"command": "a"}, "mail": {"command": "b"}})
    assert graph.types().count(MIGRATION_RUN) == 1
    for name in ("web", "web-queue", "web-mail"):
        assert RUN in graph.one(SERVICE, name).waits_for


def test_with_init_they_wait_for_the_app_whose_tasks_migrate() -> None:
    graph = deployed(migration__phase="init", workers={"queue": {"command": "a"}})
    assert f"{SERVICE}::web" in graph.one(SERVICE, "web-queue").waits_for


def test_they_start_without_a_migration_too() -> None:
    assert deployed(migration=..., workers={"queue": {"command": "a"}}).one(SERVICE, "web-queue")


@pytest.mark.parametrize(
    ("name", "value", "read", "arrived"),
    [
        ("command", ["bin/queue", "-v"], lambda g: container(g)["command"], ["bin/queue", "-v"]),
        ("entry_point", ["bash", "-c"], lambda g: container(g)["entryPoint"], ["bash", "-c"]),
        ("working_directory", "/q", lambda g: container(g)["workingDirectory"], "/q"),
        (
            "environment",
            {"B": "3", "KEY": "plain"},
            lambda g: {each["name"]: each["value"] for each in container(g)["environment"]},
            {"A": "1", "B": "3", "KEY": "plain"},
        ),
        (
            "secrets",
            {"A": "db:a", "DB": "db:worker"},
            lambda g: {each["name"]: each["valueFrom"] for each in container(g)["secrets"]},
            {
                "A": f"{secret_arn('db')}:a::",
                "DB": f"{secret_arn('db')}:worker::",
                "KEY": secret_arn("learning-db"),
            },
        ),
        ("cpu", 512, lambda g: g.one(TASK_DEFINITION, "web-queue").inputs["cpu"], "512"),
        ("memory", 1024, lambda g: g.one(TASK_DEFINITION, "web-queue").inputs["memory"], "1024"),
        ("desired_count", 4, lambda g: g.one(SERVICE, "web-queue").inputs["desiredCount"], 4),
        ("container", {"stop_timeout": 100}, lambda g: container(g)["stopTimeout"], 100),
        ("container_name", "celery", lambda g: container(g)["name"], "celery"),
        ("service_name", "celery", lambda g: g.one(SERVICE, "web-queue").inputs["name"], "celery"),
        ("family", "celery", lambda g: g.one(TASK_DEFINITION, "web-queue").inputs["family"], "celery"),
        ("log_group", "/q", lambda g: g.one(LOG_GROUP, "web-queue").inputs["name"], "/q"),
        (
            "stream_prefix",
            "q",
            lambda g: container(g)["logConfiguration"]["options"]["awslogs-stream-prefix"],
            "q",
        ),
        (
            "sidecars",
            {"otel": {"image": OTEL}},
            lambda g: [
                each["name"]
                for each in json.loads(g.one(TASK_DEFINITION, "web-queue").inputs["containerDefinitions"])
            ],
            ["otel", "queue"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.thorough(keep=5)
def test_it_arrives(name: str, value: Any, read: Any, arrived: Any) -> None:
    changes = {"memory": 1024, name: value} if name == "cpu" else {name: value}
    assert read(with_queue(**changes)) == arrived


def test_no_argument_is_left_out() -> None:
    of_processes = {
        *(
            "command",
            "entry_point",
            "working_directory",
            "environment",
            "secrets",
            "cpu",
            "memory",
            "container",
        ),
        *("container_name", "family", "log_group", "stream_prefix"),
    }
    assert {field.name for field in fields(ProcessArgs)} == of_processes
    assert {field.name for field in fields(WorkerArgs)} == of_processes | {
        "desired_count",
        "sidecars",
        "service_name",
        "scaling",
        "watching",
    }


def test_the_image_of_a_sidecar_may_be_pulled_and_its_log_written() -> None:
    graph = with_queue()
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "web-execution").inputs["policy"])
    groups = policy["Statement"][0]["Resource"]
    assert [each for each in groups if "/ecs/web-queue:" in each]


# -- scaling and alarms of its own ----------------------------------------------------------------------------------

ALARM, RULE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/eventRule:EventRule"
TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"


def test_its_number_of_tasks_follows_its_own_load_and_is_no_drift() -> None:
    graph = with_queue(desired_count=9, scaling={"minimum": 0, "maximum": 5, "cpu": 60})
    target = graph.one(TARGET, "web-queue").inputs
    assert (target["resourceId"], target["minCapacity"], target["maxCapacity"]) == (
        "service/learning/web-queue",
        0,
        5,
    )
    assert graph.one(POLICY, "web-queue-cpu").inputs["resourceId"] == "service/learning/web-queue"
    queue = graph.one(SERVICE, "web-queue")
    assert (queue.inputs["desiredCount"], queue.ignored) == (5, ("desiredCount",))
    assert graph.one(SERVICE, "web").ignored == ()
    assert graph.types().count(TARGET) == 1


def test_its_alarms_look_at_it_and_tell_the_topic_of_the_service() -> None:
    graph = deployed(
        watching={"topic_arn": "arn:topic"},
        names={"alarms": "shop"},
        workers={
            "queue": {"command": "x", "watching": {"cpu": 80}},
            "mail": {"command": "x", "watching": {"topic_arn": "arn:other", "memory": None}},
            "quiet": {"command": "x"},
        },
    )
    alarms = {each.name: each.inputs for each in graph.resources if each.type == ALARM}
    own = {name: each for name, each in alarms.items() if name.startswith("web-queue-")}
    assert {name: (each["name"], each["alarmActions"]) for name, each in own.items()} == {
        f"web-queue-{what}": (f"shop-queue-{what}", ["arn:topic"])
        for what in ("cpu", "memory", "no-healthy-task")
    }
    assert own["web-queue-cpu"]["threshold"] == 80
    for each in own.values():
        assert each["dimensions"] == {"ClusterName": "learning", "ServiceName": "web-queue"}
    assert alarms["web-mail-cpu"]["alarmActions"] == ["arn:other"]
    assert "web-mail-memory" not in alarms
    assert not [name for name in alarms if name.startswith("web-quiet")]
    pattern = json.loads(graph.one(RULE, "web-queue-rollback").inputs["eventPattern"])
    assert pattern["resources"] == ["arn:aws:Service:web-queue"]


def test_it_is_in_the_dashboard_of_the_service_and_has_none_of_its_own() -> None:
    graph = deployed(watching={}, workers={"queue": {"command": "x", "watching": {}}})
    (board,) = [each for each in graph.resources if each.type == "aws:cloudwatch/dashboard:Dashboard"]
    shown = {
        w["properties"]["title"]: w["properties"]
        for w in json.loads(board.inputs["dashboardBody"])["widgets"]
    }
    of_queue = ["ClusterName", "learning", "ServiceName", "web-queue"]
    assert shown["queue: CPU and memory (%)"]["metrics"] == [
        ["AWS/ECS", f"{what}Utilization", *of_queue] for what in ("CPU", "Memory")
    ]
    assert ["AWS/ECS", "CPUUtilization", *of_queue] in shown["Tasks running"]["metrics"]


@pytest.mark.parametrize(
    ("workers", "sentence"),
    [
        (
            {"queue": {"command": "x", "scaling": {"minimum": 1, "maximum": 2, "requests_per_target": 9}}},
            "workers['queue'].scaling.requests_per_target needs ingress, which a worker does not have: leave it out, or give cpu",
        ),
        (
            {"queue": {"command": "x", "scaling": {"minimum": 3, "maximum": 2, "cpu": 9}}},
            "workers['queue'].scaling.minimum is 3, above workers['queue'].scaling.maximum, which is 2: exchange them",
        ),
        (
            {"queue": {"command": "x", "watching": {"minutes": 0}}},
            "workers['queue'].watching.minutes is 0; give a whole number from 1 to 60 minutes",
        ),
        (
            {"a b": {"command": "x"}},
            "workers has the key 'a b'; allowed are letters, digits and hyphens inside, at most 64",
        ),
        (
            {"queue": {"command": ""}},
            "workers['queue'].command is missing: give the command to run, such as 'bin/queue'",
        ),
        (
            {"queue": {"command": "x", "cpu": 300}},
            "cpu of workers['queue'] is 300; Fargate has 256, 512, 1024, 2048, 4096, 8192, 16384 units",
        ),
        (
            {"migrate": {"command": "x"}},
            "'migrate' names two of workers, schedules and the migration; their names would be the same: give another key",
        ),
        ({"queue": {}}, "workers['queue'] lacks 'command': give a value, see WorkerArgs"),
    ],
)
def test_it_is_refused(workers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        deployed(workers=workers)
    assert str(refused.value) == sentence
