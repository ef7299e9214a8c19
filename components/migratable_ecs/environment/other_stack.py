"""Pieces of the environment that another stack has, read from its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi

from ..validation import InvalidArgument
from .ground import Balancer, Network


class OtherStacks:
    """Each stack is asked once, however many pieces it has."""

    def __init__(self) -> None:
        self._references: dict[str, pulumi.StackReference] = {}

    def network(self, stack: str) -> Network:
        ask = self._asked(stack, "network")
        return Network(
            vpc_id=ask("vpc_id"),
            subnet_ids=ask("subnet_ids"),
            security_group_ids=ask("security_group_ids"),
            assign_public_ip=ask("assign_public_ip"),
            public_subnet_ids=self._optional(stack, "public_subnet_ids"),
            private_subnet_ids=self._optional(stack, "private_subnet_ids"),
        )

    def cluster(self, stack: str) -> pulumi.Output[str]:
        return self._asked(stack, "cluster")("cluster_arn")

    def balancer(self, stack: str) -> Balancer:
        ask = self._asked(stack, "loadBalancer")
        return Balancer(
            listener_arn=ask("listener_arn"),
            dns_name=ask("load_balancer_dns_name"),
            port=ask("listener_port").apply(int),
        )

    def database(self, stack: str) -> pulumi.Output[str]:
        return self._asked(stack, "database")("database_secret_arn")

    def database_password(self, stack: str) -> pulumi.Output[str]:
        """Reference to the password: a key of the database's secret, but in stacks of older versions, which have it in that of RDS."""
        return pulumi.Output.all(self._optional(stack, "database_password"), self.database(stack)).apply(
            lambda known: str(known[0] or f"{known[1]}:operator_password::")
        )

    def registry(self, stack: str) -> pulumi.Output[str]:
        return self._asked(stack, "registry")("repository_url")

    def _optional(self, stack: str, output: str) -> pulumi.Output[Any]:
        """None when the stack has no such output."""
        return self._reference(stack).get_output(output)

    def _reference(self, stack: str) -> pulumi.StackReference:
        if stack not in self._references:
            self._references[stack] = pulumi.StackReference(stack)
        return self._references[stack]

    def _asked(self, stack: str, key: str) -> Callable[[str], pulumi.Output[Any]]:
        reference = self._reference(stack)
        return lambda output: reference.get_output(output).apply(
            lambda value: _present(stack, key, output, value)
        )


def _present(stack: str, key: str, output: str, value: Any) -> Any:
    if value is None:
        raise InvalidArgument(
            f"config key {key} is the stack {stack!r}, which has no output {output}: run `pulumi up` there with {key} configured, or "
            f"correct the name"
        )
    return value
