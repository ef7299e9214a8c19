"""A load balancer of the environment: HTTPS with its certificate and name, a redirect to it, access logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from ..args import LoadBalancerArgs
from ..args.load_balancer import network as cidr_block
from ..load_balancer import LoadBalancer, Owner
from ..plugin_errors import refusal
from ..validation import InvalidArgument, between, named_texts, required, text, texts
from .access_logs import access_logs_bucket
from .database import groups_of
from .ground import Balancer, Network
from .making import Making
from .subnets import tagged_or


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


def balancer(making: Making, args: BalancerArgs, network: Network, container_port: int | None) -> Balancer:
    """An ALB whose listener takes rules; it calls the tasks of `network` on `container_port`, or on any when that is not known here.

    Raises:
        InvalidArgument: its subnets or its hosted zone are not found.
    """
    otherwise = network.private_subnet_ids if args.internal else network.public_subnet_ids
    zone = _zone(args)
    made = LoadBalancer(
        Owner(
            name=making.called("balancer"),
            balancer=making.called("", 32),
            group=making.called("alb"),
            tasks=groups_of(network),
            tags=dict(making.tags),
            opts=pulumi.ResourceOptions(),
        ),
        LoadBalancerArgs(
            subnets=tagged_or("loadBalancer.create.subnets", network.vpc_id, args.subnets, otherwise),
            allowed_cidrs=args.allowed_cidrs,
            certificate_arn=_certificate(making, args, zone) if zone else args.certificate_arn,
            ssl_policy=args.ssl_policy,
            internal=args.internal,
            idle_timeout=args.idle_timeout,
            deletion_protection=making.keep,
            access_logs_bucket=access_logs_bucket(making, args.access_logs_days)
            if args.access_logs
            else None,
        ),
        network.vpc_id,
        container_port,
    )
    if zone:
        _records(making, args, zone, made.balancer)
    return Balancer(
        listener_arn=made.listener.arn,
        dns_name=args.domain or made.balancer.dns_name,
        port=443 if args.domain or args.certificate_arn else 80,
    )


def _zone(args: BalancerArgs) -> str | None:
    """The id of the hosted zone, None without domain."""
    if args.domain is None:
        return None
    name = args.zone or args.domain.partition(".")[2]
    try:
        return aws.route53.get_zone(name=name).zone_id
    except Exception as error:
        raise refusal(
            f"loadBalancer.create.zone is {name!r}, a hosted zone in Route 53",
            error,
            "create it, or give the zone in which the domain lies",
        ) from None


def _domains(args: BalancerArgs) -> list[str]:
    return [args.domain or "", *args.other_domains]


def _certificate(making: Making, args: BalancerArgs, zone: str) -> pulumi.Output[str]:
    """The ARN of a certificate, known once ACM has seen the records that prove whose the names are."""
    wanted = aws.acm.Certificate(
        making.called("certificate"),
        domain_name=args.domain,
        subject_alternative_names=list(args.other_domains),
        validation_method="DNS",
        tags=making.tagged("certificate"),
    )
    proofs = [_proof(making, wanted, zone, domain) for domain in _domains(args)]
    issued = aws.acm.CertificateValidation(
        making.called("certificate"),
        certificate_arn=wanted.arn,
        validation_record_fqdns=[proof.fqdn for proof in proofs],
    )
    return issued.certificate_arn


def _proof(making: Making, wanted: aws.acm.Certificate, zone: str, domain: str) -> aws.route53.Record:
    """The record that ACM asks for `domain`. ACM gives them in no order, and `*.example.com` has that of `example.com`."""
    option = wanted.domain_validation_options.apply(
        lambda options: next(each for each in options if each["domain_name"] == domain)
    )
    return aws.route53.Record(
        making.called(f"proof-{domain}"),
        zone_id=zone,
        name=option.apply(lambda each: str(each["resource_record_name"])),
        type=option.apply(lambda each: str(each["resource_record_type"])),
        records=[option.apply(lambda each: str(each["resource_record_value"]))],
        ttl=300,
        allow_overwrite=True,
    )


def _records(making: Making, args: BalancerArgs, zone: str, made: aws.lb.LoadBalancer) -> None:
    for domain in _domains(args):
        aws.route53.Record(
            making.called(domain),
            zone_id=zone,
            name=domain,
            type="A",
            aliases=[{"name": made.dns_name, "zone_id": made.zone_id, "evaluate_target_health": True}],
        )
