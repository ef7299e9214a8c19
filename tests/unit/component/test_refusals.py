"""What cannot work is refused at construction: one sentence with argument, value, what is allowed and the remedy; nothing registered."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs import InvalidArgument, MigratableEcsService

from tests.unit.component.cloud import Cloud, deploy
from tests.unit.component.service import arguments, deployed

#: Changed argument, value (... leaves it out), and the whole sentence.
REFUSED: list[tuple[str, Any, str]] = [
    ("cluster", "", "cluster is missing: give the name or the ARN of the ECS cluster"),
    ("cluster", ..., "args lacks 'cluster': give a value, see MigratableEcsServiceArgs"),
    ("cluster", 5, "cluster is 5; give a string"),
    ("image", ["app:v1"], "image is ['app:v1']; give a string"),
    ("ingress__vpc_id", 5, "ingress.vpc_id is 5; give a string"),
    ("ingress__health_check_matcher", 200, "ingress.health_check_matcher is 200; give a string"),
    ("image", "", "image is missing: give repository:tag or repository@sha256:…"),
    ("image", "app", "image 'app' has neither tag nor digest: give repository:tag or repository@sha256:…"),
    ("network", ..., "args lacks 'network': give a value, see MigratableEcsServiceArgs"),
    ("network", None, "network is missing: give NetworkArgs, or a dict with subnets"),
    ("network", "vpc", "network is of type str; give NetworkArgs or a dict with the same names"),
    ("network__subnets", [], "network.subnets is missing: give the id of at least one subnet"),
    ("network__subnets", (), "network.subnets is missing: give the id of at least one subnet"),
    (
        "network__subnets",
        "subnet-1",
        "network.subnets is 'subnet-1'; give a list of strings, such as ['subnet-1']",
    ),
    ("network__security_groups", [1], "network.security_groups holds 1; give strings only, such as '1'"),
    (
        "network__subnet",
        [],
        "network has no 'subnet'; it has subnets, security_groups, assign_public_ip (did you mean 'subnets'?)",
    ),
    ("ingress__priority", 0, "ingress.priority is 0; give a whole number from 1 to 50000"),
    ("ingress__priority", 50001, "ingress.priority is 50001; give a whole number from 1 to 50000"),
    ("ingress__priority", "100", "ingress.priority is '100'; give a whole number from 1 to 50000"),
    ("ingress__priority", True, "ingress.priority is True; give a whole number from 1 to 50000"),
    (
        "ingress__priority",
        None,
        "ingress.priority is missing: give a whole number from 1 to 50000 that no other rule has",
    ),
    (
        "ingress__listener_arn",
        "",
        "ingress.listener_arn is missing: give the ARN of the listener, or a load balancer to make as ingress.load_balancer",
    ),
    ("ingress__vpc_id", "", "ingress.vpc_id is missing: give the id of the VPC"),
    (
        "ingress__path_patterns",
        [],
        "ingress has neither host_headers nor path_patterns: give at least one, such as path_patterns=['/*']",
    ),
    ("ingress__path_patterns", "/*", "ingress.path_patterns is '/*'; give a list of strings, such as ['/*']"),
    (
        "ingress__path_patterns",
        ["/1", "/2", "/3", "/4", "/5", "/6"],
        "ingress has 6 host_headers and path_patterns together; a listener rule takes 5, leave some out",
    ),
    (
        "ingress__health_check_interval",
        4,
        "ingress.health_check_interval is 4; give a whole number from 5 to 300 s",
    ),
    (
        "ingress__deregistration_delay",
        3601,
        "ingress.deregistration_delay is 3601; give a whole number from 0 to 3600 s",
    ),
    ("container_port", ..., "container_port is missing: ingress needs the port that the app listens on"),
    ("container_port", 65536, "container_port is 65536; give a whole number from 1 to 65535"),
    ("cpu", 300, "cpu of the service is 300; Fargate has 256, 512, 1024, 2048, 4096, 8192, 16384 units"),
    ("cpu", "256", "cpu of the service is '256'; Fargate has 256, 512, 1024, 2048, 4096, 8192, 16384 units"),
    ("memory", 600, "memory of the service is 600; with 256 CPU units Fargate has 512, 1024, 2048 MiB"),
    (
        "migration__cpu",
        1024,
        "memory of migration is 512; with 1024 CPU units Fargate has 2048 to 8192 in steps of 1024 MiB",
    ),
    ("desired_count", -1, "desired_count is -1; give a whole number from 0 to 5000"),
    ("desired_count", 1.5, "desired_count is 1.5; give a whole number from 0 to 5000"),
    ("command", "serve", "command is 'serve'; give a list of strings, such as ['serve']"),
    ("environment", {"PORT": 8000}, "environment['PORT'] is 8000; give a string, such as '8000'"),
    ("environment", {"DEBUG": True}, "environment['DEBUG'] is True; give a string, such as 'true'"),
    ("environment", {"A": None}, "environment['A'] is None; give a string, such as 'none'"),
    ("environment", ["A=1"], "environment is list; give a map of names to strings"),
    ("tags", {"n": 1}, "tags['n'] is 1; give a string, such as '1'"),
    ("migration__command", "", "migration.command is missing: give the command that migrates the database"),
    ("migration__command", [], "migration.command is missing: give the command that migrates the database"),
    ("migration__command", ..., "migration lacks 'command': give a value, see MigrationArgs"),
    (
        "migration__entry_point",
        ["/run"],
        "migration.command is the string 'manage migrate', which needs a shell, but migration.entry_point is ['/run']: give the "
        "command as a list, or leave entry_point out",
    ),
    (
        "migration__phase",
        "befor",
        "migration.phase is 'befor'; allowed are 'before', 'after', 'init', 'manual' (did you mean 'before'?)",
    ),
    ("migration__on_failure", "ignore", "migration.on_failure is 'ignore'; allowed are 'fail', 'warn'"),
    (
        "migration__on_rollback",
        "runs",
        "migration.on_rollback is 'runs'; allowed are 'run', 'skip', 'refuse' (did you mean 'run'?)",
    ),
    ("migration__on_cancel", "kill", "migration.on_cancel is 'kill'; allowed are 'detach', 'stop'"),
    ("migration__timeout", 0, "migration.timeout is 0; give a whole number from 1 to 604800 s"),
    ("migration__lock_timeout", -1, "migration.lock_timeout is -1; give a whole number from 0 to 604800 s"),
    ("migration__attempts", 11, "migration.attempts is 11; give a whole number from 1 to 10"),
    ("migration__triggers", {"n": 1}, "migration.triggers['n'] is 1; give a string, such as '1'"),
    (
        "migration__secret_environment",
        ["TOKEN"],
        "migration.secret_environment names 'TOKEN', which environment does not have: add it there, or remove it here",
    ),
    (
        "migration__backup",
        {},
        "Only one of migration.backup.instance and migration.backup.cluster can be provided, and one must be: give exactly one",
    ),
    (
        "migration__backup",
        {"instance": "a", "cluster": "b"},
        "Only one of migration.backup.instance and migration.backup.cluster can be provided, and one must be: give exactly one",
    ),
    (
        "migration__backup",
        {"instance": "a", "keep": 0},
        "migration.backup.keep is 0; give a whole number from 1 to 100",
    ),
    (
        "migration__backup",
        {"instance": "a", "timeout": 5},
        "migration.backup.timeout is 5; give a whole number from 60 to 86400 s",
    ),
    (
        "migration__backup",
        {"instanse": "a"},
        "migration.backup has no 'instanse'; it has instance, cluster, keep, timeout (did you mean 'instance'?)",
    ),
]


def refusal(name: str, given: Any) -> str:
    """The sentence with which the component refuses `given`; asserts that nothing was asked or registered."""
    cloud = Cloud()

    def program() -> None:
        MigratableEcsService(name, given)

    with pytest.raises(InvalidArgument) as refused:
        deploy(program, cloud)
    assert cloud.registered == []
    assert cloud.calls == []
    return str(refused.value)


@pytest.mark.parametrize(
    ("path", "value", "sentence"), REFUSED, ids=[f"{n}-{path}" for n, (path, *_) in enumerate(REFUSED)]
)
def test_it_is_refused_in_one_sentence(path: str, value: Any, sentence: str) -> None:
    assert refusal("web", arguments(**{path: value})) == sentence


def test_an_unknown_argument_gets_the_nearest_known_one() -> None:
    assert refusal("web", {**arguments(), "imagee": "app:v1"}).endswith("(did you mean 'image'?)")


def test_something_else_than_arguments() -> None:
    assert (
        refusal("web", 5)
        == "args is of type int; give MigratableEcsServiceArgs or a dict with the same names"
    )


def test_the_same_variable_twice() -> None:
    given = arguments(environment={"A": "1"}, secrets={"A": "db"})
    assert (
        refusal("web", given)
        == "Only one of environment and secrets can provide 'A': remove it from the other"
    )


def test_a_size_that_cannot_hold_the_memory_names_the_next_step() -> None:
    given = arguments(cpu=16384, memory=512)
    assert refusal("web", given) == (
        "memory of the service is 512; with 16384 CPU units Fargate has 32768 to 122880 in steps of 8192 MiB"
    )


@pytest.mark.parametrize("name", ["", "1web", "web_app", "web app", "web-", "w" * 256, "wéb", "web\n"])
def test_a_name_that_aws_would_refuse(name: str) -> None:
    assert refusal(name, arguments()) == (
        f"the name of the service is {name!r}; allowed are letters, digits and hyphens, starting with a letter and ending with a letter "
        "or digit, at most 255"
    )


def test_the_defaults_are_accepted() -> None:
    assert len(deployed().resources) == 13
