"""A snapshot of the database before the migration. No snapshot, no migration."""

from __future__ import annotations

import re
import time as _time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .diagnosis import Evidence, diagnose
from .ecs import AwsCallFailed, call
from .errors import BackupFailed, MigrationInterrupted
from .spec import Backup, RunSpec

SERVICE_TAG = "migratable-ecs:service"
RUN_TAG = "migratable-ecs:run"
#: A snapshot made for the same run is shared for so long; an older one misses too much of what the app has written since.
SHARED_FOR = 600.0
_POLL = 5.0
#: Codes of a database that is being backed up or changed at the moment; RDS writes them with and without `Fault`.
_BUSY = ("InvalidDBInstanceState", "InvalidDBClusterState")


def snapshot_name(service: str, digest: str, now: float) -> str:
    """`{service}-{12 hex of the digest}-{UTC time}`; letters, digits and single hyphens, starting with a letter, at most 255.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
    """
    stamp = _time.strftime("%Y%m%d-%H%M%S", _time.gmtime(now))
    name = re.sub(r"-+", "-", re.sub(r"[^A-Za-z0-9-]", "-", service)).strip("-") or "service"
    if not name[0].isalpha():
        name = f"s-{name}"
    return f"{name[:200].rstrip('-')}-{digest.partition(':')[2][:12]}-{stamp}"


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of the database. `engine`: of an Aurora cluster."""

    name: str
    engine: str = ""


def restore_command(backup: Backup, snapshot: Snapshot) -> str:
    """The command that restores the snapshot beside the present database."""
    if backup.cluster:
        return (
            f"aws rds restore-db-cluster-from-snapshot --snapshot-identifier {snapshot.name} "
            f"--db-cluster-identifier {backup.cluster}-restored --engine {snapshot.engine or 'ENGINE'}"
        )
    return (
        f"aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier {snapshot.name} "
        f"--db-instance-identifier {backup.instance}-restored"
    )


class _Api:
    """The RDS calls for an instance and for a cluster, which differ in every name."""

    def __init__(self, rds: Any, backup: Backup) -> None:
        if backup.cluster:
            self.source = backup.cluster
            self.make, self.describe, self.delete = (
                rds.create_db_cluster_snapshot,
                rds.describe_db_cluster_snapshots,
                rds.delete_db_cluster_snapshot,
            )
            self.id_key, self.source_key = "DBClusterSnapshotIdentifier", "DBClusterIdentifier"
            self.list_key = "DBClusterSnapshots"
        else:
            self.source = backup.instance
            self.make, self.describe, self.delete = (
                rds.create_db_snapshot,
                rds.describe_db_snapshots,
                rds.delete_db_snapshot,
            )
            self.id_key, self.source_key = "DBSnapshotIdentifier", "DBInstanceIdentifier"
            self.list_key = "DBSnapshots"


class BackupMaker:
    """Makes the snapshot before one run.

    `now` is the time by AWS's clock, `cancelled` is asked while waiting.
    """

    def __init__(
        self,
        spec: RunSpec,
        backup: Backup,
        rds: Any,
        clock: Clock,
        console: Callable[[str], None],
        *,
        now: Callable[[], float],
        cancelled: Callable[[], bool],
    ) -> None:
        self._spec, self._backup, self._clock, self._console = spec, backup, clock, console
        self._api = _Api(rds, backup)
        self._now, self._cancelled = now, cancelled
        self._tags = {SERVICE_TAG: spec.service, RUN_TAG: spec.identity}

    def make(self, last_task: float) -> Snapshot:
        """Make the snapshot, wait for it, prune older ones of this service.

        A snapshot that another process is making, or has just made, for the same run is shared, unless a task of the family was
        started after it (`last_task`, seconds since the epoch; 0: none).

        Raises:
            BackupFailed: it was not made, or was not available in time. Nothing was started.
            MigrationInterrupted: told to stop meanwhile. Nothing was started.
        """
        source = self._api.source
        try:
            name = self._obtain(last_task)
            found = self._wait(name)
        except AwsCallFailed as failed:
            error = failed.error
            diagnosis = diagnose(
                Evidence("", self._spec.cluster, self._spec.family, self._spec.region, "", error=error)
            )
            raise BackupFailed(
                f"no migration, because the snapshot of {source} was not made: {error.code}: {error.message}. {diagnosis.next_step}"
            ) from failed
        self._console(f"backup: snapshot {name} is available")
        _prune(self._api, self._spec.service, self._backup.keep, self._clock, self._console)
        return Snapshot(name, str(found.get("Engine", "")))

    def made_before(self, task: float) -> Snapshot | None:
        """The snapshot that an earlier process made for this run before it started its task at `task` (seconds since the epoch)."""
        try:
            found = [
                (made_at, str(snapshot[self._api.id_key]), str(snapshot.get("Engine", "")))
                for snapshot in _manual(self._api, self._clock)
                if _tags(snapshot) == self._tags and (made_at := _created(snapshot)) and made_at <= task
            ]
        except AwsCallFailed as failed:
            self._console(f"backup: the snapshot of this run was not looked up: {failed}")
            return None
        return Snapshot(*max(found)[1:]) if found else None

    def _obtain(self, last_task: float) -> str:
        """The name of the snapshot to wait for: one that is shared, or ours. A database that is busy is waited for."""
        api, deadline = self._api, self._clock.monotonic() + self._backup.timeout
        name = snapshot_name(self._spec.service, self._spec.digest, self._now())
        said = False
        while True:
            shared = self._shared(last_task)
            if shared:
                self._console(f"backup: sharing snapshot {shared} of {api.source}, made for the same run")
                return shared
            if not said:
                self._console(f"backup: making snapshot {name} of {api.source}")
            try:
                self._create(name)
                return name
            except AwsCallFailed as failed:
                busy = failed.error.code.startswith(_BUSY)
                exists = "AlreadyExists" in failed.error.code
                if not (busy or exists) or self._clock.monotonic() >= deadline:
                    raise
                if busy and not said:
                    self._console(f"backup: {api.source} is busy, waiting until it can be copied")
            said = True
            self._pause(name)
            name = snapshot_name(self._spec.service, self._spec.digest, self._now())

    def _create(self, name: str) -> None:
        tags = [{"Key": key, "Value": value} for key, value in self._tags.items()]
        request = {self._api.id_key: name, self._api.source_key: self._api.source, "Tags": tags}
        call(self._clock, "CreateSnapshot", lambda: self._api.make(**request), tries=3)

    def _shared(self, last_task: float) -> str:
        for snapshot in _manual(self._api, self._clock):
            made_at = _created(snapshot)
            recent = made_at is None or (made_at > last_task and self._now() - made_at < SHARED_FOR)
            if (
                recent
                and snapshot.get("Status") in ("creating", "available")
                and _tags(snapshot) == self._tags
            ):
                return str(snapshot[self._api.id_key])
        return ""

    def _wait(self, name: str) -> Mapping[str, Any]:
        api, deadline = self._api, self._clock.monotonic() + self._backup.timeout
        while True:
            reply = call(self._clock, "DescribeSnapshots", lambda: api.describe(**{api.id_key: name}))
            found: Mapping[str, Any] = next(iter(reply[api.list_key]), {})
            status = found.get("Status", "missing")
            if status == "available":
                return found
            if status in ("failed", "missing", "deleted"):
                raise BackupFailed(
                    f"no migration, because snapshot {name} of {api.source} is {status}: see the events of the database in RDS"
                )
            if self._clock.monotonic() >= deadline:
                raise BackupFailed(
                    f"no migration, because snapshot {name} of {api.source} was still {status} after {self._backup.timeout:g} s: "
                    "raise backup.timeout"
                )
            self._pause(name)

    def _pause(self, name: str) -> None:
        if self._cancelled():
            raise MigrationInterrupted(
                f"cancelled while snapshot {name} was being made: this deployment has started no task"
            )
        self._clock.sleep(_POLL)


def _prune(api: _Api, service: str, keep: int, clock: Clock, console: Callable[[str], None]) -> None:
    """Delete all but the newest `keep` snapshots that carry our tag. Not being allowed to is said and no reason to stop."""
    try:
        ours = [s for s in _manual(api, clock) if _is_ours(s, service)]
        ours.sort(key=lambda s: s["SnapshotCreateTime"])
        for old in ours[: max(0, len(ours) - max(1, keep))]:
            identifier = old[api.id_key]
            call(clock, "DeleteSnapshot", lambda: api.delete(**{api.id_key: identifier}))  # noqa: B023
            console(f"backup: deleted snapshot {identifier}, older than the newest {keep}")
    except AwsCallFailed as failed:
        console(f"backup: older snapshots were not deleted: {failed}")


def _manual(api: _Api, clock: Clock) -> list[Mapping[str, Any]]:
    """All manual snapshots of the database, page by page."""
    found: list[Mapping[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        request = {api.source_key: api.source, "SnapshotType": "manual", **page}
        reply = call(clock, "DescribeSnapshots", lambda: api.describe(**request))  # noqa: B023
        found += reply[api.list_key]
        if not reply.get("Marker"):
            return found
        page = {"Marker": reply["Marker"]}


def snapshots(rds: Any, backup: Backup, clock: Clock) -> list[tuple[str, Mapping[str, Any]]]:
    """(name, as RDS describes it) of every manual snapshot of the database, the newest first; one without a time is the newest.

    Raises:
        AwsCallFailed: RDS does not answer.
    """
    api = _Api(rds, backup)
    found = sorted(_manual(api, clock), key=lambda each: _created(each) or float("inf"), reverse=True)
    return [(str(each[api.id_key]), each) for each in found]


def _created(snapshot: Mapping[str, Any]) -> float | None:
    """Seconds since the epoch; None while RDS has not said."""
    at = snapshot.get("SnapshotCreateTime")
    return float(at.timestamp()) if at is not None else None


def _tags(snapshot: Mapping[str, Any]) -> dict[str, str]:
    tags = {tag["Key"]: tag["Value"] for tag in snapshot.get("TagList", ())}
    return {key: tags[key] for key in (SERVICE_TAG, RUN_TAG) if key in tags}


def _is_ours(snapshot: Mapping[str, Any], service: str) -> bool:
    return snapshot.get("Status") == "available" and _tags(snapshot).get(SERVICE_TAG) == service
