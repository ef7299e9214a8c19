"""P4: interrupted is not repeated. SIGKILL before and after every API call, then a second deployer."""

from __future__ import annotations

import pytest
from migratable_ecs.migration.errors import MigrationFailed
from migratable_ecs.testing import CrashPlan, Killed, exits, succeeds

from tests.unit.migration.scenario import FAMILY, Scenario

pytestmark = pytest.mark.thorough(keep=3)


def calls_of_one_run() -> int:
    scenario = Scenario()
    before = len(scenario.aws.calls)
    scenario.run()
    return len(scenario.aws.calls) - before


CALLS = calls_of_one_run()


def test_there_are_enough_call_boundaries_to_be_killed_at() -> None:
    assert len(SOME_CALLS) * 2 >= 25


#: All until the task is followed, then some of the polls, which are alike, and the last ones. tests/integration/engine/ has all.
SOME_CALLS = sorted({*range(1, 15), *range(15, CALLS, 9), *range(CALLS - 5, CALLS + 1)})


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", SOME_CALLS)
@pytest.mark.thorough(keep=4)
def test_after_a_kill_the_next_run_launches_nothing_twice(call: int, when: str) -> None:
    assert_run_once_after_a_kill(call, when)


def assert_run_once_after_a_kill(call: int, when: str) -> None:
    scenario = Scenario()
    scenario.aws.crash_plan = CrashPlan(call, when)  # type: ignore[arg-type]
    with pytest.raises(Killed):
        scenario.run()
    scenario.aws.crash_plan = None

    record = scenario.run()

    assert record.status == "succeeded"
    assert len(scenario.aws.ecs.launched) == 1
    assert record.task_arn == scenario.aws.ecs.launched[0].task_arn
    assert record.log.lines == 2
    assert record.log.complete


@pytest.mark.parametrize("pause", [30.0, 120.0, 1800.0])
def test_a_task_that_finished_while_nobody_looked_is_taken_for_what_it_is(pause: float) -> None:
    scenario = Scenario()
    kill_after_run_task(scenario)
    scenario.aws.clock.sleep(pause)

    record = scenario.run()

    assert record.adopted
    assert len(scenario.aws.ecs.launched) == 1
    assert scenario.shown == ["Applying 0001_initial... OK", "Applying 0002_rows... OK"]


def test_a_run_that_failed_unseen_is_started_anew_once() -> None:
    scenario = Scenario(script=lambda number: exits(1, "boom") if number == 0 else succeeds("fine"))
    kill_after_run_task(scenario)
    scenario.aws.clock.sleep(300)

    record = scenario.run()

    assert record.status == "succeeded"
    assert len(scenario.aws.ecs.launched) == 2


def test_a_run_that_failed_before_our_eyes_is_started_anew_by_the_next_up() -> None:
    scenario = Scenario(script=lambda number: exits(1, "boom") if number == 0 else succeeds("fine"))
    with pytest.raises(MigrationFailed):
        scenario.run()
    assert scenario.run().status == "succeeded"
    assert len(scenario.aws.ecs.launched) == 2
    assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1


def test_killed_twice_is_still_one_task() -> None:
    for first in SOME_CALLS[::3]:
        scenario = Scenario()
        for call in (first, 4):
            scenario.aws.crash_plan = CrashPlan(call, "after")
            with pytest.raises(Killed):
                scenario.run()
            scenario.aws.crash_plan = None
        assert scenario.run().status == "succeeded"
        assert len(scenario.aws.ecs.launched) == 1, f"killed at calls {first} and 4"


def test_going_back_to_an_image_within_the_hour_runs_again() -> None:
    """The finished task of the first run must not be taken for the run of going back."""
    scenario = Scenario()
    scenario.run(serial=0)
    scenario.run(serial=1, digest="sha256:" + "b" * 64)
    scenario.run(serial=2)
    assert len(scenario.aws.ecs.launched) == 3


def test_a_stack_made_again_within_the_hour_runs_again() -> None:
    scenario = Scenario()
    scenario.run()
    scenario.definition_arn = scenario.register(entryPoint=["sh", "-c"], command=["manage.py migrate"])
    scenario.run()
    assert len(scenario.aws.ecs.launched) == 2


def kill_after_run_task(scenario: Scenario) -> None:
    probe = Scenario()
    probe.run()
    operations = [call.operation for call in probe.aws.calls]
    number = operations.index("RunTask") + 1 - operations.index("GetCallerIdentity")
    scenario.aws.crash_plan = CrashPlan(number, "after")
    with pytest.raises(Killed):
        scenario.run()
    scenario.aws.crash_plan = None
