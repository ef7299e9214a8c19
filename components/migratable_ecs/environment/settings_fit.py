"""Whether what is made fits the environment's name, and the service that stands on it. Pure but for the names of project and stack."""

from __future__ import annotations

import re
from dataclasses import replace

from ..names import shortened
from ..validation import InvalidArgument
from .settings import Settings, environment_name
from .settings_database import database_keys

#: Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
_BALANCER = re.compile(r"(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\Z")


def check_names(settings: Settings) -> None:
    """Refuse an environment's name after which AWS would not call what is made, where that has no name of its own.

    Raises:
        InvalidArgument: as for the name itself, had it been configured.
    """
    name = environment_name(settings)
    database = settings.database.create if settings.database else None
    if database and database.identifier is None:
        replace(database, identifier=shortened(f"{name}-db", 63)).validate("database.create")
    registry = settings.registry.create if settings.registry else None
    if registry and registry.repository is None:
        replace(registry, repository=shortened(name, 256)).validate("registry.create")
    if settings.load_balancer and settings.load_balancer.create and not _BALANCER.match(name):
        raise InvalidArgument(
            f"the load balancer would be called {name!r}, and AWS allows letters, digits and hyphens, not internal- first: "
            "name project and stack, or the service, with those only"
        )


def check_way_out(settings: Settings) -> None:
    """Refuse a network that is made without a way out, when the service needs what it then cannot reach.

    Raises:
        InvalidArgument: one sentence that names the endpoint.
    """
    made = settings.network.create if settings.network else None
    if made is None or made.nat != "none" or made.public_tasks:
        return
    secrets = database_keys(settings) or [each for each in settings.secrets.values() if ":ssm:" not in each]
    shell = settings.rollout is not None and settings.rollout.execute_command
    for needed, endpoint, what in (
        (secrets, "secretsmanager", "secrets come"),
        (shell, "exec", "rollout.execute_command works"),
    ):
        if needed and endpoint not in made.endpoints:
            raise InvalidArgument(
                f"network.create.nat is 'none' and network.create.endpoints lacks {endpoint}, through which {what}: add it, or give "
                "another nat"
            )
