"""StopTask: SIGTERM, stopTimeout, SIGKILL."""

from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import (
    ContainerScript,
    FakeAws,
    Script,
    Timings,
    exits,
    fargate_task_definition,
    hangs,
)

Run = Callable[..., str]
Describe = Callable[[FakeAws, str], dict[str, Any]]

QUICK = Timings(0, 0, 0, 0, 0, signal=1, exit_to_stopped=10)


@pytest.fixture
def aws(make_aws: Callable[..., FakeAws]) -> FakeAws:
    return make_aws(timings=QUICK)


def exit_of(aws: FakeAws, arn: str, task: Describe) -> tuple[float, int]:
    """(seconds from now to the exit, exit code)."""
    begun = aws.clock.time()
    while "exitCode" not in task(aws, arn)["containers"][0]:
        aws.clock.sleep(0.1)
    ended = aws.ecs.launched[0].ended
    assert ended is not None
    return round(ended - begun, 3), task(aws, arn)["containers"][0]["exitCode"]


def test_a_container_that_obeys_sigterm_ends_at_once_with_143(aws: FakeAws, run: Run, task: Describe) -> None:
    aws.ecs.script("migrate", hangs())
    arn = run(aws)
    aws.clock.sleep(50)
    aws.ecs.stop_task(task=arn, reason="took too long")
    assert exit_of(aws, arn, task) == (1.2, 143)
    found = task(aws, arn)
    assert (found["stopCode"], found["stoppedReason"]) == ("UserInitiated", "took too long")


@pytest.mark.parametrize(("given", "grace"), [({}, 30), ({"stopTimeout": 90}, 90)])
def test_one_that_does_not_is_killed_after_stop_timeout(
    aws: FakeAws, run: Run, task: Describe, given: dict[str, int], grace: int
) -> None:
    aws.ecs.register_task_definition(**fargate_task_definition("migrate", **given))
    aws.ecs.script("migrate", hangs(obeys_sigterm=False))
    arn = run(aws)
    aws.clock.sleep(50)
    aws.ecs.stop_task(task=arn)
    assert exit_of(aws, arn, task) == (1 + grace, 137)


def test_one_that_was_nearly_done_may_still_end_well(aws: FakeAws, run: Run, task: Describe) -> None:
    aws.ecs.script("migrate", Script(ContainerScript(duration=60, on_sigterm=None)))
    arn = run(aws)
    aws.clock.sleep(50)
    aws.ecs.stop_task(task=arn)
    assert exit_of(aws, arn, task) == (10, 0)
    assert task(aws, arn)["stopCode"] == "UserInitiated"


def test_from_the_call_on_the_task_is_no_longer_listed_as_running_though_its_container_is(
    aws: FakeAws, run: Run, task: Describe
) -> None:
    aws.ecs.script("migrate", hangs(obeys_sigterm=False))
    arn = run(aws)
    aws.clock.sleep(50)
    aws.ecs.stop_task(task=arn)
    assert aws.ecs.list_tasks(family="migrate")["taskArns"] == []
    assert aws.ecs.list_tasks(family="migrate", desiredStatus="STOPPED")["taskArns"] == [arn]
    aws.clock.sleep(20)
    assert task(aws, arn)["containers"][0]["lastStatus"] == "RUNNING"
    assert aws.ecs.launched[0].ended is None


def test_a_task_that_has_not_begun_never_does(
    make_aws: Callable[..., FakeAws], run: Run, task: Describe
) -> None:
    aws = make_aws()
    arn = run(aws)
    aws.clock.sleep(1)
    aws.ecs.stop_task(task=arn)
    aws.clock.sleep(600)
    assert task(aws, arn)["lastStatus"] == "STOPPED"
    assert "exitCode" not in task(aws, arn)["containers"][0]
    assert aws.ecs.launched == []


def test_stopping_a_task_again_or_after_its_end_changes_nothing(
    aws: FakeAws, run: Run, task: Describe
) -> None:
    aws.ecs.script("migrate", exits(4, duration=5))
    arn = run(aws)
    aws.clock.sleep(20)
    before = task(aws, arn)
    aws.ecs.stop_task(task=arn, reason="again")
    assert task(aws, arn) == before
    assert before["containers"][0]["exitCode"] == 4


def test_an_unknown_task_is_an_error(aws: FakeAws) -> None:
    with pytest.raises(
        aws.ecs.exceptions.InvalidParameterException, match="The referenced task was not found"
    ):
        aws.ecs.stop_task(task="f" * 32)
