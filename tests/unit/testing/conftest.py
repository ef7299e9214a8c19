"""Every reply of a fake, in every test here, must have the shape that botocore's service model gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.validate import ParamValidator
from migratable_ecs.testing import FakeAws, fargate_task_definition
from migratable_ecs.testing.client import service_model
from migratable_ecs.testing.wire import Call, Params, Response, Wire

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
GROUP = "/ecs/migrate"


@pytest.fixture(autouse=True)
def _replies_have_boto3s_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Wire.send

    def checked(
        self: Wire, service: str, operation: str, params: Params, effect: Callable[[Call], Response]
    ) -> Response:
        response = send(self, service, operation, params, effect)
        body = {key: value for key, value in response.items() if key != "ResponseMetadata"}
        shape = service_model(service).operation_model(operation).output_shape
        if shape is None:
            assert body == {}
        else:
            report = ParamValidator().validate(body, shape)
            assert not report.has_errors(), f"{service}.{operation}: {report.generate_report()}"
        return response

    monkeypatch.setattr(Wire, "send", checked)


@pytest.fixture
def make_aws() -> Callable[..., FakeAws]:
    """A fake AWS with the log group /ecs/migrate and the task definition migrate:1."""

    def make(**settings: Any) -> FakeAws:
        aws = FakeAws(**settings)
        aws.logs.create_log_group(logGroupName=GROUP)
        aws.ecs.register_task_definition(**fargate_task_definition("migrate", log_group=GROUP))
        return aws

    return make


@pytest.fixture
def aws(make_aws: Callable[..., FakeAws]) -> FakeAws:
    return make_aws()


@pytest.fixture
def run() -> Callable[..., str]:
    """Start one task and return its ARN."""

    def start(aws: FakeAws, **more: Any) -> str:
        params = {"taskDefinition": "migrate", "networkConfiguration": NETWORK, **more}
        answer = aws.ecs.run_task(**params)
        assert answer["failures"] == []
        return str(answer["tasks"][0]["taskArn"])

    return start


@pytest.fixture
def task() -> Callable[[FakeAws, str], dict[str, Any]]:
    """Describe one task that must be known."""

    def describe(aws: FakeAws, arn: str) -> dict[str, Any]:
        (found,) = aws.ecs.describe_tasks(tasks=[arn])["tasks"]
        return dict(found)

    return describe
