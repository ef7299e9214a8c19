"""P6: the end is the container's exit, seen while ECS still takes the network down for 10 to 30 s."""

from __future__ import annotations

import itertools
import statistics

import pytest
from migratable_ecs.migration.cloudwatch import CALLS_PER_SECOND, Logs, Throttle
from migratable_ecs.migration.errors import MigrationFailed
from migratable_ecs.migration.polling import log_interval, retry_delay, state_interval
from migratable_ecs.migration.run import execute
from migratable_ecs.testing import PROMPT, ContainerScript, Script, exits, never_starts, succeeds

from tests.unit.migration.scenario import Scenario

LATENCY = 0.05


def late(scenario: Scenario) -> float:
    """Seconds from the exit to the answer that told it: the state is not asked for again afterwards."""
    asked = [call.time for call in scenario.aws.calls if call.operation == "DescribeTasks"]
    (launch,) = scenario.aws.ecs.launched
    assert launch.ended is not None
    return asked[-1] + LATENCY / 2 - launch.ended


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.thorough(keep=2)
def test_within_a_second_and_a_half(code: int) -> None:
    found = []
    for seed in range(20):
        scenario = Scenario(
            script=exits(code, duration=7.0 + 4.3 * seed),
            aws_options={"seed": seed, "latency": LATENCY},
        )
        if code:
            with pytest.raises(MigrationFailed):
                scenario.run()
        else:
            scenario.run()
        found.append(late(scenario))
    assert min(found) > 0
    assert statistics.quantiles(found, n=20)[-1] <= 1.5


def test_also_when_others_use_up_the_budget_for_the_log() -> None:
    """Twenty talkative migrations in one process: each may read its log every few seconds, and still looks at its task every second."""
    found = []
    for seed in range(10):
        lines = tuple(f"line {number}" for number in range(80))
        scenario = Scenario(
            script=succeeds(*lines, duration=40.0 + seed / 3),
            aws_options={"seed": seed, "latency": LATENCY},
        )
        clock = scenario.aws.clock
        a_twentieth = Logs(scenario.aws.logs, clock, Throttle(clock, rate=CALLS_PER_SECOND / 20, burst=1.0))
        record = execute(scenario.spec(), scenario.aws, clock, scenario.lines.append, logs=a_twentieth)
        assert scenario.shown == list(lines)
        assert record.log.complete
        found.append(late(scenario))
    assert statistics.quantiles(found, n=20)[-1] <= 1.5


def test_the_deployment_goes_on_while_ecs_takes_the_network_down() -> None:
    """Exit, then a drain of moments when the log is prompt; STOPPED would be 10 to 30 s later."""
    for seed in range(10):
        scenario = Scenario(
            script=succeeds("one", "two", duration=20),
            aws_options={"seed": seed, "latency": LATENCY, "ingestion": PROMPT},
        )
        record = scenario.run()
        (launch,) = scenario.aws.ecs.launched
        assert launch.ended is not None
        assert scenario.aws.clock.time() - launch.ended < 3.0
        assert record.log.complete
        (task,) = scenario.aws.ecs.tasks
        assert task.timeline.status(scenario.aws.clock.time()) != "STOPPED"


def test_a_task_that_fails_to_start_is_seen_as_soon_as_ecs_gives_up() -> None:
    scenario = Scenario(
        script=never_starts("CannotPullContainerError: image not found", stage="pull"),
        aws_options={"latency": LATENCY},
    )
    with pytest.raises(MigrationFailed):
        scenario.run()
    (task,) = scenario.aws.ecs.tasks
    assert scenario.aws.clock.time() - task.timeline.doomed < 3.0


class TestCalls:
    """The budget: DescribeTasks has 20 calls a second for the whole account, GetLogEvents 10 in the scarcest regions."""

    def test_a_quiet_migration(self) -> None:
        per_minute = self._per_minute(Script(ContainerScript((), 600.0)))
        assert per_minute["DescribeTasks"] <= 61
        assert per_minute["GetLogEvents"] <= 25

    def test_a_talkative_one(self) -> None:
        script = Script(ContainerScript([(float(n), f"line {n}") for n in range(590)], 600.0))
        per_minute = self._per_minute(script)
        assert per_minute["DescribeTasks"] <= 61
        assert per_minute["GetLogEvents"] <= 121

    @pytest.mark.thorough
    def test_a_run_of_hours_asks_less_and_less(self) -> None:
        scenario = Scenario(script=Script(ContainerScript((), 5400.0)))
        scenario.run(timeout=7200)
        asked = [call.time for call in scenario.aws.calls if call.operation == "DescribeTasks"]
        gaps = [round(b - a, 1) for a, b in itertools.pairwise(asked)]
        assert gaps[20] == 1.0
        assert max(gaps[-100:]) == 5.0

    def test_what_is_asked_beside_the_polls(self) -> None:
        scenario = Scenario()
        before = len(scenario.aws.calls)
        scenario.run()
        polls = ("DescribeTasks", "GetLogEvents")
        others = [call.operation for call in scenario.aws.calls[before:] if call.operation not in polls]
        assert others == [
            "GetCallerIdentity",
            "DescribeClusters",
            "DescribeTaskDefinition",
            "DescribeLogGroups",
            "ListTasks",
            "ListTasks",
            "RunTask",
            "ListTasks",
            "PutLogEvents",
            "CreateLogStream",
            "PutLogEvents",
        ]

    def _per_minute(self, script: Script) -> dict[str, float]:
        scenario = Scenario(script=script)
        scenario.run()
        (launch,) = scenario.aws.ecs.launched
        assert launch.ended is not None
        found: dict[str, float] = {}
        for call in scenario.aws.calls:
            if launch.started <= call.time <= launch.ended:
                found[call.operation] = found.get(call.operation, 0) + 60 / (launch.ended - launch.started)
        return found


class TestSchedule:
    def test_the_state_every_second_for_ten_minutes_then_up_to_five(self) -> None:
        assert [state_interval(t) for t in (0, 1, 600, 1200, 1800, 3000, 1e6)] == [1, 1, 1, 2, 3, 5, 5]

    def test_the_log_every_second_up_to_three_when_it_is_quiet_and_fast_at_the_end(self) -> None:
        assert [log_interval(n, draining=False) for n in (0, 5, 10, 1000)] == [1, 2, 3, 3]
        assert log_interval(1000, draining=True) == 0.5

    def test_pauses_between_starts_grow_to_half_a_minute(self) -> None:
        assert [retry_delay(n) for n in (1, 2, 3, 4, 5, 50)] == [2, 4, 8, 16, 30, 30]
