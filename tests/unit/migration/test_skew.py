"""A machine whose clock is wrong, or is set meanwhile: timeouts, names and the history go by AWS's clock."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.migration import history
from migratable_ecs.migration.cloudwatch import Logs
from migratable_ecs.migration.ecs import ServerTime
from migratable_ecs.migration.errors import LockTimeout, MigrationFailed
from migratable_ecs.migration.run import execute
from migratable_ecs.migration.spec import Backup, RunRecord
from migratable_ecs.testing import FakeClock, SkewedClock, hangs, succeeds

from tests.unit.migration.scenario import FAMILY, GROUP, Scenario

pytestmark = pytest.mark.thorough(keep=3)

SKEWS = [-30 * 86_400.0, -7200.0, -90.0, 90.0, 7200.0, 30 * 86_400.0]


def run(scenario: Scenario, skew: float, **options: Any) -> RunRecord:
    clock = scenario.aws.clock.skewed(skew)
    return execute(scenario.spec(**options), scenario.aws, clock, scenario.lines.append)


@pytest.mark.parametrize("skew", SKEWS)
class TestWhateverTheMachineThinksItIs:
    @pytest.mark.thorough(keep=6)
    def test_a_healthy_migration_is_not_stopped(self, skew: float) -> None:
        scenario = Scenario(script=succeeds("one", duration=200))
        record = run(scenario, skew, timeout=600)
        assert record.status == "succeeded"
        assert not [call for call in scenario.aws.calls if call.operation == "StopTask"]

    @pytest.mark.thorough(keep=6)
    def test_a_hanging_one_is_stopped_in_time(self, skew: float) -> None:
        scenario = Scenario(script=hangs())
        with pytest.raises(MigrationFailed):
            run(scenario, skew, timeout=600)
        (stop,) = [call for call in scenario.aws.calls if call.operation == "StopTask"]
        assert 600 <= stop.time - scenario.aws.ecs.tasks[0].created < 603

    @pytest.mark.thorough(keep=6)
    def test_an_adopted_one_keeps_its_deadline(self, skew: float) -> None:
        scenario = Scenario(script=hangs())
        with scenario.aws.killing(20, "after"):
            scenario.run(timeout=600)
        scenario.aws.clock.advance(300)
        with pytest.raises(MigrationFailed):
            run(scenario, skew, timeout=600)
        (stop,) = [call for call in scenario.aws.calls if call.operation == "StopTask"]
        assert 600 <= stop.time - scenario.aws.ecs.tasks[0].created < 603

    @pytest.mark.thorough(keep=6)
    def test_the_history_is_written_and_in_order(self, skew: float) -> None:
        scenario = Scenario()
        scenario.run(serial=0)
        scenario.aws.clock.advance(60)
        run(scenario, skew, serial=1)
        scenario.aws.clock.advance(60)
        scenario.run(serial=2)
        runs = history.read(Logs(scenario.aws.logs, scenario.aws.clock), GROUP, FAMILY)
        tasks = [task.arn for task in scenario.aws.ecs.tasks]
        assert [item["task_arn"] for item in runs] == tasks
        assert not any("could not be written" in line for line in scenario.lines)

    def test_durations_are_those_of_aws(self, skew: float) -> None:
        record = run(Scenario(script=succeeds("one", duration=50)), skew)
        assert record.timings["run"] == pytest.approx(50, abs=2.5)
        assert record.timings["before"] < 3
        assert record.started_at.startswith("2026-01-01T00:")

    def test_the_snapshot_has_the_right_time_in_its_name(self, skew: float) -> None:
        scenario = Scenario()
        scenario.aws.rds.add_instance("orders")
        record = run(scenario, skew, backup=Backup(instance="orders"))
        assert record.snapshot_id.startswith("web-aaaaaaaaaaaa-20260101-0000")

    def test_the_lock_is_the_same(self, skew: float) -> None:
        scenario = Scenario()
        with scenario.aws.killing(20, "after"):
            scenario.run()
        assert run(scenario, skew).adopted
        assert len(scenario.aws.ecs.launched) == 1


@pytest.mark.parametrize("jump", [-86_400.0, -600.0, 600.0, 86_400.0])
@pytest.mark.thorough(keep=4)
def test_a_clock_that_is_set_in_the_middle_of_a_run_changes_nothing(jump: float) -> None:
    class Jumping(SkewedClock):
        """Set after 100 s, as by NTP."""

        def __init__(self, clock: FakeClock) -> None:
            super().__init__(clock, 0.0)
            self._clock_, self._at = clock, clock.time() + 100

        def time(self) -> float:
            return self._clock_.time() + (jump if self._clock_.time() > self._at else 0.0)

    scenario = Scenario(script=succeeds("one", duration=300))
    clock = Jumping(scenario.aws.clock)
    assert (
        execute(scenario.spec(timeout=900), scenario.aws, clock, scenario.lines.append).status == "succeeded"
    )

    waiting = Scenario(script=hangs())
    with waiting.aws.killing(20, "after"):
        waiting.run(urn="urn:other")
    clock = Jumping(waiting.aws.clock)
    began = waiting.aws.clock.time()
    with pytest.raises(LockTimeout):
        execute(waiting.spec(lock_timeout=500), waiting.aws, clock, waiting.lines.append)
    assert 500 <= waiting.aws.clock.time() - began < 510


class TestServerTime:
    def test_without_an_answer_it_is_the_machines(self) -> None:
        clock = FakeClock()
        assert ServerTime(clock).now() == clock.time()

    @pytest.mark.parametrize(
        "reply", [None, {}, {"ResponseMetadata": {"HTTPHeaders": {"date": "not a date"}}}]
    )
    def test_answers_without_a_date_are_passed_by(self, reply: Any) -> None:
        clock = FakeClock()
        time = ServerTime(clock)
        time.note(reply)
        assert time.now() == clock.time()

    def test_a_late_answer_does_not_turn_it_back(self) -> None:
        clock = FakeClock()
        time = ServerTime(clock.skewed(5000))  # type: ignore[arg-type]
        date = {"ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}}}
        time.note(date)
        clock.advance(100)
        time.note(date)
        assert time.now() == clock.time()
