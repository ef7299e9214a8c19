"""Between the keys of a stack's file (`healthCheckPath`) and the names of args (`health_check_path`), also inside maps. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, fields
from typing import Any

from ..args import shapes
from ..validation import InvalidArgument, known_keys

#: Fields that the environment gives, and no stack's file: (class, field) -> what stands there until it does.
Later = Mapping[tuple[type[Any], str], Any]


def key_of(field_name: str) -> str:
    """`container_port` -> `containerPort`."""
    head, *rest = field_name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def keys_of(cls: type[Any], later: Later) -> dict[str, Field[Any]]:
    """Key -> field of `cls`, without what the environment gives."""
    return {key_of(each.name): each for each in fields(cls) if (cls, each.name) not in later}


def renamed(cls: type[Any], given: object, where: str, later: Later) -> object:
    """`given` with names of args instead of keys, nested ones too; what the environment gives is filled in.

    Names that the user chose (of variables, tags, workers, …) stay as they are. What is no map is for `build` to refuse.

    Raises:
        InvalidArgument: a key that means nothing, with the nearest that does.
    """
    if not isinstance(given, Mapping):
        return given
    keys = keys_of(cls, later)
    known_keys(where, given, keys)
    inner = shapes.choices_of(cls)
    found = {
        keys[key].name: renamed_inside(inner[keys[key].name], value, f"{where}.{key}", later)
        for key, value in given.items()
    }
    return {**found, **{name: value for (owner, name), value in later.items() if owner is cls}}


def renamed_inside(choices: shapes.Choices, value: object, where: str, later: Later) -> object:
    """`value` of a field that may hold `choices`, with what is inside renamed."""
    nested = shapes.nested(choices)
    if nested is None:
        return value
    cls, holder = nested
    if holder is Sequence and isinstance(value, list):
        return [renamed(cls, each, f"{where}[{number}]", later) for number, each in enumerate(value)]
    if holder is Mapping and isinstance(value, Mapping):
        return {name: renamed(cls, each, f"{where}[{name!r}]", later) for name, each in value.items()}
    return renamed(cls, value, where, later)


def value_of(key: str, text: str, choices: shapes.Choices) -> Any:
    """What the engine sends as text, as a value: lists and maps travel as JSON, numbers and truth values as words.

    Raises:
        InvalidArgument: no whole number, truth value, list or map where one is wanted.
    """
    if choices == (str,):
        return text
    if choices == (int,):
        return _whole_number(key, text)
    if choices == (bool,):
        if text not in ("true", "false"):
            raise InvalidArgument(f"config key {key} is {text!r}; give true or false")
        return text == "true"
    nested = shapes.nested(choices)
    a_list = nested[1] is Sequence if nested else choices[0] is Sequence or _origin_is_list(choices[0])
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if not isinstance(value, list if a_list else dict):
        shape = "a list" if a_list else "a map"
        raise InvalidArgument(f"config key {key} is {text!r}; give {shape}, as Pulumi.local.yaml does")
    return value


def _origin_is_list(choice: Any) -> bool:
    return getattr(choice, "__origin__", None) is Sequence


def _whole_number(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidArgument(f"config key {key} is {text!r}; give a whole number") from None


def in_keys(sentence: str, cls: type[Any]) -> str:
    """`sentence` in the words of a stack's file: with keys in the place of the names that `cls`, and the args inside it, have."""
    names = {name for name in _all_names(cls, set()) if "_" in name}
    return re.sub(
        r"(?<![\w-])[a-z]+(?:_[a-z]+)+(?![\w-])",
        lambda found: key_of(found.group()) if found.group() in names else found.group(),
        sentence.replace("True or False", "true or false"),
    )


def _all_names(cls: type[Any], seen: set[type[Any]]) -> Iterator[str]:
    if cls in seen:
        return
    seen.add(cls)
    for name, choices in shapes.choices_of(cls).items():
        yield name
        inner = shapes.nested(choices)
        if inner:
            yield from _all_names(inner[0], seen)
