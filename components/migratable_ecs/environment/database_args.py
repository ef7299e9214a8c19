"""What a database can be asked for, and what AWS would refuse of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..validation import InvalidArgument, between, is_plain, named_texts, one_of, text

#: Engine -> port.
PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306, "aurora-postgresql": 5432, "aurora-mysql": 3306}

#: Engine -> its log files that go to CloudWatch.
#: Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html
LOGS = {
    "postgres": ("postgresql", "upgrade"),
    "mysql": ("error", "slowquery"),
    "mariadb": ("error", "slowquery"),
    "aurora-postgresql": ("postgresql",),
    "aurora-mysql": ("error", "slowquery"),
}

#: Names that RDS keeps for itself, and those that its PostgreSQL does; `admin` and `postgres` are what the console proposes elsewhere.
#: Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
_TAKEN = {"rdsadmin", "root", "user", "mysql"}
_TAKEN_IN_POSTGRESQL = re.compile(r"admin\Z|pg_")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*\Z")


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """An RDS instance or an Aurora cluster of the environment's own.

    Args:
        engine: `postgres` (default), `mysql`, `mariadb`, `aurora-postgresql` or `aurora-mysql`.
        version: of the engine, such as `16`, `8.0`; default the one that RDS prefers on the day it is made.
        identifier: its name, default `{environment}-db`.
        instance_class: default `db.t4g.micro`; Aurora `db.t4g.medium`, or `db.serverless` with capacity.
        storage_gb: GiB, 20 (default) to 65536; grows by itself up to max_storage_gb. Not of Aurora.
        max_storage_gb: default none: it does not grow.
        min_capacity, max_capacity: Aurora Serverless v2, in capacity units of 2 GiB: 0 to 256 in steps of 0.5; 0 pauses when idle.
        readers: Aurora instances beside the writer, 0 to 15; default 1 when multi_az, else 0.
        name: of the first database in it, default `app`.
        user: the one that owns it, default `operator`.
        multi_az: a standby in another zone; default whether the environment is protected.
        backup_days: how long backups are kept, 1 to 35, default 7.
        deletion_protection, final_snapshot: default whether the environment is protected.
        encrypted: default True. kms_key_arn: default RDS's own key.
        publicly_accessible: default False. Tasks do not need it.
        rotate_days: days between two rotations of the password, 1 to 1000; default 7, which is RDS's own.
        alarm_topic: ARN of the SNS topic that is told when a rotated password could not be copied; default that of `watching`.
        secret: name of the JSON secret, default `{environment}-db`.
        subnets: tags of its subnets; default the network's private ones.
        logs: whether its log files go to CloudWatch, default True.
    """

    engine: str = "postgres"
    version: str | None = None
    identifier: str | None = None
    instance_class: str | None = None
    storage_gb: int = 20
    max_storage_gb: int | None = None
    min_capacity: float | None = None
    max_capacity: float | None = None
    readers: int | None = None
    name: str = "app"
    user: str = "operator"
    multi_az: bool | None = None
    backup_days: int = 7
    deletion_protection: bool | None = None
    final_snapshot: bool | None = None
    encrypted: bool = True
    kms_key_arn: str | None = None
    publicly_accessible: bool = False
    rotate_days: int | None = None
    alarm_topic: str | None = None
    secret: str | None = None
    subnets: Mapping[str, str] = field(default_factory=dict)
    logs: bool = True

    @property
    def is_aurora(self) -> bool:
        return self.engine.startswith("aurora-")

    @property
    def serverless(self) -> bool:
        return self.max_capacity is not None

    @property
    def port(self) -> int:
        return PORTS[self.engine]

    @property
    def size(self) -> str:
        """The instance class, chosen or by default."""
        default = (
            "db.serverless" if self.serverless else "db.t4g.medium" if self.is_aurora else "db.t4g.micro"
        )
        return self.instance_class or default

    def validate(self, where: str) -> None:
        """Refuse what RDS would refuse, and options that do not go together.

        Raises:
            InvalidArgument: one sentence with the remedy.
        """
        one_of(f"{where}.engine", self.engine, PORTS)
        for name in ("version", "instance_class", "kms_key_arn", "alarm_topic", "secret"):
            text(f"{where}.{name}", getattr(self, name))
        between(f"{where}.storage_gb", self.storage_gb, 20, 65_536, " GiB")
        between(
            f"{where}.max_storage_gb",
            self.max_storage_gb,
            self.storage_gb + 1,
            65_536,
            " GiB, more than storage_gb",
        )
        between(f"{where}.readers", self.readers, 0, 15)
        between(f"{where}.backup_days", self.backup_days, 1, 35)
        between(f"{where}.rotate_days", self.rotate_days, 1, 1000)
        named_texts(f"{where}.subnets", self.subnets)
        self._validate_names(where)
        self._validate_capacity(where)

    def _validate_names(self, where: str) -> None:
        if self.identifier is not None and not (
            _IDENTIFIER.match(self.identifier) and len(self.identifier) <= 63
        ):
            raise InvalidArgument(
                f"{where}.identifier is {self.identifier!r}; give up to 63 lower-case letters, digits and single hyphens, a letter first"
            )
        for key, limit in (("name", 63), ("user", 16)):
            value = getattr(self, key)
            if not _NAME.match(value) or len(value) > limit:
                raise InvalidArgument(
                    f"{where}.{key} is {value!r}; give up to {limit} letters, digits and underscores, a letter first"
                )
        user = self.user.lower()
        is_postgresql = "postgres" in self.engine
        if user in _TAKEN or (is_postgresql and _TAKEN_IN_POSTGRESQL.match(user)):
            raise InvalidArgument(
                f"{where}.user is {self.user!r}, which the engine keeps for itself: give another, such as 'operator'"
            )

    def _validate_capacity(self, where: str) -> None:
        given = {
            name: getattr(self, name)
            for name in ("min_capacity", "max_capacity")
            if getattr(self, name) is not None
        }
        of_aurora = [*given, *(["readers"] if self.readers is not None else [])]
        if of_aurora and not self.is_aurora:
            raise InvalidArgument(
                f"{where}.{of_aurora[0]} is of Aurora only, and {where}.engine is {self.engine!r}: leave it out, or give "
                f"'aurora-{'postgresql' if self.engine == 'postgres' else 'mysql'}'"
            )
        if len(given) == 1:
            raise InvalidArgument(
                f"{where}.min_capacity and {where}.max_capacity go together: give both, or neither"
            )
        for name, value in given.items():
            _capacity(f"{where}.{name}", value)
        if given and given["min_capacity"] > given["max_capacity"]:
            raise InvalidArgument(
                f"{where}.min_capacity is {given['min_capacity']!r}, more than max_capacity: give less"
            )
        if given and self.instance_class not in (None, "db.serverless"):
            raise InvalidArgument(
                f"{where}.instance_class is {self.instance_class!r}, and capacity makes it serverless: give only one of them"
            )
        if not given and self.instance_class == "db.serverless":
            raise InvalidArgument(
                f"{where}.instance_class is 'db.serverless': give {where}.min_capacity and {where}.max_capacity too"
            )


def _capacity(argument: str, value: object) -> None:
    """Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"""
    low = 1 if argument.endswith(".max_capacity") else 0
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_plain(value) and not (
        number and low <= float(str(value)) <= 256 and float(str(value)) * 2 % 1 == 0
    ):
        raise InvalidArgument(f"{argument} is {value!r}; give {low} to 256 capacity units, in steps of 0.5")
