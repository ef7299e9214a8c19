"""Changed limits take effect although schedules change them too: the provider that sets them, without an engine."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError
from migratable_ecs import scaling_limits
from migratable_ecs.migration.session import AwsSettings
from migratable_ecs.scaling_limits import LimitsProvider

PROPS: dict[str, Any] = {
    "service_namespace": "ecs",
    "scalable_dimension": "ecs:service:DesiredCount",
    "resource_id": "service/learning/web",
    "minimum": 2.0,
    "maximum": 6.0,
    "schedules": [["rate(1 day)", "UTC", 1.0, None]],
    "region": "ap-northeast-1",
}


class Scaling:
    """RegisterScalableTarget of Application Auto Scaling."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.settings: list[AwsSettings] = []
        self.error: Exception | None = None

    def connect(self, settings: AwsSettings) -> Scaling:
        self.settings.append(settings)
        return self

    def client(self, service: str) -> Scaling:
        assert service == "application-autoscaling"
        return self

    def register_scalable_target(self, **request: Any) -> None:
        self.calls.append(request)
        if self.error:
            raise self.error


@pytest.fixture
def scaling(monkeypatch: pytest.MonkeyPatch) -> Scaling:
    found = Scaling()
    monkeypatch.setattr(scaling_limits, "connect", found.connect)
    return found


@pytest.mark.parametrize(
    ("change", "changes"),
    [
        ({}, False),
        ({"region": "eu-west-1"}, False),
        ({"minimum": 3.0}, True),
        ({"maximum": 9.0}, True),
        ({"schedules": []}, True),
        ({"schedules": [["rate(2 days)", "UTC", 1.0, None]]}, True),
        ({"resource_id": "service/learning/other"}, True),
    ],
)
def test_a_change_of_the_program_counts_and_nothing_else(change: dict[str, Any], changes: bool) -> None:
    found = LimitsProvider().diff("id", PROPS, {**PROPS, **change})
    assert (found.changes, found.replaces) == (changes, [])


def test_the_limits_are_set_when_it_is_made_and_when_they_change(scaling: Scaling) -> None:
    provider = LimitsProvider()
    assert provider.create(PROPS).outs == PROPS
    provider.update("id", PROPS, {**PROPS, "minimum": 4.0})
    assert [(call["MinCapacity"], call["MaxCapacity"]) for call in scaling.calls] == [(2, 6), (4, 6)]
    assert all(isinstance(call["MinCapacity"], int) for call in scaling.calls)
    assert {call["ResourceId"] for call in scaling.calls} == {"service/learning/web"}
    assert {each.region for each in scaling.settings} == {"ap-northeast-1"}


def test_a_refresh_asks_nobody(scaling: Scaling) -> None:
    assert LimitsProvider().read("id", PROPS).outs == PROPS
    assert scaling.settings == []


def test_a_refusal_is_one_clean_message(scaling: Scaling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)
    scaling.error = ClientError(
        {"Error": {"Code": "AccessDenied", "Message": "no"}}, "RegisterScalableTarget"
    )
    with pytest.raises(Exception, match=r"^service/learning/web was to have 2 to 6 tasks: .*AccessDenied"):
        LimitsProvider().create(PROPS)
