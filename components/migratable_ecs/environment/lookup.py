"""The environment that is there already: the program only adds the service to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi_aws as aws

from ..plugin_errors import refusal
from ..validation import InvalidArgument
from .settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Environment:
    """Ids and ARNs of what the service stands on."""

    cluster_arn: str
    vpc_id: str
    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    listener_arn: str
    load_balancer_dns_name: str
    url: str


def url(settings: Settings, dns_name: str) -> str:
    """Where the service answers: its first host name without wildcard, else the load balancer's; port 443 means HTTPS. Pure."""
    host = next((name for name in settings.host_headers if not set("*?") & set(name)), dns_name)
    scheme = "https" if settings.listener_port == 443 else "http"
    port = "" if settings.listener_port in (80, 443) else f":{settings.listener_port}"
    return f"{scheme}://{host}{port}/"


def look_up(settings: Settings) -> Environment:
    """Find everything by name.

    Raises:
        InvalidArgument: one sentence that names what is missing and the key to correct.
    """
    vpc = _find("vpc", settings.vpc, "a VPC's Name tag", lambda: aws.ec2.get_vpc(tags={"Name": settings.vpc}))
    balancer = _find(
        "loadBalancer",
        settings.load_balancer,
        "a load balancer",
        lambda: aws.lb.get_load_balancer(name=settings.load_balancer),
    )
    port = settings.listener_port
    listener = _find(
        "listenerPort",
        port,
        f"a listener of {settings.load_balancer}",
        lambda: aws.lb.get_listener(load_balancer_arn=balancer.arn, port=port),
    )
    cluster = _find(
        "cluster",
        settings.cluster,
        "an ECS cluster",
        lambda: aws.ecs.get_cluster(cluster_name=settings.cluster),
    )
    return Environment(
        cluster_arn=cluster.arn,
        vpc_id=vpc.id,
        subnet_ids=_subnets(vpc.id, settings),
        security_group_ids=[_security_group(vpc.id, name, settings) for name in settings.security_groups],
        listener_arn=listener.arn,
        load_balancer_dns_name=balancer.dns_name,
        url=url(settings, balancer.dns_name),
    )


def _subnets(vpc_id: str, settings: Settings) -> list[str]:
    tags = dict(settings.subnets)
    meaning = f"tags of subnets in the VPC {settings.vpc}"
    found = _find(
        "subnets",
        tags,
        meaning,
        lambda: aws.ec2.get_subnets(filters=[_filter("vpc-id", vpc_id)], tags=tags),
    )
    if not found.ids:
        raise InvalidArgument(
            f"config key subnets is {tags!r}, {meaning}, and no subnet has them: correct the tags"
        )
    return sorted(found.ids)


def _security_group(vpc_id: str, name: str, settings: Settings) -> str:
    group = _find(
        "securityGroups",
        name,
        f"a security group in the VPC {settings.vpc}",
        lambda: aws.ec2.get_security_group(vpc_id=vpc_id, name=name),
    )
    return str(group.id)


def _filter(name: str, value: str) -> Any:
    return {"name": name, "values": [value]}


def _find(key: str, value: object, meaning: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except Exception as error:
        raise refusal(
            f"config key {key} is {value!r}, {meaning}",
            error,
            "create it, or correct the key, aws:region or the account",
        ) from None
