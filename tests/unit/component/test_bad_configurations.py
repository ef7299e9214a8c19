"""500 bad configurations, made from the arguments' own types: each is refused in one sentence, none with a traceback, and nothing is made.

Every argument is given something of a wrong type, a number far out of range, a word that is none of those allowed, or nothing at all.
`make unit` tries a fifth of them, `make test` all.
A new class of arguments has to be added to GOOD, or the last test fails; its fields are found by themselves.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, get_args, get_origin

import pytest
from migratable_ecs import InvalidArgument, MigratableEcsService
from migratable_ecs.args import MigratableEcsServiceArgs, build, shapes

from tests.unit.component.cloud import Cloud, deploy
from tests.unit.component.service import arguments
from tests.unit.repetitions import times

HOW_MANY = 500
DIGEST = "sha256:" + "d" * 64
SIDECAR = {
    "image": f"app@{DIGEST}",
    "health_check": {"command": "true"},
    "ports": [{"container_port": 9000}],
    "mounts": {"/m": {"volume": "media"}},
    "log": {"options": {"mode": "non-blocking"}},
}

#: Good configurations that have every class of arguments among them.
GOOD: list[dict[str, Any]] = [
    arguments(
        container={"ports": [{"container_port": 8000, "name": "http"}], "health_check": {"command": "true"}},
        sidecars={"proxy": SIDECAR},
        task={"volumes": {"media": {"efs_file_system_id": "fs-1"}}},
        workers={"queue": {"command": "work"}},
        schedules={"nightly": {"command": "clean", "expression": "rate(1 day)"}},
        migration__backup={"instance": "db"},
        ingress__stickiness={},
        rollout={"capacity_providers": [{"name": "FARGATE"}]},
        discovery={"namespace_id": "ns-1"},
        service_connect={"port_name": "http"},
        scaling={
            "minimum": 1,
            "maximum": 2,
            "schedules": [{"name": "night", "schedule": "rate(1 day)", "minimum": 1}],
        },
        watching={},
        names={},
        environment={"A": "1"},
        secrets={"B": "db"},
        tags={"team": "x"},
    ),
    arguments(
        ingress={
            "vpc_id": "vpc-1",
            "load_balancer": {"subnets": ["a", "b"], "allowed_cidrs": ["10.0.0.0/8"]},
        },
        rollout={"blue_green": {}},
    ),
]

#: What no argument of the type takes.
WRONG: dict[Any, list[Any]] = {
    str: [5, True, ["x"], {"a": "b"}],
    int: ["12", 1.5, 256.0, 512.0, True, [1], {"a": 1}, -(10**9), 10**12],
    bool: ["yes", 1, [], {}],
    Sequence: [5, {"a": "b"}, True],
    Mapping: [5, ["a"], "a=b", True],
}


@dataclass(frozen=True)
class Field:
    """A field of the arguments at `path` (keys of maps and numbers of lists are steps too)."""

    cls: type[Any]
    name: str
    path: tuple[Any, ...]
    choices: tuple[Any, ...]
    needed: bool


def found(cls: type[Any], given: Mapping[str, Any], path: tuple[Any, ...] = ()) -> Iterator[Field]:
    """Every field of `cls` and of the classes of arguments within `given`."""
    by_name = shapes.choices_of(cls)
    for field in fields(cls):
        at = (*path, field.name)
        needed = field.default is MISSING and field.default_factory is MISSING
        yield Field(cls, field.name, at, by_name[field.name], needed)
        inner, value = shapes.nested(by_name[field.name]), given.get(field.name)
        if inner is None or value is None:
            continue
        entries: list[tuple[tuple[Any, ...], Any]] = [((), value)]
        if inner[1] is Sequence:
            entries = [((number,), each) for number, each in enumerate(value)]
        elif inner[1] is Mapping:
            entries = [((key,), each) for key, each in value.items()]
        for steps, each in entries:
            yield from found(inner[0], each, (*at, *steps))


def wrong_values(field: Field) -> list[Any]:
    """Values that the field cannot take, whatever the rest is."""
    origins = {get_origin(choice) or choice for choice in field.choices}
    if origins & {Any}:
        return []
    values = [None] if field.needed else []
    if shapes.nested(field.choices):
        holder = (shapes.nested(field.choices) or (None, None))[1]
        of_one = {
            None: {"no_such_argument": 1},
            Sequence: [{"no_such_argument": 1}],
            Mapping: {"x": {"no_such": 1}},
        }
        return [*values, 5, "text", True, [5] if holder is not Mapping else ["x"], of_one[holder]]
    if Literal in origins:
        allowed = [each for choice in field.choices for each in get_args(choice)]
        return [*values, "nonsense", 5, f"{allowed[0]}x"]
    wrong = [value for origin in origins for value in WRONG.get(origin, [])]
    if str in origins:
        wrong = [value for value in wrong if not isinstance(value, str)]
    if Sequence in origins:
        strings = any(str in get_args(choice) or "str" in str(get_args(choice)) for choice in field.choices)
        wrong = [value for value in wrong if not isinstance(value, list)] + ([[5], [True]] if strings else [])
    if Mapping in origins and any(
        "str" in str(get_args(choice)[-1]) for choice in field.choices if get_args(choice)
    ):
        wrong += [{"A": 5}, {"A": None}]
    return values + wrong


def changed(given: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy of `given` with another value at `path`; `...` takes it out."""
    whole = copy.deepcopy(given)
    inner: Any = whole
    for step in path[:-1]:
        inner = inner[step]
    if value is ...:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
    return whole


def every_bad_one() -> list[tuple[Field, Any, dict[str, Any]]]:
    """(field, value, good configuration to put it into), without those whose value the field takes after all."""
    return [
        (field, value, good)
        for good in GOOD
        for field in found(MigratableEcsServiceArgs, good)
        for value in [*wrong_values(field), *([...] if field.needed else [])]
    ]


def chosen() -> list[tuple[Field, Any, dict[str, Any]]]:
    """One for each argument, and more at random until there are HOW_MANY; the same in every run."""
    bad = every_bad_one()
    random.Random(5).shuffle(bad)
    first: dict[tuple[type[Any], str], Any] = {}
    rest = []
    for each in bad:
        key = (each[0].cls, each[0].name)
        if key in first:
            rest.append(each)
        else:
            first[key] = each
    return [*first.values(), *rest[: max(0, HOW_MANY - len(first))]]


BAD = chosen()


def test_the_good_ones_are_good() -> None:
    for good in GOOD:
        build(MigratableEcsServiceArgs, good).validate("web")


@pytest.mark.parametrize("part", range(10))
def test_each_is_refused_in_one_sentence_and_nothing_is_made(part: int) -> None:
    faults = []
    for field, value, good in BAD[part :: times(50, 10)]:
        where = ".".join(map(str, field.path))
        cloud = Cloud()
        given = changed(good, field.path, value)

        def program(given: dict[str, Any] = given) -> None:
            MigratableEcsService("web", given)

        try:
            deploy(program, cloud)
        except InvalidArgument as refused:
            sentence = str(refused)
            one = "\n" not in sentence and len(sentence) < 600 and not sentence.endswith(".")
            if not one or field.name not in sentence:
                faults.append(f"{where} = {value!r}: {sentence}")
        except Exception as other:
            faults.append(f"{where} = {value!r} raised {type(other).__name__}: {other}")
        else:
            faults.append(f"{where} = {value!r} was taken")
        if cloud.registered or cloud.calls:
            faults.append(f"{where} = {value!r} made {cloud.registered} and asked {cloud.calls}")
    assert not faults, "\n".join(faults)


def test_there_are_500_and_every_argument_is_among_them() -> None:
    assert len(BAD) >= HOW_MANY
    reached = {(field.cls, field.name) for field, *_ in BAD}
    for cls in {cls for cls, _ in reached} | classes(MigratableEcsServiceArgs):
        for name, choices in shapes.choices_of(cls).items():
            if Any not in choices:
                assert (cls, name) in reached, f"{cls.__name__}.{name}"


def classes(cls: type[Any]) -> set[type[Any]]:
    """`cls` and all classes of arguments within it."""
    known: set[type[Any]] = set()
    ahead = [cls]
    while ahead:
        each = ahead.pop()
        if each not in known:
            known.add(each)
            ahead += [inner[0] for c in shapes.choices_of(each).values() if (inner := shapes.nested(c))]
    return known
