"""Token buckets: "Request throttling for the Amazon ECS API", "CloudWatch Logs quotas"."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from migratable_ecs.testing import FakeAws


def accepted(call: Callable[[], object], times: int) -> int:
    """How many of that many calls in a row are not throttled."""
    done = 0
    for _ in range(times):
        try:
            call()
        except ClientError as error:
            if error.response["Error"] != {"Code": "ThrottlingException", "Message": "Rate exceeded"}:
                raise
        else:
            done += 1
    return done


def test_reads_of_tasks_share_100_at_once_and_20_a_second(aws: FakeAws) -> None:
    assert accepted(aws.ecs.list_tasks, 60) == 60
    assert accepted(lambda: aws.ecs.describe_tasks(tasks=["0" * 32]), 60) == 40
    aws.clock.sleep(1)
    assert accepted(aws.ecs.list_tasks, 60) == 20
    aws.clock.sleep(0.5)
    assert accepted(aws.ecs.list_tasks, 60) == 10
    aws.clock.sleep(3600)
    assert accepted(aws.ecs.list_tasks, 150) == 100


def test_fargate_launches_20_a_second(aws: FakeAws, run: Callable[..., str]) -> None:
    assert accepted(lambda: run(aws), 30) == 20
    aws.clock.sleep(1)
    assert accepted(lambda: run(aws), 30) == 20


def test_a_throttled_call_has_no_effect(aws: FakeAws, run: Callable[..., str]) -> None:
    accepted(lambda: run(aws), 30)
    assert len(aws.ecs.tasks) == 20
    assert [call.error for call in aws.ecs.calls if call.operation == "RunTask"] == [None] * 20 + [
        "ThrottlingException"
    ] * 10


@pytest.mark.parametrize(
    ("region", "reads", "filters"),
    [("us-east-1", 25, 25), ("ap-northeast-1", 25, 10), ("eu-central-1", 10, 5), ("eu-west-3", 30, 10)],
)
def test_reads_of_logs_are_few_and_differ_by_region(region: str, reads: int, filters: int) -> None:
    aws = FakeAws(region=region)
    aws.logs.create_log_group(logGroupName="g")
    aws.logs.create_log_stream(logGroupName="g", logStreamName="s")
    assert accepted(lambda: aws.logs.get_log_events(logGroupName="g", logStreamName="s"), 60) == reads
    assert accepted(lambda: aws.logs.filter_log_events(logGroupName="g"), 60) == filters
    aws.clock.sleep(1)
    assert accepted(lambda: aws.logs.get_log_events(logGroupName="g", logStreamName="s"), 60) == reads


def test_a_test_may_lift_all_quotas() -> None:
    aws = FakeAws(throttling=False)
    assert accepted(aws.ecs.list_tasks, 500) == 500
