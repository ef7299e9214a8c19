"""Volumes of a task: EFS, empty ones that its containers share, and one for each writable path beside a read-only root."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from .args.containers import ContainerArgs
from .args.task import VolumeArgs

#: Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticfilesystem.html
MOUNT, WRITE = "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"


def writable_volume(container: str, path: str) -> str:
    """The volume behind a writable path: `writable-{container}-{path}`, one for each container and path. Pure."""
    plain = path.strip("/").replace("/", "_")
    if re.fullmatch(r"/?[a-zA-Z0-9-]+(/[a-zA-Z0-9-]+)*/?", path):
        return f"writable-{container}-{plain}"
    mark = hashlib.sha256(path.encode()).hexdigest()[:8]
    return f"writable-{container}-{re.sub(r'[^a-zA-Z0-9_-]', '-', plain)[:100]}-{mark}"


def mount_points(container: str, more: ContainerArgs) -> list[dict[str, Any]]:
    """The `mountPoints` of a container, sorted by path. Pure."""
    points = {path: (writable_volume(container, path), False) for path in more.writable}
    points |= {path: (mount.volume, mount.read_only) for path, mount in (more.mounts or {}).items()}
    return [
        {"containerPath": path, "sourceVolume": volume, "readOnly": read_only}
        for path, (volume, read_only) in sorted(points.items())
    ]


def volume_names(containers: Sequence[tuple[str, ContainerArgs]]) -> list[str]:
    """The volumes that containers, given as (name, args), need; sorted. Pure."""
    return sorted({point["sourceVolume"] for name, more in containers for point in mount_points(name, more)})


def task_volumes(
    names: Sequence[str], volumes: Mapping[str, VolumeArgs]
) -> list[aws.ecs.TaskDefinitionVolumeArgs]:
    """The volumes of a task definition."""
    return [_volume(name, volumes.get(name) or VolumeArgs()) for name in names]


def _volume(name: str, volume: VolumeArgs) -> aws.ecs.TaskDefinitionVolumeArgs:
    if not volume.efs_file_system_id:
        return aws.ecs.TaskDefinitionVolumeArgs(name=name)
    authorization = aws.ecs.TaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfigArgs(
        access_point_id=volume.access_point_id, iam="ENABLED" if volume.iam else "DISABLED"
    )
    return aws.ecs.TaskDefinitionVolumeArgs(
        name=name,
        efs_volume_configuration=aws.ecs.TaskDefinitionVolumeEfsVolumeConfigurationArgs(
            file_system_id=volume.efs_file_system_id,
            root_directory=volume.root_directory or "/",
            transit_encryption="ENABLED" if volume.transit_encryption else "DISABLED",
            authorization_config=authorization if volume.access_point_id or volume.iam else None,
        ),
    )


def efs_statements(volumes: Mapping[str, VolumeArgs], account_arn: str) -> list[dict[str, Any]]:
    """What the task role may do with volumes that ask for it; every value is known. Pure.

    Args:
        account_arn: `arn:{partition}:{service}:{region}:{account}` of anything in the same account and region.
    """
    _, partition, _, region, account = account_arn.split(":")[:5]
    base = f"arn:{partition}:elasticfilesystem:{region}:{account}"
    found: list[dict[str, Any]] = []
    for name in sorted(volumes):
        volume = volumes[name]
        if not volume.iam:
            continue
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": [MOUNT, WRITE] if volume.writable else [MOUNT],
            "Resource": [f"{base}:file-system/{volume.efs_file_system_id}"],
        }
        if volume.access_point_id:
            point = f"{base}:access-point/{volume.access_point_id}"
            statement["Condition"] = {"StringEquals": {"elasticfilesystem:AccessPointArn": point}}
        found.append(statement)
    return found


def known(volumes: Mapping[str, VolumeArgs]) -> pulumi.Output[dict[str, VolumeArgs]]:
    """`volumes` with their ids known."""
    ids: pulumi.Output[Any] = pulumi.Output.from_input(
        {name: [volume.efs_file_system_id, volume.access_point_id] for name, volume in volumes.items()}
    )
    return ids.apply(
        lambda got: {
            name: VolumeArgs(
                **{**vars(volume), "efs_file_system_id": got[name][0], "access_point_id": got[name][1]}
            )
            for name, volume in volumes.items()
        }
    )
