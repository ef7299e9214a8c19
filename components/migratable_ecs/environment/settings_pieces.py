"""What a service stands on, piece by piece: each is made, looked up, or another stack's, and says so in one of three ways."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..validation import InvalidArgument, between, named_texts, required, texts
from .balancer import BalancerArgs
from .cluster import ClusterArgs
from .database_args import DatabaseArgs
from .network import NetworkArgs
from .registry import RegistryArgs

#: How a StackReference names a stack. Source: https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences
_STACK = re.compile(r"^[^/\s]+/[^/\s]+/[^/\s]+\Z")


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Where tasks run.

    Args:
        create: make a VPC, or
        vpc: Name tag or id of an existing one, with
        subnets: tags that the tasks' subnets have, and
        security_groups: names or ids of the tasks' security groups. Or
        stack: `organization/project/stack` that has it.
    """

    create: NetworkArgs | None = None
    vpc: str | None = None
    subnets: Mapping[str, str] = field(default_factory=dict)
    security_groups: Sequence[str] = ()
    stack: str | None = None

    def validate(self, where: str) -> None:
        _one_way(where, self, "vpc", ("subnets", "security_groups"))
        if self.vpc:
            required(
                f"{where}.subnets",
                self.subnets,
                "give the tags of the tasks' subnets, such as {Tier: private}",
            )
            required(
                f"{where}.security_groups",
                self.security_groups,
                "give the names of the tasks' security groups",
            )
            named_texts(f"{where}.subnets", self.subnets)
            texts(f"{where}.security_groups", self.security_groups)


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """The ECS cluster.

    Args:
        create: make one, or
        name: of an existing one, or
        stack: `organization/project/stack` that has it.
    """

    create: ClusterArgs | None = None
    name: str | None = None
    stack: str | None = None

    def validate(self, where: str) -> None:
        _one_way(where, self, "name")


@dataclass(frozen=True, kw_only=True)
class BalancerSettings:
    """The load balancer on whose listener the service gets a rule.

    Args:
        create: make one, or
        name: of an existing one, with
        listener_port: of its listener, default 80. Or
        stack: `organization/project/stack` that has it.
    """

    create: BalancerArgs | None = None
    name: str | None = None
    listener_port: int | None = None
    stack: str | None = None

    @property
    def port(self) -> int:
        return self.listener_port or 80

    def validate(self, where: str) -> None:
        _one_way(where, self, "name", ("listener_port",))
        between(f"{where}.listener_port", self.listener_port, 1, 65535)


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """The database, known to the service by its secret.

    Args:
        create: make one, or
        secret: name of the secret in Secrets Manager of an existing one, or
        stack: `organization/project/stack` that has it.
        restart: the tasks of the service are replaced when the secret has a new value, as after each rotation; default whether the
            database is made, here or in another stack.
    """

    create: DatabaseArgs | None = None
    secret: str | None = None
    stack: str | None = None
    restart: bool | None = None

    @property
    def restarts(self) -> bool:
        return self.secret is None if self.restart is None else self.restart

    def validate(self, where: str) -> None:
        _one_way(where, self, "secret")


@dataclass(frozen=True, kw_only=True)
class RegistrySettings:
    """The repository of the images.

    Args:
        create: make one, or
        repository: name of an existing one, or
        stack: `organization/project/stack` that has it.
    """

    create: RegistryArgs | None = None
    repository: str | None = None
    stack: str | None = None

    def validate(self, where: str) -> None:
        _one_way(where, self, "repository")


def _one_way(where: str, piece: Any, name: str, beside: Sequence[str] = ()) -> None:
    """Refuse all but one of `create`, `name` and `stack`; `beside`: what only goes with `name`.

    Raises:
        InvalidArgument: one sentence that names the key and the remedy.
    """
    ways = [way for way in ("create", name, "stack") if getattr(piece, way) is not None]
    if not ways:
        raise InvalidArgument(f"{where} has none of create, {name} and stack: give one of them")
    if len(ways) > 1:
        raise InvalidArgument(
            f"Only one of {where}.{ways[0]} and {where}.{ways[1]} can be provided: remove one of them"
        )
    for each in beside:
        if ways != [name] and getattr(piece, each):
            raise InvalidArgument(
                f"{where}.{each} goes with {where}.{name} only: leave it out, or give {name} instead of {ways[0]}"
            )
    if ways == [name]:
        required(f"{where}.{name}", getattr(piece, name), "give its name")
    stack_name(f"{where}.stack", piece.stack)
    if piece.create is not None:
        piece.create.validate(f"{where}.create")


def stack_name(where: str, value: str | None) -> None:
    """Refuse what is not the full name of a stack."""
    if value is not None and not _STACK.match(value):
        raise InvalidArgument(
            f"{where} is {value!r}; give organization/project/stack, such as organization/migratable-ecs/base"
        )
