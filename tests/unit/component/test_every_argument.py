"""Every argument is given in an example, and every example is accepted: docs/arguments.md leads to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from migratable_ecs.args import MigratableEcsServiceArgs

from tests.unit.component.examples import ROOT, run
from tests.unit.component.test_bad_configurations import classes, found

PAGE = (ROOT / "docs" / "arguments.md").read_text(encoding="utf-8")
EXAMPLES = ("arguments", "service_options", "every_argument")


def written(args: Mapping[str, Any]) -> Iterator[tuple[type[Any], str]]:
    """Class and name of every argument that is written out."""
    for field in found(MigratableEcsServiceArgs, args):
        inner: Any = args
        for step in field.path:
            inner = inner.get(step) if isinstance(inner, Mapping) else inner[step]
        if inner is not None:
            yield field.cls, field.name


@pytest.mark.thorough
def test_every_argument_of_every_class_is_given_somewhere() -> None:
    programs = [ROOT / "examples" / name / "__main__.py" for name in EXAMPLES]
    used = {each for program in programs for args in run(program)[1] for each in written(args)}
    missing = {
        f"{cls.__name__}.{name}"
        for cls in classes(MigratableEcsServiceArgs)
        for name in cls.__dataclass_fields__
        if (cls, name) not in used
    }
    assert not missing


def test_the_page_leads_to_the_examples() -> None:
    for name in EXAMPLES:
        assert f"(../examples/{name})" in PAGE
