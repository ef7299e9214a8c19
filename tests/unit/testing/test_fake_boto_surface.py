"""What a caller of boto3 takes for granted."""

from collections.abc import Callable

import migratable_ecs.testing as testing
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, WaiterError
from migratable_ecs.testing import FakeAws, Script, StartFailure, Timings, exits


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({}, 'Missing required parameter in input: "taskDefinition"'),
        ({"taskDefinition": "migrate", "family": "x"}, 'Unknown parameter in input: "family"'),
        ({"taskDefinition": 1}, "Invalid type for parameter taskDefinition"),
    ],
)
def test_wrong_parameters_are_refused_by_boto3s_own_check_before_any_call(
    aws: FakeAws, wrong: dict[str, object], complaint: str
) -> None:
    before = len(aws.calls)
    with pytest.raises(ParamValidationError, match=complaint):
        aws.ecs.run_task(**wrong)
    assert len(aws.calls) == before


def test_errors_are_the_classes_of_the_client_with_code_operation_and_message(aws: FakeAws) -> None:
    with pytest.raises(aws.ecs.exceptions.ClusterNotFoundException) as caught:
        aws.ecs.list_tasks(cluster="nowhere")
    assert isinstance(caught.value, ClientError)
    assert caught.value.response["Error"] == {
        "Code": "ClusterNotFoundException",
        "Message": "Cluster not found.",
    }
    assert caught.value.operation_name == "ListTasks"
    assert str(caught.value).startswith(
        "An error occurred (ClusterNotFoundException) when calling the ListTasks"
    )


def test_codes_without_a_class_of_their_own_are_client_errors(aws: FakeAws) -> None:
    aws.ecs.fail_next("ListTasks", "ExpiredTokenException", "The security token is expired")
    with pytest.raises(ClientError, match="security token"):
        aws.ecs.list_tasks()


def test_scripted_errors_come_as_often_and_as_late_as_asked_for(aws: FakeAws) -> None:
    aws.ecs.fail_next("ListTasks", "ThrottlingException", times=2, after=1)
    outcomes = []
    for _ in range(4):
        try:
            outcomes.append(aws.ecs.list_tasks()["taskArns"])
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == [[], "ThrottlingException", "ThrottlingException", []]


def test_a_lost_reply_hides_that_the_call_took_effect(aws: FakeAws, run: Callable[..., str]) -> None:
    lost = EndpointConnectionError(endpoint_url=aws.ecs.meta.endpoint_url)
    aws.ecs.fail_next("RunTask", lost, takes_effect=True)
    with pytest.raises(EndpointConnectionError):
        run(aws)
    assert len(aws.ecs.list_tasks()["taskArns"]) == 1


def test_throttling_may_hide_inside_an_invalid_parameter(aws: FakeAws, run: Callable[..., str]) -> None:
    aws.ecs.hide_throttling()
    with pytest.raises(aws.ecs.exceptions.InvalidParameterException, match=r"ErrorCode: Throttling"):
        run(aws)
    assert run(aws)


def test_paginators_are_boto3s(aws: FakeAws, run: Callable[..., str]) -> None:
    arns = {run(aws) for _ in range(7)}
    pages = list(aws.ecs.get_paginator("list_tasks").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["taskArns"]) for page in pages] == [3, 3, 1]
    assert {arn for page in pages for arn in page["taskArns"]} == arns
    assert aws.ecs.can_paginate("list_tasks")
    assert not aws.ecs.can_paginate("run_task")


def test_waiters_poll_as_boto3s_do_but_on_the_fake_clock(
    make_aws: Callable[..., FakeAws], run: Callable[..., str]
) -> None:
    aws = make_aws(timings=Timings(0, 0, 0, 0, 0, exit_to_stopped=10))
    aws.ecs.script("migrate", exits(0, duration=5))
    arn, begun = run(aws), aws.clock.time()
    aws.ecs.get_waiter("tasks_stopped").wait(tasks=[arn])
    # Stopped after 15 s; the waiter looks every 6 s.
    assert aws.clock.time() - begun == 18


def test_the_waiter_for_running_tasks_fails_on_one_that_never_starts(
    aws: FakeAws, run: Callable[..., str]
) -> None:
    aws.ecs.script("migrate", Script(start_failure=StartFailure("no network")))
    with pytest.raises(WaiterError, match="terminal failure"):
        aws.ecs.get_waiter("tasks_running").wait(tasks=[run(aws)])


def test_the_waiter_for_stopped_tasks_turns_in_circles_over_a_task_that_is_gone(aws: FakeAws) -> None:
    begun = aws.clock.time()
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        aws.ecs.get_waiter("tasks_stopped").wait(tasks=["0" * 32])
    assert aws.clock.time() - begun == 99 * 6


def test_the_facade_stands_where_a_session_would(aws: FakeAws) -> None:
    assert aws.client("ecs", region_name=aws.region_name) is aws.ecs
    assert aws.client("logs").meta.region_name == "ap-northeast-1"
    with pytest.raises(ValueError, match="no fake of s3, only of ecr, ecs, logs, rds, sts"):
        aws.client("s3")


def test_the_ledger_numbers_the_calls_of_all_services(aws: FakeAws) -> None:
    aws.calls.clear()
    aws.ecs.list_tasks()
    aws.clock.sleep(5)
    aws.sts.get_caller_identity()
    first, second = aws.calls
    assert (first.service, first.operation, second.service) == ("ecs", "ListTasks", "sts")
    assert second.number == first.number + 1
    assert second.time == first.time + 5
    assert aws.ecs.calls == [first]


def test_latency_is_paid_by_every_call(make_aws: Callable[..., FakeAws]) -> None:
    aws = make_aws(latency=0.2)
    begun = aws.clock.time()
    aws.ecs.list_tasks()
    assert aws.clock.time() - begun == pytest.approx(0.2)


def test_all_public_names_exist_and_are_sorted_as_ruff_sorts_them() -> None:
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    assert len(set(testing.__all__)) == len(testing.__all__)
