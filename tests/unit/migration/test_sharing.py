"""Twenty runs in one process ask as often as one: with real threads and real locks, on a clock that runs fast."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from migratable_ecs.migration.cloudwatch import CALLS_PER_SECOND, Logs, Throttle
from migratable_ecs.migration.ecs import AwsCallFailed, Ecs, TaskWatcher
from migratable_ecs.migration.run import execute
from migratable_ecs.testing import EPOCH, INSTANT, FakeAws, FakeClock, fargate_task_definition, succeeds

from tests.unit.migration.scenario import GROUP, Scenario, with_marker

RUNS = 20


class FastClock(FakeClock):
    """Real time, `speed` times as fast; sleeps are real ones, so that threads meet as they do in the plugin's process."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed, self._began = speed, time.monotonic()

    def time(self) -> float:
        return EPOCH + (time.monotonic() - self._began) * self._speed

    def monotonic(self) -> float:
        return self.time() - EPOCH

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self._speed)

    def datetime(self, moment: float | None = None) -> datetime:
        return datetime.fromtimestamp(self.time() if moment is None else moment, UTC)


def stack_of(
    runs: int, clock: FakeClock, seconds: float, *, throttling: bool = True
) -> tuple[FakeAws, list[Any]]:
    """An account with `runs` services of one stack, each with a migration of `seconds`."""
    aws = FakeAws(clock=clock, timings=INSTANT, throttling=throttling)
    aws.logs.create_log_group(logGroupName=GROUP)
    aws.ecs.behave(lambda _d, overrides, _n: with_marker(succeeds("one", "two", duration=seconds), overrides))
    base = Scenario().spec()
    specs = []
    for number in range(runs):
        definition = fargate_task_definition(
            f"service-{number}", log_group=GROUP, entryPoint=["sh", "-c"], command=["migrate"]
        )
        arn = aws.ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
        specs.append(
            replace(base, family=f"service-{number}", task_definition=arn, identity=f"migratable-{number}")
        )
    return aws, specs


@pytest.mark.thorough
def test_twenty_runs_share_their_calls() -> None:
    clock = FastClock(speed=30.0)
    aws, specs = stack_of(RUNS, clock, seconds=30.0)
    ecs, logs = Ecs(aws.ecs, clock), Logs(aws.logs, clock)
    lines: list[list[str]] = [[] for _ in specs]

    def run(number: int) -> Any:
        return execute(specs[number], aws, clock, lines[number].append, ecs=ecs, logs=logs)

    with ThreadPoolExecutor(RUNS) as pool:
        records = list(pool.map(run, range(RUNS)))

    assert {record.status for record in records} == {"succeeded"}
    assert all(record.log.complete and record.log.lines == 2 for record in records)
    assert len(aws.ecs.launched) == RUNS
    first = max(call.time for call in aws.calls if call.operation == "RunTask") + 2
    last = min(launch.ended or 0.0 for launch in aws.ecs.launched)
    assert last - first > 15, "the machine was too slow for this test to say anything"
    asked = Counter(call.operation for call in aws.calls if first <= call.time <= last)
    shared = [
        len(call.params["tasks"])
        for call in aws.calls
        if call.operation == "DescribeTasks" and first <= call.time <= last
    ]
    assert max(shared) == RUNS
    # An answer serves everybody for half a second: 20 runs, two calls a second.
    assert asked["DescribeTasks"] / (last - first) <= 2.1
    assert asked["GetLogEvents"] / (last - first) <= CALLS_PER_SECOND + 20 / (last - first) + 0.5
    polls = [call for call in aws.calls if call.operation in ("DescribeTasks", "GetLogEvents")]
    assert not any(call.error == "ThrottlingException" for call in polls)


class TestTaskWatcher:
    def test_whoever_asks_first_asks_for_everybody(self) -> None:
        clock = FakeClock()
        aws, specs = stack_of(3, clock, seconds=60.0)
        arns = [self._start(aws, spec) for spec in specs]
        watcher = TaskWatcher(aws.ecs, clock)
        before = len(aws.calls)
        for _ in range(10):
            for arn in arns:
                found = watcher.describe("default", arn)
                assert found is not None
                assert found["taskArn"] == arn
            clock.advance(1.0)
        # Three to make acquaintance, then one a turn.
        assert len(aws.calls) - before == 3 + 9

    def test_nobody_waits_for_somebody_who_has_left(self) -> None:
        clock = FakeClock()
        aws, specs = stack_of(2, clock, seconds=60.0)
        one, two = (self._start(aws, spec) for spec in specs)
        watcher = TaskWatcher(aws.ecs, clock)
        watcher.describe("default", one)
        watcher.describe("default", two)
        watcher.forget("default", one)
        clock.advance(1.0)
        watcher.describe("default", two)
        assert aws.calls[-1].params["tasks"] == [two]

    @pytest.mark.parametrize("count", [100, 101, 130])
    @pytest.mark.thorough(keep=3)
    def test_more_than_a_call_takes(self, count: int) -> None:
        clock = FakeClock()
        aws, (spec,) = stack_of(1, clock, seconds=600.0, throttling=False)
        arns = [self._start(aws, spec) for _ in range(count)]
        watcher = TaskWatcher(aws.ecs, clock)
        for _ in range(2):
            for arn in arns:
                found = watcher.describe("default", arn)
                assert found is not None
                assert found["taskArn"] == arn
            clock.advance(60.0)
        assert all(
            len(call.params["tasks"]) <= 100 for call in aws.calls if call.operation == "DescribeTasks"
        )

    def test_a_refusal_is_shared_as_an_answer_is(self) -> None:
        """Otherwise twenty runs would each ask again at once when they are told to ask less."""
        clock = FakeClock()
        aws, specs = stack_of(20, clock, seconds=60.0)
        arns = [self._start(aws, spec) for spec in specs]
        watcher = TaskWatcher(aws.ecs, clock)
        aws.ecs.fail_next("DescribeTasks", "ThrottlingException", "Rate exceeded")
        before = len(aws.calls)
        for arn in arns:
            with pytest.raises(AwsCallFailed, match="Rate exceeded"):
                watcher.describe("default", arn)
        assert len(aws.calls) - before == 1
        clock.advance(1.0)
        assert watcher.describe("default", arns[0]) is not None

    def test_many_threads_at_once(self) -> None:
        clock = FakeClock()
        aws, specs = stack_of(8, clock, seconds=1e6, throttling=False)
        arns = [self._start(aws, spec) for spec in specs]
        watcher = TaskWatcher(aws.ecs, clock)
        start = threading.Barrier(len(arns))

        def ask(arn: str) -> set[str]:
            start.wait(30)
            found = set()
            for _ in range(50):
                found.add(str((watcher.describe("default", arn) or {}).get("taskArn")))
                watcher.forget("default", arn)
            return found

        with ThreadPoolExecutor(len(arns)) as pool:
            assert list(pool.map(ask, arns)) == [{arn} for arn in arns]

    def _start(self, aws: FakeAws, spec: Any) -> str:
        reply = aws.ecs.run_task(
            cluster="default",
            taskDefinition=spec.task_definition,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": spec.network},
        )
        return str(reply["tasks"][0]["taskArn"])


def test_the_budget_of_log_calls_is_kept_over_all_runs() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    began = clock.time()
    for _ in range(320):
        throttle.take()
    assert (320 - 20) / CALLS_PER_SECOND - 1 <= clock.time() - began <= 320 / CALLS_PER_SECOND
