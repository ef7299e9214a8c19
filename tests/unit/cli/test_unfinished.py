"""After an update that failed in its migration: the commands mean the migration that did not get through, not the one before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.cli import from_stack
from migratable_ecs.testing import exits, fargate_task_definition

from tests.unit.cli.world import BELOW, COMPONENT, DIGEST, FAMILY, World
from tests.unit.migration.scenario import GROUP, OTHER_DIGEST, Scenario


class Unfinished(World):
    """The task definition of the newer image is registered and in the state; the MigrationRun is that of the update before."""

    #: The very first update: neither service nor MigrationRun are in the state.
    first = False

    def __post_init__(self) -> None:
        super().__post_init__()
        definition = fargate_task_definition(FAMILY, image=f"web@{OTHER_DIGEST}", log_group=GROUP)
        self.newer = self.aws.ecs.register_task_definition(**definition)["taskDefinition"]

    def deployment(self) -> dict[str, Any]:
        containers = [
            {"name": each["name"], "image": each["image"]} for each in self.newer["containerDefinitions"]
        ]
        resource = {
            "urn": f"{BELOW}aws:ecs/taskDefinition:TaskDefinition::web-migrate",
            "type": "aws:ecs/taskDefinition:TaskDefinition",
            "parent": COMPONENT,
            "outputs": {
                "arn": self.newer["taskDefinitionArn"], "family": FAMILY, "containerDefinitions": json.dumps(containers),
            },
        }  # fmt: skip
        resources = super().deployment()["deployment"]["resources"]
        if self.first:
            resources = [
                {**each, "outputs": {}} if each["urn"] == COMPONENT else each
                for each in resources
                if each.get("parent") != COMPONENT
            ]
        return {"version": 3, "deployment": {"resources": [*resources, resource]}}


@pytest.fixture
def world() -> Unfinished:
    return Unfinished(recorded={"status": "succeeded", "digest": DIGEST})


def test_run_means_the_newer_image(world: Unfinished) -> None:
    done = world.run("run", "--json")
    assert json.loads(done.stdout)["digest"] == OTHER_DIGEST
    assert (
        "the last update did not get past this migration: its image sha256:bbbbbbbbbbbb is meant"
        in done.stderr
    )


def test_an_update_that_was_killed_is_followed(world: Unfinished) -> None:
    """Its task has the newer image, which the run of the state has not."""
    world.interrupt_after = 20
    assert world.run("run").exit_code == 4
    world.interrupt_after = None
    assert json.loads(world.run("run", "--json").stdout)["adopted"] is True
    assert len(world.launched) == 1


def test_status_says_so(world: Unfinished, matches: Callable[[str, str], Any]) -> None:
    data = matches("status", world.run("status", "--json").stdout)
    assert (data["unfinished"], data["migration"]["digest"]) == (True, OTHER_DIGEST)
    assert (
        "update     the last one did not get past the migration of sha256:bbbbbbbbbbbb"
        in world.run("status").stdout
    )
    assert world.run("status", "--check").exit_code == 8
    assert not from_stack.target(World().deployment(), {}, "stg").unfinished


def test_a_definition_whose_containers_are_secret_is_left_alone(world: Unfinished) -> None:
    world.newer = {**world.newer, "containerDefinitions": []}
    assert json.loads(world.run("run", "--json").stdout)["digest"] == DIGEST


class TestTheFirstUpdate:
    @pytest.fixture
    def world(self) -> Unfinished:
        """Its migration failed, and was written into the history."""
        made = Unfinished(Scenario(exits(1, "relation exists")))
        made.run("run")
        made.first = True
        return made

    def test_its_runs_can_be_looked_at(self, world: Unfinished) -> None:
        for words in (["show"], ["history"]):
            assert "failed" in world.run(*words).stdout
        assert "relation exists" in world.run("logs", "migration").stdout

    @pytest.mark.parametrize("command", ["run", "stop", "pending"])
    def test_what_needs_the_cluster_says_what_to_do(self, world: Unfinished, command: str) -> None:
        done = world.run(command)
        assert done.exit_code in (3, 6), done.output
        assert "run `pulumi up`" in done.stderr
        assert "Traceback" not in done.output

    @pytest.mark.parametrize("command", ["status", "scale", "logs", "doctor", "images", "rollback"])
    def test_what_needs_the_service_says_where_to_look(self, world: Unfinished, command: str) -> None:
        done = world.run(command)
        assert done.exit_code == 6, done.output
        assert "has no ECS service yet, as its first update did not get to its end" in done.stderr
        assert "`migratable-ecs show -s stg` says why" in done.stderr
