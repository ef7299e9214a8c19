"""Every piece of the environment, in the way that the stack's configuration says."""

from __future__ import annotations

import pulumi

from ..migration import guard
from .balancer import balancer as make_balancer
from .cluster import cluster as make_cluster
from .database import database as make_database
from .ground import Balancer, Environment, Network
from .lookup import look_up_balancer, look_up_cluster, look_up_network, look_up_repository, look_up_secret
from .making import Making
from .network import network as make_network
from .other_stack import OtherStacks
from .registry import registry as make_registry
from .settings import Settings, environment_name, has_service


def stand_on(settings: Settings) -> Environment:
    """Make, look up or read what the stack is configured to stand on.

    Raises:
        InvalidArgument: one sentence that names what is missing and the key to correct.
    """
    others, making = OtherStacks(), _making(settings)
    network = _network(settings, making, others)
    secret, password = _database(settings, making, others, network)
    return Environment(
        network=network,
        cluster_arn=_cluster(settings, making, others),
        balancer=_balancer(settings, making, others, network),
        database_secret_arn=secret,
        database_password=password,
        repository_url=_registry(settings, making, others),
    )


def _making(settings: Settings) -> Making:
    given = settings.protected
    return Making(
        name=environment_name(settings),
        protected=guard.is_protected(pulumi.get_stack()) if given is None else given,
        allow_destroy=settings.allow_destroy,
        tags=settings.tags,
        permissions_boundary=settings.task.permissions_boundary if settings.task else None,
    )


def _network(settings: Settings, making: Making, others: OtherStacks) -> Network | None:
    given = settings.network
    if given is None:
        return None
    if given.create:
        return make_network(making, given.create)
    return others.network(given.stack) if given.stack else look_up_network(given)


def _cluster(settings: Settings, making: Making, others: OtherStacks) -> pulumi.Input[str] | None:
    given = settings.cluster
    if given is None:
        return None
    if given.create:
        return make_cluster(making, given.create)
    return others.cluster(given.stack) if given.stack else look_up_cluster(given.name or "")


def _balancer(
    settings: Settings, making: Making, others: OtherStacks, network: Network | None
) -> Balancer | None:
    given = settings.load_balancer
    if given is None:
        return None
    if given.create and network:
        port = settings.container_port if has_service(settings) else None
        return make_balancer(making, given.create, network, port or None)
    return others.balancer(given.stack) if given.stack else look_up_balancer(given)


def _database(
    settings: Settings, making: Making, others: OtherStacks, network: Network | None
) -> tuple[pulumi.Input[str] | None, pulumi.Input[str] | None]:
    """ARN of the secret, and a reference to the password where another stack has it elsewhere."""
    given = settings.database
    if given is None:
        return None, None
    if given.create and network:
        watching = settings.watching
        made = make_database(making, given.create, network, watching.topic_arn if watching else None)
        return made.secret_arn, None
    if given.stack:
        return others.database(given.stack), others.database_password(given.stack)
    return look_up_secret(given.secret or ""), None


def _registry(settings: Settings, making: Making, others: OtherStacks) -> pulumi.Input[str] | None:
    given = settings.registry
    if given is None:
        return None
    if given.create:
        return make_registry(making, given.create)
    return others.registry(given.stack) if given.stack else look_up_repository(given.repository or "")
