"""No test of the environment reaches AWS: the one call that goes there beside the plugin is answered here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from migratable_ecs.environment import deleted_secret


@dataclass
class Secrets:
    """DescribeSecret of Secrets Manager."""

    deleted: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    error: Exception | None = None

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.error:
            raise self.error
        if SecretId in self.deleted:
            return {"Name": SecretId, "DeletedDate": datetime(2026, 1, 1, tzinfo=UTC)}
        if SecretId in self.kept:
            return {"Name": SecretId}
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "DescribeSecret")


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """None is there unless the test says so."""
    found = Secrets()
    monkeypatch.setattr(deleted_secret, "_client", lambda: found)
    return found
