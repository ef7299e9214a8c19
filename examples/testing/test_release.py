"""Tests of the deployment code beside this file, on a fake AWS: no account, no network, no waiting."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from migratable_ecs.testing import (
    HOSTILE_PAGING,
    Consistency,
    FakeAws,
    Ingestion,
    Interleaving,
    exits,
    fargate_task_definition,
    never_starts,
    runs_out_of_memory,
    succeeds,
)
from release import ReleaseFailed, read_log, run_release

GROUP = "/ecs/web-release"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


def prepared(**settings: object) -> FakeAws:
    """A fake AWS with what your infrastructure would have made."""
    aws = FakeAws(**settings)  # type: ignore[arg-type]
    aws.logs.create_log_group(logGroupName=GROUP)
    aws.ecs.register_task_definition(**fargate_task_definition("web-release", log_group=GROUP))
    return aws


def test_a_release_that_works() -> None:
    aws = prepared()
    aws.ecs.script("web-release", succeeds("migrating", "done", duration=90))
    began = aws.clock.time()
    run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)
    assert len(aws.ecs.launched) == 1
    assert aws.clock.time() - began > 90, "a minute and a half on the fake clock, no time on yours"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (exits(1, "relation does not exist"), "exited with 1"),
        (runs_out_of_memory("loading"), "exited with 137"),
        (never_starts("CannotPullContainerError: not found", stage="pull"), "CannotPullContainerError"),
    ],
)
def test_every_way_to_fail_is_told(script: object, words: str) -> None:
    aws = prepared()
    aws.ecs.script("web-release", script)  # type: ignore[arg-type]
    with pytest.raises(ReleaseFailed, match=words):
        run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)


def test_no_capacity_is_told() -> None:
    aws = prepared()
    aws.ecs.refuse_placement("Capacity is unavailable at this time.")
    with pytest.raises(ReleaseFailed, match="Capacity is unavailable"):
        run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)


def test_an_answer_that_is_lost_does_not_start_a_second_task() -> None:
    aws = prepared()
    lost = EndpointConnectionError(endpoint_url="https://ecs.ap-northeast-1.amazonaws.com")
    aws.ecs.fail_next("RunTask", lost, takes_effect=True)
    with pytest.raises(EndpointConnectionError):
        run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)
    run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)
    assert len(aws.ecs.launched) == 1


def test_throttling_reaches_the_caller() -> None:
    aws = prepared()
    aws.ecs.fail_next("RunTask", "ThrottlingException", "Rate exceeded")
    with pytest.raises(ClientError, match="ThrottlingException"):
        run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", range(1, 6))
def test_killed_at_any_call_and_run_again_it_is_still_one_task(call: int, when: str) -> None:
    aws = prepared()
    with aws.killing(call, when):  # type: ignore[arg-type]
        run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)
    run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)
    assert len(aws.ecs.launched) == 1


@pytest.mark.parametrize("seed", range(50))
def test_three_pipelines_at_once_run_one_task(seed: int) -> None:
    aws = prepared(consistency=Consistency(describe_tasks=(0.0, 5.0)))

    def pipeline() -> str:
        return run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)

    outcomes = Interleaving(seed).run(aws.clock, pipeline, pipeline, pipeline)
    assert len({outcome.result for outcome in outcomes}) == 1
    assert aws.ecs.max_running_at_once("web-release") == 1


def test_a_log_is_read_whole_when_it_has_arrived() -> None:
    aws = prepared(paging=HOSTILE_PAGING, ingestion=Ingestion(late=(1.0, 15.0)))
    lines = [f"row {number}" for number in range(500)]
    aws.ecs.script("web-release", succeeds(*lines))
    arn = run_release(aws.client("ecs"), aws.clock, "v1", NETWORK)
    stream = f"web-release/migrate/{arn.rsplit('/', 1)[-1]}"
    assert read_log(aws.client("logs"), GROUP, stream) != lines, (
        "right after the exit, lines are still under way"
    )
    aws.clock.sleep(20)
    assert read_log(aws.client("logs"), GROUP, stream) == lines
