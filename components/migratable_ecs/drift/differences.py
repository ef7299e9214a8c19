"""Where two versions of a resource's properties differ, down to the smallest part that a reader can name. Pure.

JSON in a string (policies, container definitions) is looked into. An order that AWS does not keep is no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .events import Props
from .hiding import hidden
from .model import ABSENT, Difference

# Copies of other properties that the provider keeps: https://www.pulumi.com/registry/packages/aws/ says so of `tagsAll`.
_COPIES = {"tagsAll": "tags"}
# The provider's own notes in the outputs.
_INTERNAL = "__"
# What names an element of a list, so that it can be told whichever place it stands at.
_ELEMENT_NAMES = ("name", "Name", "Sid", "key", "Key")

# Lists whose order means something wherever they stand.
_ORDERED = ("command", "entryPoint", "entryPoints")


def differences(paths: Iterable[str], pairs: Sequence[tuple[Props, Props]]) -> tuple[Difference, ...]:
    """The differences in the properties that `paths` begin with.

    Args:
        paths: property paths, as in the engine's detailed diff, such as `conditions[0].pathPattern.values[0]`.
        pairs: (before, after), such as first the outputs and then the inputs; the first pair that differs in a property counts.

    Secrets are hidden, also those that Pulumi does not know as such.
    """
    named = list(dict.fromkeys(_top(path) for path in paths))
    found: list[Difference] = []
    for name in named:
        if name.startswith(_INTERNAL) or _COPIES.get(name) in named:
            continue
        values = [(before.get(name, ABSENT), after.get(name, ABSENT)) for before, after in pairs]
        inner = next(filter(None, (list(_compare(name, *pair)) for pair in values)), None)
        # The engine says that it differs and only the order does: then the order counts here.
        turned = next((pair for pair in values if not _same(*pair, ordered=True)), None)
        if inner:
            found += inner
        elif turned:
            found.append(Difference(name, *turned))
    return tuple(
        Difference(each.path, hidden(each.path, each.before), hidden(each.path, each.after)) for each in found
    )


def _top(path: str) -> str:
    if path.startswith('["'):
        return path[2:].split('"]', 1)[0]
    return path.split("[", 1)[0].split(".", 1)[0]


def _compare(path: str, before: Any, after: Any) -> Iterator[Difference]:
    before, after = _looked_into(before), _looked_into(after)
    if _same(before, after, ordered=path.rsplit(".", 1)[-1] in _ORDERED):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            if not str(key).startswith(_INTERNAL):
                yield from _compare(_joined(path, str(key)), before.get(key, ABSENT), after.get(key, ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(path, before, after)
    else:
        yield Difference(path, before, after)


def _compare_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Elements by their name where they have one, else by their place; without equal partners, the whole list."""
    first, second = _named(before), _named(after)
    if first is not None and second is not None:
        for key in [*first, *(key for key in second if key not in first)]:
            yield from _compare(f"{path}[{key}]", first.get(key, ABSENT), second.get(key, ABSENT))
        return
    gone = [each for each in before if not any(_same(each, other) for other in after)]
    come = [each for each in after if not any(_same(each, other) for other in before)]
    if len(gone) == len(come) == 1 and all(isinstance(each, Mapping | list) for each in (*gone, *come)):
        yield from _compare(f"{path}[{before.index(gone[0])}]", gone[0], come[0])
    elif all(isinstance(each, Mapping | list) for each in (*gone, *come)) and (gone or come):
        for each in gone:
            yield Difference(f"{path}[]", each, ABSENT)
        for each in come:
            yield Difference(f"{path}[]", ABSENT, each)
    else:
        yield Difference(path, before, after)


def _named(elements: list[Any]) -> dict[str, Any] | None:
    """The elements by their names; None unless each has one of its own."""
    for key in _ELEMENT_NAMES:
        names = [each.get(key) if isinstance(each, Mapping) else None for each in elements]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip(map(str, names), elements, strict=True))
    return None


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if key.replace("_", "").replace("-", "").isalnum() else f'{path}["{key}"]'


def _looked_into(value: Any) -> Any:
    """The object or list that a JSON string holds; anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            inner = json.loads(value)
        except json.JSONDecodeError:
            return value
        return inner if isinstance(inner, dict | list) else value
    return value


def _same(before: Any, after: Any, *, ordered: bool = False) -> bool:
    """Equal but for what AWS and Pulumi write in two ways: 1 and 1.0, nothing and empty, JSON and its text, another order."""
    return _text(before, ordered) == _text(after, ordered)


def _text(value: Any, ordered: bool) -> str:
    """A text that is equal for values that are the same."""
    return json.dumps(_plain(value, ordered), sort_keys=True, default=str)


def _plain(value: Any, ordered: bool) -> Any:
    value = _looked_into(value)
    if value is ABSENT or value == "" or value == {} or value == []:
        return None
    if isinstance(value, Mapping):
        inner = {
            key: _plain(each, ordered or key in _ORDERED)
            for key, each in value.items()
            if not str(key).startswith(_INTERNAL)
        }
        return {key: each for key, each in inner.items() if each is not None} or None
    if isinstance(value, list):
        elements = [_plain(each, ordered) for each in value]
        return (
            elements
            if ordered
            else sorted(elements, key=lambda each: json.dumps(each, sort_keys=True, default=str))
        )
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
