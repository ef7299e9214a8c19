"""Answers of CloudWatch and EC2 in which MiniStack leaves out what was stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch, ec2

Record = dict[str, Any]

_original_describe_alarms = cloudwatch._describe_alarms
_original_put_alarm = cloudwatch._put_metric_alarm
_original_egress = ec2._authorize_sg_egress


def describe_alarms(parameters: Record, data: Record, is_cbor: bool, is_json: bool = False) -> Any:
    """DescribeAlarms: the Query protocol's XML has every member of an alarm, as the JSON has.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
    """
    if is_cbor or is_json:
        return _original_describe_alarms(parameters, data, is_cbor, is_json)
    request: Record = {}
    for name in ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken"):
        if cloudwatch._p(parameters, name):
            request[name] = cloudwatch._p(parameters, name)
    for name in ("AlarmNames", "AlarmTypes"):
        request[name] = _members(parameters, name)
    status, _headers, body = _original_describe_alarms(parameters, request, False, True)
    if status != 200:
        return _original_describe_alarms(parameters, data, False, False)
    answer = json.loads(body)
    for alarm in answer.get("MetricAlarms") or []:
        if alarm.get("ExtendedStatistic"):
            alarm.pop("Statistic", None)
    return cloudwatch._xml(
        200, "DescribeAlarmsResponse", f"<DescribeAlarmsResult>{_xml(answer)}</DescribeAlarmsResult>"
    )


def put_metric_alarm(parameters: Record, data: Record, is_cbor: bool, is_json: bool = False) -> Any:
    """PutMetricAlarm: the Query protocol's ``InsufficientDataActions`` are kept.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    answer = _original_put_alarm(parameters, data, is_cbor, is_json)
    name = cloudwatch._p(parameters, "AlarmName") if not (is_cbor or is_json) else ""
    if name and name in cloudwatch._alarms:
        cloudwatch._alarms[name]["InsufficientDataActions"] = _members(parameters, "InsufficientDataActions")
    return answer


def authorize_egress(parameters: Record) -> Any:
    """AuthorizeSecurityGroupEgress: tags are kept also for the allow-all rule that a new group begins with.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html
    """
    group_id = ec2._p(parameters, "GroupId")
    group = ec2._security_groups.get(group_id)
    tags = ec2._sg_rule_tag_specifications(parameters)
    if group and tags:
        for wanted in ec2._parse_ip_permissions(parameters, "IpPermissions"):
            for existing in group["IpPermissionsEgress"]:
                if ec2._rules_match(wanted, existing):
                    ec2._tags[ec2._sg_rule_id(group_id, True, existing)] = list(tags)
    return _original_egress(parameters)


def _members(parameters: Record, name: str) -> list[str]:
    found: list[str] = []
    while value := cloudwatch._p(parameters, f"{name}.member.{len(found) + 1}"):
        found.append(str(value))
    return found


def _xml(value: Any, name: str = "") -> str:
    if isinstance(value, dict):
        return "".join(
            f"<{key}>{_xml(inner, key)}</{key}>"
            for key, inner in value.items()
            if inner is not None and inner != ""
        )
    if isinstance(value, list):
        return "".join(f"<member>{_xml(inner)}</member>" for inner in value)
    if isinstance(value, bool):
        return str(value).lower()
    if name.endswith("Timestamp") and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return escape(str(value))
