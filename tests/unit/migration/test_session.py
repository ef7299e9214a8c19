"""P11: boto3 acts where the aws provider of the stack acts; and a preview does not import it at all."""

from __future__ import annotations

import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs.migration import session as session_module
from migratable_ecs.migration.errors import PreflightFailed
from migratable_ecs.migration.session import AwsSettings, Role, connect


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    config = tmp_path / "config"
    config.write_text("[profile shop]\nregion = sa-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))


def test_region_and_endpoints() -> None:
    endpoints = {"ecs": "http://127.0.0.1:9", "logs": "http://127.0.0.1:10"}
    clients = connect(AwsSettings(region="eu-west-1", endpoints=endpoints))
    assert clients.client("ecs").meta.region_name == "eu-west-1"
    assert clients.client("ecs").meta.endpoint_url == "http://127.0.0.1:9"
    assert clients.client("logs").meta.endpoint_url == "http://127.0.0.1:10"
    assert clients.client("sts").meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


def test_an_answer_is_waited_for_as_long_as_it_may_take() -> None:
    """A run of Step Functions is waited for in one call, and takes five minutes at most; given up, it would be started again beside it."""
    clients = connect(AwsSettings(region="eu-west-1"))
    assert clients.client("ecs").meta.config.read_timeout == 60
    waiting = clients.client("stepfunctions").meta.config
    assert waiting.read_timeout > 300
    assert waiting.tcp_keepalive


def test_a_profile_and_its_region() -> None:
    assert connect(AwsSettings(profile="shop")).client("ecs").meta.region_name == "sa-east-1"
    assert (
        connect(AwsSettings(profile="shop", region="eu-west-1")).client("ecs").meta.region_name == "eu-west-1"
    )


def test_keys_of_the_stack_go_before_those_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", secrets.token_hex(8))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secrets.token_hex(8))
    key, value, token = (secrets.token_hex(8) for _ in range(3))
    settings = AwsSettings(region="eu-west-1", access_key=key, secret_key=value, token=token)
    used = connect(settings).client("ecs")._request_signer._credentials
    assert (used.access_key, used.secret_key, used.token) == (key, value, token)


def test_the_same_settings_share_their_clients_and_others_do_not() -> None:
    one, two = AwsSettings(region="eu-west-1"), AwsSettings(region="eu-west-1")
    assert connect(one) is connect(two)
    assert connect(one).client("ecs") is connect(two).client("ecs")
    assert connect(one) is not connect(AwsSettings(region="eu-west-2"))
    assert connect(one) is not connect(AwsSettings(region="eu-west-1", secret_key=secrets.token_hex(4)))


class FakeRoles:
    """sts:AssumeRole, with credentials that are about to expire or not."""

    def __init__(self, lasts: timedelta) -> None:
        self.lasts = lasts
        self.requests: list[dict[str, Any]] = []
        self.given: list[str] = []
        self.asked_by: list[str] = []

    def assume_role(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        self.given.append(secrets.token_hex(8))
        return {
            "Credentials": {
                "AccessKeyId": self.given[-1],
                "SecretAccessKey": secrets.token_hex(8),
                "SessionToken": secrets.token_hex(8),
                "Expiration": datetime.now(UTC) + self.lasts,
            }
        }


class TestAnAssumedRole:
    ROLE = "arn:aws:iam::123456789012:role/deployer"

    def connected(self, monkeypatch: pytest.MonkeyPatch, roles: FakeRoles, **more: Any) -> Any:
        real = session_module._client

        def client(session: Any, service: str, settings: AwsSettings) -> Any:
            if service != "sts":
                return real(session, service, settings)
            own = session.get_credentials()
            roles.asked_by.append(own.access_key if own else "")
            return roles

        monkeypatch.setattr(session_module, "_client", client)
        settings = AwsSettings(
            region="eu-west-1", role_arn=self.ROLE, endpoints={"ecs": "http://127.0.0.1:9"}, **more
        )
        return session_module.AwsClients(settings).client("ecs")

    def test_its_credentials_sign_the_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        roles = FakeRoles(timedelta(hours=1))
        client = self.connected(monkeypatch, roles, role_session_name="ci", external_id="shop")
        assert roles.requests == [{"RoleArn": self.ROLE, "RoleSessionName": "ci", "ExternalId": "shop"}]
        assert client.meta.region_name == "eu-west-1"
        assert client._request_signer._credentials.get_frozen_credentials().access_key == roles.given[0]

    def test_each_role_of_a_chain_is_assumed_by_the_one_before(self, monkeypatch: pytest.MonkeyPatch) -> None:
        roles = FakeRoles(timedelta(hours=1))
        client = self.connected(monkeypatch, roles, via=(Role("arn:hub"),))
        assert [request["RoleArn"] for request in roles.requests] == ["arn:hub", self.ROLE]
        assert roles.asked_by[1] == roles.given[0]
        assert client._request_signer._credentials.get_frozen_credentials().access_key == roles.given[1]

    def test_they_are_renewed_because_a_migration_may_outlive_them(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        roles = FakeRoles(timedelta(minutes=5))
        client = self.connected(monkeypatch, roles)
        roles.lasts = timedelta(hours=1)
        assert client._request_signer._credentials.get_frozen_credentials().access_key == roles.given[-1]
        assert len(roles.given) == 2


@pytest.mark.parametrize("settings", [AwsSettings(profile="nobody", region="eu-west-1"), AwsSettings()])
def test_what_cannot_be_connected_is_one_sentence(settings: AwsSettings) -> None:
    with pytest.raises(PreflightFailed) as caught:
        connect(settings).client("ecs")
    assert str(caught.value).startswith("nothing was started, because AWS cannot be reached as configured: ")
    assert "check aws:profile, aws:region" in str(caught.value)


PREVIEW = """
import sys
import migratable_ecs
from migratable_ecs.migration import run
from migratable_ecs.migration.provider import MigrationProvider
from migratable_ecs.migration.spec import RunRecord
from migratable_ecs.migration.state import outputs_after_run

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
props = {"urn": "urn", "service": "web", "task_definition": "arn:1", "image_digest": A}
provider = MigrationProvider()
provider.check({}, props)
outputs = outputs_after_run(props, None, RunRecord("1", "succeeded", A, task_arn="arn"), "why")
assert not provider.diff("web", outputs, props).changes
assert provider.diff("web", outputs, {**props, "image_digest": B}).changes
assert provider.read("web", outputs).outs == outputs
print(sorted(name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore", "tenacity")))
"""


def test_a_preview_imports_no_boto3() -> None:
    """Importing it takes half a second in every preview."""
    code = PREVIEW.replace("from migratable_ecs.migration import run\n", "")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.thorough
def test_the_check_above_would_see_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PREVIEW], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "boto3" in done.stdout or "botocore" in done.stdout
