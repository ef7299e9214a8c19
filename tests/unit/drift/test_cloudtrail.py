"""Who changed it, and when: only what CloudTrail really says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from migratable_ecs.drift.cloudtrail import (
    NOT_ASKED,
    NOT_IN_TABLE,
    NOTHING_FITS,
    client_lookup,
    who,
    with_who,
)
from migratable_ecs.drift.model import Call, Difference, Drift, Report, WayOut

REGION = "ap-northeast-1"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ARN = f"arn:aws:ecs:{REGION}:1:service/stg/shop"


def drift(
    type_: str = "aws:ecs/service:Service", *properties: str, aliases: tuple[str, ...] = (ARN, "shop")
) -> Drift:
    differences = tuple(Difference(each, 1, 2) for each in properties)
    kind = "changed" if properties else "deleted"
    return Drift("urn", type_, "shop", ARN, kind, differences, (), WayOut((), (), (), ()), aliases)  # type: ignore[arg-type]


def event(
    name: str, request: dict[str, Any], *, hours: int = 0, user: str = "kim", **record: Any
) -> dict[str, Any]:
    """An event as LookupEvents gives it, `hours` after noon."""
    whole = {
        "requestParameters": request,
        "userIdentity": {"arn": f"arn:aws:iam::1:user/{user}"},
        "userAgent": "console",
        **record,
    }
    return {
        "EventName": name,
        "EventTime": NOON + timedelta(hours=hours),
        "CloudTrailEvent": json.dumps(whole),
    }


class Trail:
    """Answers lookups from a list, and remembers what it was asked."""

    def __init__(self, *events: Mapping[str, Any]) -> None:
        self.events, self.asked = events, list[tuple[str, str]]()

    def __call__(self, region: str, name: str) -> Sequence[Mapping[str, Any]]:
        self.asked.append((region, name))
        return [each for each in self.events if each["EventName"] == name]


def test_the_newest_call_that_set_the_property_is_named() -> None:
    trail = Trail(
        event("UpdateService", {"service": "shop", "desiredCount": 2}, hours=1, user="old"),
        event("UpdateService", {"service": "shop", "desiredCount": 3}, hours=2),
        event("UpdateService", {"service": "shop", "taskDefinition": "shop:7"}, hours=3, user="other"),
    )
    found = who(drift("aws:ecs/service:Service", "desiredCount"), trail, REGION)
    assert found.calls == (
        Call("UpdateService", "arn:aws:iam::1:user/kim", "2026-11-20 14:00:00 UTC", ("desiredCount",)),
    )


def test_one_call_that_set_two_properties_is_named_once() -> None:
    trail = Trail(event("UpdateService", {"service": ARN, "desiredCount": 3, "taskDefinition": "shop:7"}))
    (call,) = who(drift("aws:ecs/service:Service", "desiredCount", "taskDefinition"), trail, REGION).calls
    assert call.properties == ("desiredCount", "taskDefinition")


@pytest.mark.parametrize(
    "other",
    [
        event("UpdateService", {"service": "cart", "desiredCount": 3}),
        event("UpdateService", {"service": "shop", "desiredCount": 3}, errorCode="AccessDenied"),
        event("UpdateService", {"service": "shop", "desiredCount": 3}, userAgent="APN/1.0 Pulumi/1.0 …"),
        event("UpdateService", {"service": "shop"}),
        event("DeleteService", {"service": "shop"}),
    ],
    ids=["another service", "a call that failed", "a deployment", "another property", "another call"],
)
def test_nobody_is_named_for(other: dict[str, Any]) -> None:
    found = who(drift("aws:ecs/service:Service", "desiredCount"), Trail(other), REGION)
    assert (found.calls, found.unknown) == ((), NOTHING_FITS)


def test_a_kind_of_resource_whose_calls_are_not_known_is_said_to_be_that() -> None:
    trail = Trail()
    for each in (
        drift("aws:efs/fileSystem:FileSystem", "throughputMode"),
        drift("aws:efs/fileSystem:FileSystem"),
    ):
        assert who(each, trail, REGION).unknown == NOT_IN_TABLE
    assert trail.asked == []


def test_a_deletion_is_found_by_the_call_that_deletes() -> None:
    (call,) = who(drift(), Trail(event("DeleteService", {"service": "shop", "force": True})), REGION).calls
    assert call.name == "DeleteService"


def test_calls_of_iam_are_looked_for_in_us_east_1() -> None:
    trail = Trail()
    who(drift("aws:iam/rolePolicy:RolePolicy", "policy"), trail, REGION)
    assert trail.asked == [("us-east-1", "PutRolePolicy")]


def test_each_kind_of_call_is_asked_for_once_for_the_whole_report() -> None:
    trail = Trail()
    with_who(Report("stg", (drift(), drift(), drift())), trail, REGION)
    assert trail.asked == [(REGION, "DeleteService")]


def test_without_asking_the_report_says_so() -> None:
    (found,) = with_who(Report("stg", (drift(),)), None, REGION).drifts
    assert found.who.unknown == NOT_ASKED


def test_an_answer_of_several_pages_is_read_on() -> None:
    client = boto3.client("cloudtrail", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    wanted = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "DeleteService"}]}
    with Stubber(client) as stub:
        stub.add_response("lookup_events", {"Events": [{"EventName": "a"}], "NextToken": "t"}, wanted)
        stub.add_response("lookup_events", {"Events": [{"EventName": "b"}]}, {**wanted, "NextToken": "t"})
        found = client_lookup(lambda _: client)(REGION, "DeleteService")
    assert [each["EventName"] for each in found] == ["a", "b"]


def test_a_refused_lookup_names_the_permission_and_fails_nothing() -> None:
    client = boto3.client("cloudtrail", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        stub.add_client_error("lookup_events", "AccessDeniedException")
        found = who(drift(), client_lookup(lambda _: client), REGION)
    assert (
        found.unknown
        == "CloudTrail could not be asked: AccessDeniedException (it needs cloudtrail:LookupEvents)"
    )
