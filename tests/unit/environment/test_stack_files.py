"""Pulumi.yaml describes every setting, and every Pulumi.*.yaml of the repository is a stack that the program accepts."""

from __future__ import annotations

import collections.abc
from typing import Any, get_origin

import pytest
import yaml
from migratable_ecs.args import shapes
from migratable_ecs.environment import Settings, check
from migratable_ecs.environment.settings import KEYS, default_of

from tests.unit.environment.configured import ROOT, SCHEMA, settings_of

STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def stack(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))["config"])


def of_stack(name: str) -> Settings:
    return settings_of(ROOT / f"Pulumi.{name}.yaml")


def test_the_three_stacks_are_there() -> None:
    assert {"local", "stg", "prod"} <= set(STACKS)


@pytest.mark.parametrize("name", STACKS)
def test_the_program_accepts_the_stack(name: str) -> None:
    check(of_stack(name))
    assert stack(name)["aws:region"]


@pytest.mark.parametrize("name", STACKS)
def test_no_secret_is_in_the_file(name: str) -> None:
    secrets = of_stack(name).secrets
    assert secrets
    assert not [value for value in stack(name).values() if isinstance(value, dict) and "secure" in value]
    assert all(
        "/" not in reference.split(":")[0] or reference.startswith("arn:") for reference in secrets.values()
    )


def test_prod_can_lose_a_machine_and_keeps_its_logs_longer() -> None:
    stg, prod = of_stack("stg"), of_stack("prod")
    assert prod.desired_count >= 2
    assert prod.log_retention_days > stg.log_retention_days
    assert prod.migration is not None
    assert prod.migration.on_failure == "fail"


def test_the_schema_has_the_settings_in_their_order_and_no_others() -> None:
    assert list(SCHEMA) == list(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_each_key_has_type_description_and_the_default_of_the_program(key: str) -> None:
    """An empty default stands for nothing: the CLI asks for keys without any, and has no word for "none"."""
    (kind,) = shapes.choices_of(Settings)[KEYS[key].name]
    default = default_of(key)
    # Pulumi has no truth value that may also be missing.
    names: dict[Any, str] = {str: "string", int: "integer", bool: "string" if default is None else "boolean"}
    type_ = names.get(kind) or ("array" if get_origin(kind) is collections.abc.Sequence else "object")
    assert SCHEMA[key]["type"] == type_
    assert len(SCHEMA[key]["description"]) > 8
    empty = {"string": "", "integer": 0, "array": [], "object": {}}
    assert SCHEMA[key]["default"] == (default or empty[type_] if type_ in empty else default)
