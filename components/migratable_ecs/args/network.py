"""Where tasks run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from ..validation import required, texts


@dataclass(kw_only=True)
class NetworkArgs:
    """Where tasks run.

    Args:
        subnets: ids of the subnets, at least one.
        security_groups: ids; empty means the default group of the VPC.
        assign_public_ip: default False.
    """

    subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    security_groups: pulumi.Input[Sequence[pulumi.Input[str]]] = ()
    assign_public_ip: pulumi.Input[bool] = False

    def validate(self, where: str) -> None:
        required(f"{where}.subnets", self.subnets, "give the id of at least one subnet")
        texts(f"{where}.subnets", self.subnets)
        texts(f"{where}.security_groups", self.security_groups)
