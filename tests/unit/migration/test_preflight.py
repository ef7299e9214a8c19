"""What must be true before a task is started; each refusal is one sentence with the value and the remedy."""

from __future__ import annotations

import pytest
from migratable_ecs.migration.errors import PreflightFailed
from migratable_ecs.migration.spec import Backup

from tests.unit.migration.scenario import DIGEST, GROUP, Scenario

OTHER_ACCOUNT = "210987654321"


def refusal(scenario: Scenario, **options: object) -> str:
    with pytest.raises(PreflightFailed) as caught:
        scenario.run(**options)
    assert scenario.aws.ecs.tasks == []
    assert not [call for call in scenario.aws.calls if call.operation == "RunTask"]
    text = str(caught.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text


def test_all_well() -> None:
    scenario = Scenario()
    digest = scenario.aws.ecr.push("shop", "v1")
    image = f"{scenario.aws.ecr.uri('shop')}@{digest}"
    record = scenario.run(digest=digest, image=image, account=scenario.aws.account, region="ap-northeast-1")
    assert record.status == "succeeded"


def test_it_is_made_of_reads_only() -> None:
    scenario = Scenario()
    before = len(scenario.aws.calls)
    scenario.run()
    operations = [call.operation for call in scenario.aws.calls[before:]]
    first = operations[: operations.index("ListTasks")]
    assert first == ["GetCallerIdentity", "DescribeClusters", "DescribeTaskDefinition", "DescribeLogGroups"]


def test_another_account() -> None:
    text = refusal(Scenario(), account=OTHER_ACCOUNT)
    assert "boto3 acts on account 123456789012 but the aws provider on 210987654321" in text
    assert "use the same aws:profile or credentials for both" in text


def test_another_region() -> None:
    text = refusal(Scenario(), region="eu-west-1")
    assert "boto3 acts in region ap-northeast-1 but the aws provider in eu-west-1" in text
    assert "set aws:region" in text


def test_a_cluster_that_is_not_there() -> None:
    assert refusal(Scenario(), cluster="shop") == (
        "cluster shop does not exist, it must be ACTIVE: check `cluster`, aws:region and the account"
    )


def test_a_cluster_that_is_being_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = Scenario()
    inactive = {"clusters": [{"clusterName": "default", "status": "INACTIVE"}], "failures": []}
    monkeypatch.setattr(scenario.aws.ecs, "describe_clusters", lambda **_: inactive)
    assert refusal(scenario).startswith("cluster default is INACTIVE, it must be ACTIVE")


def test_an_image_that_is_not_in_the_repository() -> None:
    scenario = Scenario()
    scenario.aws.ecr.push("shop", "v1")
    text = refusal(scenario, image=f"{scenario.aws.ecr.uri('shop')}@{DIGEST}")
    assert f"image {DIGEST} is not in repository shop" in text
    assert "push it again" in text
    assert "aws ecr describe-images --repository-name shop" in text


def test_a_repository_that_is_not_there() -> None:
    scenario = Scenario()
    text = refusal(scenario, image=f"{scenario.aws.ecr.uri('gone')}@{DIGEST}")
    assert "is not in repository gone" in text


def test_a_task_is_adopted_even_when_its_image_is_gone_from_the_repository() -> None:
    """It has pulled the image already; whether ECR still has it matters only to a task that is yet to start."""
    scenario = Scenario()
    digest = scenario.aws.ecr.push("shop", "v1")
    options = {"digest": digest, "image": f"{scenario.aws.ecr.uri('shop')}@{digest}"}
    scenario.run(**options)
    gone = {**options, "image": f"{scenario.aws.ecr.uri('gone')}@{digest}"}
    assert scenario.run(**gone).adopted
    assert len([call for call in scenario.aws.calls if call.operation == "RunTask"]) == 1


def test_no_snapshot_is_made_for_an_image_that_is_not_there() -> None:
    scenario = Scenario()
    refusal(scenario, image=f"{scenario.aws.ecr.uri('gone')}@{DIGEST}", backup=Backup(instance="db-1"))
    assert not [call for call in scenario.aws.calls if call.operation == "CreateDBSnapshot"]


def test_an_image_that_cannot_be_looked_up_names_the_call() -> None:
    scenario = Scenario()
    scenario.aws.ecr.fail_next("DescribeImages", "AccessDeniedException", "not authorized", times=50)
    text = refusal(scenario, image=f"{scenario.aws.ecr.uri('shop')}@{DIGEST}")
    assert text.startswith(
        "nothing was started, because a check before the run failed: DescribeImages answered AccessDeniedException"
    )


def test_an_image_of_another_registry_is_left_to_ecs() -> None:
    assert Scenario().run(image=f"ghcr.io/shop/app@{DIGEST}").status == "succeeded"


def test_a_log_group_that_is_not_there() -> None:
    """ECS would only say that the container could not be started."""
    scenario = Scenario()
    scenario.aws.logs.delete_log_group(logGroupName=GROUP)
    scenario.aws.logs.create_log_group(logGroupName=GROUP + "-of-another-service")
    text = refusal(scenario)
    assert f"log group {GROUP} of container migrate does not exist" in text
    assert f"`aws logs create-log-group --log-group-name {GROUP}`" in text


def test_a_task_definition_that_was_deregistered() -> None:
    scenario = Scenario()
    scenario.aws.ecs.deregister_task_definition(taskDefinition=scenario.definition_arn)
    text = refusal(scenario)
    assert f"task definition {scenario.definition_arn} is INACTIVE, it must be ACTIVE" in text
    assert "run `pulumi up --refresh`" in text


def test_a_container_of_another_name() -> None:
    text = refusal(Scenario(), container="migration")
    assert "container migration is not in task definition" in text
    assert "which has migrate" in text


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sts", "GetCallerIdentity"),
        ("ecs", "DescribeClusters"),
        ("ecs", "DescribeTaskDefinition"),
        ("logs", "DescribeLogGroups"),
    ],
)
def test_a_check_that_is_not_allowed_names_the_call_and_what_to_do(service: str, operation: str) -> None:
    scenario = Scenario()
    message = f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: {operation}"
    scenario.aws.client(service).fail_next(operation, "AccessDeniedException", message, times=50)
    text = refusal(scenario)
    assert text.startswith(
        f"nothing was started, because a check before the run failed: {operation} answered"
    )
    assert "AccessDeniedException" in text
    assert "llow" in text.split(message)[1], "no remedy"


@pytest.mark.parametrize("operation", ["DescribeClusters", "DescribeTaskDefinition"])
def test_a_check_that_is_throttled_is_made_again(operation: str) -> None:
    scenario = Scenario()
    scenario.aws.ecs.fail_next(operation, "ThrottlingException", "Rate exceeded", times=5)
    assert scenario.run().status == "succeeded"
