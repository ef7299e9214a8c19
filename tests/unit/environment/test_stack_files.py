"""Pulumi.yaml describes every setting, and every Pulumi.*.yaml of the repository is a stack that the program accepts."""

from __future__ import annotations

import json
from dataclasses import MISSING
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import pulumi
import pytest
import yaml
from migratable_ecs.args import sizes
from migratable_ecs.environment import Settings, load
from migratable_ecs.environment.settings import KEYS, is_required
from pulumi.runtime.config import CONFIG

ROOT = Path(__file__).parents[3]
PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, dict[str, Any]] = PROJECT["config"]
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def stack(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))["config"])


def settings_of(name: str) -> Settings:
    """What the program reads: the stack's values over the schema's defaults, as the CLI merges them."""
    merged = {f"{PROJECT['name']}:{key}": each["default"] for key, each in SCHEMA.items()} | stack(name)
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in merged.items()}
    token = CONFIG.set({})
    try:
        pulumi.runtime.set_all_config(texts)
        return load(pulumi.Config(PROJECT["name"]))
    finally:
        CONFIG.reset(token)


def test_the_three_stacks_are_there() -> None:
    assert {"local", "stg", "prod"} <= set(STACKS)


@pytest.mark.parametrize("name", STACKS)
def test_the_program_accepts_the_stack(name: str) -> None:
    settings = settings_of(name)
    sizes.fargate_size("the service", settings.cpu, settings.memory)
    sizes.fargate_size("migration", settings.migration_cpu, settings.migration_memory)
    assert settings.log_retention_days in sizes.RETENTION_DAYS
    assert 1 <= settings.priority <= 50000
    assert stack(name)["aws:region"]


@pytest.mark.parametrize("name", STACKS)
def test_no_secret_is_in_the_file(name: str) -> None:
    secrets = settings_of(name).secrets
    assert secrets
    assert not [value for value in stack(name).values() if isinstance(value, dict) and "secure" in value]
    assert all(
        "/" not in reference.split(":")[0] or reference.startswith("arn:") for reference in secrets.values()
    )


def test_prod_can_lose_a_machine_and_keeps_its_logs_longer() -> None:
    stg, prod = settings_of("stg"), settings_of("prod")
    assert prod.desired_count >= 2
    assert prod.log_retention_days > stg.log_retention_days
    assert prod.migration_on_failure == "fail"


def test_stg_and_prod_are_kept_apart_by_their_accounts_or_names() -> None:
    stg, prod = settings_of("stg"), settings_of("prod")
    for name in ("service", "cluster", "vpc", "load_balancer"):
        assert getattr(stg, name) != getattr(prod, name)


def test_the_schema_has_the_settings_and_no_others() -> None:
    assert list(SCHEMA) == sorted(SCHEMA, key=lambda key: (not is_required(key), list(SCHEMA).index(key)))
    assert set(SCHEMA) == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_each_key_has_type_description_and_the_default_of_the_program(key: str) -> None:
    hint = get_type_hints(Settings)[KEYS[key].name]
    type_ = {str: "string", int: "integer"}.get(hint) or (
        "array" if "Sequence" in str(get_origin(hint)) else "object"
    )
    assert SCHEMA[key]["type"] == type_
    assert len(SCHEMA[key]["description"]) > 8
    assert SCHEMA[key]["description"].startswith("Required. ") == is_required(key)
    empty: Any = {"string": "", "integer": 0, "array": [], "object": {}}[type_]
    assert SCHEMA[key]["default"] == (empty if is_required(key) else _default(key))


def _default(key: str) -> Any:
    each = KEYS[key]
    value = each.default_factory() if each.default_factory is not MISSING else each.default
    return list(value) if isinstance(value, tuple) else value
