"""The configuration of a stack: typed, and each kind of stack with what it needs. Wrong ones: test_wrong_configurations.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.args import BackupArgs, MigratableEcsServiceArgs, ScalingArgs, WorkerArgs
from migratable_ecs.environment import Balancer, Environment, Network, Settings, has_service, load, url
from migratable_ecs.environment.settings import KEYS
from migratable_ecs.environment.settings_pieces import BalancerSettings, ClusterSettings, NetworkSettings
from migratable_ecs.environment.settings_service import service_args
from pulumi.runtime.config import CONFIG

SERVICE: dict[str, Any] = {
    "service": "web",
    "image": "app:v1",
    "network": {"vpc": "learning", "subnets": {"Tier": "private"}, "securityGroups": ["app"]},
    "cluster": {"name": "learning"},
}
GROUND = Environment(
    network=Network(vpc_id="vpc-1", subnet_ids=["subnet-1"], security_group_ids=["sg-1"]),
    cluster_arn="arn:cluster",
    balancer=Balancer(listener_arn="arn:listener", dns_name="lb.test", port=80),
)


@pytest.fixture(autouse=True)
def no_configuration_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    token = CONFIG.set({})
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    yield
    CONFIG.reset(token)


def configured(given: dict[str, Any]) -> Settings:
    """What the program reads when the stack has `given`; structures travel as JSON, as the engine sends them."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()}
    pulumi.runtime.set_all_config(
        {key if ":" in key else f"learning:{key}": text for key, text in texts.items()}
    )
    return load(pulumi.Config("learning"))


def service(**more: Any) -> Settings:
    return configured({**SERVICE, **more})


def test_a_service_needs_four_keys() -> None:
    settings = configured(SERVICE)
    assert (settings.service, settings.cluster) == ("web", ClusterSettings(name="learning"))
    assert settings.network == NetworkSettings(
        vpc="learning", subnets={"Tier": "private"}, security_groups=["app"]
    )
    assert (settings.container_port, settings.cpu, settings.desired_count) == (8000, 256, 1)
    assert has_service(settings)


def test_numbers_and_truth_values_may_be_quoted() -> None:
    settings = service(containerPort="3000", memory=1024, protected="true", waitForSteadyState="false")
    assert (settings.container_port, settings.memory) == (3000, 1024)
    assert (settings.protected, settings.wait_for_steady_state) == (True, False)


def test_maps_become_the_args_of_the_component() -> None:
    settings = service(
        migration={"command": "migrate", "onFailure": "warn", "backup": {"instance": "learning-db"}},
        scaling={"minimum": 2, "maximum": 8, "scaleInCooldown": 60, "cpu": 60},
        workers={"queue_worker": {"command": "bin/queue", "desiredCount": 2}},
    )
    assert settings.migration is not None
    assert settings.migration.on_failure == "warn"
    assert settings.migration.backup == BackupArgs(instance="learning-db")
    assert settings.scaling == ScalingArgs(minimum=2, maximum=8, scale_in_cooldown=60, cpu=60)
    assert settings.workers == {"queue_worker": WorkerArgs(command="bin/queue", desired_count=2)}


def test_names_that_users_choose_stay_as_they_are() -> None:
    settings = service(environment={"myFlag": "1"}, tags={"costCentre": "7"}, command=["bin/web", "-x"])
    assert (settings.environment, settings.tags) == ({"myFlag": "1"}, {"costCentre": "7"})
    assert settings.command == ["bin/web", "-x"]


def test_every_arg_of_the_component_has_its_key() -> None:
    given_by_the_environment = {"cluster", "network"}
    args = set(MigratableEcsServiceArgs.__dataclass_fields__) - given_by_the_environment
    assert args <= {each.name for each in KEYS.values()}


@pytest.mark.parametrize("empty", ["", {}, [], 0])
def test_the_empty_defaults_of_the_schema_stand_for_nothing(empty: Any) -> None:
    keys = {"": "logKmsKeyArn", "{}": "migration", "[]": "command", "0": "containerPort"}
    key = keys[empty if isinstance(empty, str) else json.dumps(empty)]
    args = service_args(service(**{key: empty}), GROUND)
    assert getattr(args, KEYS[key].name) is None


def test_a_stack_without_service_is_an_environment_for_others() -> None:
    settings = configured({"cluster": {"name": "learning"}, "tags": {"System": "learning"}})
    assert not has_service(settings)


def test_an_application_stack_says_its_base_once() -> None:
    base = "organization/migratable-ecs/base"
    settings = configured(
        {
            "service": "web",
            "image": "app:v1",
            "base": base,
            "cluster": {"name": "other"},
            "ingress": {"priority": 1},
            "secrets": {"DB_HOST": "database:host"},
        }
    )
    assert settings.network == NetworkSettings(stack=base)
    assert settings.load_balancer == BalancerSettings(stack=base)
    assert settings.database is not None
    assert settings.database.stack == base
    assert settings.cluster == ClusterSettings(name="other"), "what is said counts"
    assert settings.registry is None


def test_of_the_base_only_what_is_needed() -> None:
    settings = configured({"service": "web", "image": "app:v1", "base": "organization/migratable-ecs/base"})
    assert (settings.load_balancer, settings.database) == (None, None)


def test_keys_of_others_are_none_of_our_business() -> None:
    assert service(**{"aws:region": "eu-west-1", "pulumi:tags": {"a": "b"}}).service == "web"


def test_unknown_keys_are_seen_where_the_engine_puts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"learning:imagee": "x"}))
    with pytest.raises(InvalidArgument, match=r"learning:imagee means nothing \(did you mean 'image'\?\)"):
        load(pulumi.Config("learning"))


def test_where_it_runs_comes_from_the_environment() -> None:
    settings = service(loadBalancer={"name": "learning"}, ingress={"priority": 7, "pathPatterns": ["/*"]})
    args = service_args(settings, GROUND)
    assert args.cluster == "arn:cluster"
    assert (args.network.subnets, args.network.security_groups) == (["subnet-1"], ["sg-1"])
    assert args.ingress is not None
    assert (args.ingress.vpc_id, args.ingress.listener_arn, args.ingress.priority) == (
        "vpc-1",
        "arn:listener",
        7,
    )


def test_force_is_a_trigger_beside_others() -> None:
    settings = service(migration={"command": "migrate", "triggers": {"seed": "2"}}, force="again")
    migration = service_args(settings, GROUND).migration
    assert migration is not None
    assert migration.triggers == {"seed": "2", "force": "again"}


@pytest.mark.parametrize(
    ("stack", "own", "expected"),
    [(None, None, None), (True, None, True), (True, False, False), (False, None, False)],
)
def test_whether_the_data_matters_is_said_for_the_stack_or_for_one_migration(
    stack: bool | None, own: bool | None, expected: bool | None
) -> None:
    given = {} if own is None else {"protected": own}
    settings = replace(service(migration={"command": "migrate", **given}), protected=stack)
    migration = service_args(settings, GROUND).migration
    assert migration is not None
    assert migration.protected is expected


def addressed(port: int, hosts: list[str]) -> str:
    settings = service(loadBalancer={"name": "x"}, ingress={"priority": 1, "hostHeaders": hosts})
    found: list[Any] = []
    balancer = Balancer(listener_arn="arn:listener", dns_name="lb.test", port=port)
    address = url(settings, replace(GROUND, balancer=balancer))
    assert address is not None
    pulumi.runtime.test(lambda: address.apply(found.append))()  # type: ignore[no-untyped-call]
    return str(found[0])


@pytest.mark.parametrize(
    ("port", "hosts", "expected"),
    [
        (80, [], "http://lb.test/"),
        (443, [], "https://lb.test/"),
        (8080, [], "http://lb.test:8080/"),
        (443, ["app.example.com"], "https://app.example.com/"),
        (80, ["*.example.com", "app.example.com"], "http://app.example.com/"),
        (80, ["*.example.com"], "http://lb.test/"),
    ],
)
def test_where_the_service_answers(port: int, hosts: list[str], expected: str) -> None:
    assert addressed(port, hosts) == expected


def test_the_database_s_secret_is_plain_where_it_was_looked_up_so_that_all_secrets_are_checked_at_once() -> (
    None
):
    settings = service(database={"secret": "learning-db"}, secrets={"DB_HOST": "database:host", "A": "b"})
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:learning-db-AbCdEf"
    args = service_args(settings, replace(GROUND, database_secret_arn=arn))
    assert args.secrets == {"DB_HOST": f"{arn}:host::", "A": "b"}
