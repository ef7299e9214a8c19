"""Credentials that expire, a network that goes away: the task goes on, and the run says so instead of calling it failed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from migratable_ecs.migration.errors import LostSight, MigrationError, MigrationFailed, MigrationInterrupted
from migratable_ecs.testing import Consistency, FakeAws, hangs, succeeds

from tests.unit.migration.scenario import Scenario

pytestmark = pytest.mark.thorough(keep=3)

EXPIRED = "The security token included in the request is expired"


def expire(aws: FakeAws, after: float) -> None:
    """From `after` seconds on every call is refused, as when a pipeline's session is over."""
    moment = aws.clock.time() + after
    for service in ("ecs", "logs", "sts", "ecr", "rds"):
        client = aws.client(service)
        serve = client._serve

        def refuse(call: Any, handler: Any, params: Any, serve: Any = serve, client: Any = client) -> Any:
            if aws.clock.time() >= moment:
                raise client.error(call.operation, "ExpiredTokenException", EXPIRED)
            return serve(call, handler, params)

        client._serve = refuse  # type: ignore[method-assign]


def renew(aws: FakeAws) -> None:
    for service in ("ecs", "logs", "sts", "ecr", "rds"):
        del aws.client(service)._serve  # type: ignore[misc]


class TestCredentialsExpire:
    @pytest.mark.parametrize("after", [5, 40, 100, 200])
    def test_the_run_says_that_the_task_goes_on_and_the_next_one_adopts_it(self, after: float) -> None:
        scenario = Scenario(script=succeeds("one", "two", duration=300))
        expire(scenario.aws, after)
        with pytest.raises(LostSight) as caught:
            scenario.run()
        (task,) = scenario.aws.ecs.tasks
        assert f"Task {task.arn} goes on meanwhile; the next `pulumi up` adopts it." in str(caught.value)
        renew(scenario.aws)
        scenario.lines.clear()
        record = scenario.run()
        assert (record.status, record.adopted) == ("succeeded", True)
        assert scenario.shown == ["one", "two"]
        assert len(scenario.aws.ecs.launched) == 1

    def test_it_is_no_failure_that_warn_could_wave_through(self) -> None:
        assert issubclass(LostSight, MigrationInterrupted)
        assert not issubclass(LostSight, MigrationFailed)

    def test_before_anything_is_started_it_is_said_too(self) -> None:
        scenario = Scenario()
        expire(scenario.aws, 0)
        with pytest.raises(MigrationError) as caught:
            scenario.run()
        assert "ExpiredToken" in str(caught.value)
        assert scenario.aws.ecs.tasks == []

    def test_after_the_end_the_result_stands(self) -> None:
        """The exit was seen; that the log and the history cannot be reached any longer is said."""
        scenario = Scenario(script=succeeds("one", duration=20))
        probe = Scenario(script=succeeds("one", duration=20))
        probe.run()
        ended = probe.aws.ecs.launched[0].ended
        assert ended is not None
        expire(scenario.aws, ended - probe.aws.ecs.tasks[0].created + 1.5)
        record = scenario.run()
        assert record.status == "succeeded"
        assert not record.log.complete
        assert any("could not be written to the history" in line for line in scenario.lines)


@pytest.mark.parametrize("operation", ["ListTasks", "DescribeTasks"])
def test_a_list_that_is_not_allowed_starts_nothing_and_is_one_message(operation: str) -> None:
    scenario = Scenario(script=succeeds("ok", duration=30))
    with scenario.aws.killing(30, "after"):
        scenario.run()
    started = len(scenario.aws.ecs.tasks)
    scenario.aws.ecs.fail_next(
        operation, "AccessDeniedException", f"not authorized: ecs:{operation}", times=50
    )
    with pytest.raises(LostSight) as caught:
        scenario.run()
    assert "This deployment has started no task." in str(caught.value)
    assert len(scenario.aws.ecs.tasks) == started


def test_when_ecs_refuses_right_after_the_start_the_task_is_named() -> None:
    scenario = Scenario(script=succeeds(duration=60))
    scenario.aws.ecs.fail_next("ListTasks", "ExpiredTokenException", EXPIRED, after=2, times=50)
    scenario.aws.ecs.fail_next("DescribeTasks", "ExpiredTokenException", EXPIRED, times=50)
    with pytest.raises(LostSight) as caught:
        scenario.run()
    (task,) = scenario.aws.ecs.tasks
    assert f"Task {task.arn} goes on meanwhile" in str(caught.value)


class TestTheAnswerToRunTaskIsLost:
    """A task may be there: whatever is refused next, it must not read as if none were."""

    def scenario(self) -> Scenario:
        late = Consistency(list_tasks=600.0)
        scenario = Scenario(script=succeeds("one", duration=300), aws_options={"consistency": late})
        scenario.aws.ecs.fail_next("RunTask", "ServerException", times=8, takes_effect=True)
        return scenario

    def test_and_then_the_list_is_refused(self) -> None:
        scenario = self.scenario()
        scenario.aws.ecs.fail_next("ListTasks", "ExpiredTokenException", EXPIRED, after=2, times=50)
        with pytest.raises(LostSight) as caught:
            scenario.run()
        assert len(scenario.aws.ecs.tasks) == 1
        assert "so a task may be executing; the next run adopts it." in str(caught.value)

    def test_and_then_the_next_try_is_refused(self) -> None:
        """Under `warn` a MigrationFailed here would let the service roll beside the migration."""
        scenario = self.scenario()
        scenario.aws.ecs.fail_next("RunTask", "AccessDeniedException", "not authorized", times=50)
        with pytest.raises(LostSight, match="A task may have been started; the next run adopts it"):
            scenario.run()
        assert len(scenario.aws.ecs.tasks) == 1


class TestAnOutage:
    @pytest.mark.parametrize(
        "error",
        [
            "ServerException",
            "ThrottlingException",
            EndpointConnectionError(endpoint_url="https://ecs.ap-northeast-1.amazonaws.com"),
        ],
    )
    def test_is_waited_out(self, error: Any) -> None:
        scenario = Scenario(script=succeeds("one", "two", duration=300))
        scenario.aws.ecs.fail_next("DescribeTasks", error, after=20, times=120)
        scenario.aws.logs.fail_next("GetLogEvents", error, after=20, times=60)
        record = scenario.run()
        assert record.status == "succeeded"
        assert scenario.shown == ["one", "two"]

    def test_a_task_that_is_not_found_for_some_seconds_is_not_gone(self) -> None:
        """In the middle of a run, not only at its beginning."""
        scenario = Scenario(script=succeeds("one", duration=600))
        real = scenario.aws.ecs.describe_tasks
        blind = scenario.aws.clock.time() + 300

        def describe(**request: Any) -> Any:
            if blind <= scenario.aws.clock.time() < blind + 40:
                missing = [{"arn": arn, "reason": "MISSING"} for arn in request["tasks"]]
                scenario.aws.clock.advance(0.01)
                return {"tasks": [], "failures": missing}
            return real(**request)

        scenario.aws.ecs.describe_tasks = describe  # type: ignore[method-assign]
        assert scenario.run().status == "succeeded"

    def test_a_task_that_ecs_has_forgotten_is_not_waited_for_until_the_timeout(self) -> None:
        scenario = Scenario(script=hangs())
        missing: dict[str, Any] = {"tasks": [], "failures": []}
        began = scenario.aws.clock.time()
        real = scenario.aws.ecs.describe_tasks
        scenario.aws.ecs.describe_tasks = lambda **r: (  # type: ignore[method-assign]
            missing if scenario.aws.clock.time() > began + 120 else real(**r)
        )
        with pytest.raises(MigrationFailed) as caught:
            scenario.run(timeout=10_000)
        assert scenario.aws.clock.time() - began < 300
        assert caught.value.record is not None
        assert caught.value.record["cause"] == "task-vanished"
        (task,) = scenario.aws.ecs.tasks
        assert caught.value.record["task_arn"] == task.arn


def test_a_success_that_ecs_forgets_while_it_is_adopted_is_a_success() -> None:
    """Found in the list in the last second of its hour."""
    scenario = Scenario(script=succeeds("one"))
    with scenario.aws.killing(30, "after"):
        scenario.run()
    (task,) = scenario.aws.ecs.tasks
    forgotten = task.timeline.stopped + 3600
    scenario.aws.clock.advance_to(forgotten - 0.14)
    scenario.aws.clock.wire.latency = 0.02
    assert scenario.run().status == "succeeded"
    assert len(scenario.aws.ecs.launched) == 1
    described = [call.time for call in scenario.aws.calls if call.operation == "DescribeTasks"]
    assert forgotten - described[-1] < 0.04, "not in the last moment"


def test_no_credentials_at_all_is_one_message() -> None:
    scenario = Scenario()
    scenario.aws.sts.fail_next("GetCallerIdentity", NoCredentialsError(), times=50)
    with pytest.raises(MigrationError, match="Unable to locate credentials"):
        scenario.run()
