"""A target group that would have to be replaced under its own name is found in preview, with the remedy.

Names of target groups are unique in an account and region, and AWS changes neither VPC nor protocol of one: Pulumi would make a second one
of the same name, which AWS refuses in the middle of the update. So AWS is asked for the group of that name first, once, as for the
listener's rules (rule_priority.py). Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi

from .names import shortened
from .rule_priority import load_balancing, region_of
from .validation import InvalidArgument, is_plain

_VPC = re.compile(r"^vpc-[0-9a-f]{8,17}\Z")


def checked_vpc(
    vpc_id: pulumi.Input[str], *, name: str, protocol_version: str, listener_arn: object
) -> pulumi.Input[str]:
    """`vpc_id`, when the target group `name`, if there is one, is as it has to be. A known VPC is looked at before anything is registered.

    Raises:
        InvalidArgument: the group would have to be replaced; inside the Output when `vpc_id` is an Output.
    """

    def check(vpc: str) -> str:
        if _VPC.match(vpc):
            refuse_replacement(name, vpc, protocol_version, _group(name, region_of(listener_arn)))
        return vpc

    if is_plain(vpc_id):
        return check(str(vpc_id))
    return pulumi.Output.from_input(vpc_id).apply(check)


def refuse_replacement(
    name: str, vpc_id: str, protocol_version: str, there: Mapping[str, Any] | None
) -> None:
    """Refuse what the group that is there cannot become. Pure.

    Raises:
        InvalidArgument: with the argument, the group's own value, and a name for a new group.
    """
    if there is None:
        return
    wanted = {
        "VpcId": ("ingress.vpc_id", vpc_id),
        "ProtocolVersion": ("ingress.protocol_version", protocol_version),
        "TargetType": ("the target type", "ip"),
        "Protocol": ("the protocol", "HTTP"),
    }
    for key, (argument, value) in wanted.items():
        found = there.get(key, value)
        if found != value:
            raise InvalidArgument(
                f"{argument} is {value!r}, but the target group {name!r} that is there has {found!r} and AWS cannot change it: "
                f"give a new one another name, such as names={{'target_group': {another(name)!r}}}"
            )


def another(name: str) -> str:
    """A name like `name`: `web` -> `web-2` -> `web-3`, at most 32 characters. Pure."""
    head, _, number = name.rpartition("-")
    if head and number.isdigit():
        return shortened(f"{head}-{int(number) + 1}", 32)
    return f"{shortened(name, 30)}-2"


def _group(name: str, region: str) -> Mapping[str, Any] | None:
    """The group as AWS describes it; None when there is none, or, with a warning, when AWS cannot be asked."""
    try:
        found = load_balancing(region).describe_target_groups(Names=[name])["TargetGroups"]
    except Exception as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        if code != "TargetGroupNotFound":
            text = f"whether the target group {name} can stay could not be seen, AWS will tell when it is changed: {error}"
            pulumi.log.warn(text.replace("\n", " "))
        return None
    return dict(found[0]) if found else None
