"""A load balancer of the environment: HTTPS with its certificate and name, a redirect to it, access logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..args.load_balancer import network as cidr_block
from ..validation import InvalidArgument, between, named_texts, required, text, texts


@dataclass(frozen=True, kw_only=True)
class BalancerArgs:
    """An ALB of the environment's own.

    Args:
        allowed_cidrs: who may call it; `0.0.0.0/0` (everybody) only if given.
        internal: reached from inside the VPC only, in private subnets. Default False.
        domain: name under which it is reached, such as `app.example.com`; makes the certificate and the record. Or
        certificate_arn: of an existing certificate in ACM. Without either it speaks HTTP.
        zone: hosted zone of Route 53 in which `domain` lies; default what follows its first dot.
        other_domains: further names on the certificate, each with a record of its own.
        subnets: tags of its subnets; default the network's public ones (private ones when internal).
        access_logs: whether requests are logged to a bucket of its own. Default True.
        access_logs_days: how long they are kept there, default 90.
        idle_timeout: seconds, 1 to 4000, default 60.
        ssl_policy: default `ELBSecurityPolicy-TLS13-1-2-2021-06`.
    """

    allowed_cidrs: Sequence[str] = ()
    internal: bool = False
    domain: str | None = None
    certificate_arn: str | None = None
    zone: str | None = None
    other_domains: Sequence[str] = ()
    subnets: Mapping[str, str] = field(default_factory=dict)
    access_logs: bool = True
    access_logs_days: int = 90
    idle_timeout: int = 60
    ssl_policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06"

    def validate(self, where: str) -> None:
        """Refuse what AWS would refuse, and a certificate said twice.

        Raises:
            InvalidArgument: one sentence with the remedy.
        """
        required(
            f"{where}.allowed_cidrs",
            self.allowed_cidrs,
            "say who may call it, such as ['0.0.0.0/0'] for everybody",
        )
        texts(f"{where}.allowed_cidrs", self.allowed_cidrs)
        for block in self.allowed_cidrs:
            cidr_block(f"{where}.allowed_cidrs", block)
        for name in ("domain", "certificate_arn", "zone", "ssl_policy"):
            text(f"{where}.{name}", getattr(self, name))
        texts(f"{where}.other_domains", self.other_domains)
        named_texts(f"{where}.subnets", self.subnets)
        between(f"{where}.access_logs_days", self.access_logs_days, 1, 3650)
        between(f"{where}.idle_timeout", self.idle_timeout, 1, 4000, " s")
        self._validate_domain(where)

    def _validate_domain(self, where: str) -> None:
        if self.domain is not None and self.certificate_arn is not None:
            raise InvalidArgument(
                f"Only one of {where}.domain and {where}.certificate_arn can be provided: remove one of them"
            )
        if self.domain is None and (self.zone is not None or self.other_domains):
            raise InvalidArgument(
                f"{where}.zone and {where}.other_domains go with {where}.domain only: give it, or leave them out"
            )
        for name in (self.domain, *self.other_domains):
            if name is not None and "." not in name:
                raise InvalidArgument(
                    f"{where} has the domain {name!r}; give a full name, such as 'app.example.com'"
                )
