"""RunTask's idempotency.

Source: "Ensuring idempotency" in the ECS API reference. The same token with the same parameters gives the
result of the first call, its stopped tasks reduced to taskArn and lastStatus; with other parameters a
ConflictException that names its tasks. A token lives for the lower of 24 hours and the lifetime of the task
plus one hour, and holds within one cluster. The page does not say what becomes of a call that placed no task:
here its token stays unused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migratable_ecs.testing.task import FakeTask

PATTERN = "[\\x21-\\x7e]{1,64}"
DAY = 24 * 3600.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Spent:
    """A token that was used: for what, when, and the tasks and failures it gave."""

    parameters: str
    at: float
    tasks: Sequence[FakeTask]
    failures: Sequence[Mapping[str, Any]]

    def alive(self, now: float) -> bool:
        stopped = max(task.timeline.stopped for task in self.tasks)
        return now < min(self.at + DAY, stopped + HOUR)


class Tokens:
    """The tokens of one account and region, by cluster."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], Spent] = {}

    def find(self, cluster: str, token: str, now: float) -> Spent | None:
        """The living token, if it was used."""
        spent = self._spent.get((cluster, token))
        return spent if spent is not None and spent.alive(now) else None

    def spend(self, cluster: str, token: str, spent: Spent) -> None:
        """Remember a successful call."""
        self._spent[cluster, token] = spent


def fingerprint(parameters: Mapping[str, Any]) -> str:
    """All of a request's parameters but token and cluster, comparable."""
    rest = {key: value for key, value in parameters.items() if key not in {"clientToken", "cluster"}}
    return json.dumps(rest, sort_keys=True, default=str)
