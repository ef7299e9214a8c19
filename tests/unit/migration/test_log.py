"""P7: every line, once, in order; the drain is complete and says so. On logs that are late, short, empty, throttled, or never come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from migratable_ecs.migration.errors import MigrationFailed
from migratable_ecs.migration.shell import LOG_END, MARKERS
from migratable_ecs.testing import (
    HOSTILE_PAGING,
    ContainerScript,
    Ingestion,
    Script,
    exits,
    fargate_task_definition,
    logs,
    runs_out_of_memory,
    succeeds,
)

from tests.unit.migration.scenario import FAMILY, Scenario
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
    assert record.log.reason == (
        "not provable: the command does not run in a shell, nor print MIGRATABLE_ECS_LOG_END; read for 15 s after the exit"
    )


def on_both_outputs(line: str) -> Callable[[Mapping[str, Any]], list[str]]:
    """What a program prints at its end, `line` with the marker that it finds in its environment."""
    return lambda environment: [line.format(environment[LOG_END])] * MARKERS


def without_a_shell(printing: Callable[[Mapping[str, Any]], list[str]], **aws_options: Any) -> Scenario:
    """A program that prints LINES, and at its end what `printing` makes of its environment."""
    scenario = Scenario(shell=False, aws_options=aws_options)

    def behave(_definition: object, overrides: Mapping[str, Any], _number: int) -> Script:
        (override,) = overrides["containerOverrides"]
        environment = {pair["name"]: pair["value"] for pair in override["environment"]}
        return succeeds(*LINES, *printing(environment), duration=20)

    scenario.aws.ecs.behave(behave)
    return scenario


@pytest.mark.parametrize("seed", range(times(1, 6)))
def test_without_a_shell_a_program_may_prove_its_log_itself(seed: int) -> None:
    scenario = without_a_shell(on_both_outputs("{}"), **{**HOSTILE, "seed": seed})
    record = scenario.run()
    assert scenario.shown == list(LINES)
    assert record.log.complete, record.log.reason
    assert record.log.lines == len(LINES)
    prompt = without_a_shell(on_both_outputs("{}"), ingestion=Ingestion(late=0.0)).run()
    assert prompt.log.complete
    assert prompt.timings["drain"] < 3


@pytest.mark.parametrize("line", [LOG_END + "={}", "'{}'", "{} ", "x{}"])
def test_a_program_that_lists_its_environment_has_proven_nothing(line: str) -> None:
    record = without_a_shell(on_both_outputs(line)).run()
    assert not record.log.complete
    assert record.log.lines == len(LINES) + MARKERS


def test_a_program_that_proves_one_output_has_proven_nothing() -> None:
    record = without_a_shell(lambda environment: [environment[LOG_END]]).run()
    assert not record.log.complete
    assert record.log.lines == len(LINES)


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


BEHIND = Ingestion(late=0.0, behind_tail=0.3, behind_by=(2.0, 4.0))


def refusing_heads(scenario: Scenario, code: str, times: int) -> None:
    """After the exit the first page from the head, which only the second reading asks for, is refused `times` times."""
    real, refused = scenario.aws.logs.get_log_events, [0]

    def get(**request: Any) -> Any:
        (launch,) = scenario.aws.ecs.launched or (None,)
        over = launch and launch.ended is not None and launch.ended <= scenario.aws.clock.time()
        if over and "nextToken" not in request and refused[0] < times:
            refused[0] += 1
            raise scenario.aws.logs.error("GetLogEvents", code, "Rate exceeded")
        return real(**request)

    scenario.aws.logs.get_log_events = get  # type: ignore[method-assign]


@pytest.mark.parametrize("seed", range(times(2, 8)))
def test_a_second_reading_that_is_throttled_is_tried_again(seed: int) -> None:
    scenario = Scenario(script=succeeds(*LINES, duration=20), aws_options={"ingestion": BEHIND, "seed": seed})
    refusing_heads(scenario, "ThrottlingException", times=3)
    scenario.run()
    assert sorted(scenario.shown) == sorted(LINES)


@pytest.mark.parametrize("seed", range(times(4, 12)))
@pytest.mark.parametrize("behind_by", [(0.0, 0.0), (2.0, 4.0), (2.0, 14.0)])
def test_lines_that_come_after_the_end_marker_are_shown_and_said(
    seed: int, behind_by: tuple[float, float]
) -> None:
    """The marker proves nothing on a log whose order is seen not to hold, unless nothing more comes until the bound."""
    ingestion = Ingestion(late=0.0, behind_tail=0.2, behind_by=behind_by)
    scenario = Scenario(
        script=succeeds(*LINES, duration=20), aws_options={"ingestion": ingestion, "seed": seed}
    )
    record = scenario.run()
    assert sorted(scenario.shown) == sorted(LINES)
    assert record.log.lines == len(LINES)
    came_after = "out of order and after the end marker" in record.log.reason
    assert record.log.complete is not came_after
    if behind_by == (0.0, 0.0):
        assert record.log.complete


def test_complete_is_never_claimed_when_the_second_reading_is_refused() -> None:
    scenario = Scenario(script=succeeds(*LINES, duration=20), aws_options={"ingestion": BEHIND})
    refusing_heads(scenario, "ThrottlingException", times=1000)
    record = scenario.run()
    assert record.status == "succeeded"
    assert len(scenario.shown) < len(LINES), "nothing had come behind our back"
    assert not record.log.complete
    assert "could not be read a second time: GetLogEvents: ThrottlingException" in record.log.reason


def test_a_group_that_the_log_driver_makes_is_read_once_it_is_there() -> None:
    """awslogs-create-group: the group is not there while the task is provisioned."""
    scenario = Scenario(script=succeeds("one", "two"))
    (container,) = fargate_task_definition(FAMILY, log_group="/made/by/the/driver")["containerDefinitions"]
    container["logConfiguration"]["options"]["awslogs-create-group"] = "true"
    container.update(entryPoint=["sh", "-c"], command=["migrate"])
    real = scenario.aws.logs.get_log_events

    def not_before_the_start(**request: Any) -> Any:
        if not scenario.aws.ecs.launched:
            raise scenario.aws.logs.error(
                "GetLogEvents", "ResourceNotFoundException", "The specified log group does not exist."
            )
        return real(**request)

    scenario.aws.logs.get_log_events = not_before_the_start  # type: ignore[method-assign]
    definition = fargate_task_definition(FAMILY, log_group="/made/by/the/driver")
    reply = scenario.aws.ecs.register_task_definition(**{**definition, "containerDefinitions": [container]})
    record = scenario.run(task_definition=reply["taskDefinition"]["taskDefinitionArn"])
    assert scenario.shown == ["one", "two"]
    assert record.log.complete


def test_half_a_surrogate_pair_breaks_nothing() -> None:
    """JSON can carry one; what encodes the line cannot."""
    scenario = Scenario(script=succeeds("row HERE"))
    real = scenario.aws.logs.get_log_events

    def get(**request: Any) -> Any:
        page = real(**request)
        events = [{**e, "message": e["message"].replace("HERE", "\ud83d")} for e in page["events"]]
        return {**page, "events": events}

    scenario.aws.logs.get_log_events = get  # type: ignore[method-assign]
    assert scenario.run().status == "succeeded"
    assert scenario.shown == ["row ?"]


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


def test_the_lines_of_a_sidecar_that_kept_the_migration_from_starting_are_waited_for() -> None:
    setup = {"name": "setup", "image": "setup:1", "essential": False}
    script = Script(containers={"setup": ContainerScript([(0.5, "no such host: db")], 1.0, 3)})
    waits = {"dependsOn": [{"containerName": "setup", "condition": "SUCCESS"}]}
    scenario = Scenario(
        script=script,
        sidecars=(setup,),
        definition_options=waits,
        aws_options={"ingestion": Ingestion(late=8.0)},
    )
    with pytest.raises(MigrationFailed) as caught:
        scenario.run()
    assert scenario.shown == ["[setup] no such host: db"]
    assert "no such host: db" in str(caught.value)
    assert caught.value.record is not None
    log: Any = caught.value.record["log"]
    assert (log["complete"], log["reason"]) == (False, "the container never ran")


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
