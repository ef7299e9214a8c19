"""`rollback`: the service to an earlier revision, and the schema down."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import Roll, exits, fargate_task_definition, hangs

from tests.unit.cli.world import APP_GROUP, DIGEST, World
from tests.unit.migration.scenario import OTHER_DIGEST, Scenario

Golden = Callable[..., None]
Matches = Callable[[str, str], Any]

#: What the program gives as rollback_command.
DOWN = ["manage.py migrate courses 0001"]


def deploy(world: World, digest: str, **more: Any) -> str:
    """Another revision of the app, rolled out."""
    options = {"image": f"web@{digest}", "portMappings": [{"containerPort": 8000}], **more}
    definition = fargate_task_definition("web", container="app", log_group=APP_GROUP, **options)
    arn = world.aws.ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
    world.aws.ecs.update_service(cluster="default", service="web", taskDefinition=arn)
    world.clock.sleep(120)
    return str(arn)


def runs(world: World) -> str:
    (service,) = world.aws.ecs.describe_services(cluster="default", services=["web"])["services"]
    return str(service["taskDefinition"].rsplit("/", 1)[-1])


class TestApp:
    @pytest.fixture
    def newer(self, world: World) -> World:
        """Revision 2 has another image; revision 3 only another setting."""
        deploy(world, OTHER_DIGEST)
        deploy(world, OTHER_DIGEST, environment=[{"name": "A", "value": "1"}])
        return world

    def test_the_newest_with_another_image(self, newer: World, golden: Golden) -> None:
        done = newer.run("rollback", "-s", "stg", "--yes")
        assert done.exit_code == 0
        assert runs(newer) == "web:1"
        golden("rollback", done.stdout)
        golden("rollback_stderr", done.stderr, lines=True)

    def test_an_image_whose_migration_never_got_through_was_never_rolled_to(self, world: World) -> None:
        """Its revision is registered all the same: an update makes it before the migration runs."""
        world.scenario.script = exits(1)
        world.props["image_digest"] = OTHER_DIGEST
        assert world.run("run").exit_code == 1
        deploy(world, OTHER_DIGEST)
        deploy(world, f"sha256:{'c' * 64}")
        done = world.run("rollback", "--yes", "--json")
        assert json.loads(done.stdout)["to"] == "web:1"
        # Somebody who names a revision has a reason.
        deploy(world, f"sha256:{'c' * 64}")
        assert json.loads(world.run("rollback", "--to", "2", "--yes", "--json").stdout)["to"] == "web:2"

    def test_behind_a_proxy_that_has_the_ports_it_is_the_image_of_the_app_that_counts(
        self, matches: Matches
    ) -> None:
        world = World(props={"image": f"web@{OTHER_DIGEST}"})
        proxy = {"name": "nginx", "image": "nginx@sha256:1", "portMappings": [{"containerPort": 80}]}
        for digest in (DIGEST, OTHER_DIGEST):
            definition = fargate_task_definition(
                "web", image=f"web@{digest}", container="app", log_group=APP_GROUP
            )
            definition["containerDefinitions"].append(proxy)
            world.aws.ecs.register_task_definition(**definition)
        world.aws.ecs.update_service(cluster="default", service="web", taskDefinition="web:3")
        world.clock.sleep(120)
        data = matches("rollback", world.run("rollback", "--yes", "--json").stdout)
        assert (data["to"], data["image"]) == ("web:2", f"web@{DIGEST}")
        assert json.loads(world.run("status", "--json").stdout)["image"] == f"web@{DIGEST}"

    def test_json(self, newer: World, matches: Matches) -> None:
        listed = matches("rollback", newer.run("rollback", "--list", "--json").stdout)["revisions"]
        assert [each["revision"] for each in listed] == ["web:3", "web:2", "web:1"]
        data = matches("rollback", newer.run("rollback", "--to", "web:2", "--yes", "--json").stdout)
        assert (data["from"], data["to"], runs(newer)) == ("web:3", "web:2", "web:2")

    def test_the_list(self, newer: World, golden: Golden) -> None:
        newer.aws.ecs.deregister_task_definition(taskDefinition="web:1")
        golden("rollback_list", newer.run("rollback", "--list").stdout)
        assert runs(newer) == "web:3"

    def test_a_revision_that_was_deregistered_is_copied(self, newer: World, matches: Matches) -> None:
        """As Pulumi leaves them without keep_revisions."""
        newer.aws.ecs.deregister_task_definition(taskDefinition="web:1")
        data = matches("rollback", newer.run("rollback", "--to", "1", "--yes", "--json").stdout)
        assert (data["to"], data["copy_of"], runs(newer)) == ("web:4", "web:1", "web:4")
        assert data["image"] == f"web@{DIGEST}"

    def test_it_asks(self, newer: World) -> None:
        refused = newer.run("rollback", input="n\n")
        assert (refused.exit_code, runs(newer)) == (3, "web:3")
        assert newer.run("rollback").exit_code == 3
        assert newer.run("rollback", input="y\n").exit_code == 0

    def test_a_roll_that_ecs_takes_back_is_a_failure(self, newer: World) -> None:
        newer.aws.ecs.roll("web", Roll("rolled_back", seconds=5))
        done = newer.run("rollback", "--yes", "--json")
        assert done.exit_code == 1
        assert "service web does not run web:1" in json.loads(done.stdout)["error"]["message"]

    def test_ctrl_c_leaves_the_roll(self, newer: World) -> None:
        newer.interrupt_after = 2
        done = newer.run("rollback", "--yes")
        assert done.exit_code == 4
        assert "goes on rolling" in done.stderr

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (["--to", "9"], 6, "there is no revision 9 of web before 3, which runs; there are: 2, 1"),
            (["--to", "3"], 6, "there is no revision 3 of web before 3"),
            (["--to", "old"], 2, "--to is 'old'; give a revision number such as 7"),
            (["schema", "--to", "1"], 2, "--to and --list are for `rollback app`"),
        ],
    )
    def test_wrong_words(self, newer: World, words: list[str], code: int, said: str) -> None:
        done = newer.run("rollback", *words, "--yes")
        assert done.exit_code == code
        assert said in done.stderr

    def test_nothing_to_go_back_to(self, world: World) -> None:
        done = world.run("rollback", "--yes")
        assert done.exit_code == 6
        assert "no earlier revision of web:1 has another image" in done.stderr

    def test_deployments_that_another_service_makes(self, newer: World) -> None:
        described = newer.aws.ecs.describe_services

        def by_code_deploy(**request: Any) -> Any:
            reply = described(**request)
            reply["services"][0]["deploymentController"] = {"type": "CODE_DEPLOY"}
            return reply

        newer.aws.ecs.describe_services = by_code_deploy  # type: ignore[method-assign, assignment]
        done = newer.run("rollback", "--yes")
        assert done.exit_code == 3
        assert "has the deployment controller CODE_DEPLOY" in done.stderr


class TestSchema:
    def test_the_screen(self, golden: Golden) -> None:
        world = World(
            Scenario(exits(0, "Unapplying courses.0002_learners... OK")), props={"rollback_command": DOWN}
        )
        done = world.run("rollback", "schema", "-s", "stg", "--yes")
        assert done.exit_code == 0
        golden("rollback_schema", done.stdout)
        assert "dropped, with what the app has written into them" in done.stderr
        assert "no snapshot is made before it" in done.stderr

    def test_the_history_knows_it(self, matches: Matches) -> None:
        world = World(props={"rollback_command": DOWN})
        record = matches("run", world.run("rollback", "schema", "--yes", "--json").stdout)
        assert record["purpose"] == "rollback"
        (run,) = json.loads(world.run("history", "--json").stdout)["runs"]
        assert (run["purpose"], run["status"]) == ("rollback", "succeeded")

    def test_one_that_was_left_is_adopted_not_repeated(self) -> None:
        """A second task would go back another step."""
        world = World(props={"rollback_command": DOWN})
        world.interrupt_after = 20
        left = world.run("rollback", "schema", "-s", "stg", "--yes")
        assert left.exit_code == 4
        assert "`migratable-ecs rollback schema -s stg` follows the task" in left.stderr
        world.interrupt_after = None
        again = world.run("rollback", "schema", "--yes", "--json")
        assert json.loads(again.stdout)["adopted"] is True
        assert len(world.launched) == 1
        world.run("rollback", "schema", "--yes")
        assert len(world.launched) == 2

    def test_a_failure_is_not_tried_again(self) -> None:
        world = World(Scenario(exits(1, "boom")), props={"rollback_command": DOWN, "attempts": 3.0})
        assert world.run("rollback", "schema", "--yes").exit_code == 1
        assert len(world.launched) == 1

    def test_the_snapshot_that_the_program_wants(self) -> None:
        world = World(props={"rollback_command": DOWN, "backup": {"instance": "shop-db"}})
        world.aws.rds.add_instance("shop-db")
        done = world.run("rollback", "schema", "--yes", "--json")
        assert "a snapshot is made before it" in done.stderr
        assert json.loads(done.stdout)["snapshot_id"].startswith("web-aaaaaaaaaaaa-")

    def test_production_wants_the_name_and_no_destruction(self) -> None:
        prod = World(stack="prod", props={"rollback_command": DOWN})
        assert prod.run("rollback", "schema", input="y\n").exit_code == 3
        assert prod.run("rollback", "schema", input="prod\n").exit_code == 0
        reset = World(
            Scenario(hangs()), stack="prod", props={"rollback_command": ["manage.py migrate courses zero"]}
        )
        done = reset.run("rollback", "schema", "--yes")
        assert done.exit_code == 3
        assert "rollback_command contains 'migrate courses zero'" in done.stderr
        assert not reset.launched

    def test_the_program_gives_none(self, world: World) -> None:
        done = world.run("rollback", "schema", "--yes")
        assert done.exit_code == 3
        assert "the migration of web has no rollback_command" in done.stderr
