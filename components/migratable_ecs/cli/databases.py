"""Which database in RDS a service has: the one the program backs up, the one that is named, or the one of the tasks' settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from ..migration.spec import Backup
from . import exit_codes
from .desk import Desk
from .errors import CommandError

F = TypeVar("F", bound=Callable[..., object])


def database_options(function: F) -> F:
    """--instance and --db-cluster."""
    cluster = click.option("--db-cluster", metavar="NAME", help="Aurora cluster; default as for --instance.")
    instance = click.option(
        "--instance",
        metavar="NAME",
        help="RDS instance; default the program's backup, else the one of the tasks' settings.",
    )
    return instance(cluster(function))


def database_of(desk: Desk, instance: str | None, cluster: str | None) -> Backup:
    """The database to copy or to restore.

    Raises:
        CommandError: two are named, or none is known.
    """
    if instance and cluster:
        raise CommandError("give --instance or --db-cluster, not both", exit_codes.USAGE)
    if instance or cluster:
        return Backup(instance=instance or "", cluster=cluster or "")
    migration = desk.target.migration
    wanted = migration.spec().backup if migration else None
    return wanted or _of_the_settings(desk)


def _of_the_settings(desk: Desk) -> Backup:
    from ..doctor.gather import Asker, database, values
    from .revisions import describe_service, revision

    arns = [str(describe_service(desk)["taskDefinition"])]
    if desk.target.migration is not None:
        arns.append(desk.target.migration.task_definition)
    asker = Asker(desk.clients, desk.clock)
    containers = [each for arn in arns for each in revision(desk, arn).definition["containerDefinitions"]]
    found = database(asker, values(asker, containers).settings)
    if found is None or found.rds is None:
        where = (
            f"{found.host} is no database of RDS that may be seen here"
            if found
            else "the tasks' settings name no database"
        )
        raise CommandError(
            f"{where}: name it with --instance or --db-cluster, or give the migration `backup`",
            exit_codes.NOT_FOUND,
        )
    member = found.rds.get("DBClusterIdentifier")
    if member:
        return Backup(cluster=str(member))
    return Backup(instance=str(found.rds["DBInstanceIdentifier"]))
