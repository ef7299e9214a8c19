"""What a stack has that costs money, out of its resources. Pure.

Resources are those of `pulumi stack export` or of the steps of `pulumi preview --json`: `type`, `urn`, `inputs`, `outputs`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Tasks:
    """The tasks of one ECS service: number, vCPU and GB of each, how many of them on Spot and how many with a public address."""

    name: str
    count: int
    vcpu: float
    gb: float
    arm: bool = False
    spot: int = 0
    public: bool = False


@dataclass(frozen=True)
class Database:
    """An RDS instance, the instances of a class in an Aurora cluster, or (`acu` set) an Aurora Serverless cluster by its lowest capacity
    times its instances. `engine` is that of the price: `postgres`, `mysql` (MariaDB costs the same), `aurora`, or what else it is."""

    name: str
    instance_class: str = ""
    instances: int = 1
    multi_az: bool = False
    storage_gb: float = 0.0
    acu: float | None = None
    engine: str = ""

    @property
    def price(self) -> str:
        """The key of its price: `db.t3.micro mysql`."""
        return f"{self.instance_class} {self.engine}".strip()


@dataclass(frozen=True)
class Inventory:
    """Everything that is counted. Numbers are of resources; `balancer_zones` are public addresses of load balancers."""

    tasks: tuple[Tasks, ...] = ()
    databases: tuple[Database, ...] = ()
    balancers: int = 0
    balancer_zones: int = 0
    nats: int = 0
    addresses: int = 0
    endpoint_zones: int = 0
    secrets: int = 0
    log_groups: int = 0
    retention_days: int = 0
    repositories: int = 0


def inventory(resources: Iterable[Resource]) -> Inventory:
    """Count what is in `resources`; what is looked up rather than made belongs to another stack and is not there."""
    there = [each for each in resources if not each.get("external") and not each.get("delete")]
    balancers = [each for each in _of(there, "aws:lb/loadBalancer:LoadBalancer") if _is_application(each)]
    databases = (*_instances(there), *_clusters(there))
    managed = [
        each
        for kind in ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster")
        for each in _of(there, kind)
        if _get(each, "manageMasterUserPassword")
    ]
    groups = _of(there, "aws:cloudwatch/logGroup:LogGroup")
    return Inventory(
        tasks=tuple(_tasks(each, there) for each in _of(there, "aws:ecs/service:Service")),
        databases=databases,
        balancers=len(balancers),
        balancer_zones=sum(
            max(2, _length(each, "subnets")) for each in balancers if not _get(each, "internal")
        ),
        nats=len(_of(there, "aws:ec2/natGateway:NatGateway")),
        addresses=len(_of(there, "aws:ec2/eip:Eip")),
        endpoint_zones=sum(
            max(1, _length(each, "subnetIds"))
            for each in _of(there, "aws:ec2/vpcEndpoint:VpcEndpoint")
            if _get(each, "vpcEndpointType") == "Interface"
        ),
        secrets=len(_of(there, "aws:secretsmanager/secret:Secret")) + len(managed),
        log_groups=len(groups),
        retention_days=max((int(_number(_get(each, "retentionInDays"))) for each in groups), default=0),
        repositories=len(_of(there, "aws:ecr/repository:Repository")),
    )


def _tasks(service: Resource, there: Sequence[Resource]) -> Tasks:
    definition = _definition_of(service, there)
    count = int(_number(_get(service, "desiredCount")))
    network = _get(service, "networkConfiguration") or {}
    platform = _get(definition, "runtimePlatform") or {}
    return Tasks(
        name=_name(service),
        count=count,
        vcpu=_vcpu(_get(definition, "cpu")),
        gb=_number(_get(definition, "memory")) / 1024,
        arm=platform.get("cpuArchitecture") == "ARM64" if isinstance(platform, Mapping) else False,
        spot=_spot(_get(service, "capacityProviderStrategies") or (), count),
        public=bool(network.get("assignPublicIp")) if isinstance(network, Mapping) else False,
    )


def _definition_of(service: Resource, there: Sequence[Resource]) -> Resource:
    """By its ARN; where that is not known yet, as in a first preview, the one with the service's name below the same parent."""
    definitions = _of(there, "aws:ecs/taskDefinition:TaskDefinition")
    arn = _get(service, "taskDefinition")
    for each in definitions:
        if arn and arn in (_get(each, "arn"), _get(each, "arnWithoutRevision"), each.get("id")):
            return each
    for each in definitions:
        if _name(each) == _name(service) and each.get("parent") == service.get("parent"):
            return each
    return {}


def _spot(strategies: Any, count: int) -> int:
    """How many of `count` tasks the strategy puts on FARGATE_SPOT: first the base, then by weight, rounded in favour of on demand.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
    """
    given = [each for each in strategies if isinstance(each, Mapping)]
    base = {str(each.get("capacityProvider")): int(_number(each.get("base"))) for each in given}
    weights = {str(each.get("capacityProvider")): _number(each.get("weight")) for each in given}
    spot = min(count, base.get("FARGATE_SPOT", 0))
    rest = max(0, count - sum(base.values()))
    total = sum(weights.values())
    return spot + (math.floor(rest * weights.get("FARGATE_SPOT", 0) / total) if total else 0)


def _instances(there: Sequence[Resource]) -> list[Database]:
    return [
        Database(
            _name(each),
            str(_get(each, "instanceClass") or ""),
            multi_az=bool(_get(each, "multiAz")),
            storage_gb=_number(_get(each, "allocatedStorage")),
            engine=_engine(each),
        )
        for each in _of(there, "aws:rds/instance:Instance")
    ]


def _clusters(there: Sequence[Resource]) -> list[Database]:
    members = _of(there, "aws:rds/clusterInstance:ClusterInstance")
    found = []
    for cluster in _of(there, "aws:rds/cluster:Cluster"):
        own = [each for each in members if _belongs(each, cluster)]
        scaling = _get(cluster, "serverlessv2ScalingConfiguration") or {}
        lowest = _number(scaling.get("minCapacity")) if isinstance(scaling, Mapping) else 0.0
        serverless = [each for each in own if _get(each, "instanceClass") == "db.serverless"]
        if serverless:
            found.append(
                Database(_name(cluster), "db.serverless", len(serverless), acu=lowest * len(serverless))
            )
        for kind in sorted({str(_get(each, "instanceClass")) for each in own} - {"db.serverless"}):
            count = sum(_get(each, "instanceClass") == kind for each in own)
            # With I/O-Optimized storage the same class costs more, which no price here says.
            engine = str(_get(cluster, "storageType") or "aurora")
            found.append(Database(_name(cluster), kind, count, engine=engine))
    return found


def _engine(instance: Resource) -> str:
    engine = str(_get(instance, "engine") or "")
    return "mysql" if engine == "mariadb" else engine


def _belongs(instance: Resource, cluster: Resource) -> bool:
    wanted = _get(instance, "clusterIdentifier")
    names = (_get(cluster, "clusterIdentifier"), cluster.get("id"))
    return (
        wanted in names
        if isinstance(wanted, str) and wanted and any(names)
        else _name(instance).startswith(_name(cluster))
    )


def _is_application(balancer: Resource) -> bool:
    return (_get(balancer, "loadBalancerType") or "application") == "application"


def _of(there: Iterable[Resource], kind: str) -> list[Resource]:
    return [each for each in there if each.get("type") == kind]


def _get(resource: Resource, key: str) -> Any:
    """What AWS says of it, else what it was asked for."""
    outputs, inputs = resource.get("outputs") or {}, resource.get("inputs") or {}
    value = outputs.get(key)
    return inputs.get(key) if value in (None, "", [], {}) else value


def _length(resource: Resource, key: str) -> int:
    value = _get(resource, key)
    return len(value) if isinstance(value, list) else 0


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return 0.0


def _vcpu(value: Any) -> float:
    """Units of 1/1024, or `.5 vCPU`."""
    text = str(value or 0).lower()
    return _number(text.removesuffix("vcpu").strip()) if "vcpu" in text else _number(text) / 1024


def _name(resource: Resource) -> str:
    return str(resource.get("urn") or "").rsplit("::", 1)[-1]
