"""What was found in AWS, as AWS gives it; missing things are missing. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """`what` is one sentence with the names and values; `remedy` is what to do next."""

    check: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Network:
    """Where the tasks of one task definition are placed, as RunTask and CreateService take it."""

    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    public_ip: bool = False


@dataclass(frozen=True)
class Kept:
    """A secret or parameter. `state`: `there`, `missing`, `deleted` (scheduled for deletion) or `empty` (no value yet).

    `keys` of its JSON object; None when the value is no JSON object. The values are never kept.
    """

    state: str
    keys: frozenset[str] | None = None


@dataclass(frozen=True)
class Role:
    """`trusted`: the services that may assume it; `statements` of all its policies. None in Snapshot.roles: there is no such role."""

    trusted: frozenset[str]
    statements: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Database:
    """The database of the tasks' settings: where, and its RDS instance or cluster, where it is one."""

    host: str
    port: int
    rds: Record | None = None

    @property
    def groups(self) -> list[str]:
        found = (self.rds or {}).get("VpcSecurityGroups") or ()
        return [str(each["VpcSecurityGroupId"]) for each in found]


@dataclass(frozen=True)
class Balancing:
    """One target group of the service: itself, its targets' health, and where requests come from.

    `rules`: of the listener that leads here, by priority; `groups`: security groups of the load balancer; `port`: of the container.
    """

    group: Record
    health: tuple[Record, ...] = ()
    rules: tuple[Record, ...] | None = ()
    groups: tuple[str, ...] = ()
    container: str = ""
    port: int = 0


@dataclass(frozen=True)
class Snapshot:
    """Everything that the checks look at.

    Args:
        definitions: task definitions by `app`, `migration`, `worker KEY`; networks: likewise, of workers those that differ from the app's.
        service: as DescribeServices gives it; empty when AWS does not say, status `missing` when there is none. workers: likewise, by
            `worker KEY`.
        subnets, groups: by id, those that exist of the ones that are named anywhere here.
        routes, endpoints, gateways: route tables, VPC endpoints, NAT gateways of the VPCs of those subnets; None for what AWS does not say.
        roles: by ARN. kept: secrets and parameters by the ARN or name that task definitions carry, without `:key::`.
        images: image -> whether ECR has it, those in ECR only. log_groups: name -> whether it exists.
        last: the newest run of the migration; executing: tasks of the family that are not over, with their age in seconds.
        probe: what a task said about the way to the database; None when none was started, "" when it gets through.
        unknown: what could not be looked at, with AWS's words.
    """

    region: str = ""
    cluster: Record | None = None
    cluster_name: str = ""
    service: Record = field(default_factory=dict)
    workers: Mapping[str, Record] = field(default_factory=dict)
    definitions: Mapping[str, Record] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    subnets: Mapping[str, Record] = field(default_factory=dict)
    groups: Mapping[str, Record] = field(default_factory=dict)
    routes: tuple[Record, ...] | None = ()
    endpoints: tuple[Record, ...] = ()
    gateways: Mapping[str, Record] = field(default_factory=dict)
    roles: Mapping[str, Role | None] = field(default_factory=dict)
    kept: Mapping[str, Kept] = field(default_factory=dict)
    images: Mapping[str, bool] = field(default_factory=dict)
    log_groups: Mapping[str, bool] = field(default_factory=dict)
    balancing: tuple[Balancing, ...] = ()
    database: Database | None = None
    last: Record | None = None
    executing: tuple[tuple[str, float], ...] = ()
    timeout: float = 3600.0
    probe: str | None = None
    unknown: tuple[str, ...] = ()

    def containers(self, which: str) -> Sequence[Record]:
        """Containers of the task definition `which`."""
        return self.definitions.get(which, {}).get("containerDefinitions") or ()


@dataclass(frozen=True)
class Reference:
    """`valueFrom` of a container's secret: what it names and, after it, the key of the JSON object."""

    name: str
    key: str = ""

    @property
    def parameter(self) -> bool:
        """Whether it is in Parameter Store, which task definitions may also name without an ARN."""
        return ":secretsmanager:" not in self.name


def reference(value_from: str) -> Reference:
    """Take `valueFrom` apart: `arn:…:secret:NAME[:KEY:STAGE:VERSION]`, the ARN or the name of a parameter. Pure.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
    """
    parts = value_from.split(":")
    if ":secretsmanager:" in value_from and len(parts) > 7:
        return Reference(":".join(parts[:7]), parts[7])
    return Reference(value_from)
