"""Which rules a stack has waived. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..validation import InvalidArgument, nearest, texts
from .rules import NAMES


@dataclass(frozen=True)
class Waivers:
    """Names of rules, and `rule:resource` for one resource only."""

    given: frozenset[str] = frozenset()

    def covers(self, rule: str, resource: str = "") -> bool:
        """Whether `rule` is waived, for everything or for the resource of that name."""
        return rule in self.given or f"{rule}:{resource}" in self.given


def waivers(given: Sequence[str]) -> Waivers:
    """Read the names in `given`.

    Raises:
        InvalidArgument: a name that is no rule, with the nearest that is.
    """
    texts("waive", given)
    for each in given:
        rule, colon, resource = each.partition(":")
        if rule not in NAMES:
            raise InvalidArgument(
                f"waive names {rule!r}, which is no rule; rules are {', '.join(NAMES)}{nearest(rule, NAMES)}"
            )
        if colon and not resource:
            raise InvalidArgument(f"waive has {each!r}; give {rule!r} or '{rule}:name-of-the-resource'")
    return Waivers(frozenset(given))
