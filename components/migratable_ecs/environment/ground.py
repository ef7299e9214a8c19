"""What a service stands on, whichever way each piece is had. Plain where looked up, outputs where made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True)
class Network:
    """Where tasks run.

    Args:
        subnet_ids, security_group_ids: of the tasks.
        assign_public_ip: whether tasks need one to reach anything outside.
        public_subnet_ids, private_subnet_ids: all of a network that is made here or in another stack, for load balancer and database.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    security_group_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    assign_public_ip: pulumi.Input[bool] = False
    public_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None
    private_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """A listener that takes rules.

    Args:
        dns_name: the name under which it is reached: its domain where it has one, else what AWS calls it.
        port: of the listener; 443 speaks HTTPS.
    """

    listener_arn: pulumi.Input[str]
    dns_name: pulumi.Input[str]
    port: pulumi.Input[int]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """All pieces that the stack has, made, looked up or of another stack.

    Args:
        database_secret_arn: of the secret with the database's address and users.
        database_password: reference to the password, as ECS wants it, where another stack says that it is not the key operator_password of
            that secret, as stacks of older versions do.
        repository_url: where images are pushed.
    """

    network: Network | None = None
    cluster_arn: pulumi.Input[str] | None = None
    balancer: Balancer | None = None
    database_secret_arn: pulumi.Input[str] | None = None
    database_password: pulumi.Input[str] | None = None
    repository_url: pulumi.Input[str] | None = None

    def outputs(self) -> dict[str, Any]:
        """What stacks on this one read, by the names in which `from_stack` looks for them."""
        found: dict[str, Any] = {
            "cluster_arn": self.cluster_arn,
            "database_secret_arn": self.database_secret_arn,
            "database_password": self.database_password,
            "repository_url": self.repository_url,
        }
        if self.network:
            found |= {
                "vpc_id": self.network.vpc_id,
                "subnet_ids": self.network.subnet_ids,
                "security_group_ids": self.network.security_group_ids,
                "assign_public_ip": self.network.assign_public_ip,
                "public_subnet_ids": self.network.public_subnet_ids,
                "private_subnet_ids": self.network.private_subnet_ids,
            }
        if self.balancer:
            found |= {
                "listener_arn": self.balancer.listener_arn,
                "listener_port": self.balancer.port,
                "load_balancer_dns_name": self.balancer.dns_name,
            }
        return {name: value for name, value in found.items() if value is not None}
