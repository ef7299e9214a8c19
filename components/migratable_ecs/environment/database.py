"""A database with its security group and its secret. RDS makes the password and has it rotated; password.py brings it into the secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .database_args import LOGS, DatabaseArgs
from .deleted_secret import refuse_deleted
from .ground import Network
from .making import Making
from .password import connection_secret
from .subnets import tagged_or


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database that is made.

    Args:
        secret_arn: of the JSON secret with the keys host, port, dbname, operator_user, operator_password.
        password_secret_arn: of the secret in which RDS keeps the password.
        security_group_id: of its group, which lets in the tasks' groups only.
    """

    secret_arn: pulumi.Output[str]
    password_secret_arn: pulumi.Output[str]
    host: pulumi.Output[str]
    port: int
    security_group_id: pulumi.Output[str]
    identifier: str


@dataclass(frozen=True)
class _Server:
    """What instance and cluster have in common once they are made."""

    host: pulumi.Output[str]
    password_secret: pulumi.Output[str]


def database(
    making: Making, args: DatabaseArgs, network: Network, topic: pulumi.Input[str] | None = None
) -> Database:
    """An RDS instance or an Aurora cluster, reached from the tasks of `network` only.

    Args:
        topic: SNS topic of the service that stands on it, where the database has none of its own.

    Raises:
        InvalidArgument: its secret's name is scheduled for deletion, or its subnets are not found.
    """
    identifier = args.identifier or making.called("db", 63)
    secret_name = args.secret or making.called("db")
    refuse_deleted(secret_name)
    group = _security_group(making, args, network)
    common = _common(making, args, network, identifier, group.id)
    server = (
        _cluster(making, args, identifier, common)
        if args.is_aurora
        else _instance(making, args, identifier, common)
    )
    if args.rotate_days is not None:
        aws.secretsmanager.SecretRotation(
            making.called("db"),
            secret_id=server.password_secret,
            rotation_rules={"automatically_after_days": args.rotate_days},
            # It has just been made.
            rotate_immediately=False,
        )
    return Database(
        secret_arn=connection_secret(
            making,
            secret_name,
            server.password_secret,
            (server.host, str(args.port), args.name, args.user),
            args.alarm_topic or topic,
        ),
        password_secret_arn=server.password_secret,
        host=server.host,
        port=args.port,
        security_group_id=group.id,
        identifier=identifier,
    )


def _security_group(making: Making, args: DatabaseArgs, network: Network) -> aws.ec2.SecurityGroup:
    """In from the tasks' groups, on its own port; out nowhere."""
    group = aws.ec2.SecurityGroup(
        making.called("db"),
        name=making.called("db"),
        description=f"Database of {making.name}",
        vpc_id=network.vpc_id,
        tags=making.tagged("db"),
    )
    for number, tasks in enumerate(groups_of(network)):
        aws.vpc.SecurityGroupIngressRule(
            making.called(f"db-from-tasks-{number}"),
            security_group_id=group.id,
            referenced_security_group_id=tasks,
            description="Tasks",
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            tags=making.tagged(f"db-from-tasks-{number}"),
        )
    return group


def groups_of(network: Network) -> Sequence[pulumi.Input[str]]:
    """The groups of the tasks; of another stack's only the first, since how many there are is known only when they are read."""
    given = network.security_group_ids
    if isinstance(given, Sequence):
        return list(given)
    later: pulumi.Output[Any] = pulumi.Output.all(given)
    return [later.apply(lambda known: str(known[0][0]))]


def _common(
    making: Making, args: DatabaseArgs, network: Network, identifier: str, group: pulumi.Output[str]
) -> dict[str, Any]:
    """Inputs that instance and cluster have by the same names."""
    otherwise = network.private_subnet_ids or network.subnet_ids
    subnets = tagged_or("database.create.subnets", network.vpc_id, args.subnets, otherwise)
    placed = aws.rds.SubnetGroup(
        making.called("db"), name=identifier, description=f"Database of {making.name}", subnet_ids=subnets, tags=making.tagged("db")
    )  # fmt: skip
    final = making.protected if args.final_snapshot is None else args.final_snapshot
    keeping = making.keep if args.deletion_protection is None else args.deletion_protection
    return {
        "engine": args.engine,
        "engine_version": args.version,
        "port": args.port,
        "db_subnet_group_name": placed.name,
        "vpc_security_group_ids": [group],
        "manage_master_user_password": True,
        "backup_retention_period": args.backup_days,
        "delete_automated_backups": not making.protected,
        "copy_tags_to_snapshot": True,
        "deletion_protection": keeping and not making.allow_destroy,
        "skip_final_snapshot": not final,
        "final_snapshot_identifier": f"{identifier}-final" if final else None,
        "storage_encrypted": args.encrypted,
        "kms_key_id": args.kms_key_arn,
        "enabled_cloudwatch_logs_exports": list(LOGS[args.engine]) if args.logs else None,
        # In production changes that interrupt wait for the maintenance window.
        "apply_immediately": not making.protected,
        "tags": making.tagged("db"),
    }


def _instance(making: Making, args: DatabaseArgs, identifier: str, common: dict[str, Any]) -> _Server:
    made = aws.rds.Instance(
        making.called("db"),
        identifier=identifier,
        instance_class=args.size,
        allocated_storage=args.storage_gb,
        max_allocated_storage=args.max_storage_gb,
        storage_type="gp3",
        db_name=args.name,
        username=args.user,
        multi_az=_multi_az(making, args),
        publicly_accessible=args.publicly_accessible,
        opts=making.options(depends_on=_log_groups(making, args, f"/aws/rds/instance/{identifier}")),
        **common,
    )
    return _Server(made.address, _secret_of(made.master_user_secrets))


def _cluster(making: Making, args: DatabaseArgs, identifier: str, common: dict[str, Any]) -> _Server:
    made = aws.rds.Cluster(
        making.called("db"),
        cluster_identifier=identifier,
        database_name=args.name,
        master_username=args.user,
        serverlessv2_scaling_configuration=_capacity(args),
        opts=making.options(depends_on=_log_groups(making, args, f"/aws/rds/cluster/{identifier}")),
        **common,
    )
    readers = args.readers if args.readers is not None else int(_multi_az(making, args))
    for number in range(1 + readers):
        aws.rds.ClusterInstance(
            making.called(f"db-{number}"),
            identifier=f"{identifier}-{number}",
            cluster_identifier=made.id,
            engine=aws.rds.EngineType(args.engine),
            engine_version=made.engine_version,
            instance_class=args.size,
            publicly_accessible=args.publicly_accessible,
            db_subnet_group_name=common["db_subnet_group_name"],
            promotion_tier=number,
            apply_immediately=common["apply_immediately"],
            copy_tags_to_snapshot=True,
            tags=making.tagged(f"db-{number}"),
            opts=making.options(),
        )
    return _Server(made.endpoint, _secret_of(made.master_user_secrets))


def _capacity(args: DatabaseArgs) -> aws.rds.ClusterServerlessv2ScalingConfigurationArgs | None:
    if args.min_capacity is None or args.max_capacity is None:
        return None
    return aws.rds.ClusterServerlessv2ScalingConfigurationArgs(
        min_capacity=args.min_capacity, max_capacity=args.max_capacity
    )


def _multi_az(making: Making, args: DatabaseArgs) -> bool:
    return making.protected if args.multi_az is None else args.multi_az


def _secret_of(master_user_secrets: pulumi.Output[Any]) -> pulumi.Output[str]:
    """The ARN of the secret that RDS keeps."""
    return master_user_secrets.apply(lambda secrets: str(secrets[0]["secret_arn"]))


def _log_groups(making: Making, args: DatabaseArgs, prefix: str) -> list[pulumi.Resource]:
    """Made before RDS makes them itself: those would be kept for ever, and stay after the database."""
    return [
        aws.cloudwatch.LogGroup(
            making.called(f"db-{log}"),
            name=f"{prefix}/{log}",
            retention_in_days=30,
            tags=making.tagged(f"db-{log}"),
        )
        for log in (LOGS[args.engine] if args.logs else ())
    ]
