"""SIGKILL at every boundary of a call."""

from collections.abc import Callable

import pytest
from migratable_ecs.testing import CrashPlan, FakeAws, Killed

Run = Callable[..., str]


def deploy(aws: FakeAws, run: Run) -> str:
    """Five calls to two services."""
    if not aws.ecs.list_tasks(startedBy="me")["taskArns"]:
        run(aws, startedBy="me")
    (arn,) = aws.ecs.list_tasks(startedBy="me")["taskArns"]
    aws.clock.sleep(1)
    aws.logs.describe_log_groups()
    aws.ecs.describe_tasks(tasks=[arn])
    return str(arn)


@pytest.mark.parametrize(("when", "started"), [("before", 0), ("after", 1)])
def test_the_call_takes_effect_or_not_and_the_caller_never_hears(
    aws: FakeAws, run: Run, when: str, started: int
) -> None:
    aws.crash_plan = CrashPlan(2, "before" if when == "before" else "after")
    with pytest.raises(Killed, match=f"{when} call 2 .RunTask."):
        deploy(aws, run)
    assert len(aws.ecs.tasks) == started


def test_calls_of_all_services_count(aws: FakeAws, run: Run) -> None:
    with aws.killing(4) as plan:
        deploy(aws, run)
    assert plan.fired
    assert [call.operation for call in aws.calls][-3:] == ["ListTasks", "RunTask", "ListTasks"]


def test_a_plan_beyond_the_last_call_kills_nobody(aws: FakeAws, run: Run) -> None:
    with aws.killing(6) as plan:
        deploy(aws, run)
    assert not plan.fired
    assert plan.seen == 5


def test_the_dead_neither_call_nor_sleep(aws: FakeAws, run: Run) -> None:
    tidied = []

    def deploy_and_tidy_up() -> None:
        try:
            deploy(aws, run)
        finally:
            for act in (lambda: aws.ecs.stop_task(task=aws.ecs.tasks[0].arn), lambda: aws.clock.sleep(1)):
                try:
                    act()
                except Killed:
                    tidied.append("dead")

    aws.ecs.crash_plan = CrashPlan(3)
    begun = aws.clock.time()
    with pytest.raises(Killed):
        deploy_and_tidy_up()
    assert tidied == ["dead", "dead"]
    assert aws.clock.time() == begun
    assert aws.ecs.tasks[0].desired_status(begun) == "RUNNING"


def test_killed_is_no_exception_that_error_handling_would_swallow(aws: FakeAws) -> None:
    def careless() -> None:
        try:
            aws.ecs.list_tasks()
        except Exception:
            pytest.fail("taken for an error")

    aws.crash_plan = CrashPlan(1)
    with pytest.raises(Killed):
        careless()


def test_afterwards_the_next_deployer_finds_what_the_dead_one_did(aws: FakeAws, run: Run) -> None:
    for call in range(1, 6):
        for when in ("before", "after"):
            with aws.killing(call, "before" if when == "before" else "after"):
                deploy(aws, run)
    assert deploy(aws, run) == aws.ecs.tasks[0].arn
    assert len(aws.ecs.tasks) == 1
