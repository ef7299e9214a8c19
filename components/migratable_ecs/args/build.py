"""Args from a class or from a dict literal with the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, replace
from typing import Any, TypeVar

from ..validation import InvalidArgument, is_plain, known_keys
from . import shapes

T = TypeVar("T")


def build(cls: type[T], given: T | Mapping[str, Any], where: str = "") -> T:
    """An instance of `cls` from itself or from a dict literal with the same names, nested ones too; `given` stays as it is.

    What is nested is read from the type hints: a class of args, a list of them, or a map of names to them.

    Args:
        where: how errors name it, empty for the outermost.

    Raises:
        InvalidArgument: something else, a key that `cls` does not have, a required one that is missing, or a value of the wrong shape.
    """
    shown = where or "args"
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    if isinstance(given, cls):
        _refuse_none(cls, {name: getattr(given, name) for name in names}, where)
        return replace(given, **_values(cls, {name: getattr(given, name) for name in names}, where))  # type: ignore[type-var]
    if not isinstance(given, Mapping):
        raise InvalidArgument(
            f"{shown} is of type {type(given).__name__}; give {cls.__name__} or a dict with the same names"
        )
    known_keys(shown, given, names)
    missing = [
        field.name
        for field in fields(cls)  # type: ignore[arg-type]
        if field.name not in given and field.default is MISSING and field.default_factory is MISSING
    ]
    if missing:
        raise InvalidArgument(
            f"{shown} lacks {' and '.join(map(repr, missing))}: give a value, see {cls.__name__}"
        )
    _refuse_none(cls, given, where)
    return cls(**{**given, **_values(cls, given, where)})


def _refuse_none(cls: type[Any], given: Mapping[str, Any], where: str) -> None:
    """None for what must be given; of the outermost args `validate` says it better."""
    for field in fields(cls):
        needed = field.default is MISSING and field.default_factory is MISSING
        if where and needed and given.get(field.name, 0) is None:
            raise InvalidArgument(f"{where}.{field.name} is missing: give a value, see {cls.__name__}")


def _values(cls: type[Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Every value of `given` whose shape has been checked, nested args built."""
    found = {}
    for name, choices in shapes.choices_of(cls).items():
        value = given.get(name)
        if not is_plain(value):
            continue
        at = f"{where}.{name}" if where else name
        inner = shapes.nested(choices)
        if inner is None:
            shapes.check(at, value, choices)
        else:
            found[name] = _nested(*inner, value, at)
    return found


def _nested(cls: type[Any], holder: type[Any] | None, value: Any, at: str) -> Any:
    if holder is Sequence:
        if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
            raise InvalidArgument(f"{at} is of type {type(value).__name__}; give a list of {cls.__name__}")
        return [build(cls, each, f"{at}[{number}]") for number, each in enumerate(value)]
    if holder is Mapping:
        if not isinstance(value, Mapping):
            raise InvalidArgument(
                f"{at} is of type {type(value).__name__}; give a map of names to {cls.__name__}"
            )
        return {key: build(cls, each, f"{at}[{key!r}]") for key, each in value.items()}
    return build(cls, value, at)
