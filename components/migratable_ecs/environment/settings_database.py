"""`database:KEY` in `secrets`: a key of the secret of the stack's own database, whichever way that is had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import pulumi

from ..validation import InvalidArgument

T = TypeVar("T")

_WORD = "database:"
_PASSWORD = "operator_password"

#: Fields of args whose values refer to secrets.
_REFERENCES = ("secrets", "secret_options")


def database_keys(args: Any) -> list[str]:
    """The keys of the database's secret that `args`, and what is nested in them, refer to."""
    found: list[str] = []

    def collect(_: str, key: str) -> str:
        found.append(key)
        return ""

    _replaced(args, collect, "")
    return found


def with_database(args: T, arn: pulumi.Input[str] | None, password: pulumi.Input[str] | None = None) -> T:
    """`args` that name the database's secret by its ARN: `arn:key::`, as ECS wants it. By name it could be looked up only once it is there.

    Args:
        password: reference to the password, where it is not a key of that secret: as in stacks of older versions, in that of RDS.

    Raises:
        InvalidArgument: something refers to a database, and there is none.
    """

    def reference(where: str, key: str) -> pulumi.Input[str]:
        if arn is None:
            raise InvalidArgument(
                f"{where} is {_WORD + key!r}, a key of the stack's database, and config key database is missing: set it, or name "
                "another secret"
            )
        if key == _PASSWORD and password is not None:
            return password
        # Plain where it can be: what is plain is looked up, and refused, at once.
        return f"{arn}:{key}::" if isinstance(arn, str) else pulumi.Output.concat(arn, ":", key, "::")

    return _replaced(args, reference, "")


def _replaced(args: T, reference: Callable[[str, str], Any], where: str) -> T:
    """`args` with what `reference(where, key)` gives for each `database:key`."""
    changed: dict[str, Any] = {}
    for each in fields(args):  # type: ignore[arg-type]
        value = getattr(args, each.name)
        at = f"{where}.{each.name}" if where else each.name
        if is_dataclass(value):
            changed[each.name] = _replaced(value, reference, at)
        elif isinstance(value, Mapping):
            secret = each.name in _REFERENCES
            changed[each.name] = {
                name: _in_map(inner, reference, f"{at}[{name!r}]", secret) for name, inner in value.items()
            }
    return replace(args, **changed)  # type: ignore[type-var]


def _in_map(value: Any, reference: Callable[[str, str], Any], at: str, secret: bool) -> Any:
    if is_dataclass(value):
        return _replaced(value, reference, at)
    if secret and isinstance(value, str) and value.startswith(_WORD):
        return reference(at, value.removeprefix(_WORD))
    return value
