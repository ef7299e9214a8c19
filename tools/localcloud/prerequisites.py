"""What the documents of Laravel and Django take for there already, under their own names: network, load balancer, clusters, roles, secrets.

In AWS a console or CloudFormation has made it, once. Here it is made without Pulumi too, so that the stacks find it as they do there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tools.localcloud.errors import LocalCloudError
from tools.localcloud.seed import Place, Seeder


@dataclass(frozen=True)
class Prerequisites:
    """``secrets``: name -> database whose credentials it has; a database of PostgreSQL is made, MariaDB has the one."""

    place: Place
    clusters: tuple[str, ...]
    roles: tuple[str, ...]
    repository: str
    secrets: Mapping[str, str]
    on_mariadb: bool = False


SYSTEMS: Mapping[str, Prerequisites] = {
    "laravel": Prerequisites(
        Place(
            "learning-stg",
            subnets={
                "public-subnet-1a-stg": ("10.0.0.0/20", "a", "public"),
                "public-subnet-1c-stg": ("10.0.64.0/20", "c", "public"),
                "private-subnet-nat-1a-stg": ("10.0.16.0/20", "a", "private"),
                "private-subnet-nat-1c-stg": ("10.0.80.0/20", "c", "private"),
            },
            groups={
                "learning-alb-sg-stg": ("Load balancer", 80, "0.0.0.0/0"),
                "learning-app-sg-stg": ("ECS tasks", 8000, "learning-alb-sg-stg"),
                "learning-db-sg-stg": ("Database", 3306, "learning-app-sg-stg"),
            },
        ),
        clusters=("learning-cluster-stg",),
        roles=("learning-ecs-task-role-stg", "learning-ecs-task-execution-role-stg"),
        repository="learning-app-stg",
        secrets={"db-main-instance-stg": "learning"},
        on_mariadb=True,
    ),
    "django": Prerequisites(
        Place(
            "django-ecs",
            subnets={
                "django-ecs-public-a": ("10.0.0.0/24", "a", "public"),
                "django-ecs-public-c": ("10.0.1.0/24", "c", "public"),
                "django-ecs-private-a": ("10.0.10.0/24", "a", "private"),
                "django-ecs-private-c": ("10.0.11.0/24", "c", "private"),
            },
            groups={
                "django-ecs-alb": ("Load balancer", 80, "0.0.0.0/0"),
                "django-ecs-app": ("Tasks", 8000, "django-ecs-alb"),
            },
        ),
        clusters=("django-ecs-cluster-staging", "django-ecs-cluster-production"),
        roles=("ecsTaskExecutionRole",),
        repository="django-ecs-app",
        secrets={"django-db-staging": "grape_staging", "django-db-production": "grape_production"},
    ),
}


def of(system: str) -> Prerequisites:
    """Those of a system; LocalCloudError, which names the systems there are, for another."""
    if system not in SYSTEMS:
        raise LocalCloudError(
            f"There is no system {system!r} with prerequisites: choose one of {', '.join(sorted(SYSTEMS))}."
        )
    return SYSTEMS[system]


def make(seeder: Seeder, wanted: Prerequisites) -> None:
    """Everything but the secrets. Twice changes nothing."""
    seeder.load_balancer(*seeder.network())
    for cluster in wanted.clusters:
        seeder.cluster_called(cluster)
    for role in wanted.roles:
        seeder.role(role)
    seeder.repository(wanted.repository)


def database(dsn: str, name: str) -> None:
    """A further database in the server that ``dsn`` leads to, made when it is missing."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
