"""A run that takes too long is stopped, waited for, and said; it is never tried again by itself."""

from __future__ import annotations

import pytest
from migratable_ecs.migration.errors import MigrationFailed
from migratable_ecs.testing import ContainerScript, Script, Timings, hangs, succeeds

from tests.unit.migration.scenario import FAMILY, Scenario

pytestmark = pytest.mark.thorough(keep=3)


def test_it_is_stopped_waited_for_and_said() -> None:
    scenario = Scenario(script=hangs("locking table orders", "waiting"))
    with pytest.raises(MigrationFailed) as caught:
        scenario.run(timeout=300)
    text, record = str(caught.value), caught.value.record
    assert record is not None
    (launch,) = scenario.aws.ecs.launched
    assert launch.ended is not None
    assert record["cause"] == "timeout"
    assert record["exit_code"] == 143
    assert "did not end within 300 s and was stopped" in text
    assert "| waiting" in text
    assert "`timeout`" in text
    assert f"timeout: 300 s are over, stopping task {launch.task_arn.rsplit('/', 1)[-1]}" in scenario.lines


def test_the_time_counts_from_the_creation_of_the_task() -> None:
    scenario = Scenario(script=hangs())
    with pytest.raises(MigrationFailed):
        scenario.run(timeout=300)
    (task,) = scenario.aws.ecs.tasks
    (stop,) = [call for call in scenario.aws.calls if call.operation == "StopTask"]
    assert 300 <= stop.time - task.created < 302


def test_the_last_words_of_a_stopped_command_are_shown() -> None:
    script = Script(ContainerScript([(1.0, "begin")], None, last_words=[(0.1, "rolling back")]))
    scenario = Scenario(script=script)
    with pytest.raises(MigrationFailed):
        scenario.run(timeout=300)
    assert scenario.shown == ["begin", "rolling back"]


def test_a_command_that_ignores_sigterm_is_waited_for_until_it_is_killed() -> None:
    scenario = Scenario(script=hangs("busy", obeys_sigterm=False))
    with pytest.raises(MigrationFailed) as caught:
        scenario.run(timeout=300)
    assert caught.value.record is not None
    assert caught.value.record["exit_code"] == 137
    assert caught.value.record["cause"] == "timeout"
    assert scenario.aws.ecs.launched[0].ended is not None


@pytest.mark.parametrize("attempts", [1, 3])
def test_it_is_not_tried_again(attempts: int) -> None:
    scenario = Scenario(script=hangs())
    with pytest.raises(MigrationFailed):
        scenario.run(timeout=120, attempts=attempts)
    assert len(scenario.aws.ecs.launched) == 1


def test_a_task_that_does_not_get_to_start_is_stopped_too() -> None:
    slow = Timings(pull=10_000.0)
    scenario = Scenario(aws_options={"timings": slow})
    with pytest.raises(MigrationFailed) as caught:
        scenario.run(timeout=300)
    assert caught.value.record is not None
    assert caught.value.record["cause"] == "timeout-before-start"
    assert scenario.aws.ecs.launched == []


def test_success_in_the_last_moment_is_success() -> None:
    """The container ends by itself between the last look and StopTask."""
    slow = {"latency": 0.1}
    probe = Scenario(script=hangs(), aws_options=slow)
    with pytest.raises(MigrationFailed):
        probe.run(timeout=300)
    (stop,) = [call.time for call in probe.aws.calls if call.operation == "StopTask"]
    lasts = stop - probe.aws.ecs.launched[0].started - 0.05
    scenario = Scenario(script=Script(ContainerScript((), lasts)), aws_options=slow)
    record = scenario.run(timeout=300)
    assert any("stopping task" in line for line in scenario.lines), "the end was seen in time"
    assert (record.status, record.exit_code) == ("succeeded", 0)


def test_exit_code_0_after_sigterm_proves_nothing() -> None:
    scenario = Scenario(script=Script(ContainerScript((), None, on_sigterm=0)))
    with pytest.raises(MigrationFailed) as caught:
        scenario.run(timeout=300)
    assert caught.value.record is not None
    assert caught.value.record["exit_code"] == 0
    assert caught.value.record["cause"] == "timeout"


def test_nor_does_it_for_the_next_run_which_finds_that_task() -> None:
    scenario = Scenario(
        script=lambda number: (
            Script(ContainerScript((), None, on_sigterm=0)) if number == 0 else succeeds("whole")
        )
    )
    with pytest.raises(MigrationFailed):
        scenario.run(timeout=300)
    assert not scenario.run().adopted
    assert scenario.shown[-1] == "whole"
    assert len(scenario.aws.ecs.launched) == 2


class TestTheDeployerDiesWhileItStops:
    """The time is up, StopTask is on its way, and then the process is killed."""

    @pytest.mark.parametrize("obeys", [True, False])
    def test_the_next_run_waits_until_the_old_container_is_gone_and_starts_anew(self, obeys: bool) -> None:
        scenario = Scenario(
            script=lambda number: hangs(obeys_sigterm=obeys) if number == 0 else succeeds("fine")
        )
        calls_until_stop = self._calls_until_stop(obeys)
        with scenario.aws.killing(calls_until_stop, "after") as plan:
            scenario.run(timeout=300)
        assert plan.fired
        record = scenario.run(timeout=300)
        assert record.status == "succeeded"
        assert len(scenario.aws.ecs.launched) == 2
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1

    def _calls_until_stop(self, obeys: bool) -> int:
        probe = Scenario(script=hangs(obeys_sigterm=obeys))
        before = len(probe.aws.calls)
        with pytest.raises(MigrationFailed):
            probe.run(timeout=300)
        operations = [call.operation for call in probe.aws.calls[before:]]
        return operations.index("StopTask") + 1


def test_a_task_that_is_adopted_late_keeps_its_own_deadline() -> None:
    scenario = Scenario(script=hangs())
    with scenario.aws.killing(12, "after") as plan:
        scenario.run(timeout=600)
    assert plan.fired
    scenario.aws.clock.advance(500)
    began = scenario.aws.clock.time()
    with pytest.raises(MigrationFailed):
        scenario.run(timeout=600)
    assert scenario.aws.clock.time() - began < 150
    assert len(scenario.aws.ecs.launched) == 1
