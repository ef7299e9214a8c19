"""Refusing bad input before anything is made."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any

import pulumi


class InvalidArgument(pulumi.RunError):
    """One sentence: the argument, its value, what is allowed, the remedy. Pulumi shows a RunError without a traceback."""


def is_plain(value: object) -> bool:
    """True for a value that can be checked now: not None, not an Output or another promise of a value."""
    return value is not None and not isinstance(value, pulumi.Output) and not hasattr(value, "__await__")


def one_of(argument: str, value: object, allowed: Iterable[object]) -> None:
    """Refuse `value` unless it is among `allowed`."""
    choices = list(allowed)
    if is_plain(value) and not any(value == choice and type(value) is type(choice) for choice in choices):
        raise InvalidArgument(
            f"{argument} is {value!r}; allowed are {', '.join(map(repr, choices))}{nearest(value, choices)}"
        )


def nearest(value: object, choices: Iterable[object]) -> str:
    """` (did you mean X?)`, or nothing when no choice is near."""
    found = difflib.get_close_matches(str(value), [str(choice) for choice in choices], n=1)
    return f" (did you mean {found[0]!r}?)" if found else ""


def between(argument: str, value: object, low: int, high: int, unit: str = "") -> None:
    """Refuse anything but a whole number from `low` to `high`."""
    if not is_plain(value):
        return
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidArgument(f"{argument} is {value!r}; give a whole number from {low} to {high}{unit}")


def required(argument: str, value: object, remedy: str) -> None:
    """Refuse a missing or empty value."""
    if value is None or (isinstance(value, Sized) and len(value) == 0):
        raise InvalidArgument(f"{argument} is missing: {remedy}")


def text(argument: str, value: object) -> None:
    """Refuse anything but a string."""
    if is_plain(value) and not isinstance(value, str):
        raise InvalidArgument(f"{argument} is {value!r}; give a string")


def texts(argument: str, value: object) -> None:
    """Refuse anything but a list of strings; a lone string would be taken for a list of its characters."""
    if not is_plain(value):
        return
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidArgument(f"{argument} is {value!r}; give a list of strings, such as [{str(value)!r}]")
    for each in value:
        if is_plain(each) and not isinstance(each, str):
            raise InvalidArgument(f"{argument} holds {each!r}; give strings only, such as {str(each)!r}")


def named_texts(argument: str, value: object) -> None:
    """Refuse anything but a map of names to strings: ECS and AWS tags know no numbers or truth values."""
    if not is_plain(value):
        return
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"{argument} is {type(value).__name__}; give a map of names to strings")
    for name, each in value.items():
        if not isinstance(each, str) and (each is None or is_plain(each)):
            raise InvalidArgument(
                f"{argument}[{name!r}] is {each!r}; give a string, such as {str(each).lower()!r}"
            )


def known_keys(argument: str, given: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Refuse keys that mean nothing, with the nearest that does."""
    choices = list(allowed)
    for key in given:
        if key not in choices:
            raise InvalidArgument(
                f"{argument} has no {key!r}; it has {', '.join(choices)}{nearest(key, choices)}"
            )
