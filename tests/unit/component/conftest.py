"""No test of the component reaches AWS: the rules of a listener and the target groups come from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from migratable_ecs import stack_clients
from migratable_ecs.migration.session import AwsSettings


@dataclass
class Listeners:
    """DescribeRules (two rules a page), DescribeTags and DescribeTargetGroups of Elastic Load Balancing."""

    rules: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    settings: list[AwsSettings] = field(default_factory=list)

    def connect(self, settings: AwsSettings) -> Listeners:
        self.settings.append(settings)
        return self

    def client(self, service: str) -> Listeners:
        assert service == "elbv2"
        return self

    def get_paginator(self, operation: str) -> Listeners:
        assert operation == "describe_rules"
        return self

    def paginate(self, *, ListenerArn: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's name
        self.asked.append(ListenerArn)
        if self.error:
            raise self.error
        for first in range(0, len(self.rules), 2):
            yield {"Rules": self.rules[first : first + 2]}

    def describe_tags(self, *, ResourceArns: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.asked += ResourceArns
        tags = [
            {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.get(arn, {}).items()]}
            for arn in ResourceArns
        ]
        return {"TagDescriptions": tags}

    def describe_target_groups(self, *, Names: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.asked += Names
        if self.error:
            raise self.error
        if not set(Names) <= set(self.groups):
            raise ClientError({"Error": {"Code": "TargetGroupNotFound"}}, "DescribeTargetGroups")
        return {"TargetGroups": [self.groups[name] for name in Names]}


@pytest.fixture(autouse=True)
def listeners(monkeypatch: pytest.MonkeyPatch) -> Listeners:
    """What every listener's rules are in this test; none unless it says so."""
    found = Listeners()
    monkeypatch.setattr(stack_clients, "connect", found.connect)
    return found
