"""Every argument is given in an example, and every example is accepted: docs/arguments.md leads to them."""

from __future__ import annotations

import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs import service
from migratable_ecs.args import MigratableEcsServiceArgs, build

from tests.unit.component.cloud import DIGEST, Cloud, deploy
from tests.unit.component.test_bad_configurations import classes, found

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "arguments.md").read_text(encoding="utf-8")
EXAMPLES = ("arguments", "service_options", "every_argument")
IMAGES = ("learning-app", "shop", "shop-migrations", "search", "report")
SECRETS = ("learning-db", "splunk", "shop-tls", "shop-broker")


@pytest.fixture(scope="module")
def given() -> list[Mapping[str, Any]]:
    """What the examples give to the component, as they write it."""
    seen: list[Mapping[str, Any]] = []

    def record(cls: type[Any], args: Any) -> Any:
        seen.append(args)
        return build(cls, args)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(service, "build", record)
        for name in EXAMPLES:
            program = ROOT / "examples" / name / "__main__.py"
            cloud = Cloud(images={f"{image}:latest": DIGEST for image in IMAGES}, secrets=SECRETS)
            deploy(lambda program=program: runpy.run_path(str(program)) and None, cloud)  # type: ignore[misc]
    return seen


def written(args: Mapping[str, Any]) -> Iterator[tuple[type[Any], str]]:
    """Class and name of every argument that is written out."""
    for field in found(MigratableEcsServiceArgs, args):
        inner: Any = args
        for step in field.path:
            inner = inner.get(step) if isinstance(inner, Mapping) else inner[step]
        if inner is not None:
            yield field.cls, field.name


def test_every_argument_of_every_class_is_given_somewhere(given: list[Mapping[str, Any]]) -> None:
    used = {each for args in given for each in written(args)}
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
