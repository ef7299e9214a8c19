"""Every argument of a container reaches the container definition it is meant for, and those that contradict each other are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.args import ContainerArgs, HealthCheckArgs, LogArgs, MountArgs, PortArgs, SidecarArgs

from tests.unit.component.cloud import REGION, REGISTRY, Cloud, Graph, secret_arn
from tests.unit.component.service import deployed

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
NGINX = "public.ecr.aws/nginx/nginx@sha256:" + "e" * 64
FILE = "arn:aws:s3:::settings/web.env"


def containers(graph: Graph, name: str = "web") -> dict[str, dict[str, Any]]:
    """Name -> definition."""
    listed = json.loads(graph.one(TASK_DEFINITION, name).inputs["containerDefinitions"])
    assert [each["name"] for each in listed] == sorted(each["name"] for each in listed)
    return {each["name"]: each for each in listed}


def app(**more: Any) -> dict[str, Any]:
    """The app's definition with `container=more`."""
    return containers(deployed(container=more))["app"]


#: Argument, value, key of the definition, what arrives there.
ARRIVALS: list[tuple[str, Any, str, Any]] = [
    ("user", "1000:1000", "user", "1000:1000"),
    ("environment_files", [FILE], "environmentFiles", [{"type": "s3", "value": FILE}]),
    (
        "health_check",
        {"command": "curl -f localhost"},
        "healthCheck",
        {"command": ["CMD-SHELL", "curl -f localhost"], "interval": 30, "timeout": 5, "retries": 3},
    ),
    (
        "health_check",
        {"command": ["/probe", "-q"], "interval": 10, "timeout": 3, "retries": 2, "start_period": 0},
        "healthCheck",
        {"command": ["CMD", "/probe", "-q"], "interval": 10, "timeout": 3, "retries": 2, "startPeriod": 0},
    ),
    ("start_timeout", 60, "startTimeout", 60),
    ("stop_timeout", 120, "stopTimeout", 120),
    (
        "ulimits",
        {"nofile": [1024, 4096]},
        "ulimits",
        [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
    ),
    ("readonly_root_filesystem", True, "readonlyRootFilesystem", True),
    (
        "writable",
        ["/tmp", "/var/run"],
        "mountPoints",
        [
            {"containerPath": "/tmp", "readOnly": False, "sourceVolume": "writable-app-tmp"},
            {"containerPath": "/var/run", "readOnly": False, "sourceVolume": "writable-app-var_run"},
        ],
    ),
    ("init_process", True, "linuxParameters", {"initProcessEnabled": True}),
    ("cpu", 128, "cpu", 128),
    ("memory", 256, "memory", 256),
    ("memory_reservation", 128, "memoryReservation", 128),
    (
        "ports",
        [
            {"container_port": 8000, "name": "http", "app_protocol": "http"},
            {"container_port": 53, "protocol": "udp"},
        ],
        "portMappings",
        [
            {
                "containerPort": 8000,
                "hostPort": 8000,
                "protocol": "tcp",
                "name": "http",
                "appProtocol": "http",
            },
            {"containerPort": 53, "hostPort": 53, "protocol": "udp"},
        ],
    ),
    ("extra", {"pseudoTerminal": True}, "pseudoTerminal", True),
    ("extra", {"linuxParameters": {"tmpfs": []}}, "linuxParameters", {"tmpfs": []}),
    ("log", {"driver": "splunk"}, "logConfiguration", {"logDriver": "splunk"}),
    (
        "log",
        {"options": {"mode": "non-blocking"}, "secret_options": {"token": "db"}},
        "logConfiguration",
        {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/web",
                "awslogs-region": REGION,
                "awslogs-stream-prefix": "app",
                "mode": "non-blocking",
            },
            "secretOptions": [{"name": "token", "valueFrom": secret_arn("db")}],
        },
    ),
]


#: All but the second of each name, which would be one argument twice.
AT_ONCE = [each for n, each in enumerate(ARRIVALS) if each[0] not in {name for name, *_ in ARRIVALS[:n]}]


@cache
def the_app() -> dict[str, Any]:
    """An app with all of AT_ONCE."""
    return app(**{name: value for name, value, *_ in AT_ONCE})


@cache
def the_sidecars() -> dict[str, dict[str, Any]]:
    """A sidecar for each of ARRIVALS."""
    given = {f"x{n}": {"image": NGINX, name: value} for n, (name, value, *_) in enumerate(ARRIVALS)}
    return containers(deployed(container_port=..., ingress=..., sidecars=given))


@pytest.mark.parametrize(("name", "value", "key", "arrived"), AT_ONCE, ids=[each[0] for each in AT_ONCE])
def test_it_arrives_in_the_app(name: str, value: Any, key: str, arrived: Any) -> None:
    assert the_app()[key] == arrived


@pytest.mark.parametrize("n", range(len(ARRIVALS)), ids=[f"{each[0]}-{n}" for n, each in enumerate(ARRIVALS)])
@pytest.mark.thorough(keep=4)
def test_it_arrives_in_a_sidecar(n: int) -> None:
    _, _, key, arrived = ARRIVALS[n]
    ours = json.loads(
        json.dumps(arrived).replace('"app"', f'"x{n}"').replace("writable-app", f"writable-x{n}")
    )
    assert the_sidecars()[f"x{n}"][key] == ours


def test_a_volume_is_mounted_where_it_is_asked_for() -> None:
    graph = deployed(
        task={"volumes": {"media": {}}},
        container={"mounts": {"/media": {"volume": "media", "read_only": True}}},
    )
    assert containers(graph)["app"]["mountPoints"] == [
        {"containerPath": "/media", "readOnly": True, "sourceVolume": "media"}
    ]


def test_a_sidecar_has_what_it_is_given_and_nothing_of_the_app() -> None:
    graph = deployed(
        Cloud(images={"app:v1": "sha256:" + "a" * 64, "proxy:v2": "sha256:" + "f" * 64}),
        environment={"A": "1"},
        secrets={"S": "db"},
        sidecars={
            "proxy": {
                "image": "proxy:v2",
                "command": ["run"],
                "entry_point": ["/entry"],
                "working_directory": "/srv",
                "environment": {"B": "2"},
                "secrets": {"T": "learning-db:token"},
                "essential": False,
            }
        },
    )
    proxy = containers(graph)["proxy"]
    assert proxy["image"] == f"{REGISTRY}/proxy@sha256:{'f' * 64}"
    assert (proxy["command"], proxy["entryPoint"], proxy["workingDirectory"]) == (["run"], ["/entry"], "/srv")
    assert proxy["environment"] == [{"name": "B", "value": "2"}]
    assert proxy["secrets"] == [{"name": "T", "valueFrom": f"{secret_arn('learning-db')}:token::"}]
    assert proxy["essential"] is False
    assert proxy["logConfiguration"]["options"]["awslogs-stream-prefix"] == "proxy"


def test_a_log_router_runs_as_root_and_takes_the_log_of_the_app() -> None:
    found = containers(
        deployed(
            container={
                "log": {
                    "driver": "awsfirelens",
                    "options": {"Name": "datadog"},
                    "secret_options": {"apikey": "db"},
                }
            },
            sidecars={
                "router": {
                    "image": NGINX,
                    "firelens": "fluentbit",
                    "firelens_options": {"enable-ecs-log-metadata": "true"},
                }
            },
        )
    )
    assert found["app"]["logConfiguration"] == {
        "logDriver": "awsfirelens",
        "options": {"Name": "datadog"},
        "secretOptions": [{"name": "apikey", "valueFrom": secret_arn("db")}],
    }
    router = found["router"]
    assert router["firelensConfiguration"] == {
        "type": "fluentbit",
        "options": {"enable-ecs-log-metadata": "true"},
    }
    assert router["user"] == "0"


def test_the_app_waits_for_its_sidecars() -> None:
    found = containers(
        deployed(
            container={"depends_on": {"otel": "START", "db-proxy": "HEALTHY"}},
            sidecars={
                "otel": {"image": NGINX},
                "db-proxy": {"image": NGINX, "health_check": {"command": "true"}},
            },
        )
    )
    assert found["app"]["dependsOn"] == [
        {"containerName": "db-proxy", "condition": "HEALTHY"},
        {"containerName": "otel", "condition": "START"},
    ]


def test_the_names_of_the_app_are_given() -> None:
    found = containers(deployed(container_name="django-app", stream_prefix="ecs"))["django-app"]
    assert found["logConfiguration"]["options"]["awslogs-stream-prefix"] == "ecs"


def test_no_argument_is_left_out() -> None:
    here = {name for name, *_ in ARRIVALS} | {"mounts", "depends_on"}
    assert {field.name for field in fields(ContainerArgs)} == here
    of_sidecars = {
        "image",
        "command",
        "entry_point",
        "working_directory",
        "environment",
        "secrets",
        "essential",
    }
    assert {field.name for field in fields(SidecarArgs)} == here | of_sidecars | {
        "firelens",
        "firelens_options",
    }
    for cls, keys in (
        (HealthCheckArgs, {"command", "interval", "timeout", "retries", "start_period"}),
        (LogArgs, {"driver", "options", "secret_options"}),
        (MountArgs, {"volume", "read_only"}),
        (PortArgs, {"container_port", "protocol", "name", "app_protocol"}),
    ):
        assert {field.name for field in fields(cls)} == keys


def nginx(**more: Any) -> dict[str, Any]:
    return {"nginx": {"image": NGINX, **more}}


#: Arguments, and the whole sentence.
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"container": {"stop_timeout": 121}},
        "container.stop_timeout is 121; give a whole number from 2 to 120 s",
    ),
    (
        {"container": {"health_check": {"command": ""}}},
        "container.health_check.command is missing: give the command that exits 0 when the container is healthy",
    ),
    (
        {"container": {"extra": {"image": "x"}}},
        "container.extra has 'image': give it as image",
    ),
    (
        {"container": {"user": "1", "extra": {"user": "2"}}},
        "Only one of container.user and container.extra['user'] can be provided: remove one",
    ),
    (
        {"command": ["a"], "container": {"extra": {"command": ["b"]}}},
        "Only one of command and container.extra['command'] can be provided: remove one",
    ),
    (
        {"container": {"init_process": True, "extra": {"linuxParameters": {"initProcessEnabled": False}}}},
        "Only one of container.init_process and container.extra['linuxParameters']['initProcessEnabled'] can be provided: remove one",
    ),
    (
        {"container": {"writable": ["tmp"]}},
        "container mounts 'tmp'; give an absolute path, such as '/tmp'",
    ),
    (
        {"container": {"mounts": {"/m": {"volume": "medai"}}}, "task": {"volumes": {"media": {}}}},
        "container.mounts['/m'] names the volume 'medai', which task.volumes does not have; it has media (did you mean 'media'?)",
    ),
    (
        {"container": {"ulimits": {"nofile": [1]}}},
        "container.ulimits['nofile'] is [1]; give [soft, hard], such as [1024, 4096]",
    ),
    (
        {"container": {"memory": 100, "memory_reservation": 200}},
        "container.memory_reservation is 200 MiB, more than container.memory, 100 MiB: give less",
    ),
    (
        {"container": {"environment_files": ["s3://bucket/web.env"]}},
        "container.environment_files has 's3://bucket/web.env'; give the ARN of an object whose name ends in .env, such as "
        "arn:aws:s3:::bucket/web.env",
    ),
    (
        {"container": {"depends_on": {"ngnix": "START"}}, "sidecars": nginx()},
        "container.depends_on names 'ngnix', which is no other container of the task; it has app, nginx (did you mean 'nginx'?)",
    ),
    (
        {"container": {"depends_on": {"nginx": "HEALTHY"}}, "sidecars": nginx()},
        "container.depends_on['nginx'] is 'HEALTHY', but sidecars['nginx'] has no health_check: give it one",
    ),
    (
        {"container": {"depends_on": {"nginx": "SUCCESS"}}, "sidecars": nginx()},
        "container.depends_on['nginx'] is 'SUCCESS', but sidecars['nginx'] is essential, so its end stops the task: set its essential "
        "to False",
    ),
    (
        {"container": {"depends_on": {"nginx": "START"}}, "sidecars": nginx(depends_on={"app": "START"})},
        "container.depends_on leads back to 'app' itself: remove one of the dependencies",
    ),
    (
        {"sidecars": nginx(ports=[{"container_port": 8000}])},
        "sidecars['nginx'] has port 8000/tcp, which container has too; containers of a task share its network: give another port",
    ),
    (
        {"sidecars": {"app": {"image": NGINX}}},
        "sidecars['app'] has the name of another container of the task: give another name",
    ),
    (
        {"sidecars": {"a b": {"image": NGINX}}},
        "a key of sidecars is 'a b'; allowed are letters, digits, hyphens and underscores, at most 255",
    ),
    (
        {"container": {"log": {"driver": "awsfirelens"}}},
        "container.log.driver is 'awsfirelens', which needs a log router: add a sidecar with firelens='fluentbit'",
    ),
    (
        {"sidecars": {"a": {"image": NGINX, "firelens": "fluentd"}, "b": {"image": NGINX, "firelens": "fluentd"}}},
        "sidecars['b'].firelens makes a second log router beside sidecars['a']; a task has one: remove one",
    ),
    (
        {"sidecars": nginx(environment={"A": "1"}, secrets={"A": "db"})},
        "Only one of sidecars['nginx'].environment and sidecars['nginx'].secrets can provide 'A': remove it from the other",
    ),
    (
        {"sidecars": nginx(secrets={"A": "nope"})},
        "sidecars['nginx'].secrets['A'] names the secret 'nope' in Secrets Manager, which does not exist: create it "
        "(`aws secretsmanager create-secret --name nope …`), or correct the name",
    ),
    (
        {"container": {"log": {"secret_options": {"token": "planted secret"}}}},
        "container.log.secret_options['token'] is not a reference to a secret: give the secret's name, name:json-key, or its full ARN in "
        "Secrets Manager or SSM, never the value",
    ),
    (
        {"sidecars": nginx(log={"secret_options": {"token": "nope"}})},
        "sidecars['nginx'].log.secret_options['token'] names the secret 'nope' in Secrets Manager, which does not exist: create it "
        "(`aws secretsmanager create-secret --name nope …`), or correct the name",
    ),
    (
        {"sidecars": {"nginx": {"image": "nginx"}}},
        "image 'nginx' has neither tag nor digest: give repository:tag or repository@sha256:…",
    ),
    ({"container_name": "a.b"}, "container_name is 'a.b'; allowed are letters, digits, hyphens and underscores, at most 255"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "sentence"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_it_is_refused_before_anything_is_made(changes: dict[str, Any], sentence: str) -> None:
    cloud = Cloud()
    with pytest.raises(InvalidArgument) as refused:
        deployed(cloud, **changes)
    assert str(refused.value) == sentence
    assert not [type_ for type_ in cloud.registered if type_.startswith("aws:")]


def test_two_secrets_of_one_name_are_one_look_up_for_all_containers() -> None:
    cloud = Cloud()
    read: Callable[[str], list[dict[str, Any]]] = cloud.asked
    deployed(
        cloud,
        secrets={"A": "db:a"},
        sidecars=nginx(secrets={"B": "db:b"}),
        migration__secrets={"A": "db:owner"},
    )
    assert read("aws:secretsmanager/getSecret:getSecret") == [{"name": "db"}]
