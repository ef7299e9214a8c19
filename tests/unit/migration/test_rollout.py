"""P5: the service runs the revision it was given, or the update fails with ECS's reason."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.migration.errors import MigrationInterrupted
from migratable_ecs.migration.rollout import RolloutFailed, RolloutSpec, judge, wait_until_rolled
from migratable_ecs.testing import FakeAws, Roll, fargate_task_definition

OLD, NEW = (
    "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1",
    "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:2",
)


def deployment(definition: str, status: str = "PRIMARY", **more: Any) -> dict[str, Any]:
    return {"taskDefinition": definition, "status": status, "desiredCount": 2, "runningCount": 2, **more}


def service(*deployments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"status": "ACTIVE", "deployments": list(deployments), **more}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (service(deployment(NEW, rolloutState="COMPLETED")), "steady"),
        (service(deployment(NEW, rolloutState="IN_PROGRESS")), "rolling"),
        (service(deployment(NEW, rolloutState="COMPLETED", runningCount=1)), "rolling"),
        (service(deployment(OLD, rolloutState="COMPLETED")), "settling"),
        (service(deployment(NEW, rolloutState="FAILED")), "failed"),
        (
            service(
                deployment(OLD, rolloutState="IN_PROGRESS"), deployment(NEW, "ACTIVE", rolloutState="FAILED")
            ),
            "failed",
        ),
        (service(deployment(NEW)), "steady"),
        (service(deployment(NEW), deployment(OLD, "ACTIVE")), "rolling"),
        (None, "settling"),
        ({"status": "INACTIVE"}, "settling"),
    ],
)
def test_what_an_answer_says(answer: dict[str, Any] | None, state: str) -> None:
    assert judge(answer, NEW).state == state


class Rolling:
    """A service on the fake ECS that was just given a new revision."""

    def __init__(self, roll: Roll) -> None:
        self.aws = FakeAws()
        self.lines: list[str] = []
        revisions = [self._register() for _ in range(2)]
        network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
        self.aws.ecs.create_service(
            cluster="default",
            serviceName="web",
            taskDefinition=revisions[0],
            desiredCount=2,
            networkConfiguration=network,
        )
        self.aws.clock.sleep(600)
        self.aws.ecs.roll("web", roll)
        self.aws.ecs.update_service(cluster="default", service="web", taskDefinition=revisions[1])
        self.spec = RolloutSpec("default", "web", revisions[1], timeout=900)

    def _register(self) -> str:
        reply = self.aws.ecs.register_task_definition(**fargate_task_definition("web"))
        return str(reply["taskDefinition"]["taskDefinitionArn"])

    def wait(self, **more: Any) -> None:
        wait_until_rolled(self.spec, self.aws.client("ecs"), self.aws.clock, self.lines.append, **more)


def test_a_roll_is_waited_for() -> None:
    rolling = Rolling(Roll(seconds=120))
    began = rolling.aws.clock.time()
    rolling.wait()
    assert 119 <= rolling.aws.clock.time() - began < 125
    assert rolling.lines == ["waiting until service web is steady", "service web is steady on web:2"]


@pytest.mark.parametrize("outcome", ["rolled_back", "failed"])
def test_a_rollback_by_the_circuit_breaker_is_a_failure_with_its_reason(outcome: Any) -> None:
    with pytest.raises(RolloutFailed) as caught:
        Rolling(Roll(outcome, seconds=60)).wait()
    text = str(caught.value)
    assert text.startswith("service web does not run web:2: its deployment failed: ")
    assert "tasks failed to start" in text
    assert "aws ecs describe-services --cluster default --services web" in text


def test_a_rollback_that_is_over_already_is_a_failure_too() -> None:
    rolling = Rolling(Roll("rolled_back", seconds=60, rollback_seconds=30))
    rolling.aws.clock.sleep(1800)
    with pytest.raises(RolloutFailed, match="does not run web:2"):
        rolling.wait()


def test_a_roll_that_never_ends_is_given_up_after_the_timeout() -> None:
    rolling = Rolling(Roll("stuck"))
    with pytest.raises(RolloutFailed, match="it is not steady after 900 s"):
        rolling.wait()


def test_cancel_leaves_the_service_rolling() -> None:
    with pytest.raises(MigrationInterrupted, match="service web goes on rolling"):
        Rolling(Roll("stuck")).wait(cancelled=lambda: True)


def test_a_clock_that_is_set_meanwhile_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rolling = Rolling(Roll(seconds=120))
    began, real = rolling.aws.clock.time(), rolling.aws.clock.time
    monkeypatch.setattr(rolling.aws.clock, "time", lambda: real() + (7200 if real() > began + 30 else 0))
    rolling.wait()


def test_a_service_that_may_not_be_looked_at_names_the_call_and_what_to_do() -> None:
    rolling = Rolling(Roll(seconds=60))
    rolling.aws.ecs.fail_next("DescribeServices", "AccessDeniedException", "not authorized", times=50)
    with pytest.raises(RolloutFailed) as caught:
        rolling.wait()
    assert "AccessDeniedException: not authorized. " in str(caught.value)
    assert "Allow DescribeServices" in str(caught.value)


def test_throttled_reads_are_tried_again() -> None:
    rolling = Rolling(Roll(seconds=60))
    rolling.aws.ecs.fail_next("DescribeServices", "ThrottlingException", "Rate exceeded", times=5)
    rolling.wait()
