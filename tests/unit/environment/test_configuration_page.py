"""docs/configuration.md has every key, with the type and default that the program knows, and no other."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING
from typing import Any

import pytest
from migratable_ecs.environment.balancer import BalancerArgs
from migratable_ecs.environment.cluster import ClusterArgs
from migratable_ecs.environment.database_args import DatabaseArgs
from migratable_ecs.environment.network import NetworkArgs
from migratable_ecs.environment.registry import RegistryArgs
from migratable_ecs.environment.settings_keys import keys_of

from tests.unit.environment.configured import ROOT, SCHEMA, config_of, run

CREATED = {
    "network": NetworkArgs,
    "cluster": ClusterArgs,
    "loadBalancer": BalancerArgs,
    "database": DatabaseArgs,
    "registry": RegistryArgs,
}


def page() -> str:
    return (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def top_level() -> list[str]:
    """The table of all keys, made from Pulumi.yaml."""
    rows = [
        f"| `{key}` | {each['type']} | `{json.dumps(each['default'])}` | {each['description']} |"
        for key, each in SCHEMA.items()
    ]
    return ["| key | type | default | what |", "|---|---|---|---|", *rows]


def test_the_keys_of_the_schema() -> None:
    assert "\n".join(top_level()) in page()


def rows_of(heading: str) -> dict[str, str]:
    """Key -> default of the table below a heading."""
    section = page().split(f"\n### {heading}\n")[1].split("\n#")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE))


@pytest.mark.parametrize("piece", CREATED)
def test_the_keys_of_what_is_made(piece: str) -> None:
    rows = rows_of(f"{piece}.create")
    keys = keys_of(CREATED[piece], {})
    assert list(rows) == list(keys)
    for key, field in keys.items():
        default = field.default if field.default_factory is MISSING else field.default_factory()
        assert rows[key] == ("–" if default is None else f"`{_written(default)}`"), key


def _written(value: Any) -> str:
    """As a stack's file says it."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(str, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def test_the_outputs() -> None:
    listed = set(re.findall(r"`(\w+)`", page().split("\n## Outputs\n")[1].replace("`ingress`", "")))
    changes = {
        key.partition(":")[2]: value
        for key, value in config_of(ROOT / "examples" / "presets" / "rails-base.yaml").items()
    }
    found = run(ROOT / "Pulumi.local.yaml", "local", **changes)
    assert set(found.outputs) == listed - {"hostHeaders", "secrets"}
