"""Who made a drift, and when, as far as CloudTrail's event history knows: 90 days of calls that change something.

Two calls a second are allowed; IAM's calls are in us-east-1.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from .model import Call, Difference, Drift, Report, Who

#: Region and name of an API call -> the events of it, newest first. Raises LookupFailed.
Lookup = Callable[[str, str], Sequence[Mapping[str, Any]]]

NOT_ASKED = "CloudTrail was not asked"
NOTHING_FITS = "among the calls of the last 90 days that CloudTrail knows, none fits"
NOT_IN_TABLE = "which calls change this is not known here, so CloudTrail was not asked"

_GLOBAL = "us-east-1"
_PAGES = 3
_TAGS = (
    "TagResource",
    "UntagResource",
    "AddTags",
    "RemoveTags",
    "CreateTags",
    "DeleteTags",
    "TagRole",
    "UntagRole",
    "TagLogGroup",
)
_SERVICE = "aws:ecs/service:Service"
# Deployments by Pulumi or Terraform itself say so here; what they made is in the state.
_DEPLOYERS = ("pulumi", "terraform")
_GONE = "(gone)"

#: (type, property) -> the calls that change it, each with the parameter that must be in the request (empty: any).
CALLS: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    (_SERVICE, "taskDefinition"): (("UpdateService", "taskDefinition"),),
    (_SERVICE, "desiredCount"): (("UpdateService", "desiredCount"),),
    (_SERVICE, "capacityProviderStrategies"): (("UpdateService", "capacityProviderStrategy"),),
    (_SERVICE, "networkConfiguration"): (("UpdateService", "networkConfiguration"),),
    (_SERVICE, "*"): (("UpdateService", ""),),
    (_SERVICE, _GONE): (("DeleteService", ""),),
    ("aws:ec2/securityGroup:SecurityGroup", "ingress"): (
        ("AuthorizeSecurityGroupIngress", ""), ("RevokeSecurityGroupIngress", ""), ("ModifySecurityGroupRules", ""),
    ),
    ("aws:ec2/securityGroup:SecurityGroup", "egress"): (
        ("AuthorizeSecurityGroupEgress", ""), ("RevokeSecurityGroupEgress", ""), ("ModifySecurityGroupRules", ""),
    ),
    ("aws:ec2/securityGroup:SecurityGroup", _GONE): (("DeleteSecurityGroup", ""),),
    ("aws:iam/rolePolicy:RolePolicy", "policy"): (("PutRolePolicy", ""),),
    ("aws:iam/rolePolicy:RolePolicy", _GONE): (("DeleteRolePolicy", ""),),
    ("aws:iam/role:Role", "assumeRolePolicy"): (("UpdateAssumeRolePolicy", ""),),
    ("aws:iam/role:Role", _GONE): (("DeleteRole", ""),),
    ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays"): (("PutRetentionPolicy", ""), ("DeleteRetentionPolicy", "")),
    ("aws:cloudwatch/logGroup:LogGroup", _GONE): (("DeleteLogGroup", ""),),
    ("aws:lb/listenerRule:ListenerRule", "priority"): (("SetRulePriorities", ""),),
    ("aws:lb/listenerRule:ListenerRule", "*"): (("ModifyRule", ""),),
    ("aws:lb/listenerRule:ListenerRule", _GONE): (("DeleteRule", ""),),
    ("aws:lb/targetGroup:TargetGroup", "healthCheck"): (("ModifyTargetGroup", ""),),
    ("aws:lb/targetGroup:TargetGroup", "*"): (("ModifyTargetGroupAttributes", ""),),
    ("aws:lb/targetGroup:TargetGroup", _GONE): (("DeleteTargetGroup", ""),),
    ("aws:secretsmanager/secret:Secret", "*"): (("UpdateSecret", ""),),
    ("aws:secretsmanager/secret:Secret", _GONE): (("DeleteSecret", ""),),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "actionsEnabled"): (("DisableAlarmActions", ""), ("EnableAlarmActions", "")),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "*"): (("PutMetricAlarm", ""),),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", _GONE): (("DeleteAlarms", ""),),
    ("aws:sfn/stateMachine:StateMachine", "*"): (("UpdateStateMachine", ""),),
    ("aws:sfn/stateMachine:StateMachine", _GONE): (("DeleteStateMachine", ""),),
    ("aws:cloudwatch/eventRule:EventRule", "state"): (("DisableRule", ""), ("EnableRule", "")),
    ("aws:cloudwatch/eventRule:EventRule", "*"): (("PutRule", ""),),
    ("aws:cloudwatch/eventRule:EventRule", _GONE): (("DeleteRule", ""),),
    ("aws:cloudwatch/eventTarget:EventTarget", "*"): (("PutTargets", ""),),
    ("aws:cloudwatch/eventTarget:EventTarget", _GONE): (("RemoveTargets", ""),),
    ("aws:rds/instance:Instance", "*"): (("ModifyDBInstance", ""),),
    ("aws:rds/instance:Instance", _GONE): (("DeleteDBInstance", ""),),
}  # fmt: skip


class LookupFailed(Exception):
    """CloudTrail did not answer; the message says why in a few words."""


@dataclass(frozen=True)
class _Wanted:
    region: str
    event: str
    parameter: str


def with_who(report: Report, lookup: Lookup | None, region: str) -> Report:
    """`report` with who and when in each drift; `lookup` is None when CloudTrail is not to be asked."""
    if lookup is None:
        return replace(
            report, drifts=tuple(replace(each, who=Who(unknown=NOT_ASKED)) for each in report.drifts)
        )
    asked: dict[tuple[str, str], Sequence[Mapping[str, Any]]] = {}

    def once(where: str, event: str) -> Sequence[Mapping[str, Any]]:
        if (where, event) not in asked:
            asked[where, event] = lookup(where, event)
        return asked[where, event]

    return replace(report, drifts=tuple(replace(each, who=who(each, once, region)) for each in report.drifts))


def who(drift: Drift, lookup: Lookup, region: str) -> Who:
    """The newest call for each property that differs, as far as one names the resource."""
    found: dict[tuple[str, str, str], list[str]] = {}
    every = drift.differences or (Difference(_GONE, None, None),)
    if not any(list(_wanted(drift.type, each.property, region)) for each in every):
        return Who(unknown=NOT_IN_TABLE)
    try:
        for difference in every:
            call = _newest(drift, difference.property, lookup, region)
            if call:
                properties = found.setdefault(call, [])
                if difference.property != _GONE and difference.property not in properties:
                    properties.append(difference.property)
    except LookupFailed as failed:
        return Who(unknown=f"CloudTrail could not be asked: {failed}")
    calls = [Call(name, actor, at, tuple(properties)) for (name, actor, at), properties in found.items()]
    return Who(tuple(sorted(calls, key=lambda each: each.at, reverse=True)), "" if calls else NOTHING_FITS)


def client_lookup(client: Callable[[str], Any]) -> Lookup:
    """Asks CloudTrail; `client` gives its boto3 client for a region."""

    def ask(region: str, event: str) -> Sequence[Mapping[str, Any]]:
        from botocore.exceptions import BotoCoreError, ClientError

        from ..migration.errors import MigrationError

        found: list[Mapping[str, Any]] = []
        request: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": event}]
        }
        try:
            for _ in range(_PAGES):
                reply = client(region).lookup_events(**request)
                found += reply.get("Events", ())
                if not reply.get("NextToken"):
                    break
                request["NextToken"] = reply["NextToken"]
        except ClientError as error:
            raise LookupFailed(
                f"{error.response['Error'].get('Code', 'error')} (it needs cloudtrail:LookupEvents)"
            ) from error
        except (BotoCoreError, MigrationError) as error:
            raise LookupFailed(str(error)) from error
        return found

    return ask


def _newest(drift: Drift, property_: str, lookup: Lookup, region: str) -> tuple[str, str, str] | None:
    """Name, actor and time of the newest call that fits."""
    fitting = [
        (when, wanted.event, actor)
        for wanted in _wanted(drift.type, property_, region)
        for event in lookup(wanted.region, wanted.event)
        for when, actor in _fits(event, wanted.parameter, drift.aliases)
    ]
    if not fitting:
        return None
    when, event, actor = max(fitting)
    return event, actor, when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _wanted(type_: str, property_: str, region: str) -> Iterator[_Wanted]:
    if property_ == "tags":
        calls: Sequence[tuple[str, str]] = [(name, "") for name in _TAGS]
    else:
        calls = CALLS.get((type_, property_)) or (() if property_ == _GONE else CALLS.get((type_, "*"), ()))
    for event, parameter in calls:
        yield _Wanted(_GLOBAL if type_.startswith("aws:iam/") else region, event, parameter)


def _fits(event: Mapping[str, Any], parameter: str, aliases: Sequence[str]) -> Iterator[tuple[datetime, str]]:
    """When and by whom, if the call names the resource, did not fail and was not made by a deployment."""
    record = json.loads(event.get("CloudTrailEvent") or "{}")
    request = record.get("requestParameters") or {}
    if record.get("errorCode") or any(each in str(record.get("userAgent")).lower() for each in _DEPLOYERS):
        return
    if parameter and parameter not in request:
        return
    if not any(_names(text, alias) for text in _texts(request) for alias in aliases):
        return
    identity = record.get("userIdentity") or {}
    actor = identity.get("arn") or event.get("Username") or identity.get("invokedBy") or "unknown"
    yield event["EventTime"], str(actor)


def _names(text: str, alias: str) -> bool:
    return (
        text == alias or alias.endswith((f"/{text}", f":{text}")) or text.endswith((f"/{alias}", f":{alias}"))
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and value:
        yield value
