"""The database's secret is written by `pulumi up`: the provider that has it done, without an engine. The password does not come here."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError
from migratable_ecs import password_copy
from migratable_ecs.migration.session import AwsSettings
from migratable_ecs.password_copy import CopyProvider

PLACE = "ap-northeast-1:123456789012"
PROPS: dict[str, Any] = {
    "machine": f"arn:aws:states:{PLACE}:stateMachine:shop-db-password",
    "secret": f"arn:aws:secretsmanager:{PLACE}:secret:shop-db-AbCdEf",
    "source": f"arn:aws:secretsmanager:{PLACE}:secret:rds!db-1-AbCdEf",
    "host": "db.test",
    "port": "5432",
    "dbname": "app",
    "operator_user": "operator",
}
#: To where, and from where.
SECRETS = ("secret", "source")


class Machines:
    """StartSyncExecution of Step Functions."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.settings: list[AwsSettings] = []
        self.answer: dict[str, Any] | Exception = {"status": "SUCCEEDED", "output": '{"VersionId": "v1"}'}

    def connect(self, settings: AwsSettings) -> Machines:
        self.settings.append(settings)
        return self

    def client(self, service: str) -> Machines:
        assert service == "stepfunctions"
        return self

    def start_sync_execution(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Machines:
    found = Machines()
    monkeypatch.setattr(password_copy, "connect", found.connect)
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)
    return found


@pytest.mark.parametrize(
    ("change", "changes"),
    [
        ({}, False),
        # Another machine copies the same.
        ({"machine": f"arn:aws:states:{PLACE}:stateMachine:other"}, False),
        ({"host": "elsewhere.test"}, True),
        ({"port": "3306"}, True),
        ({"dbname": "shop"}, True),
        ({"operator_user": "owner"}, True),
        ({"secret": f"{PROPS['secret']}2"}, True),
        ({"source": f"{PROPS['source']}2"}, True),
    ],
)
def test_the_secret_is_written_anew_when_the_database_is_reached_otherwise(
    change: dict[str, Any], changes: bool
) -> None:
    found = CopyProvider().diff("id", {**PROPS, "version_id": "v1"}, {**PROPS, **change})
    assert (found.changes, found.replaces) == (changes, [])


def test_the_run_is_told_where_the_database_is_and_the_state_keeps_the_version(machines: Machines) -> None:
    made = CopyProvider().create(PROPS)
    assert (made.id, made.outs) == (PROPS["secret"], {**PROPS, "version_id": "v1"})
    machines.answer = {"status": "SUCCEEDED", "output": '{"VersionId": "v2"}'}
    moved = {**PROPS, "host": "elsewhere.test"}
    assert CopyProvider().update("id", made.outs, moved).outs == {**moved, "version_id": "v2"}
    assert [call["stateMachineArn"] for call in machines.calls] == [PROPS["machine"]] * 2
    told = [json.loads(call["input"]) for call in machines.calls]
    assert told[0] == {key: PROPS[key] for key in (*SECRETS, "host", "port", "dbname", "operator_user")}
    assert told[1] == {**told[0], "host": "elsewhere.test"}
    assert {each.region for each in machines.settings} == {"ap-northeast-1"}


def test_a_refresh_asks_nobody_and_a_destroy_neither(machines: Machines) -> None:
    assert CopyProvider().read("id", PROPS).outs == PROPS
    CopyProvider().delete("id", PROPS)
    assert machines.settings == []


DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "StartSyncExecution")
NOT_FOUND = {"error": "SecretsManager.ResourceNotFoundException", "cause": "no such\nsecret"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (DENIED, "AccessDeniedException"),
        ({"status": "FAILED", **NOT_FOUND}, "SecretsManager.ResourceNotFoundException: no such secret; "),
        ({"status": "TIMED_OUT"}, "did not: TIMED_OUT; "),
    ],
)
def test_a_failure_is_one_sentence(machines: Machines, answer: Any, said: str) -> None:
    machines.answer = answer
    with pytest.raises(Exception, match="was to get the password that RDS keeps in") as found:
        CopyProvider().create(PROPS)
    assert type(found.value).__name__ == "password not copied"
    assert said in str(found.value)
    assert "\n" not in str(found.value)
    assert sys.tracebacklimit == 0


def test_what_a_state_was_given_is_never_shown(machines: Machines) -> None:
    """Step Functions quotes it where a path leads nowhere, and by then the password can be in it."""
    machines.answer = {"status": "FAILED", "error": "States.Runtime", "cause": "not found in the input {…}"}
    with pytest.raises(Exception, match=r"did not: States\.Runtime; `pulumi up` tries again$"):
        CopyProvider().create(PROPS)
