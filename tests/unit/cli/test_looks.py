"""`status`, `pending`, `plan`, `history`, `show`, `logs`: what is there. None of them changes anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from migratable_ecs.cli.errors import CommandError
from migratable_ecs.cli.facts import once
from migratable_ecs.cli.logs import since_ms
from migratable_ecs.cli.show import timeline
from migratable_ecs.testing import ContainerScript, Roll, Script, exits, hangs

from tests.unit.cli.answers import Answers
from tests.unit.cli.world import HEALTHY, World
from tests.unit.migration.scenario import Scenario

pytestmark = pytest.mark.thorough(keep=3)

Golden = Callable[..., None]
Matches = Callable[[str, str], Any]


class TestStatus:
    def test_the_screen(self, world: World, golden: Golden) -> None:
        world.run("run")
        golden("status", world.run("status", "-s", "stg").stdout)

    def test_a_service_in_trouble(self, world: World, golden: Golden) -> None:
        """A roll that was taken back, a target that does not answer, a migration that failed."""
        world.scenario.script = exits(1)
        world.run("run")
        world.aws.ecs.roll("web", Roll("failed", seconds=5))
        world.aws.ecs.update_service(cluster="default", service="web", forceNewDeployment=True)
        world.clock.sleep(10)
        world.balancer.targets = [
            {
                "Target": {"Id": "10.0.1.7", "Port": 8000},
                "TargetHealth": {
                    "State": "unhealthy", "Reason": "Target.ResponseCodeMismatch",
                    "Description": "Health checks failed with these codes: [400]",
                },
            }
        ]  # fmt: skip
        done = world.run("status", "--check")
        assert done.exit_code == 8
        golden("status_in_trouble", done.stdout)
        assert "problem: target 10.0.1.7:8000 is unhealthy: Target.ResponseCodeMismatch" in done.stderr
        assert "problem: the last migration failed: exit-1" in done.stderr

    def test_with_blue_green_either_target_group_may_have_the_requests(self, world: World) -> None:
        """And a target that is taken leave of is no trouble."""
        groups = {"web": [HEALTHY], "web-alternate": [{**HEALTHY, "TargetHealth": {"State": "draining"}}]}
        alternate = {"alternateTargetGroupArn": "web-alternate"}
        given = [{"targetGroupArn": "web", "advancedConfiguration": alternate}]
        world.aws.ecs.update_service(cluster="default", service="web", loadBalancers=given)
        world.others["elbv2"] = Answers(
            describe_target_health=lambda **asked: {
                "TargetHealthDescriptions": groups[asked["TargetGroupArn"]]
            }
        )
        done = world.run("status", "--json", "--check")
        assert [each["state"] for each in json.loads(done.stdout)["targets"]] == ["healthy", "draining"]
        assert done.exit_code == 0, done.stderr

    def test_json(self, world: World, matches: Matches) -> None:
        empty = matches("status", world.run("status", "--json").stdout)
        assert empty["migration"]["last"] is None
        world.run("run")
        full = matches("status", world.run("status", "--json", "--check").stdout)
        assert full["migration"]["last"]["status"] == "succeeded"
        assert full["problems"] == []

    def test_workers(self, golden: Golden, matches: Matches) -> None:
        """One is scaled to nothing, another has lost a task, a third is gone."""
        world = World(workers=("queue", "mail", "old"))
        world.aws.ecs.update_service(cluster="default", service="web-queue", desiredCount=0)
        world.aws.ecs.roll("web-mail", Roll("failed", seconds=5))
        world.aws.ecs.update_service(cluster="default", service="web-mail", forceNewDeployment=True)
        world.clock.sleep(60)
        world.aws.ecs.delete_service(cluster="default", service="web-old", force=True)
        golden("status_workers", world.run("status").stdout)
        data = matches("status", world.run("status", "--json").stdout)
        assert [each["name"] for each in data["workers"]] == ["queue", "mail", "old"]
        assert world.run("status", "--check").exit_code == 8

    def test_a_worker_by_itself(self, matches: Matches) -> None:
        world = World(workers=("queue",))
        data = matches("status", world.run("status", "--service", "queue", "--json").stdout)
        assert (data["service"]["name"], data["url"], data["workers"]) == ("web-queue", None, [])
        world.aws.logs.create_log_stream(logGroupName="/ecs/web-queue", logStreamName="queue/queue/1")
        assert (
            json.loads(world.run("logs", "--service", "queue", "--json").stdout)["group"] == "/ecs/web-queue"
        )

    def test_the_one_that_is_running(self, matches: Matches) -> None:
        world = World(Scenario(hangs("working")))
        world.interrupt_after = 40
        world.run("run")
        running = matches("status", world.run("status", "--json").stdout)["migration"]["running"]
        assert running["by"] == "stack shop/stg"
        assert running["seconds"] > 0

    def test_watch(self, world: World) -> None:
        world.interrupt_after = 2
        done = world.run("status", "--watch", "--interval", "60")
        assert done.exit_code == 0
        assert done.stdout.count("migration  never run") == 3
        assert world.run("status", "--watch", "--json").exit_code == 2


class TestPendingAndPlan:
    def test_the_screen(self, golden: Golden) -> None:
        world = World(Scenario(exits(0, "courses", " [X] 0001_initial", " [ ] 0002_learners")))
        done = world.run("pending", "-s", "stg")
        golden("pending", done.stdout)
        golden("pending_stderr", done.stderr)
        golden("plan", world.run("plan").stdout)

    def test_json(self, world: World, matches: Matches) -> None:
        assert matches("pending", world.run("pending", "--json").stdout)["exit_code"] == 0
        assert matches("plan", world.run("plan", "--json").stdout)["command"] == "plan_command"

    def test_the_command_is_the_program_s(self, world: World) -> None:
        world.run("pending")
        request = next(call for call in world.aws.calls if call.operation == "RunTask").params
        (override,) = request["overrides"]["containerOverrides"]
        assert "\nmanage.py showmigrations\n)" in override["command"][0]
        assert request["startedBy"].startswith("migratable-status-")

    def test_a_command_that_reports_by_its_exit_code(self, matches: Matches) -> None:
        """As `prisma migrate status` does: it has looked and found something, it has not failed."""
        world = World(Scenario(exits(1, "1 migration has not yet been applied")))
        done = world.run("pending", "--json")
        assert done.exit_code == 8
        assert matches("pending", done.stdout)["lines"] == ["1 migration has not yet been applied"]
        assert "status_command ended with exit code 1" in done.stderr

    @pytest.mark.parametrize("code", [127, 137])
    def test_a_command_that_is_not_there_or_was_killed_has_found_nothing(self, code: int) -> None:
        done = World(Scenario(exits(code, "sh: manage.py: not found"))).run("pending")
        assert done.exit_code == 1

    def test_ctrl_c(self) -> None:
        """A look is not found again: its lines are in the log."""
        world = World(Scenario(hangs("looking")))
        world.interrupt_after = 20
        left = world.run("pending", "-s", "stg")
        assert left.exit_code == 4
        assert "`migratable-ecs logs migration -s stg` shows its lines" in left.stderr
        assert "follows the task" not in left.stderr

    def test_a_look_is_no_run(self, world: World) -> None:
        """Neither history nor alarms know it, and `run` does not take it for a migration."""
        world.run("pending")
        assert json.loads(world.run("history", "--json").stdout)["runs"] == []
        assert json.loads(world.run("run", "--json").stdout)["adopted"] is False

    def test_no_command_given(self) -> None:
        done = World(props={"status_command": None}).run("pending")
        assert done.exit_code == 3
        assert "the migration of web has no status_command: give it in the program" in done.stderr

    def test_words_that_no_shell_reads(self) -> None:
        world = World(Scenario(shell=False), props={"status_command": ["/migrate", "status"]})
        assert world.run("pending").exit_code == 0
        request = next(call for call in world.aws.calls if call.operation == "RunTask").params
        assert request["overrides"]["containerOverrides"][0]["command"] == ["/migrate", "status"]


class TestHistoryAndShow:
    @pytest.fixture
    def lived(self) -> World:
        """Success, failure, skipped."""
        world = World(Scenario(lambda number: exits(0 if number == 0 else 1, "Applying 0003", "boom")))
        world.run("run")
        world.run("run")
        world.run("run", "--skip")
        return world

    def test_the_screens(self, lived: World, golden: Golden) -> None:
        golden("history", lived.run("history").stdout)
        runs = json.loads(lived.run("history", "--json").stdout)["runs"]
        golden("show", lived.run("show", runs[-1]["run"][:8]).stdout)
        golden("show_failed", lived.run("show", runs[1]["run"]).stdout, lines=True)

    def test_json(self, lived: World, matches: Matches) -> None:
        runs = matches("history", lived.run("history", "--json").stdout)["runs"]
        assert [run["status"] for run in runs] == ["skipped", "failed", "succeeded"]
        assert matches("show", lived.run("show", "--json").stdout) == runs[0]

    def test_the_state_s_history_counts_too(self) -> None:
        entry = {
            "run": "old-1",
            "status": "succeeded",
            "digest": "sha256:1",
            "started_at": "2025-01-01T00:00:00+00:00",
        }
        world = World(recorded={"history": [entry]})
        assert json.loads(world.run("show", "old", "--json").stdout) == entry

    def test_a_run_that_two_have_followed_is_one(self, world: World) -> None:
        """An operator and the update that started it: both write it down."""
        world.interrupt_after = 20
        world.run("run")
        world.interrupt_after = None
        for _ in range(2):
            assert world.run("run").exit_code == 0
        runs = json.loads(world.run("history", "--json").stdout)["runs"]
        assert len(runs) == len({run["task_arn"] for run in runs})
        first, second = (
            {"run": "a", "task_arn": "t", "adopted": True},
            {"run": "b", "task_arn": "t", "adopted": False},
        )
        assert once([first, second]) == once([second, first]) == [second]

    def test_nothing_yet(self, world: World) -> None:
        assert world.run("history").stdout == "no run of web-migrate yet\n"
        done = world.run("show")
        assert (done.exit_code, done.stderr.splitlines()[-1]) == (6, "error: there is no run yet")

    def test_a_name_that_fits_nothing_or_several(self, lived: World) -> None:
        assert lived.run("show", "zzz").exit_code == 6
        assert lived.run("show", "").exit_code == 2

    def test_the_timeline_is_to_scale(self) -> None:
        rows = timeline({"before": 0.0, "queue": 10.0, "run": 30.0, "drain": 0.1}, width=40)
        assert [name for name, _, _ in rows] == ["before", "queue", "run", "drain"]
        assert rows[1][2] == "█" * 10
        assert rows[2][2] == " " * 10 + "█" * 30
        assert all(len(bar) <= 40 for _, _, bar in rows)


class TestLogs:
    def test_the_screen(self, world: World, golden: Golden) -> None:
        world.say("GET / 200", "GET /slow 200", "password=hunter2hunter2")
        golden("logs", world.run("logs", "-s", "stg").stdout)

    def test_of_the_migration_without_what_is_ours(self, world: World) -> None:
        world.run("run")
        lines = world.run("logs", "migration").stdout
        assert "Applying 0001_initial... OK" in lines
        assert "end of log" not in lines
        assert "identity" not in lines

    def test_of_one_run(self, world: World) -> None:
        world.run("run")
        world.clock.sleep(7200)
        world.scenario.script = exits(0, "the second")
        world.run("run")
        first, second = (
            each["run"] for each in reversed(json.loads(world.run("history", "--json").stdout)["runs"])
        )
        assert "the second" not in world.run("logs", "migration", "--run", first).stdout
        assert "Applying 0001_initial" in world.run("logs", "migration", "--run", first).stdout
        assert world.run("logs", "migration", "--run", second).stdout.count("\n") == 1

    def test_json_grep_and_since(self, world: World, matches: Matches) -> None:
        world.say("early", "old GET /")
        world.clock.sleep(600)
        world.say("GET / 200", "POST / 500")
        found = matches("logs", world.run("logs", "--json", "--grep", "GET|old", "--since", "1m").stdout)
        assert [line["message"] for line in found["lines"]] == ["GET / 200"]

    def test_what_the_program_calls_secret_is_redacted(self) -> None:
        environment = {"environment": [{"name": "LICENCE", "value": "blue-elephant"}]}
        world = World(Scenario(definition_options=environment), props={"secret_environment": ["LICENCE"]})
        world.say("licence blue-elephant accepted")
        assert "blue-elephant" not in world.run("logs").stdout

    def test_follow(self, world: World) -> None:
        """Each line once, those that come later too."""
        world.say("first")
        world.interrupt_after = 5
        sleep, said = world.clock.sleep, iter(["second", "third"])

        def later(seconds: float) -> None:
            sleep(seconds)
            if line := next(said, None):
                world.say(line, stream="app/app/2")

        world.clock.sleep = later  # type: ignore[method-assign]
        lines = [line[10:] for line in world.run("logs", "-f").stdout.splitlines()]
        assert lines == ["first", "second", "third"]

    def test_wrong_words(self, world: World) -> None:
        assert "--since is 'soon'; give an age such as 30s" in world.run("logs", "--since", "soon").stderr
        assert "--grep is '(', which is no regular expression" in world.run("logs", "--grep", "(").stderr
        assert world.run("logs", "--run", "x").exit_code == 2

    def test_ages_and_times(self) -> None:
        assert since_ms("2h", 10_000) == 2_800_000
        assert since_ms("1970-01-01T00:01", 10_000) == 60_000
        with pytest.raises(CommandError):
            since_ms("2 fortnights", 0)


def test_looks_change_nothing(world: World) -> None:
    """But for the tasks of pending and plan, they only read."""
    for words in (["status"], ["history"], ["logs"], ["logs", "migration"]):
        world.run(*words)
    assert not [
        call.operation
        for call in world.aws.calls[world.own_calls :]
        if not call.operation.startswith(("Describe", "List", "Get", "Filter"))
    ]


def test_a_loud_log_stays_within_the_line(world: World) -> None:
    long = "x" * 500
    world.scenario.script = Script(replace(ContainerScript(), lines=[(1.0, long)], duration=2.0))
    assert long in world.run("run").stdout
