"""Rolls, and the circuit breaker that makes a rolled-back service look steady."""

from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import FakeAws, Roll, fargate_task_definition


@pytest.fixture
def aws() -> FakeAws:
    aws = FakeAws()
    for image in ("web:1", "web:2"):
        aws.ecs.register_task_definition(**fargate_task_definition("web", image=image))
    aws.ecs.create_service(serviceName="web", taskDefinition="web:1", desiredCount=2)
    aws.clock.sleep(60)
    return aws


def service(aws: FakeAws) -> dict[str, Any]:
    (found,) = aws.ecs.describe_services(services=["web"])["services"]
    return dict(found)


def deployments(aws: FakeAws) -> list[tuple[str, str, str]]:
    """(status, revision, rolloutState) of each."""
    return [
        (item["status"], item["taskDefinition"].rsplit("/", 1)[1], item["rolloutState"])
        for item in service(aws)["deployments"]
    ]


def test_a_roll_ends_with_one_completed_deployment(aws: FakeAws) -> None:
    assert deployments(aws) == [("PRIMARY", "web:1", "COMPLETED")]
    aws.ecs.update_service(service="web", taskDefinition="web:2")
    assert deployments(aws) == [("PRIMARY", "web:2", "IN_PROGRESS"), ("ACTIVE", "web:1", "COMPLETED")]
    aws.clock.sleep(60)
    assert deployments(aws) == [("PRIMARY", "web:2", "COMPLETED")]
    assert (service(aws)["runningCount"], service(aws)["desiredCount"]) == (2, 2)


def test_a_roll_that_is_rolled_back_ends_steady_on_the_old_revision(aws: FakeAws) -> None:
    aws.ecs.roll("web", Roll("rolled_back", seconds=100, rollback_seconds=50))
    aws.ecs.update_service(service="web", taskDefinition="web:2")
    aws.clock.sleep(99)
    assert deployments(aws)[0] == ("PRIMARY", "web:2", "IN_PROGRESS")
    aws.clock.sleep(1)
    assert deployments(aws)[:2] == [("PRIMARY", "web:1", "IN_PROGRESS"), ("ACTIVE", "web:2", "FAILED")]
    aws.clock.sleep(50)
    assert deployments(aws) == [("PRIMARY", "web:1", "COMPLETED")]
    (deployment,) = service(aws)["deployments"]
    assert "circuit breaker: rolling back" in deployment["rolloutStateReason"]
    # What boto3 takes for success is true here, though web:2 does not run.
    aws.ecs.get_waiter("services_stable").wait(services=["web"])
    assert service(aws)["taskDefinition"].endswith("web:1")


@pytest.mark.parametrize(("outcome", "state"), [("failed", "FAILED"), ("stuck", "IN_PROGRESS")])
def test_a_roll_may_also_fail_without_rollback_or_never_end(aws: FakeAws, outcome: Any, state: str) -> None:
    aws.ecs.roll("web", Roll(outcome))
    aws.ecs.update_service(service="web", taskDefinition="web:2")
    aws.clock.sleep(5000)
    assert deployments(aws) == [("PRIMARY", "web:2", state), ("ACTIVE", "web:1", "COMPLETED")]
    assert service(aws)["deployments"][0]["failedTasks"] == 3
    assert service(aws)["runningCount"] == 2


def test_an_update_that_changes_nothing_deploys_nothing(aws: FakeAws) -> None:
    before = deployments(aws)
    aws.ecs.update_service(service="web", taskDefinition="web:1", enableExecuteCommand=True)
    assert deployments(aws) == before
    assert service(aws)["enableExecuteCommand"] is True
    aws.ecs.update_service(service="web", desiredCount=5)
    assert deployments(aws) == before
    assert (service(aws)["runningCount"], service(aws)["deployments"][0]["desiredCount"]) == (5, 5)
    aws.ecs.update_service(service="web", forceNewDeployment=True)
    assert deployments(aws)[0][2] == "IN_PROGRESS"


def test_a_new_roll_takes_the_place_of_a_foreseen_rollback(aws: FakeAws) -> None:
    aws.ecs.roll("web", Roll("rolled_back", seconds=100))
    aws.ecs.update_service(service="web", taskDefinition="web:2")
    aws.clock.sleep(50)
    aws.ecs.update_service(service="web", taskDefinition="web:1")
    aws.clock.sleep(200)
    assert deployments(aws) == [("PRIMARY", "web:1", "COMPLETED")]
    assert "circuit breaker" not in service(aws)["deployments"][0]["rolloutStateReason"]


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda aws: aws.ecs.update_service(service="api"), "ServiceNotFoundException"),
        (lambda aws: aws.ecs.update_service(service="web", taskDefinition="no"), "ClientException"),
        (
            lambda aws: aws.ecs.create_service(serviceName="web", taskDefinition="web"),
            "InvalidParameterException",
        ),
        (lambda aws: aws.ecs.delete_service(service="web"), "InvalidParameterException"),
        (lambda aws: aws.ecs.describe_services(services=["web"] * 11), "InvalidParameterException"),
    ],
)
def test_what_is_refused(aws: FakeAws, act: Callable[[FakeAws], Any], code: str) -> None:
    with pytest.raises(aws.ecs.exceptions.ClientError) as caught:
        act(aws)
    assert caught.value.response["Error"]["Code"] == code


def test_a_deleted_service_is_inactive_and_an_unknown_one_missing(aws: FakeAws) -> None:
    aws.ecs.delete_service(service="web", force=True)
    assert service(aws)["status"] == "INACTIVE"
    with pytest.raises(aws.ecs.exceptions.ServiceNotActiveException):
        aws.ecs.update_service(service="web", desiredCount=1)
    assert aws.ecs.describe_services(services=["api"])["failures"][0]["reason"] == "MISSING"
