"""Every piece of the environment, in the way that the stack's configuration says."""

from __future__ import annotations

import pulumi

from .ground import Balancer, Environment, Network
from .lookup import look_up_balancer, look_up_cluster, look_up_network, look_up_repository, look_up_secret
from .other_stack import OtherStacks
from .settings import Settings


def stand_on(settings: Settings) -> Environment:
    """Look up or read what the stack is configured to stand on.

    Raises:
        InvalidArgument: one sentence that names what is missing and the key to correct.
    """
    others = OtherStacks()
    return Environment(
        network=_network(settings, others),
        cluster_arn=_cluster(settings, others),
        balancer=_balancer(settings, others),
        database_secret_arn=_database(settings, others),
        repository_url=_registry(settings, others),
    )


def _network(settings: Settings, others: OtherStacks) -> Network | None:
    given = settings.network
    if given is None:
        return None
    return others.network(given.stack) if given.stack else look_up_network(given)


def _cluster(settings: Settings, others: OtherStacks) -> pulumi.Input[str] | None:
    given = settings.cluster
    if given is None:
        return None
    return others.cluster(given.stack) if given.stack else look_up_cluster(given.name or "")


def _balancer(settings: Settings, others: OtherStacks) -> Balancer | None:
    given = settings.load_balancer
    if given is None:
        return None
    return others.balancer(given.stack) if given.stack else look_up_balancer(given)


def _database(settings: Settings, others: OtherStacks) -> pulumi.Input[str] | None:
    given = settings.database
    if given is None:
        return None
    return others.database(given.stack) if given.stack else look_up_secret(given.secret or "")


def _registry(settings: Settings, others: OtherStacks) -> pulumi.Input[str] | None:
    given = settings.registry
    if given is None:
        return None
    return others.registry(given.stack) if given.stack else look_up_repository(given.repository or "")
