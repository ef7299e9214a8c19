"""The state machine that copies the password, run by moto's interpreter of the Amazon States Language on moto's Secrets Manager.

That EventBridge starts it, and the one that replaces tasks (moto cannot run it), is in tests/e2e/test_environment.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from migratable_ecs.environment import password
from moto import mock_aws

REGION = "ap-northeast-1"
#: What JSON and the language itself write otherwise than as they are.
AWKWARD = "a\"b\\c{d}'e$.f\u00e9\u2028%s\n"
WHERE = {"host": "db.test", "port": "5432", "dbname": "shop", "operator_user": "operator"}

Run = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def run() -> Run:
    """Make a state machine of the definition and run it; how the run ended."""

    def made_and_run(definition: str, given: dict[str, Any]) -> dict[str, Any]:
        states = client("stepfunctions")
        role = "arn:aws:iam::123456789012:role/run"
        machine = states.create_state_machine(name="m", definition=definition, roleArn=role, type="EXPRESS")
        arn = states.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(given))
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            found = states.describe_execution(executionArn=arn["executionArn"])
            if found["status"] != "RUNNING":
                return dict(found)
            time.sleep(0.05)
        raise AssertionError("the run does not end")

    return made_and_run


def value(arn: str) -> dict[str, str]:
    return dict(json.loads(client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]))


def test_after_each_rotation_the_secret_has_the_new_password_beside_the_rest(run: Run) -> None:
    secrets = client("secretsmanager")
    kept = json.dumps({"username": "operator", "password": AWKWARD})
    source = secrets.create_secret(Name="rds!db-1", SecretString=kept)["ARN"]
    secret = secrets.create_secret(Name="shop-db")["ARN"]
    definition = password.definition("aws")
    where = {**WHERE, "source": source, "secret": secret}

    done = run(definition, where)
    assert done["status"] == "SUCCEEDED", done
    assert value(secret) == {**WHERE, "operator_password": AWKWARD}
    # All that a run gives out is the version that it has written.
    current = secrets.get_secret_value(SecretId=secret)["VersionId"]
    assert json.loads(done["output"]) == {"VersionId": current}

    rotated = json.dumps({"username": "operator", "password": "rotated"})
    secrets.put_secret_value(SecretId=source, SecretString=rotated)
    states = client("stepfunctions")
    states.delete_state_machine(stateMachineArn=done["stateMachineArn"])
    assert run(definition, {**where, "host": "elsewhere.test"})["status"] == "SUCCEEDED"
    assert value(secret) == {**WHERE, "host": "elsewhere.test", "operator_password": "rotated"}
