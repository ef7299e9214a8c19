"""Both ways out of a drift: adopt it into the program, or put AWS back. Pure.

Sources: https://www.pulumi.com/docs/iac/cli/commands/pulumi_refresh/, https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/,
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from .model import ABSENT, Difference, WayOut
from .texts import without_empty

_COMPONENT = "migratable-ecs:index:MigratableEcsService"
_SERVICE = "aws:ecs/service:Service"
# `[0]`, `[app]`, `[]`
_PLACES = re.compile(r"\[[^\]]*\]")
_SECRET = "aws:secretsmanager/secret:Secret"

#: (type, path without places in lists) -> the argument of MigratableEcsService that decides it; a shorter path stands for all below it.
ARGUMENTS: dict[tuple[str, str], str] = {
    (_SERVICE, "desiredCount"): "desired_count",
    (_SERVICE, "capacityProviderStrategies"): "rollout.capacity_providers",
    (_SERVICE, "networkConfiguration"): "network",
    (_SERVICE, "enableExecuteCommand"): "rollout.execute_command",
    (_SERVICE, "platformVersion"): "rollout.platform_version",
    (_SERVICE, "deploymentMinimumHealthyPercent"): "rollout.minimum_healthy_percent",
    (_SERVICE, "deploymentMaximumPercent"): "rollout.maximum_percent",
    (_SERVICE, "deploymentCircuitBreaker.enable"): "rollout.circuit_breaker",
    (_SERVICE, "deploymentCircuitBreaker.rollback"): "rollout.rollback",
    (_SERVICE, "healthCheckGracePeriodSeconds"): "rollout.grace_period",
    (_SERVICE, "availabilityZoneRebalancing"): "rollout.zone_rebalancing",
    (_SERVICE, "propagateTags"): "rollout.propagate_tags",
    (_SERVICE, "tags"): "tags",
    ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays"): "log_retention_days",
    ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"): "log_kms_key_arn",
    ("aws:lb/listenerRule:ListenerRule", "priority"): "ingress.priority",
    ("aws:lb/listenerRule:ListenerRule", "conditions.pathPattern.values"): "ingress.path_patterns",
    ("aws:lb/listenerRule:ListenerRule", "conditions.hostHeader.values"): "ingress.host_headers",
    ("aws:lb/listenerRule:ListenerRule", "conditions.httpRequestMethod.values"): "ingress.http_methods",
    ("aws:lb/listenerRule:ListenerRule", "conditions"): "ingress",
    ("aws:lb/targetGroup:TargetGroup", "healthCheck.path"): "ingress.health_check_path",
    ("aws:lb/targetGroup:TargetGroup", "healthCheck"): "ingress",
    ("aws:lb/targetGroup:TargetGroup", "slowStart"): "ingress.slow_start",
    ("aws:lb/targetGroup:TargetGroup", "stickiness"): "ingress.stickiness",
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "threshold"): "watching",
    ("aws:iam/role:Role", "permissionsBoundary"): "task.permissions_boundary",
    ("*", "tags"): "tags",
}


def way_out(
    stack: str, urn: str, type_: str, name: str, id_: str, differences: Sequence[Difference], *, owner: str
) -> WayOut:
    """What to edit and run.

    Args:
        owner: name of the MigratableEcsService that made the resource; empty for one that the program itself made, or when unknown.
        differences: none for a resource that is gone.
    """
    target = f"--stack {shlex.quote(stack)} --target {shlex.quote(urn)}"
    inside = _COMPONENT in urn
    where = f"MigratableEcsService {owner!r}" if owner else "the MigratableEcsService that made it"
    if not differences:
        return _gone(target, type_, name, id_, inside, where)
    edits = tuple(_edit(type_, name, each, inside, where) for each in _by_property(differences))
    if all(not adoptable for adoptable, _ in edits):
        return WayOut(tuple(text for _, text in edits), (), (), (f"pulumi up {target} --refresh",))
    return WayOut(
        tuple(text for _, text in edits),
        (f"pulumi refresh {target} --yes",),
        (),
        (f"pulumi up {target} --refresh",),
    )


def _gone(target: str, type_: str, name: str, id_: str, inside: bool, where: str) -> WayOut:
    remove = (
        f"remove what asks for it from the arguments of {where}"
        if inside and type_ != _SERVICE
        else f"remove {where if inside else f'the resource {name!r}'} from the program"
    )
    adopt = (remove,)
    commands = (f"pulumi refresh {target} --yes",)
    if type_ == _SECRET:
        restore = f"aws secretsmanager restore-secret --secret-id {shlex.quote(id_)}"
        later = (
            "as long as its waiting time lasts; later `pulumi up --refresh` makes it anew, and without a value",
        )
        return WayOut(adopt, commands, later, (restore,))
    return WayOut(adopt, commands, ("makes it anew",), (f"pulumi up {target} --refresh",))


def _by_property(differences: Sequence[Difference]) -> list[Difference]:
    """One for each property: itself when it is the only one, else the property without values."""
    found: dict[str, list[Difference]] = {}
    for each in differences:
        found.setdefault(each.property, []).append(each)
    return [
        group[0] if len(group) == 1 else Difference(name, ABSENT, ABSENT) for name, group in found.items()
    ]


def _edit(type_: str, name: str, difference: Difference, inside: bool, where: str) -> tuple[bool, str]:
    """Whether the program can say it, and how."""
    if (type_, difference.property) == (_SERVICE, "taskDefinition") and inside:
        revision = shlex.quote(str(difference.after).rsplit("/", 1)[-1])
        command = f"aws ecs describe-task-definition --task-definition {revision}"
        return True, f"give {where} what that revision has, its `image` first: `{command}` shows it"
    if not inside:
        return True, f"in the program, {_said(name, difference)}"
    argument, whole = _argument(type_, difference.path)
    if not argument:
        return False, f"`{difference.property}` is decided by {where} and has no argument: put it back"
    if whole and difference.after is not ABSENT:
        return True, f"set `{argument}` of {where}{_to(difference)}"
    value = f" is `{_code(difference.after)}`" if difference.after is not ABSENT else " is as in AWS"
    return True, f"change `{argument}` of {where} so that `{difference.path}`{value}"


def _argument(type_: str, path: str) -> tuple[str, bool]:
    """The argument for `path`, and whether it is the whole of it."""
    parts = _PLACES.sub("", path).split(".")
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        found = ARGUMENTS.get((type_, key)) or ARGUMENTS.get(("*", key))
        if found:
            return found, length == len(parts) and "[]" not in path
    return "", False


def _said(name: str, difference: Difference) -> str:
    """The edit of a resource that the program itself makes."""
    path, of = difference.path, f"of the resource {name!r}"
    if not path.endswith("[]"):
        return f"set `{path}` {of}{_to(difference)}"
    list_ = path.removesuffix("[]")
    if difference.after is ABSENT:
        return f"take `{_code(difference.before)}` out of `{list_}` {of}"
    return f"add `{_code(difference.after)}` to `{list_}` {of}"


def _to(difference: Difference) -> str:
    if difference.after is ABSENT:
        return "" if difference.before is ABSENT else " to nothing: take it away"
    return f" to `{_code(difference.after)}`"


def _code(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return json.dumps(without_empty(value), ensure_ascii=False)
    return repr(value) if isinstance(value, str | bool) else str(value)
