"""Ctrl-C: within five seconds the user knows what goes on and how to resume or stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.migration.clock import SystemClock
from migratable_ecs.migration.errors import MigrationFailed, MigrationInterrupted
from migratable_ecs.migration.spec import Backup
from migratable_ecs.testing import (
    Consistency,
    ContainerScript,
    Ingestion,
    Paging,
    Script,
    Timings,
    hangs,
    never_starts,
    succeeds,
)

from tests.unit.migration.scenario import FAMILY, Scenario

#: What the engine gives a plugin after SIGINT, in seconds.
GRACE = 5.0


def cancelled_after(scenario: Scenario, seconds: float) -> tuple[Callable[[], bool], float]:
    """(the question, when the answer turns to yes)."""
    moment = scenario.aws.clock.time() + seconds
    return lambda: scenario.aws.clock.time() >= moment, moment


@pytest.mark.parametrize("seconds", [5, 20, 60, 300, 1000])
@pytest.mark.thorough(keep=3)
def test_detach_tells_which_task_goes_on_how_to_resume_and_how_to_stop(seconds: float) -> None:
    """While it is provisioned, pulled, and running: the polls of a long run are further apart."""
    scenario = Scenario(script=hangs("working"))
    cancelled, moment = cancelled_after(scenario, seconds)
    with pytest.raises(MigrationInterrupted) as caught:
        scenario.run(cancelled)
    assert scenario.aws.clock.time() - moment < GRACE
    (task,) = scenario.aws.ecs.tasks
    text = str(caught.value)
    assert scenario.lines[-1] == text
    assert f"task {task.arn} goes on" in text
    assert "the next `pulumi up` resumes it" in text
    assert f"`aws ecs stop-task --cluster default --task {task.arn}` stops it" in text
    assert not [call for call in scenario.aws.calls if call.operation == "StopTask"]


def test_the_next_run_resumes_it_from_its_first_line() -> None:
    scenario = Scenario(script=succeeds("one", "two", "three", duration=300))
    cancelled, _ = cancelled_after(scenario, 200)
    with pytest.raises(MigrationInterrupted):
        scenario.run(cancelled)
    scenario.lines.clear()
    record = scenario.run()
    assert record.adopted
    assert scenario.shown == ["one", "two", "three"]
    assert len(scenario.aws.ecs.launched) == 1


def test_stop_stops_the_task() -> None:
    scenario = Scenario(script=hangs("working"))
    cancelled, moment = cancelled_after(scenario, 120)
    with pytest.raises(MigrationInterrupted) as caught:
        scenario.run(cancelled, on_cancel="stop")
    assert scenario.aws.clock.time() - moment < GRACE
    (task,) = scenario.aws.ecs.tasks
    assert f"task {task.arn} was asked to stop" in str(caught.value)
    scenario.aws.clock.advance(60)
    assert scenario.aws.ecs.launched[0].exit_code == 143


def test_a_second_deployer_that_follows_the_same_task_is_told_who_stopped_it() -> None:
    """As after `migratable-ecs stop` in another terminal: the reason says who."""
    scenario = Scenario(script=hangs("working"))
    who = "migratable-ecs stop by arn:aws:sts::123456789012:assumed-role/operator/session"

    def somebody_stops_it() -> bool:
        if scenario.aws.ecs.launched and not scenario.aws.ecs.launched[0].ended:
            scenario.aws.ecs.stop_task(cluster="default", task=scenario.aws.ecs.tasks[0].arn, reason=who)
        return False

    with pytest.raises(MigrationFailed) as caught:
        scenario.run(somebody_stops_it)
    assert caught.value.record is not None
    assert caught.value.record["cause"] == "cancelled"
    assert "operator/session" in str(caught.value)


@pytest.mark.parametrize("pause", [0.0, 3.0, 10.0, 120.0])
def test_after_a_stop_the_next_run_waits_for_the_end_and_starts_anew(pause: float) -> None:
    scenario = Scenario(script=lambda number: hangs(obeys_sigterm=False) if number == 0 else succeeds("fine"))
    cancelled, _ = cancelled_after(scenario, 120)
    with pytest.raises(MigrationInterrupted):
        scenario.run(cancelled, on_cancel="stop")
    scenario.aws.clock.advance(pause)
    assert scenario.run().status == "succeeded"
    assert len(scenario.aws.ecs.launched) == 2
    assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1


class TestBeforeAnyTaskIsThere:
    def test_while_it_waits_for_another_task(self) -> None:
        scenario = Scenario(script=hangs())
        cancelled, _ = cancelled_after(scenario, 60)
        with pytest.raises(MigrationInterrupted):
            scenario.run(cancelled, urn="urn:other")
        cancelled, moment = cancelled_after(scenario, 60)
        with pytest.raises(MigrationInterrupted) as caught:
            scenario.run(cancelled)
        assert scenario.aws.clock.time() - moment < GRACE
        assert str(caught.value) == (
            "cancelled before the migration was started: this deployment has started no task"
        )
        assert len(scenario.aws.ecs.tasks) == 1

    def test_while_the_snapshot_is_being_made(self) -> None:
        scenario = Scenario()
        scenario.aws.rds.add_instance("orders")
        scenario.aws.rds.snapshot_seconds = 900
        cancelled, moment = cancelled_after(scenario, 100)
        with pytest.raises(MigrationInterrupted) as caught:
            scenario.run(cancelled, backup=Backup(instance="orders"))
        assert scenario.aws.clock.time() - moment <= GRACE
        assert "this deployment has started no task" in str(caught.value)
        assert scenario.aws.ecs.tasks == []

    def test_while_it_waits_to_try_a_start_again(self) -> None:
        reason = "CannotPullContainerError: failed to copy: unexpected status: 503 Service Unavailable"
        scenario = Scenario(
            script=never_starts(reason, stage="pull"), aws_options={"timings": Timings(pull=1.0)}
        )

        def cancelled() -> bool:
            return bool(scenario.lines) and "Trying again in" in scenario.lines[-1]

        with pytest.raises(MigrationInterrupted) as caught:
            scenario.run(cancelled, start_attempts=50)
        assert str(caught.value) == (
            "cancelled before the migration was started again: the task that this deployment had started is over"
        )

    def test_when_nobody_knows_whether_a_task_is_there(self) -> None:
        """RunTask took effect, its answer did not come, and ECS lists the task only later."""
        scenario = Scenario(script=hangs(), aws_options={"consistency": Consistency(list_tasks=120.0)})
        scenario.aws.ecs.fail_next("RunTask", "ServerException", times=100, takes_effect=True)
        cancelled, _ = cancelled_after(scenario, 60)
        with pytest.raises(MigrationInterrupted) as caught:
            scenario.run(cancelled, start_attempts=100)
        assert len(scenario.aws.ecs.tasks) == 1
        assert str(caught.value) == (
            "cancelled before the migration was started: the answer to RunTask was lost, so a task may be executing; "
            "the next run adopts it"
        )

    def test_at_once(self) -> None:
        scenario = Scenario()
        with pytest.raises(MigrationInterrupted):
            scenario.run(lambda: True)
        assert scenario.aws.ecs.tasks == []


def test_while_the_log_is_drained_the_result_is_known_and_kept() -> None:
    """A migration that has succeeded is recorded as such, with a log that is not complete."""
    scenario = Scenario(
        script=succeeds("one", duration=20), aws_options={"ingestion": Ingestion(withheld=lambda *_: True)}
    )
    exited: list[float] = []

    def cancelled() -> bool:
        now = scenario.aws.clock.time()
        exited.extend(
            launch.ended for launch in scenario.aws.ecs.launched if launch.ended is not None and not exited
        )
        return bool(exited) and now > exited[0] + 4

    record = scenario.run(cancelled)
    assert record.status == "succeeded"
    assert not record.log.complete
    assert scenario.aws.clock.time() - exited[0] < 4 + GRACE


class TestALongBacklog:
    """An adopted task that has said a lot: a hundred pages of a second each, in a row."""

    PAGE = 1.0

    def adopting(self, duration: float) -> Scenario:
        lines = tuple(f"line {number}" for number in range(1000))
        script = Script(ContainerScript([(1.0, line) for line in lines], duration))
        scenario = Scenario(script=script, aws_options={"paging": Paging(short=1.0)})
        cancelled, _ = cancelled_after(scenario, 150)
        with pytest.raises(MigrationInterrupted):
            scenario.run(cancelled)
        real = scenario.aws.logs.get_log_events

        def slow(**request: Any) -> Any:
            scenario.aws.clock.sleep(self.PAGE)
            page = real(**request)
            return page

        scenario.aws.logs.get_log_events = slow  # type: ignore[method-assign]
        scenario.lines.clear()
        return scenario

    def test_does_not_keep_the_cancel_from_being_heard(self) -> None:
        scenario = self.adopting(duration=3000)
        cancelled, moment = cancelled_after(scenario, 8)
        with pytest.raises(MigrationInterrupted):
            scenario.run(cancelled)
        assert scenario.aws.clock.time() - moment < GRACE
        assert 0 < len(scenario.shown) < 1000, "the backlog was not long enough"

    def test_does_not_hide_the_end_of_the_container(self) -> None:
        scenario = self.adopting(duration=160)
        record = scenario.run()
        seen = [line for line in scenario.lines if line == "line 999"]
        assert record.status == "succeeded"
        assert len(seen) == 1
        assert record.log.complete

    def test_is_not_read_a_second_time_by_who_is_cancelled_meanwhile(self) -> None:
        scenario = self.adopting(duration=160)
        ended = scenario.aws.ecs.launched[0].started + 160

        def cancelled() -> bool:
            return scenario.aws.clock.time() >= max(ended, began) + 30

        began = scenario.aws.clock.time()
        record = scenario.run(cancelled)
        assert record.status == "succeeded"
        assert not record.log.complete
        assert record.log.reason.startswith("cancelled before the log")
        assert scenario.aws.clock.time() - (max(ended, began) + 30) < GRACE


def test_a_cancel_during_the_timeout_says_that_the_task_was_stopped() -> None:
    scenario = Scenario(script=hangs(obeys_sigterm=False))
    cancelled, _ = cancelled_after(scenario, 305)
    with pytest.raises(MigrationInterrupted) as caught:
        scenario.run(cancelled, timeout=300)
    assert "was asked to stop" in str(caught.value)


def test_a_real_sleep_ends_when_the_process_is_told_to_stop() -> None:
    wake = threading.Event()
    clock = SystemClock(wake)
    began = time.monotonic()
    threading.Timer(0.1, wake.set).start()
    clock.sleep(30)
    clock.sleep(30)
    assert time.monotonic() - began < 2
