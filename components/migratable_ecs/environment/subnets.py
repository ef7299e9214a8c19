"""Subnets found by their tags, for what is made in a network that was there before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from ..plugin_errors import refusal
from ..validation import InvalidArgument

Ids = pulumi.Input[Sequence[pulumi.Input[str]]]


def tagged_or(key: str, vpc_id: pulumi.Input[str], tags: Mapping[str, str], otherwise: Ids | None) -> Ids:
    """The ids of the subnets with `tags`, at least two; without tags `otherwise`. At once where the VPC is known.

    Args:
        key: the config key that has the tags, as errors name it.

    Raises:
        InvalidArgument: fewer than two; inside the Output where the VPC is one; or neither tags nor `otherwise`.
    """
    if not tags:
        if otherwise is None:
            raise InvalidArgument(
                f"{key} is missing: give the tags of two subnets of the VPC, such as {{Tier: public}}"
            )
        return otherwise
    if isinstance(vpc_id, str):
        return _found(key, vpc_id, tags)
    later: pulumi.Output[Any] = pulumi.Output.all(vpc_id)
    return later.apply(lambda known: _found(key, known[0], tags))


def _found(key: str, vpc_id: str, tags: Mapping[str, str]) -> Sequence[str]:
    what = f"{key} is {dict(tags)!r}, tags of subnets in the VPC {vpc_id}"
    try:
        found = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc_id]}], tags=dict(tags)).ids
    except Exception as error:
        raise refusal(what, error, "correct the tags") from None
    if len(found) < 2:
        raise InvalidArgument(
            f"{what}, and {len(found) or 'none'} has them: give tags that two have, in different zones"
        )
    return sorted(found)
