"""From what is configured and what the service stands on to the args of `MigratableEcsService`."""

from __future__ import annotations

from dataclasses import fields, replace

import pulumi

from ..args import MigratableEcsServiceArgs, MigrationArgs, NetworkArgs, RolloutArgs
from ..protect import guarded_service
from ..validation import InvalidArgument
from .exec_logging import with_exec_logging
from .ground import Balancer, Environment, Network
from .settings import Settings, has_service
from .settings_database import database_keys, with_database
from .settings_fit import check_names, check_way_out
from .settings_keys import in_keys

_MADE_HERE = ("cluster", "network", "ingress", "container_port", "migration", "contract")
_AS_THEY_ARE = {each.name for each in fields(Settings)} & {
    each.name for each in fields(MigratableEcsServiceArgs) if each.name not in _MADE_HERE
}

#: Stands for what is not known before anything is looked up or made.
_LATER = Environment(
    network=Network(vpc_id="vpc", subnet_ids=["subnet"], security_group_ids=["group"]),
    cluster_arn="cluster",
    balancer=Balancer(listener_arn="listener", dns_name="balancer", port=80),
)
_SECRET = "arn:aws:secretsmanager:later:000000000000:secret:database"


def check(settings: Settings) -> None:
    """Refuse what could not work, before anything is looked up or made. After `protect`, whose rules count too.

    Raises:
        InvalidArgument: one sentence that names the key and the remedy.
    """
    try:
        check_names(settings)
        if not has_service(settings):
            return
        check_way_out(settings)
        args = service_args(
            settings, replace(_LATER, database_secret_arn=_SECRET if settings.database else None)
        )
        args.validate(settings.service)
        guarded_service(settings.service, args)
    except InvalidArgument as error:
        raise InvalidArgument(in_keys(str(error), Settings)) from None


def service_args(settings: Settings, ground: Environment) -> MigratableEcsServiceArgs:
    """The args of the service that `settings` describe, on `ground`.

    Raises:
        InvalidArgument: secrets refer to a database, and none is configured.
    """
    network, balancer, ingress = ground.network, ground.balancer, settings.ingress
    assert network is not None, "load() refuses a service without"
    assert ground.cluster_arn is not None, "load() refuses a service without"
    if ingress and balancer:
        ingress = replace(ingress, vpc_id=network.vpc_id, listener_arn=balancer.listener_arn)
    args = MigratableEcsServiceArgs(
        cluster=ground.cluster_arn,
        network=NetworkArgs(
            subnets=network.subnet_ids,
            security_groups=network.security_group_ids,
            assign_public_ip=network.assign_public_ip,
        ),
        ingress=ingress,
        container_port=settings.container_port or None,
        migration=_migration(settings, settings.migration, settings.force),
        contract=_migration(settings, settings.contract),
        **{name: getattr(settings, name) for name in sorted(_AS_THEY_ARE)},
    )
    if _logs_exec(settings):
        args = with_exec_logging(args)
    secret = ground.database_secret_arn
    if secret is not None and settings.database and settings.database.restarts and database_keys(args):
        rollout = args.rollout or RolloutArgs()
        args = replace(args, rollout=replace(rollout, restart_on=[*rollout.restart_on, secret]))
    return with_database(args, secret, ground.database_password)


def _logs_exec(settings: Settings) -> bool:
    """Whether the cluster is one that we make, here or in another stack, and keeps the sessions of ECS Exec."""
    given = settings.cluster
    return bool(given and (given.stack or (given.create and given.create.exec_logging)))


def url(settings: Settings, ground: Environment) -> pulumi.Output[str] | None:
    """Where the service answers: its first host name without wildcard, else the load balancer's; port 443 means HTTPS."""
    if not settings.ingress or not ground.balancer:
        return None
    host = next((name for name in map(str, settings.ingress.host_headers) if not set("*?") & set(name)), None)
    return pulumi.Output.all(host or ground.balancer.dns_name, ground.balancer.port).apply(
        lambda known: _address(str(known[0]), int(known[1]))
    )


def _address(host: str, port: int) -> str:
    scheme = "https" if port == 443 else "http"
    return f"{scheme}://{host}{'' if port in (80, 443) else f':{port}'}/"


def _migration(settings: Settings, migration: MigrationArgs | None, force: str = "") -> MigrationArgs | None:
    """What `force` and `protected` say of the whole stack goes to the migration, unless it says otherwise itself."""
    if migration is None:
        return None
    triggers = {**(migration.triggers or {}), **({"force": force} if force else {})}
    protected = settings.protected if migration.protected is None else migration.protected
    return replace(migration, triggers=triggers, protected=protected)
