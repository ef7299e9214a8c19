"""P7: every line, once, in order; the drain is complete and says so. On logs that are late, short, empty, throttled, or never come."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from migratable_ecs.migration.errors import MigrationFailed
from migratable_ecs.testing import (
    HOSTILE_PAGING,
    ContainerScript,
    Ingestion,
    Script,
    exits,
    logs,
    runs_out_of_memory,
    succeeds,
)

from tests.unit.migration.scenario import Scenario
from tests.unit.repetitions import times

LINES = tuple(f"Applying app.{number:04d}_step... OK" for number in range(120))
HOSTILE = {
    "ingestion": Ingestion(late=(0.0, 15.0), tick=1000),
    "paging": HOSTILE_PAGING,
}


@pytest.mark.parametrize("seed", range(times(4, 8)))
@pytest.mark.parametrize("batch", [0.0, 5.0])
def test_nothing_lost_nothing_twice_in_order(seed: int, batch: float) -> None:
    assert_whole(seed, batch)


def assert_whole(seed: int, batch: float) -> None:
    """tests/integration/engine/ tries it with many more seeds."""
    options = {**HOSTILE, "seed": seed, "ingestion": Ingestion(late=(0.0, 15.0), batch=batch, tick=1000)}
    scenario = Scenario(script=succeeds(*LINES, duration=20), aws_options=options)
    record = scenario.run()
    assert scenario.shown == list(LINES)
    assert record.log.complete
    assert record.log.lines == len(LINES)


@pytest.mark.parametrize("seed", range(times(3, 6)))
def test_without_a_shell_every_line_comes_too_but_completeness_is_not_claimed(seed: int) -> None:
    scenario = Scenario(
        script=succeeds(*LINES, duration=20), shell=False, aws_options={**HOSTILE, "seed": seed}
    )
    record = scenario.run()
    assert scenario.shown == list(LINES)
    assert not record.log.complete
    assert "not provable: the command does not run in a shell" in record.log.reason


@pytest.mark.parametrize("withheld", [0, 60, len(LINES) - 1, len(LINES), len(LINES) + 1])
def test_complete_is_never_claimed_when_the_tail_is_withheld(withheld: int) -> None:
    """Everything from that line on never arrives; the last two are the end markers."""
    ingestion = Ingestion(late=(0.0, 3.0), withheld=lambda _stream, number: number >= withheld)
    scenario = Scenario(script=succeeds(*LINES, duration=20), aws_options={"ingestion": ingestion})
    record = scenario.run()
    assert not record.log.complete
    assert record.log.reason == "the end marker did not arrive within 15 s of the exit"
    assert scenario.shown == list(LINES[:withheld])


def test_the_accounts_can_be_checked_by_anyone() -> None:
    record = Scenario(script=succeeds("one", "two")).run()
    assert record.log.lines == 2
    assert record.log.sha256 == hashlib.sha256(b"one\ntwo\n").hexdigest()
    assert record.log.reason == "the end marker has arrived"


def test_events_that_arrive_behind_the_reader_are_still_shown() -> None:
    ingestion = Ingestion(late=0.0, behind_tail=0.2, behind_by=(2.0, 8.0))
    for seed in range(5):
        scenario = Scenario(
            script=succeeds(*LINES, duration=20),
            shell=False,
            aws_options={"ingestion": ingestion, "seed": seed},
        )
        record = scenario.run()
        assert sorted(scenario.shown) == sorted(LINES)
        assert record.log.lines == len(LINES)


def test_a_run_without_a_line_does_not_hang() -> None:
    scenario = Scenario(script=Script(ContainerScript((), 5.0)))
    began = scenario.aws.clock.time()
    record = scenario.run()
    assert (record.log.lines, record.log.complete) == (0, True)
    assert scenario.aws.clock.time() - began < 120


def test_throttled_reads_are_tried_again() -> None:
    scenario = Scenario(script=succeeds(*LINES, duration=20))
    scenario.aws.logs.fail_next("GetLogEvents", "ThrottlingException", times=7)
    record = scenario.run()
    assert scenario.shown == list(LINES)
    assert record.log.complete


def test_a_log_that_may_not_be_read_is_said_and_the_migration_goes_on() -> None:
    scenario = Scenario()
    scenario.aws.logs.fail_next("GetLogEvents", "AccessDeniedException", times=1000)
    record = scenario.run()
    assert record.status == "succeeded"
    assert not record.log.complete
    assert "AccessDeniedException" in record.log.reason
    assert any("could not be read" in line for line in scenario.lines)


def test_all_containers_are_shown_and_told_apart() -> None:
    sidecar = {"name": "proxy", "image": "proxy:1", "essential": False}
    script = Script(
        ContainerScript([(1.0, "migrating"), (3.0, "migrated")], 5.0),
        containers={"proxy": ContainerScript([(0.5, "listening")], None)},
    )
    scenario = Scenario(script=script, sidecars=(sidecar,))
    scenario.run()
    assert sorted(scenario.shown) == ["[proxy] listening", "migrated", "migrating"]


def test_after_an_out_of_memory_kill_the_marker_is_not_waited_for_longer_than_the_bound() -> None:
    scenario = Scenario(script=runs_out_of_memory("loading", duration=5))
    with pytest.raises(MigrationFailed) as caught:
        scenario.run()
    assert caught.value.record is not None
    log: Any = caught.value.record["log"]
    assert (log["lines"], log["complete"]) == (1, False)


@pytest.mark.thorough
def test_a_silence_of_more_than_a_day_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of GetLogEvents lives 24 hours; here a day has half an hour."""
    monkeypatch.setattr(logs, "TOKEN_LIFE", 1800.0)
    silence_of(2000.0)


def silence_of(seconds: float) -> None:
    script = Script(ContainerScript([(1.0, "first"), (seconds, "last")], seconds + 5))
    scenario = Scenario(script=script)
    scenario.run(timeout=2 * seconds)
    assert scenario.shown == ["first", "last"]
    errors = [call.error for call in scenario.aws.calls if call.operation == "GetLogEvents"]
    assert "InvalidParameterException" in errors, "no token died"


class TestOthersOnTheSameLog:
    """What the usual ways lose on the log that loses nothing above."""

    def test_boto3_examples_stop_at_stopped(self) -> None:
        lost = 0
        for seed in range(10):
            options = {**HOSTILE, "seed": seed}
            scenario = Scenario(script=succeeds(*LINES, duration=20), aws_options=options)
            lost += len(LINES) - len(_tail_until_stopped(scenario))
        assert lost > 0

    def test_a_five_second_tail(self) -> None:
        lost = 0
        for seed in range(10):
            options = {**HOSTILE, "seed": seed}
            scenario = Scenario(script=exits(1, *LINES, duration=20), aws_options=options)
            lost += len(LINES) - len(set(_tail_until_exit(scenario)))
        assert lost > 0


def _start(scenario: Scenario) -> str:
    reply = scenario.aws.ecs.run_task(
        cluster="default",
        taskDefinition=scenario.definition_arn,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    return str(reply["tasks"][0]["taskArn"])


def _read_once(scenario: Scenario, arn: str, token: str | None) -> tuple[list[str], str | None]:
    stream = f"web-migrate/migrate/{arn.rsplit('/', 1)[-1]}"
    position = {"nextToken": token} if token else {}
    try:
        page = scenario.aws.logs.get_log_events(
            logGroupName="/ecs/web-migrate", logStreamName=stream, startFromHead=True, **position
        )
    except Exception:
        return [], token
    return [event["message"] for event in page["events"]], page["nextForwardToken"]


def _tail_until_stopped(scenario: Scenario) -> list[str]:
    """boto3's waiter, then one GetLogEvents: the usual example."""
    arn = _start(scenario)
    while (
        scenario.aws.ecs.describe_tasks(cluster="default", tasks=[arn])["tasks"][0]["lastStatus"] != "STOPPED"
    ):
        scenario.aws.clock.sleep(6.0)
    return _read_once(scenario, arn, None)[0]


def _tail_until_exit(scenario: Scenario) -> list[str]:
    """One page every second until the container has exited, then for five seconds more."""
    arn = _start(scenario)
    shown: list[str] = []
    token: str | None = None
    ends = None
    while ends is None or scenario.aws.clock.time() < ends:
        task = scenario.aws.ecs.describe_tasks(cluster="default", tasks=[arn])["tasks"][0]
        if ends is None and task["containers"][0].get("exitCode") is not None:
            ends = scenario.aws.clock.time() + 5.0
        lines, token = _read_once(scenario, arn, token)
        shown += lines
        scenario.aws.clock.sleep(1.0)
    return shown
