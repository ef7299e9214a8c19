"""What can go wrong with a migration run.

MigrationError                    everything below; its text is complete and meant for the operator
├── PreflightFailed               refused before anything ran
├── RollbackRefused               the image went back to an earlier digest and the policy is `refuse`
├── BackupFailed                  no snapshot, hence no migration
├── LockTimeout                   another task of the family held the lock too long
├── MigrationFailed               the task could not start, or the migration did not succeed
└── MigrationInterrupted          this process was told to stop; the task goes on, or was stopped
    └── LostSight                 AWS cannot be asked any longer; a task may be executing, and the next run adopts it
"""

from __future__ import annotations


class MigrationError(Exception):
    """Base of all errors of a run. `str(error)` is the whole message for the operator."""


class PreflightFailed(MigrationError):
    """A check before the run failed; no task was started."""


class Unreachable(PreflightFailed):
    """AWS cannot be asked as configured: no such profile, no region, no credentials, a role that may not be assumed."""


class RollbackRefused(MigrationError):
    """The image went back to an earlier digest and `on_rollback` is `refuse`."""


class BackupFailed(MigrationError):
    """The snapshot wanted before the run was not made; no task was started."""


class LockTimeout(MigrationError):
    """Another task of the same family was executing for longer than `lock_timeout`."""


class MigrationFailed(MigrationError):
    """The migration did not succeed. `record` is the run as it goes into the history."""

    def __init__(self, message: str, record: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.record = record


class MigrationInterrupted(MigrationError):
    """The deployment was cancelled while the task was executing. Never a result: nothing is recorded, the next run goes on."""


class LostSight(MigrationInterrupted):
    """How the run ends is not known, because AWS cannot be asked any longer (credentials, network). The task may be executing."""
