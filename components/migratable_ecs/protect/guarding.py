"""From rules to refusals: every resource that the program declares is looked at before it is registered.

A Pulumi transformation of the stack runs inside the constructor of each resource: a broken rule ends the program there, in preview as in an
update. A value that is an Output is checked as soon as it is known, before its resource is made.
Source: https://www.pulumi.com/docs/iac/concepts/options/transformations/

What a component of another process makes (awsx, whose children only the engine sees) is not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime import register_stack_transformation
from pulumi.runtime.settings import get_monitor

from ..migration import guard
from ..validation import InvalidArgument, is_plain
from .rules import COMPONENT, DESTRUCTIVE_COMMAND, UNKNOWN, broken_rules, reads, sentence
from .waivers import Waivers, waivers


@dataclass(frozen=True)
class Protection:
    """What one program refuses. Not `active`: nothing."""

    environment: str
    active: bool
    waived: Waivers

    def check(self, kind: str, name: str, inputs: Mapping[str, Any]) -> None:
        """Raise InvalidArgument for the rules that a resource breaks, one sentence a line.

        Args:
            kind: type of the resource, such as `aws:rds/instance:Instance`.
            name: of the resource in the program.
            inputs: with Pulumi's names; what is not known yet is UNKNOWN.
        """
        if not self.active:
            return
        broken = [each for each in broken_rules(kind, inputs) if not self.waived.covers(each.rule.name, name)]
        if broken:
            raise InvalidArgument("\n".join(sentence(kind, name, each, self.environment) for each in broken))

    def guarded(self, kind: str, name: str, props: Mapping[str, Any]) -> dict[str, Any]:
        """`props` of a resource, checked as far as they are known; what is not is checked when it is.

        Keys may be written as in Python (`storage_encrypted`) or as in the schema (`storageEncrypted`).
        """
        checked = dict(props)
        wanted = reads(kind) if self.active else ()
        of = {_schema_name(key): key for key in props}
        now = {key: _known(props[of[key]]) for key in wanted if key in of}
        if wanted:
            self.check(kind, name, now)
        for key, value in now.items():
            if value is UNKNOWN:
                later = partial(self._later, kind, name, now, key)
                checked[of[key]] = pulumi.Output.from_input(props[of[key]]).apply(later)
        return checked

    def _later(self, kind: str, name: str, now: Mapping[str, Any], key: str, value: Any) -> Any:
        self.check(kind, name, {**now, key: value})
        return value


#: Connection of a program to its engine -> its protection: one process may run several programs, as with the Automation API.
_PROTECTIONS: WeakKeyDictionary[Any, Protection] = WeakKeyDictionary()
_NONE = Protection("", False, Waivers())


def protect(
    waive: Sequence[str] = (), protected: bool | None = None, environment: str | None = None
) -> Protection:
    """Refuse in production what docs/protection.md lists. Call it before the first resource of the program.

    Args:
        waive: names of rules that do not apply (`single-task`), or `rule:resource` for one resource (`single-task:shop-beat`).
        protected: whether the stack is one of production; default whether `environment` says so (`prod`, `shop-live`).
        environment: default the stack's name.

    Returns:
        What was decided; nothing needs to be done with it.

    Raises:
        InvalidArgument: an unknown name in `waive`, with the nearest rule; and from each resource that breaks a rule.
    """
    named = environment or pulumi.get_stack()
    active = guard.is_protected(named) if protected is None else protected
    made = Protection(named, active, waivers(waive))
    known = _PROTECTIONS.setdefault(get_monitor(), made)
    if known is not made:
        raise InvalidArgument("protect is called twice in one program: call it once, with all waivers")
    if active:
        register_stack_transformation(_transformation(made))
        if waive:
            pulumi.log.warn(f"{named} is production, and these rules are waived: {', '.join(sorted(waive))}")
    return made


def protection() -> Protection:
    """What the running program was told by `protect`; a protection that refuses nothing before that."""
    monitor = get_monitor()
    return _NONE if monitor is None else _PROTECTIONS.get(monitor, _NONE)


def may_destroy() -> bool:
    """Whether the program has waived the refusal of commands that destroy data, which migration/guard.py finds."""
    return protection().waived.covers(DESTRUCTIVE_COMMAND)


def _transformation(given: Protection) -> pulumi.ResourceTransformation:
    def look(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        # The component is a resource without inputs; its arguments are looked at by service.py.
        if protection() is not given or args.type_ == COMPONENT or not reads(args.type_):
            return None
        return pulumi.ResourceTransformationResult(
            given.guarded(args.type_, args.name, args.props or {}), args.opts
        )

    return look


def _known(value: Any) -> Any:
    return value if value is None or is_plain(value) else UNKNOWN


def _schema_name(key: str) -> str:
    """`storage_encrypted` -> `storageEncrypted`."""
    head, *rest = key.split("_")
    return head + "".join(word.capitalize() for word in rest)
