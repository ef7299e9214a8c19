"""A load balancer of the service's own."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from ..validation import InvalidArgument, between, is_plain, required, text, texts


@dataclass(kw_only=True)
class LoadBalancerArgs:
    """An ALB made for the service.

    Args:
        subnets: ids, in at least two zones; public ones for a load balancer that the internet reaches.
        allowed_cidrs: who may call it: a security group is made that lets them, and nobody else, in. `0.0.0.0/0` only if given. Or
        security_groups: ids of existing groups. Only one of the two.
        certificate_arn: of ACM; the listener then speaks HTTPS at 443, and 80 redirects to it. Without it HTTP at 80.
        ssl_policy: default `ELBSecurityPolicy-TLS13-1-2-2021-06`.
        internal: reached from inside the VPC only, default False.
        idle_timeout: seconds, 1 to 4000, default 60.
        deletion_protection: default False.
        access_logs_bucket: S3 bucket for access logs. access_logs_prefix: folder in it.
    """

    subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    allowed_cidrs: Sequence[str] = ()
    security_groups: Sequence[pulumi.Input[str]] = ()
    certificate_arn: pulumi.Input[str] | None = None
    ssl_policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    internal: bool = False
    idle_timeout: int = 60
    deletion_protection: bool = False
    access_logs_bucket: pulumi.Input[str] | None = None
    access_logs_prefix: str | None = None

    def validate(self, where: str) -> None:
        required(f"{where}.subnets", self.subnets, "give the ids of subnets in two zones")
        texts(f"{where}.subnets", self.subnets)
        if isinstance(self.subnets, Sequence) and len(self.subnets) < 2:
            raise InvalidArgument(
                f"{where}.subnets has one subnet; an ALB needs two, in different zones: give another"
            )
        texts(f"{where}.allowed_cidrs", self.allowed_cidrs)
        texts(f"{where}.security_groups", self.security_groups)
        for block in self.allowed_cidrs:
            network(f"{where}.allowed_cidrs", block)
        if bool(self.allowed_cidrs) == bool(self.security_groups):
            raise InvalidArgument(
                f"Only one of {where}.allowed_cidrs and {where}.security_groups can be provided, and one must be: say who may call it, "
                "such as allowed_cidrs=['10.0.0.0/16']"
            )
        text(f"{where}.certificate_arn", self.certificate_arn)
        required(f"{where}.ssl_policy", self.ssl_policy, "leave it out for the default")
        between(f"{where}.idle_timeout", self.idle_timeout, 1, 4000, " s")
        if self.access_logs_prefix is not None and self.access_logs_bucket is None:
            raise InvalidArgument(
                f"{where}.access_logs_prefix is given without {where}.access_logs_bucket: give both, or neither"
            )


def network(argument: str, block: object) -> None:
    """Refuse what is no CIDR block, or one whose address is not its first."""
    if not is_plain(block):
        return
    try:
        found = ipaddress.ip_network(str(block), strict=False)
    except ValueError:
        found = None
    if found is None or "/" not in str(block):
        raise InvalidArgument(f"{argument} holds {block!r}; give CIDR blocks such as '10.0.0.0/16'")
    if str(found) != str(block):
        raise InvalidArgument(
            f"{argument} holds {block!r}, which is not a network's own address: give {str(found)!r}"
        )
