"""`run`: the migration now. Its own task, adopted or new; refused, skipped, failed, interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import exits, hangs, never_starts

from tests.unit.cli.world import DIGEST, World
from tests.unit.migration.scenario import OTHER_DIGEST, Scenario

pytestmark = pytest.mark.thorough(keep=3)

Golden = Callable[..., None]
Matches = Callable[[str, str], Any]


def test_the_screen(world: World, golden: Golden) -> None:
    """Lines of the migration and the result on stdout; what the engine says on stderr."""
    done = world.run("run", "-s", "stg")
    assert done.exit_code == 0
    golden("run", done.stdout)
    golden("run_stderr", done.stderr, lines=True)


def test_json(world: World, matches: Matches) -> None:
    done = world.run("run", "-s", "stg", "--json")
    record = matches("run", done.stdout)
    assert (record["status"], record["digest"], record["exit_code"]) == ("succeeded", DIGEST, 0)
    assert "Applying 0001_initial... OK" in done.stderr


def test_each_run_has_a_task_of_its_own(world: World) -> None:
    for _ in range(2):
        assert world.run("run", "-s", "stg").exit_code == 0
    first, second = world.launched
    assert first.started_by != second.started_by


def test_one_that_is_executing_is_followed(world: World) -> None:
    """Ctrl-C leaves the task; the same command follows it from its first line."""
    world.interrupt_after = 20
    left = world.run("run", "-s", "stg")
    assert left.exit_code == 4
    assert "Ctrl-C: leaving; the task goes on in AWS (on_cancel is detach), nothing is lost" in left.stderr
    assert "`migratable-ecs run -s stg` follows the task from its first line" in left.stderr

    world.interrupt_after = None
    again = world.run("run", "-s", "stg", "--json")
    assert json.loads(again.stdout)["adopted"] is True
    assert "Applying 0001_initial... OK" in again.stderr
    assert len(world.launched) == 1


def test_one_that_has_succeeded_while_nobody_looked_is_not_repeated(world: World) -> None:
    world.interrupt_after = 20
    world.run("run", "-s", "stg")
    world.interrupt_after = None
    world.clock.sleep(300)
    assert json.loads(world.run("run", "-s", "stg", "--json").stdout)["adopted"] is True
    assert len(world.launched) == 1


def test_force_adopts_nothing(world: World) -> None:
    world.interrupt_after = 20
    world.run("run", "-s", "stg")
    world.interrupt_after = None
    world.clock.sleep(300)
    assert world.run("run", "-s", "stg", "--force").exit_code == 0
    assert len(world.launched) == 2


def test_a_run_of_another_image_is_waited_for(world: World) -> None:
    world.props["image_digest"] = OTHER_DIGEST
    world.interrupt_after = 20
    world.run("run", "-s", "stg")
    world.interrupt_after, world.props["image_digest"] = None, DIGEST
    done = world.run("run", "-s", "stg")
    assert "waiting for task" in done.stderr
    assert len(world.launched) == 2


def test_a_failure_says_what_happened_and_ends_with_1(golden: Golden) -> None:
    world = World(Scenario(exits(1, "relation exists")))
    done = world.run("run", "-s", "stg")
    assert done.exit_code == 1
    golden("run_failed", done.stdout)
    assert "error: " in done.stderr
    assert "exit code 1" in done.stderr
    assert "Traceback" not in done.output


def test_attempts_and_timeout_go_before_the_program_s() -> None:
    world = World(Scenario(exits(1)))
    world.run("run", "-s", "stg", "--attempts", "2")
    assert len(world.launched) == 2
    slow = World(Scenario(hangs("working")))
    done = slow.run("run", "-s", "stg", "--timeout", "120")
    assert done.exit_code == 1
    assert "timeout: 120 s are over" in done.stderr


def test_a_command_of_the_operator_s(world: World) -> None:
    done = world.run("run", "-s", "stg", "--command", "manage.py loaddata x", "--json")
    assert json.loads(done.stdout)["purpose"] == "command"
    request = next(call for call in world.aws.calls if call.operation == "RunTask")
    (override,) = request.params["overrides"]["containerOverrides"]
    assert "\nmanage.py loaddata x\n)" in override["command"][0]


def test_a_shell_is_brought_where_the_container_has_none() -> None:
    world = World(Scenario(shell=False))
    assert world.run("run", "-s", "stg", "--command", "echo hello").exit_code == 0
    request = next(call for call in world.aws.calls if call.operation == "RunTask")
    (override,) = request.params["overrides"]["containerOverrides"]
    assert override["command"][:2] == ["sh", "-c"]


def test_another_entry_point_takes_no_script() -> None:
    world = World(Scenario(shell=False, definition_options={"entryPoint": ["/migrate"]}))
    done = world.run("run", "-s", "stg", "--command", "echo hello")
    assert done.exit_code == 3
    assert "--command needs a shell, but the entry point of container migrate is ['/migrate']" in done.stderr


class TestProduction:
    @pytest.fixture
    def prod(self) -> World:
        return World(stack="prod")

    def test_a_command_wants_the_stack_s_name(self, prod: World) -> None:
        wrong = prod.run("run", "-s", "prod", "--command", "manage.py x", input="yes\n")
        assert wrong.exit_code == 3
        assert "Type prod to go on" in wrong.stderr
        assert not prod.launched
        assert prod.run("run", "-s", "prod", "--command", "manage.py x", input="prod\n").exit_code == 0

    def test_scripts_say_yes(self, prod: World) -> None:
        assert prod.run("run", "-s", "prod", "--command", "manage.py x", "--yes").exit_code == 0

    def test_nobody_there_to_ask(self, prod: World) -> None:
        done = prod.run("run", "-s", "prod", "--command", "manage.py x")
        assert done.exit_code == 3
        assert not prod.launched

    def test_force_says_what_speaks_against_it_and_wants_the_name(self) -> None:
        prod = World(stack="prod", props={"skip": True})
        no = prod.run("run", "--force", input="y\n")
        assert no.exit_code == 3
        said = no.stderr.splitlines()
        assert "This will run the migration of sha256:aaaaaaaaaaaa by force (stack shop/stg)." in said
        assert "  - the program skips this migration (skip is True)" in said
        assert prod.run("run", "--force").exit_code == 3
        assert not prod.launched
        assert prod.run("run", "--force", input="prod\n").exit_code == 0
        assert prod.run("run", "--force", "--yes").exit_code == 0

    def test_force_elsewhere_asks_nobody(self, world: World) -> None:
        assert world.run("run", "--force").exit_code == 0

    def test_what_destroys_data_is_refused(self, prod: World) -> None:
        done = prod.run("run", "-s", "prod", "--command", "manage.py flush", "--yes")
        assert done.exit_code == 3
        assert "--command contains 'manage.py flush', which deletes every row" in done.stderr


class TestSkip:
    def test_nothing_runs_and_the_history_says_so(self, world: World, matches: Matches) -> None:
        done = world.run("run", "-s", "stg", "--skip", "--json")
        assert matches("run", done.stdout)["status"] == "skipped"
        assert "the migration stays pending" in done.stderr
        (run,) = json.loads(world.run("history", "--json").stdout)["runs"]
        assert (run["status"], run["digest"]) == ("skipped", DIGEST)
        assert not world.launched

    def test_it_stands_alone(self, world: World) -> None:
        done = world.run("run", "--skip", "--force")
        assert done.exit_code == 2
        assert "--skip runs nothing: give it alone" in done.stderr

    def test_a_program_that_skips_is_obeyed(self) -> None:
        world = World(props={"skip": True})
        done = world.run("run")
        assert done.exit_code == 3
        assert "remove skip, or pass --force" in done.stderr
        assert world.run("run", "--force").exit_code == 0


class TestBackToAnEarlierImage:
    @pytest.fixture(params=["skip", "refuse"])
    def back(self, request: pytest.FixtureRequest) -> World:
        recorded = {"status": "succeeded", "digest": OTHER_DIGEST, "migrated": [DIGEST, OTHER_DIGEST]}
        return World(props={"on_rollback": request.param}, recorded=recorded)

    def test_the_program_s_policy_holds(self, back: World) -> None:
        done = back.run("run")
        assert done.exit_code == 3
        assert "back to a digest that was migrated before" in done.stderr
        assert "pass --force to run it all the same" in done.stderr

    def test_force(self, back: World) -> None:
        assert back.run("run", "--force").exit_code == 0


def test_ctrl_c_stops_the_task_where_the_program_says_so() -> None:
    world = World(Scenario(hangs("working")), props={"on_cancel": "stop"})
    world.interrupt_after = 60
    done = world.run("run")
    assert done.exit_code == 4
    assert "Ctrl-C: the task is asked to stop (on_cancel is stop)" in done.stderr
    assert "StopTask" in [call.operation for call in world.aws.calls]


def test_what_pulumi_does_not_know_is_said(world: World) -> None:
    assert "the stack's state does not know this run" in world.run("run").stderr
    manual = World(props={"phase": "manual"})
    assert "the stack's state" not in manual.run("run").stderr


def test_a_task_that_cannot_start() -> None:
    reason = "CannotPullContainerError: pull access denied"
    done = World(Scenario(never_starts(reason, stage="pull"))).run("run", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["name"] == "failed"
    assert "Traceback" not in done.output


def test_without_pulumi(world: World) -> None:
    """Network and capacity of the running service, newest revision of the family."""
    done = world.run("run", "--cluster", "default", "--family", "web-migrate", "--service", "web", "--json")
    assert json.loads(done.stdout)["status"] == "succeeded"
    request = next(call for call in world.aws.calls if call.operation == "RunTask").params
    assert request["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["subnet-1"]
    assert request["taskDefinition"] == world.scenario.definition_arn
    assert not world.pulumi_calls
