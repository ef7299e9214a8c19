"""Races that can be repeated."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import FakeAws, Interleaving, Timings, exits

from tests.unit.repetitions import times

Run = Callable[..., str]
MakeAws = Callable[..., FakeAws]

SHORT = Timings(1, 1, 1, 1, 0, exit_to_stopped=5)


def race(aws: FakeAws, seed: int, *work: Callable[[], Any], **settings: Any) -> list[Any]:
    return Interleaving(seed, **settings).run(aws.clock, *work)


def careless(aws: FakeAws, run: Run) -> Callable[[], str]:
    """Looks whether a task runs and, if not, starts one: the bug every race test must find."""

    def deploy() -> str:
        running = aws.ecs.list_tasks(family="migrate")["taskArns"]
        return str(running[0]) if running else run(aws)

    return deploy


def careful(aws: FakeAws, run: Run) -> Callable[[], str]:
    """The same with a token that all deployers share, and waits for the end."""

    def deploy() -> str:
        running = aws.ecs.list_tasks(family="migrate")["taskArns"]
        arn = str(running[0]) if running else run(aws, clientToken="t")
        while True:
            (task,) = aws.ecs.describe_tasks(tasks=[arn])["tasks"]
            if "exitCode" in task["containers"][0]:
                return arn
            aws.clock.sleep(1)

    return deploy


def test_a_race_is_found_and_its_mend_is_seen_to_hold(make_aws: MakeAws, run: Run) -> None:
    doubles = {"careless": 0, "careful": 0}
    seeds = times(30, 100)
    for seed in range(seeds):
        for kind in (careless, careful):
            aws = make_aws(timings=SHORT)
            race(aws, seed, *[kind(aws, run)] * 3)
            aws.clock.sleep(60)
            doubles[kind.__name__] += aws.ecs.max_running_at_once("migrate") > 1
    assert doubles["careless"] > seeds / 5
    assert doubles["careful"] == 0


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_history(make_aws: MakeAws, run: Run) -> None:
    def history(seed: int) -> list[tuple[str, str, float]]:
        aws = make_aws(timings=SHORT)
        race(aws, seed, *[careful(aws, run)] * 4)
        return [(call.caller, call.operation, call.time) for call in aws.calls]

    assert history(5) == history(5)
    assert len({tuple(history(seed)) for seed in range(20)}) > 15


def test_request_and_reply_can_be_separated(make_aws: MakeAws, run: Run) -> None:
    """Another deployer may act after a call took effect and before its caller knows."""
    separated = 0
    seeds = times(20, 50)
    for seed in range(seeds):
        aws = make_aws(timings=SHORT)
        knows: list[str] = []

        def start(aws: FakeAws = aws, knows: list[str] = knows) -> None:
            run(aws)
            knows.append("started")

        def look(aws: FakeAws = aws, knows: list[str] = knows) -> bool:
            seen = aws.ecs.list_tasks()["taskArns"]
            return bool(seen) and not knows

        separated += bool(race(aws, seed, start, look)[1].result)
    assert 0 < separated < seeds


def test_exactly_one_runs_at_any_moment(aws: FakeAws) -> None:
    inside = threading.Lock()

    def work() -> None:
        for _ in range(20):
            assert inside.acquire(blocking=False)
            inside.release()
            aws.ecs.list_tasks()
            assert inside.acquire(blocking=False)
            inside.release()
            aws.clock.sleep(1)

    assert [outcome.error for outcome in race(aws, 1, *[work] * 8)] == [None] * 8


def test_when_all_sleep_the_clock_jumps_to_the_first_to_wake(aws: FakeAws) -> None:
    begun, woken = aws.clock.time(), []

    def sleeper(seconds: float) -> Callable[[], None]:
        def work() -> None:
            aws.clock.sleep(seconds)
            woken.append((seconds, aws.clock.time() - begun))

        return work

    real = time.perf_counter()
    race(aws, 1, sleeper(300), sleeper(10), sleeper(3600))
    assert woken == [(10, 10), (300, 300), (3600, 3600)]
    assert time.perf_counter() - real < 5


def test_results_and_errors_are_told_apart(aws: FakeAws) -> None:
    def fails() -> None:
        aws.ecs.list_tasks(cluster="nowhere")

    good, bad = race(aws, 1, lambda: aws.sts.get_caller_identity()["Account"], fails)
    assert (good.result, good.error) == ("123456789012", None)
    assert isinstance(bad.error, aws.ecs.exceptions.ClusterNotFoundException)
    assert [outcome.name for outcome in (good, bad)] == ["deployer-0", "deployer-1"]


def test_one_may_be_killed_while_the_others_go_on(make_aws: MakeAws, run: Run) -> None:
    for seed in range(times(10, 30)):
        aws = make_aws(timings=SHORT)
        aws.ecs.script("migrate", exits(0, duration=30))
        history = Interleaving(seed)
        plan = history.kill_at(1, 3, "after")
        outcomes = history.run(aws.clock, *[careful(aws, run)] * 3)
        assert plan.fired
        assert [outcome.killed for outcome in outcomes] == [False, True, False]
        assert outcomes[0].result == outcomes[2].result == aws.ecs.tasks[0].arn
        assert sum(call.caller == "deployer-1" for call in aws.calls) == 3
    # The plan dies with its race.
    assert aws.ecs.list_tasks() is not None


@pytest.mark.thorough
def test_a_machine_may_stand_still_between_looking_and_acting(make_aws: MakeAws, run: Run) -> None:
    """A token does not help whoever sleeps longer than it lives: only such a stall shows it."""

    def doubles(**settings: Any) -> int:
        found = 0
        for seed in range(times(25, 60)):
            aws = make_aws(timings=SHORT)
            race(aws, seed, *[careful(aws, run)] * 3, **settings)
            found += len(aws.ecs.tasks) > 1
        return found

    assert doubles() == 0
    assert doubles(stall=0.05, stall_seconds=(3600.0, 7200.0)) > 0


def test_a_race_without_end_is_given_up(aws: FakeAws) -> None:
    def forever() -> None:
        while True:
            aws.clock.sleep(1)

    with pytest.raises(RuntimeError, match="too many switches"):
        race(aws, 1, forever, forever, most_switches=500)
    assert aws.clock.wire.scheduler is None


def test_waiting_for_another_deployer_in_any_other_way_is_said(aws: FakeAws) -> None:
    never = threading.Event()

    def waits() -> None:
        aws.clock.sleep(1)
        never.wait(5)

    try:
        with pytest.raises(RuntimeError, match="something other than the clock"):
            Interleaving(1).run(aws.clock, waits, waits, patience=0.2)
    finally:
        never.set()


def test_a_deployer_keeps_to_its_thread(aws: FakeAws) -> None:
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            aws.ecs.list_tasks()
        except RuntimeError as error:
            caught.append(error)

    def work() -> None:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    race(aws, 1, work)
    assert "only on the thread it was started on" in str(caught[0])


@pytest.mark.thorough
def test_a_thousand_races_of_four_take_seconds(
    make_aws: MakeAws, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most a tenth of it here: 4 deployers with 30 calls each; a hundred take 0.5 s, allowed 6 on a busy machine."""
    monkeypatch.undo()  # the check of every reply's shape

    def deployer(aws: FakeAws) -> Callable[[], None]:
        def work() -> None:
            arn = run(aws, clientToken="t")
            for _ in range(14):
                aws.ecs.describe_tasks(tasks=[arn])
                aws.logs.describe_log_groups()
                aws.clock.sleep(1)
            aws.ecs.list_tasks()

        return work

    begun = time.perf_counter()
    for seed in range(times(20, 100)):
        aws = make_aws(throttling=False)
        race(aws, seed, *[deployer(aws) for _ in range(4)])
        assert len(aws.calls) == 2 + 4 * 30
    assert time.perf_counter() - begun < 6
