"""docs/environment.md says what is so."""

from __future__ import annotations

import re
from dataclasses import fields

import yaml
from migratable_ecs.environment.balancer import BalancerArgs
from migratable_ecs.environment.cluster import ClusterArgs
from migratable_ecs.environment.database_args import DatabaseArgs
from migratable_ecs.environment.ground import Environment
from migratable_ecs.environment.network import NetworkArgs, subnets
from migratable_ecs.environment.registry import RegistryArgs
from migratable_ecs.environment.settings_keys import key_of

from tests.unit.environment.configured import ROOT, settings_of

PAGE = (ROOT / "docs" / "environment.md").read_text(encoding="utf-8")
KEYS = {
    key_of(each.name)
    for cls in (NetworkArgs, ClusterArgs, BalancerArgs, DatabaseArgs, RegistryArgs)
    for each in fields(cls)
}


def test_the_example_is_a_configuration() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    given = {key.partition(":")[2]: value for key, value in yaml.safe_load(block)["config"].items()}
    settings = settings_of(ROOT / "Pulumi.local.yaml", **given)
    assert settings.network
    assert settings.network.create == NetworkArgs(nat="one")
    assert settings.database
    assert settings.database.create == DatabaseArgs(engine="mysql", version="8.0")
    assert settings.cluster
    assert settings.cluster.name == "shared"
    assert settings.load_balancer
    assert settings.load_balancer.stack == "acme/platform/network-stg"


def test_what_production_changes_names_keys_that_there_are() -> None:
    table = PAGE.partition("## In production")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "(`" in line]
    named = {key for row in rows for key in re.findall(r"`(\w+)`", row.rpartition("(")[2])}
    assert named == {"multiAz", "readers", "deletionProtection", "finalSnapshot", "immutable"}
    assert named <= KEYS


def test_the_subnets_are_those_that_are_made() -> None:
    public, private = subnets("10.0.0.0/16", 2)
    assert f"`{public[0]}`, `{public[1]}`, … and the private ones `{private[0]}`, `{private[1]}`, …" in PAGE


def test_the_outputs_are_where_the_page_says() -> None:
    assert "`Environment.outputs()` in `environment/ground.py`" in PAGE
    assert Environment.__module__ == "migratable_ecs.environment.ground"
