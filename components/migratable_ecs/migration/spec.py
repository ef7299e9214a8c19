"""What a run is asked to do, and what it gives back. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

#: How many runs the outputs keep.
HISTORY_KEPT = 20

OnFailure = Literal["fail", "warn"]
OnCancel = Literal["detach", "stop"]
#: What a task of the migration's family is for. `status` and `plan` change nothing, so the history does not know them.
Purpose = Literal["migration", "command", "rollback", "status", "plan"]


@dataclass(frozen=True)
class Backup:
    """Snapshot wanted before the run: of an RDS instance or of an Aurora cluster, never both.

    `keep` newest snapshots of this service stay, older ones of ours are deleted; `timeout` is in seconds.
    """

    instance: str = ""
    cluster: str = ""
    keep: int = 5
    timeout: float = 3600.0


@dataclass(frozen=True)
class RunSpec:
    """One migration run, complete. Times are in seconds.

    `identity` is the `startedBy` of the run (see identity.py). `image` is empty where the check in ECR cannot be made, for an
    image in another registry. `command` replaces that of the container, which runs when it is empty. `network` and `launch` are
    RunTask's own parameters.
    """

    identity: str
    service: str
    stack: str
    cluster: str
    family: str
    task_definition: str
    container: str
    digest: str
    image: str = ""
    purpose: Purpose = "migration"
    command: tuple[str, ...] = ()
    network: Mapping[str, Any] = field(default_factory=dict)
    launch: Mapping[str, Any] = field(default_factory=dict)
    account: str = ""
    region: str = ""
    timeout: float = 3600.0
    lock_timeout: float = 1800.0
    drain_timeout: float = 15.0
    attempts: int = 1
    start_attempts: int = 5
    on_cancel: OnCancel = "detach"
    secret_environment: tuple[str, ...] = ()
    backup: Backup | None = None
    previous_digest: str = ""


@dataclass
class LogSummary:
    """What was read of the log: number of lines, SHA-256 of the lines as shown (each with a newline), and whether that is all of it."""

    lines: int = 0
    sha256: str = ""
    complete: bool = False
    reason: str = ""
    group: str = ""
    streams: list[str] = field(default_factory=list)


@dataclass
class RunRecord:
    """One run as it goes into the outputs and the history. Times are ISO 8601 in UTC, durations in seconds."""

    run: str
    status: Literal["succeeded", "failed", "skipped"]
    digest: str
    purpose: Purpose = "migration"
    service: str = ""
    stack: str = ""
    identity: str = ""
    task_arn: str = ""
    task_definition_arn: str = ""
    exit_code: int | None = None
    attempts: int = 1
    adopted: bool = False
    cause: str = ""
    message: str = ""
    started_at: str = ""
    stopped_at: str = ""
    actor: str = ""
    timings: dict[str, float] = field(default_factory=dict)
    log: LogSummary = field(default_factory=LogSummary)
    snapshot_id: str = ""
    last_lines: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)
