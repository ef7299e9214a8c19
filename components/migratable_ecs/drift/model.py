"""What a report is made of. Values are those of the engine, with secrets masked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["changed", "deleted"]
Operation = Literal["replaced", "deleted", "created", "updated", "imported", "forgotten"]

#: The exit codes of `scripts/drift` and `migratable-ecs drift`.
NOTHING, ERROR, CHANGES, DRIFT = 0, 1, 2, 3


@dataclass(frozen=True)
class Absent:
    """In the place of a value that one side does not have."""

    def __str__(self) -> str:
        return "(none)"


ABSENT = Absent()


@dataclass(frozen=True)
class Difference:
    """One property with two values: `before` is the state's, `after` AWS's (drift) or the program's (change)."""

    path: str
    before: Any
    after: Any

    @property
    def property(self) -> str:
        """The property of the resource that the path begins with: `conditions` of `conditions[0].values`."""
        return self.path.split("[", 1)[0].split(".", 1)[0]


@dataclass(frozen=True)
class Call:
    """A call that made a drift, as CloudTrail recorded it; `at` is in UTC."""

    name: str
    actor: str
    at: str
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class Who:
    """The calls that made a drift, newest first; without one, `unknown` says why."""

    calls: tuple[Call, ...] = ()
    unknown: str = ""


@dataclass(frozen=True)
class WayOut:
    """The two ways out of a drift: what to edit, or to know, and then the commands to run."""

    adopt: tuple[str, ...]
    adopt_commands: tuple[str, ...]
    put_back: tuple[str, ...]
    put_back_commands: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """A resource that is not in AWS what the state says. `aliases` are the words that name it in AWS's own records."""

    urn: str
    type: str
    name: str
    id: str
    kind: Kind
    differences: tuple[Difference, ...]
    meanings: tuple[str, ...]
    way_out: WayOut
    aliases: tuple[str, ...] = ()
    who: Who = field(default_factory=Who)


@dataclass(frozen=True)
class Change:
    """A resource that the program makes other than it is. `because` are the properties that force a replacement."""

    urn: str
    type: str
    name: str
    operation: Operation
    differences: tuple[Difference, ...]
    because: tuple[str, ...]
    meanings: tuple[str, ...]


@dataclass(frozen=True)
class Danger:
    """A statement that is dangerous on a table in use: which rule, what happens, the safe way."""

    line: int
    rule: str
    message: str
    safe_way: str


@dataclass(frozen=True)
class Plan:
    """What `plan_command` printed, the SQL in it, and what a linter says about it. `problem` says why there is none."""

    text: str = ""
    sql: str = ""
    dangers: tuple[Danger, ...] = ()
    not_linted: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Migration:
    """What becomes of one migration: `line` is the one that preview and up print."""

    urn: str
    name: str
    will_run: bool
    refused: bool
    line: str
    old_digest: str
    new_digest: str
    phase: str
    command: str
    plan: Plan | None = None


@dataclass(frozen=True)
class Report:
    """Everything the report says. `looked_at` is how many resources were compared with AWS; None when none were."""

    stack: str
    drifts: tuple[Drift, ...] = ()
    changes: tuple[Change, ...] = ()
    migrations: tuple[Migration, ...] = ()
    looked_at: int | None = None
    previewed: bool = True
    errors: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 nothing, 1 error, 2 changes, 3 drift; an error comes before drift, and drift before changes."""
        if self.errors:
            return ERROR
        if self.drifts:
            return DRIFT
        return CHANGES if self.changes or any(each.will_run for each in self.migrations) else NOTHING
