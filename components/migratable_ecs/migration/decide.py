"""Decide whether the migration runs. Pure: no clock, no AWS, no Pulumi.

The trigger is the image digest plus the triggers the user names, and nothing else: sizes, tags, subnets,
retention, the command and upgrades of any software never cause a run (promise P2 in docs/why.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Phase = Literal["before", "after", "init", "manual"]
OnRollback = Literal["run", "skip", "refuse"]

#: Triggers that the operator sets to run (again) although nothing changed.
FORCE = "force"


@dataclass(frozen=True)
class Wanted:
    """What the program asks for now.

    `digest` is None while the image is not built yet, which only happens in a preview. A trigger's value is None while
    it is not known yet, for the same reason.
    """

    digest: str | None
    triggers: Mapping[str, str | None] = field(default_factory=dict)
    command: str = ""
    phase: Phase = "before"
    on_rollback: OnRollback = "run"
    skip: bool = False


@dataclass(frozen=True)
class Recorded:
    """What the outputs of the last update say.

    `digest` is that of the last run, whatever its end; `status` that end; `migrated` all digests that were migrated with success,
    oldest first.
    """

    digest: str
    status: str
    triggers: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    migrated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """Whether the migration runs, and why, in one line. `refused` means: stop, neither run nor go on."""

    run: bool
    reason: str
    refused: bool = False

    @property
    def line(self) -> str:
        """The line that preview and up both print."""
        if self.refused:
            return f"migration refused: {self.reason}"
        return f"migration will {'run' if self.run else 'not run'}{self.reason}"


_WHEN: dict[str, str] = {
    "before": " before the service rolls",
    "after": " after the service has rolled",
    "init": " in every new task, before the app starts",
    "manual": "",
}


def short(digest: str) -> str:
    """`sha256:` and the first 12 hex digits, as Docker shows them."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}" if value else digest[:12]


def decide(recorded: Recorded | None, wanted: Wanted) -> Decision:
    """The decision for `wanted`, given what the last update recorded (None: there was none)."""
    if wanted.phase == "manual":
        return Decision(False, ": its phase is manual; start it with `migratable-ecs run`")
    if wanted.phase == "init":
        return Decision(False, " as a task of its own: it runs as an init container of every new task")
    if wanted.skip:
        due = decide(recorded, replace(wanted, skip=False))
        pending = Decision(False, f": skipped on request; it stays pending{_for(wanted)}")
        return pending if due.run or due.refused else due
    if recorded is None:
        return _runs(wanted, f"first run{_for(wanted)}")
    return _decide_again(recorded, wanted)


def _decide_again(recorded: Recorded, wanted: Wanted) -> Decision:
    if recorded.status in ("skipped", "manual", "init"):
        return _runs(wanted, f"pending since it was {recorded.status}{_for(wanted)}")
    if wanted.digest not in (None, recorded.digest):
        return _decide_new_digest(recorded, wanted, str(wanted.digest))
    if recorded.status == "failed":
        return _runs(wanted, f"the last run failed and is still pending{_for(wanted)}")
    changed = _changed_triggers(recorded.triggers, wanted.triggers)
    if changed:
        what = "forced" if changed == [FORCE] else f"trigger {', '.join(changed)} changed"
        return _runs(wanted, f"{what}{_for(wanted)}")
    if wanted.digest is None:
        return _runs(
            wanted,
            f"unknown until the image is built; it runs unless the digest is still {short(recorded.digest)}",
        )
    return Decision(False, _unchanged(recorded, wanted, wanted.digest))


def _decide_new_digest(recorded: Recorded, wanted: Wanted, digest: str) -> Decision:
    step = f"image {short(recorded.digest)} -> {short(digest)}"
    if digest not in recorded.migrated:
        return _runs(wanted, step)
    back = f"{step}, back to a digest that was migrated before"
    if wanted.on_rollback == "skip" and FORCE in _changed_triggers(recorded.triggers, wanted.triggers):
        # Other triggers do not speak against `skip`: a hash of the migrations goes back with the image.
        return _runs(wanted, f"{back}, and forced although on_rollback is skip")
    if wanted.on_rollback == "skip":
        return Decision(False, f": {back}, and on_rollback is skip")
    if wanted.on_rollback == "refuse":
        return Decision(
            False,
            f"{back}, and on_rollback is refuse; deploy a newer image, or set on_rollback to run or skip",
            refused=True,
        )
    return _runs(wanted, back)


def _unchanged(recorded: Recorded, wanted: Wanted, digest: str) -> str:
    reason = f": image {short(digest)} is already migrated"
    if wanted.command != recorded.command:
        reason += "; the changed command takes effect with the next image, or with a trigger"
    return reason


def _changed_triggers(old: Mapping[str, str], new: Mapping[str, str | None]) -> list[str]:
    """Names whose value changed or is new. A trigger that was only removed is no reason to run."""
    return sorted(name for name, value in new.items() if value is None or old.get(name) != value)


def _runs(wanted: Wanted, reason: str) -> Decision:
    return Decision(True, f"{_WHEN[wanted.phase]}: {reason}")


def _for(wanted: Wanted) -> str:
    return f", image {short(wanted.digest)}" if wanted.digest else ", image unknown until it is built"
