"""What a field of the args may hold, read from its type hint: the one place that knows how hints are built."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import pulumi

from ..validation import InvalidArgument, is_plain, text, texts

#: A hint without the promises that `pulumi.Input` adds, and without None.
Choices = tuple[Any, ...]

#: Names in the definition of `pulumi.Input` that its users' modules need not have.
_NAMES_OF_INPUT = {"Output": pulumi.Output, "T": TypeVar("T")}

#: Resolving the hints of a class takes a millisecond, and a program builds the same classes for every service.
_WORKED_OUT: dict[type[Any], Mapping[str, Choices]] = {}


def choices_of(cls: type[Any]) -> Mapping[str, Choices]:
    """Field -> the types among which its value must be; worked out once a class, so not to be changed."""
    if cls not in _WORKED_OUT:
        hints = get_type_hints(cls, None, _NAMES_OF_INPUT)
        _WORKED_OUT[cls] = {name: tuple(_plain(hint)) for name, hint in hints.items()}
    return _WORKED_OUT[cls]


def _plain(hint: Any) -> list[Any]:
    """What `hint` allows, without None and without promises."""
    if get_origin(hint) in (Union, types.UnionType):
        return [each for part in get_args(hint) for each in _plain(part)]
    origin = get_origin(hint) or hint
    promise = hint is type(None) or (
        isinstance(origin, type) and (origin is pulumi.Output or hasattr(origin, "__await__"))
    )
    return [] if promise else [hint]


def nested(choices: Choices) -> tuple[type[Any], type[Any] | None] | None:
    """(args class, Sequence or Mapping that holds it, or None), when a field holds args of its own."""
    for choice in choices:
        holder: Any = get_origin(choice)
        inner = get_args(choice)
        if holder in (Sequence, Mapping):
            for each in _plain(inner[-1]):
                if is_dataclass(each) and isinstance(each, type):
                    return each, holder
        elif is_dataclass(choice) and isinstance(choice, type):
            return choice, None
    return None


def check(where: str, value: object, choices: Choices) -> None:
    """Refuse a value of the wrong shape: text, true or false, list of strings, map. Numbers and words are checked where their range is.

    Raises:
        InvalidArgument: one sentence that names the argument and what to give.
    """
    if not is_plain(value) or not choices or Any in choices:
        return
    origins: set[Any] = {get_origin(choice) or choice for choice in choices}
    if origins == {str}:
        text(where, value)
    elif int in origins and isinstance(value, Sequence | Mapping) and not isinstance(value, str):
        raise InvalidArgument(f"{where} is {value!r}; give a whole number")
    elif origins == {bool} and not isinstance(value, bool):
        raise InvalidArgument(f"{where} is {value!r}; give True or False")
    elif origins == {Sequence} or (origins == {str, Sequence} and not isinstance(value, str)):
        _check_list(where, value, choices)
    elif origins == {Mapping} and not isinstance(value, Mapping):
        raise InvalidArgument(f"{where} is {type(value).__name__}; give a map of names to {_values(choices)}")


def _check_list(where: str, value: object, choices: Choices) -> None:
    (inner,) = [get_args(choice) for choice in choices if choice is not str]
    if _plain(inner[0]) == [str]:
        texts(where, value)
    elif isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidArgument(f"{where} is {value!r}; give a list")


def _values(choices: Choices) -> str:
    inner = _plain(get_args(choices[0])[-1]) if get_args(choices[0]) else []
    return "strings" if inner == [str] else "values"
