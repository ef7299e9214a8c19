"""`protect()` in a program: what is refused where, what is waived, and that nothing was registered before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from migratable_ecs import InvalidArgument, MigratableEcsService
from migratable_ecs.protect import may_destroy, protect
from migratable_ecs.protect.rules import COMPONENT
from migratable_ecs.protect.waivers import waivers

from tests.unit.component.cloud import DIGEST, Cloud, deploy


def database(**changes: Any) -> None:
    aws.rds.Instance("learning-db", instance_class="db.t4g.micro", storage_encrypted=True, **changes)


def service(**changes: Any) -> None:
    MigratableEcsService(
        "web",
        {
            "cluster": "main",
            "image": f"app@{DIGEST}",
            "desired_count": 2,
            "network": {"subnets": ["subnet-1"], "security_groups": ["sg-1"]},
            "migration": {"command": "python manage.py migrate"},
            **changes,
        },
    )


def refused(program: Callable[[], object], stack: str = "prod") -> tuple[str, Cloud]:
    cloud = Cloud()
    with pytest.raises(InvalidArgument) as error:
        deploy(program, cloud, stack=stack)
    return str(error.value), cloud


def test_a_public_database_is_refused_before_anything_is_made() -> None:
    def program() -> None:
        protect()
        database(publicly_accessible=True)

    told, cloud = refused(program)
    assert "rule public-database: the database 'learning-db' has a public address" in told
    assert cloud.registered == []


def test_all_rules_of_one_resource_are_named_together() -> None:
    def program() -> None:
        protect()
        aws.rds.Instance("learning-db", instance_class="db.t4g.micro", publicly_accessible=True)

    told, _ = refused(program)
    assert [line.split(":")[0] for line in told.splitlines()] == [
        "rule unencrypted-database",
        "rule public-database",
    ]


@pytest.mark.parametrize("stack", ["stg", "dev", "pre-prod"])
def test_other_environments_refuse_nothing(stack: str) -> None:
    def program() -> None:
        protect()
        database(publicly_accessible=True)

    assert deploy(program, stack=stack).types() == ["aws:rds/instance:Instance"]


def test_an_environment_can_be_named_or_said_to_be_protected() -> None:
    for given in ({"environment": "shop-live"}, {"protected": True}):

        def program(given: dict[str, Any] = given) -> None:
            protect(**given)
            database(publicly_accessible=True)

        assert "public-database" in refused(program, stack="stg")[0]


@pytest.mark.parametrize("waived", ["public-database", "public-database:learning-db"])
def test_a_waived_rule_refuses_nothing(waived: str) -> None:
    def program() -> None:
        protect(waive=[waived])
        database(publicly_accessible=True)

    assert deploy(program, stack="prod").types() == ["aws:rds/instance:Instance"]


def test_a_rule_waived_for_one_resource_holds_for_the_others() -> None:
    def program() -> None:
        protect(waive=["public-database:other-db"])
        database(publicly_accessible=True)

    assert "public-database" in refused(program)[0]


@pytest.mark.parametrize(
    ("waive", "words"),
    [
        (["singel-task"], ["'singel-task'", "is no rule", "did you mean 'single-task'?"]),
        (["nothing-like-it"], ["rules are destructive-command, unencrypted-database"]),
        (["single-task:"], ["'single-task:name-of-the-resource'"]),
        ("single-task", ["give a list"]),
        ([1], ["give strings only"]),
    ],
)
def test_an_unknown_waiver_is_refused_with_the_nearest(waive: Any, words: list[str]) -> None:
    with pytest.raises(InvalidArgument) as error:
        waivers(waive)
    assert all(word in str(error.value) for word in words)


def test_a_value_that_is_known_later_is_checked_then() -> None:
    def program() -> None:
        protect()
        database(publicly_accessible=pulumi.Output.from_input(True))

    told, cloud = refused(program)
    assert "public-database" in told
    assert cloud.registered == []


def test_a_value_that_is_known_later_arrives_when_it_may() -> None:
    def program() -> None:
        protect()
        database(publicly_accessible=pulumi.Output.from_input(False))

    made = deploy(program, stack="prod").one("aws:rds/instance:Instance", "learning-db")
    assert made.inputs["publiclyAccessible"] is False


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": "app:latest"}, "rule latest-tag: the service 'web' runs the image 'app:latest'"),
        ({"desired_count": 1}, "rule single-task: the service 'web' keeps 1 task"),
        ({"sidecars": {"proxy": {"image": "app:latest"}}}, "rule latest-tag"),
        ({"migration": {"command": "migrate", "image": "tool:latest"}}, "'tool:latest'"),
        ({"scaling": {"minimum": 1, "maximum": 3, "cpu": 60}}, "minCapacity is 1"),
        ({"workers": {"beat": {"command": ["beat"]}}}, "single-task:web-beat"),
        ({"migration": {"command": "php artisan migrate:fresh"}}, "'migrate:fresh'"),
    ],
)
def test_a_service_is_refused_before_any_part_of_it_is_made(changes: dict[str, Any], words: str) -> None:
    def program() -> None:
        protect()
        service(**changes)

    told, cloud = refused(program)
    assert words in told
    assert cloud.registered == []


def test_an_image_known_later_is_checked_then() -> None:
    def program() -> object:
        asked = {"image": pulumi.Output.from_input("app:latest"), "desiredCount": 2}
        return protect().guarded(COMPONENT, "web", asked)["image"]

    assert "the service 'web' runs the image 'app:latest'" in refused(program)[0]


def test_a_waived_destructive_command_is_let_through() -> None:
    def program() -> None:
        protect(waive=["destructive-command"])
        service(migration={"command": "php artisan migrate:fresh"})

    run = deploy(program, stack="prod").one("pulumi-python:dynamic/ecs:MigrationRun", "web-migrate")
    assert run.inputs["protected"] is False


def test_a_waiver_does_not_outlive_its_program() -> None:
    deploy(lambda: protect(waive=["destructive-command"]) and None, stack="prod")
    seen: list[bool] = []
    deploy(lambda: seen.append(may_destroy()), stack="prod")
    assert seen == [False]


def test_a_program_without_protect_is_as_before() -> None:
    graph = deploy(lambda: service(image=f"app@{DIGEST}", desired_count=1), stack="prod")
    assert graph.one("aws:ecs/service:Service").inputs["desiredCount"] == 1
