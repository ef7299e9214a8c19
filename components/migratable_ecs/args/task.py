"""The task as a whole: platform, storage, volumes, roles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from ..validation import InvalidArgument, between, is_plain, one_of, text, texts

ARCHITECTURES = ("X86_64", "ARM64")

#: Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html
LEAST_STORAGE, MOST_STORAGE = 21, 200

_FAMILY = re.compile(r"^[a-zA-Z0-9_-]{1,255}\Z")
_VOLUME = re.compile(r"^[a-zA-Z0-9_-]{1,255}\Z")
_ROLE = re.compile(r"^arn:aws[a-z-]*:iam::\d{12}:role/.+\Z")


@dataclass(kw_only=True)
class VolumeArgs:
    """A volume of the task: of EFS, or, without `efs_file_system_id`, an empty one that its containers share and that is gone with it.

    Args:
        efs_file_system_id: `fs-…`.
        access_point_id: `fsap-…`.
        root_directory: of the file system, default `/`; not together with an access point.
        transit_encryption: TLS on the way, default True.
        iam: the task role is asked for its permission, default False; a role made here gets it.
        writable: whether the task role may write too, default True.
    """

    efs_file_system_id: pulumi.Input[str] | None = None
    access_point_id: pulumi.Input[str] | None = None
    root_directory: str | None = None
    transit_encryption: bool = True
    iam: bool = False
    writable: bool = True

    def validate(self, where: str) -> None:
        if not self.efs_file_system_id:
            for name in ("access_point_id", "root_directory", "iam"):
                if getattr(self, name):
                    raise InvalidArgument(
                        f"{where}.{name} is given without {where}.efs_file_system_id: give it, or leave {name} out"
                    )
        if self.access_point_id and self.root_directory not in (None, "/"):
            raise InvalidArgument(
                f"Only one of {where}.access_point_id and {where}.root_directory can be provided: remove one"
            )
        if (self.access_point_id or self.iam) and not self.transit_encryption:
            raise InvalidArgument(
                f"{where}.transit_encryption is False; an access point and IAM need it (EFS refuses them without): leave it out"
            )


@dataclass(kw_only=True)
class TaskArgs:
    """What app, migration, workers and schedules have in common as tasks.

    Args:
        family: of the app's task definition, default the service's name.
        architecture: `X86_64` (ECS's default) or `ARM64`, as the image is built.
        ephemeral_storage: GiB, 21 to 200; default Fargate's 20.
        volumes: name -> volume, for `mounts` of the containers.
        execution_role_arn: an existing execution role; default one is made that may do what is needed and no more.
        task_role_arn: an existing task role; default one is made that may nothing but `task_role_statements`.
        without_task_role: the tasks run without a task role; for apps that call nothing of AWS. Default False.
        permissions_boundary: ARN of a policy, for the roles that are made.
        task_role_statements: IAM statements for the task role that is made, such as
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/*"]}.
        secrets_kms_keys: ARNs of the KMS keys with which secrets are encrypted, when not AWS's own key.
        keep_revisions: old revisions of the task definitions stay registered, for rolling back; default True. They stay after
            `pulumi destroy` too, and cost nothing.
    """

    family: str | None = None
    architecture: Literal["X86_64", "ARM64"] | None = None
    ephemeral_storage: int | None = None
    volumes: Mapping[str, VolumeArgs] | None = None
    execution_role_arn: pulumi.Input[str] | None = None
    task_role_arn: pulumi.Input[str] | None = None
    without_task_role: bool = False
    permissions_boundary: pulumi.Input[str] | None = None
    task_role_statements: Sequence[Mapping[str, Any]] = ()
    secrets_kms_keys: Sequence[pulumi.Input[str]] = ()
    keep_revisions: bool = True

    def validate(self, where: str) -> None:
        family(f"{where}.family", self.family)
        one_of(f"{where}.architecture", self.architecture, ARCHITECTURES)
        between(f"{where}.ephemeral_storage", self.ephemeral_storage, LEAST_STORAGE, MOST_STORAGE, " GiB")
        role(f"{where}.execution_role_arn", self.execution_role_arn)
        role(f"{where}.task_role_arn", self.task_role_arn)
        texts(f"{where}.secrets_kms_keys", self.secrets_kms_keys)
        text(f"{where}.permissions_boundary", self.permissions_boundary)
        for name, volume in (self.volumes or {}).items():
            if not _VOLUME.match(name) or name.startswith("writable-"):
                raise InvalidArgument(
                    f"{where}.volumes has the name {name!r}; allowed are letters, digits, hyphens and underscores, not starting with "
                    "'writable-'"
                )
            volume.validate(f"{where}.volumes[{name!r}]")
        self._validate_statements(where)

    def _validate_statements(self, where: str) -> None:
        if self.without_task_role:
            for name in ("task_role_arn", "task_role_statements"):
                if getattr(self, name):
                    raise InvalidArgument(
                        f"Only one of {where}.without_task_role and {where}.{name} can be provided: remove one"
                    )
        if self.task_role_statements and self.task_role_arn:
            raise InvalidArgument(
                f"Only one of {where}.task_role_arn and {where}.task_role_statements can be provided: attach the statements to the role "
                "where it is made"
            )
        if self.permissions_boundary and self.task_role_arn and self.execution_role_arn:
            raise InvalidArgument(
                f"{where}.permissions_boundary is given, but both roles exist already: set it where they are made, or leave it out"
            )
        for number, statement in enumerate(self.task_role_statements):
            if not isinstance(statement, Mapping) or not {"Effect"} <= set(statement):
                raise InvalidArgument(
                    f"{where}.task_role_statements[{number}] is {statement!r}; give an IAM statement with Effect, Action and Resource"
                )


def family(where: str, value: object) -> None:
    """Refuse what is no family of a task definition."""
    if value is not None and (not isinstance(value, str) or not _FAMILY.match(value)):
        raise InvalidArgument(
            f"{where} is {value!r}; allowed are letters, digits, hyphens and underscores, at most 255"
        )


def role(where: str, value: object) -> None:
    """Refuse what is no ARN of a role; a name would be taken only when the task is registered."""
    if is_plain(value) and not (isinstance(value, str) and _ROLE.match(value)):
        raise InvalidArgument(
            f"{where} is {value!r}; give the role's ARN, such as arn:aws:iam::123456789012:role/name"
        )
