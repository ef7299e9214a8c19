"""What is there already, found by name in the account."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import pulumi_aws as aws

from ..plugin_errors import refusal
from ..validation import InvalidArgument
from .ground import Balancer, Network
from .settings_pieces import BalancerSettings, NetworkSettings

T = TypeVar("T")

#: 8 hex digits before 2018, 17 since. Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
_VPC_ID, _GROUP_ID = (re.compile(rf"{kind}-[0-9a-f]{{8}}(?:[0-9a-f]{{9}})?\Z") for kind in ("vpc", "sg"))


def look_up_network(settings: NetworkSettings) -> Network:
    """A VPC, the subnets of its tasks and their security groups.

    Raises:
        InvalidArgument: one sentence that names what is missing and the key to correct, as with everything looked up here.
    """
    vpc = _vpc(str(settings.vpc))
    return Network(
        vpc_id=vpc.id,
        subnet_ids=_subnets(vpc.id, settings),
        security_group_ids=[_security_group(vpc.id, group, settings) for group in settings.security_groups],
    )


def _vpc(name: str) -> Any:
    if _VPC_ID.match(name):
        return _find("network.vpc", name, "a VPC's id", lambda: aws.ec2.get_vpc(id=name))
    return _find("network.vpc", name, "a VPC's Name tag", lambda: aws.ec2.get_vpc(tags={"Name": name}))


def look_up_cluster(name: str) -> str:
    """The ARN of the cluster."""
    return _find("cluster.name", name, "an ECS cluster", lambda: aws.ecs.get_cluster(cluster_name=name)).arn


def look_up_balancer(settings: BalancerSettings) -> Balancer:
    """A load balancer's listener."""
    name, port = settings.name, settings.port
    balancer = _find(
        "loadBalancer.name", name, "a load balancer", lambda: aws.lb.get_load_balancer(name=name)
    )
    listener = _find(
        "loadBalancer.listenerPort",
        port,
        f"a listener of {name}",
        lambda: aws.lb.get_listener(load_balancer_arn=balancer.arn, port=port),
    )
    return Balancer(listener_arn=listener.arn, dns_name=balancer.dns_name, port=port)


def look_up_secret(name: str) -> str:
    """The ARN of the database's secret."""
    meaning = "a secret in Secrets Manager"
    return _find("database.secret", name, meaning, lambda: aws.secretsmanager.get_secret(name=name)).arn


def look_up_repository(name: str) -> str:
    """The URL of the repository."""
    found = _find("registry.repository", name, "an ECR repository", lambda: aws.ecr.get_repository(name=name))
    return found.repository_url


def _subnets(vpc_id: str, settings: NetworkSettings) -> list[str]:
    tags = dict(settings.subnets)
    meaning = f"tags of subnets in the VPC {settings.vpc}"
    found = _find(
        "network.subnets",
        tags,
        meaning,
        lambda: aws.ec2.get_subnets(filters=[_filter("vpc-id", vpc_id)], tags=tags),
    )
    if not found.ids:
        raise InvalidArgument(
            f"config key network.subnets is {tags!r}, {meaning}, and no subnet has them: correct the tags"
        )
    return sorted(found.ids)


def _security_group(vpc_id: str, name: str, settings: NetworkSettings) -> str:
    by_id = bool(_GROUP_ID.match(name))
    group = _find(
        "network.securityGroups",
        name,
        f"a security group in the VPC {settings.vpc}",
        lambda: aws.ec2.get_security_group(
            vpc_id=vpc_id, id=name if by_id else None, name=None if by_id else name
        ),
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
