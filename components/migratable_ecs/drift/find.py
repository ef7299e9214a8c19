"""From the engine's steps to drifts, changes and migrations. Pure."""

from __future__ import annotations

from ..migration.decide import decide
from ..migration.state import UNKNOWN, recorded, wanted
from . import meaning
from .differences import differences
from .events import Log, Step
from .hiding import hidden_text
from .model import Change, Difference, Drift, Kind, Migration, Operation, Report
from .ways_out import way_out

_MIGRATION = "pulumi-python:dynamic/ecs:MigrationRun"
_ROLLOUT = "pulumi-python:dynamic/ecs:ServiceRollout"
_OWN = (_MIGRATION, _ROLLOUT)
_OWNER_TAG = "migratable-ecs:service"

#: The engine's word -> ours. What is not here (same, read, refresh, the two halves of a replacement) is no change of its own.
_OPERATIONS: dict[str, Operation] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
    "import-replacement": "imported",
    "remove-pending-replace": "deleted",
    "discard": "forgotten",
}
#: What is worst comes first.
_ORDER: tuple[Operation, ...] = ("replaced", "deleted", "forgotten", "updated", "created", "imported")


def report(log: Log, *, refreshed: bool = True, previewed: bool = True) -> Report:
    """The report of what `log` holds.

    Args:
        refreshed: whether resources were compared with AWS. previewed: whether the program was run.
    """
    errors = tuple(map(hidden_text, log.errors)) or (
        () if log.ended else ("the engine's log stops before its end",)
    )
    return Report(
        stack=log.stack,
        drifts=drifts(log) if refreshed else (),
        changes=changes(log) if previewed else (),
        migrations=migrations(log) if previewed else (),
        looked_at=sum(_from_aws(step) for step in log.refreshed) if refreshed else None,
        previewed=previewed,
        errors=errors,
    )


def drifts(log: Log) -> tuple[Drift, ...]:
    """Resources that differ in AWS, those that are gone first. What only the provider computes anew is no drift."""
    found = [
        drift for step in log.refreshed if _from_aws(step) and (drift := _drift(log.stack, step)) is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.kind != "deleted", each.type, each.name)))


def changes(log: Log) -> tuple[Change, ...]:
    """What the program changes: replacements and deletions first. Migrations have a part of their own."""
    found = [
        _change(step, _OPERATIONS[step.op])
        for step in log.planned
        if step.op in _OPERATIONS and step.custom and step.type not in _OWN and not _is_provider(step)
    ]
    return tuple(sorted(found, key=lambda each: (_ORDER.index(each.operation), each.type, each.name)))


def migrations(log: Log) -> tuple[Migration, ...]:
    """Every migration of the program, whether it runs or not."""
    return tuple(
        _migration(step) for step in log.planned if step.type.endswith(_MIGRATION) and step.op != "delete"
    )


def _from_aws(step: Step) -> bool:
    """Whether it is a resource of AWS that this stack is answerable for."""
    return step.custom and not step.foreign and step.type not in _OWN and not _is_provider(step)


def _is_provider(step: Step) -> bool:
    return step.type.startswith("pulumi:providers:")


def _drift(stack: str, step: Step) -> Drift | None:
    kind: Kind = "deleted" if step.op == "delete" else "changed"
    if step.op == "same":
        return None
    found: tuple[Difference, ...] = ()
    if kind == "changed":
        found = differences(
            step.paths, [(step.old_outputs, step.new_outputs), (step.old_inputs, step.new_inputs)]
        )
        if not found:
            return None
    tags = step.old_outputs.get("tags") or {}
    owner = str(tags.get(_OWNER_TAG) or "") if isinstance(tags, dict) else ""
    return Drift(
        urn=step.urn,
        type=step.type,
        name=step.name,
        id=step.id,
        kind=kind,
        differences=found,
        meanings=meaning.of_drift(step.type, kind, found),
        way_out=way_out(stack, step.urn, step.type, step.name, step.id, found, owner=owner),
        aliases=_aliases(step),
    )


def _aliases(step: Step) -> tuple[str, ...]:
    """What CloudTrail may call the resource by."""
    words = [step.id, *(step.old_outputs.get(key) for key in ("arn", "name", "alarmName", "role"))]
    return tuple(dict.fromkeys(word for word in words if isinstance(word, str) and word))


def _change(step: Step, operation: Operation) -> Change:
    found: tuple[Difference, ...] = ()
    if operation in ("updated", "replaced"):
        pairs = [(step.old_inputs, step.new_inputs), (step.old_outputs, step.new_inputs)]
        found = differences(step.paths or step.keys, pairs)
    return Change(
        urn=step.urn,
        type=step.type,
        name=step.name,
        operation=operation,
        differences=found,
        because=step.keys if operation == "replaced" else (),
        meanings=meaning.of_change(step.type, operation, found),
    )


def _migration(step: Step) -> Migration:
    """The decision that `pulumi up` would make: the same function on the same values."""
    want = wanted(step.new_inputs)
    before = recorded(step.old_outputs) if step.old_outputs else None
    decision = decide(before, want)
    return Migration(
        urn=step.urn,
        name=step.name,
        will_run=decision.run,
        refused=decision.refused,
        line=hidden_text(decision.line),
        old_digest=before.digest if before else "",
        new_digest=want.digest or "",
        phase=want.phase,
        command="" if want.command == UNKNOWN else hidden_text(want.command),
    )
