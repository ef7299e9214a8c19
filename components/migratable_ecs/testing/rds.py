"""`FakeRds`: manual snapshots of instances and clusters, which take their time and may fail.

Sources: CreateDBSnapshot, DescribeDBSnapshots, DeleteDBSnapshot and their cluster counterparts in the RDS API
reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migratable_ecs.testing.client import ACCOUNT, REGION, FakeClient, matches, operation
from migratable_ecs.testing.clock import FakeClock
from migratable_ecs.testing.wire import Params, Response

_IDENTIFIER = "[A-Za-z](?:-?[A-Za-z0-9]){0,254}"


@dataclass
class _Snapshot:
    identifier: str
    database: str
    created: float
    ready: float
    fails: bool
    tags: list[dict[str, str]]

    def status(self, now: float) -> str:
        if now < self.ready:
            return "creating"
        return "failed" if self.fails else "available"


@dataclass(frozen=True)
class _Kind:
    """The words in which snapshots of instances and of clusters differ."""

    noun: str
    source: str
    identifier: str
    database: str
    missing_source: str
    exists: str
    missing: str
    busy: str


_INSTANCE = _Kind(
    "snapshot",
    "db",
    "DBSnapshotIdentifier",
    "DBInstanceIdentifier",
    "DBInstanceNotFound",
    "DBSnapshotAlreadyExists",
    "DBSnapshotNotFound",
    "InvalidDBInstanceState",
)
_CLUSTER = _Kind(
    "cluster-snapshot",
    "cluster",
    "DBClusterSnapshotIdentifier",
    "DBClusterIdentifier",
    "DBClusterNotFoundFault",
    "DBClusterSnapshotAlreadyExistsFault",
    "DBClusterSnapshotNotFoundFault",
    "InvalidDBClusterStateFault",
)


class FakeRds(FakeClient):
    """The "rds" client of boto3.

    `snapshot_seconds`: how long the next snapshots take; `snapshots_fail`: whether they end in status
    "failed". Both may be set at any time. `states`: the status of databases that are not "available" (a
    snapshot of them is refused).
    """

    service = "rds"

    def __init__(
        self, clock: FakeClock, *, region: str = REGION, account: str = ACCOUNT, seed: int = 0
    ) -> None:
        super().__init__(clock, region=region, account=account, seed=seed)
        self.snapshot_seconds = 180.0
        self.snapshots_fail = False
        self.states: dict[str, str] = {}
        self._instances: set[str] = set()
        self._clusters: set[str] = set()
        self._snapshots: dict[_Kind, dict[str, _Snapshot]] = {_INSTANCE: {}, _CLUSTER: {}}

    def add_instance(self, identifier: str) -> None:
        """A database instance that stands on its own."""
        self._instances.add(identifier)

    def add_cluster(self, identifier: str) -> None:
        """An Aurora cluster."""
        self._clusters.add(identifier)

    @operation("CreateDBSnapshot")
    def create_db_snapshot(self, params: Params) -> Response:
        return {"DBSnapshot": self._create("CreateDBSnapshot", _INSTANCE, self._instances, params)}

    @operation("DescribeDBSnapshots")
    def describe_db_snapshots(self, params: Params) -> Response:
        return self._list("DescribeDBSnapshots", "DBSnapshots", _INSTANCE, params)

    @operation("DeleteDBSnapshot")
    def delete_db_snapshot(self, params: Params) -> Response:
        return {"DBSnapshot": self._delete("DeleteDBSnapshot", _INSTANCE, params)}

    @operation("CreateDBClusterSnapshot")
    def create_db_cluster_snapshot(self, params: Params) -> Response:
        return {
            "DBClusterSnapshot": self._create("CreateDBClusterSnapshot", _CLUSTER, self._clusters, params)
        }

    @operation("DescribeDBClusterSnapshots")
    def describe_db_cluster_snapshots(self, params: Params) -> Response:
        return self._list("DescribeDBClusterSnapshots", "DBClusterSnapshots", _CLUSTER, params)

    @operation("DeleteDBClusterSnapshot")
    def delete_db_cluster_snapshot(self, params: Params) -> Response:
        return {"DBClusterSnapshot": self._delete("DeleteDBClusterSnapshot", _CLUSTER, params)}

    @operation("DescribeDBInstances")
    def describe_db_instances(self, params: Params) -> Response:
        """By identifier, or all."""
        wanted = params.get("DBInstanceIdentifier")
        if wanted is not None and wanted not in self._instances:
            raise self.error("DescribeDBInstances", "DBInstanceNotFound", f"DBInstance {wanted} not found.")
        names = [wanted] if wanted else sorted(self._instances)
        status = "DBInstanceStatus"
        return {
            "DBInstances": [
                {"DBInstanceIdentifier": name, status: self.states.get(name, "available")} for name in names
            ]
        }

    @operation("DescribeDBClusters")
    def describe_db_clusters(self, params: Params) -> Response:
        """By identifier, or all."""
        wanted = params.get("DBClusterIdentifier")
        if wanted is not None and wanted not in self._clusters:
            message = f"DBCluster {wanted} not found."
            raise self.error("DescribeDBClusters", "DBClusterNotFoundFault", message)
        names = [wanted] if wanted else sorted(self._clusters)
        return {
            "DBClusters": [
                {"DBClusterIdentifier": name, "Status": self.states.get(name, "available")} for name in names
            ]
        }

    def _create(self, operation_name: str, kind: _Kind, sources: set[str], params: Params) -> dict[str, Any]:
        identifier, database = params[kind.identifier], params[kind.database]
        if not matches(_IDENTIFIER, identifier):
            message = f"The parameter {kind.identifier} is not a valid identifier: {identifier}"
            raise self.error(operation_name, "InvalidParameterValue", message)
        if database not in sources:
            raise self.error(operation_name, kind.missing_source, f"{database} not found.")
        if self.states.get(database, "available") != "available":
            message = f"{database} is not in the available state."
            raise self.error(operation_name, kind.busy, message)
        snapshots = self._snapshots[kind]
        if identifier in snapshots:
            message = f"Cannot create the snapshot because {identifier} already exists."
            raise self.error(operation_name, kind.exists, message)
        now = self.clock.time()
        tags = [dict(tag) for tag in params.get("Tags", ())]
        snapshot = _Snapshot(
            identifier, database, now, now + self.snapshot_seconds, self.snapshots_fail, tags
        )
        snapshots[identifier] = snapshot
        return self._describe(kind, snapshot)

    def _list(self, operation_name: str, key: str, kind: _Kind, params: Params) -> Response:
        wanted = params.get(kind.identifier)
        if wanted is not None and wanted not in self._snapshots[kind]:
            raise self.error(operation_name, kind.missing, f"{wanted} not found.")
        found = [
            self._describe(kind, item)
            for item in self._snapshots[kind].values()
            if wanted in {None, item.identifier}
            and params.get(kind.database, item.database) == item.database
            and params.get("SnapshotType", "manual") == "manual"
        ]
        return {key: found}

    def _delete(self, operation_name: str, kind: _Kind, params: Params) -> dict[str, Any]:
        identifier = params[kind.identifier]
        if identifier not in self._snapshots[kind]:
            raise self.error(operation_name, kind.missing, f"{identifier} not found.")
        answer = self._describe(kind, self._snapshots[kind].pop(identifier))
        answer["Status"] = "deleted"
        return answer

    def _describe(self, kind: _Kind, item: _Snapshot) -> dict[str, Any]:
        now = self.clock.time()
        status = item.status(now)
        arn = self.arn(f"{kind.noun}:{item.identifier}")
        done = max(0.0, min(1.0, (now - item.created) / (item.ready - item.created or 1.0)))
        return {
            kind.identifier: item.identifier,
            kind.database: item.database,
            kind.identifier.replace("Identifier", "Arn"): arn,
            "SnapshotCreateTime": self.clock.datetime(item.created),
            "Status": status,
            "PercentProgress": 100 if status == "available" else int(done * 100),
            "SnapshotType": "manual",
            "TagList": [dict(tag) for tag in item.tags],
        }
