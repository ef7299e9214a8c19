"""The program run against mocks, with the configuration of a stack as the engine hands it over."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import yaml
from migratable_ecs.environment import Settings, load
from pulumi.runtime.config import CONFIG

from tests.unit.component.cloud import DIGEST, Cloud, Graph, deploy

ROOT = Path(__file__).parents[3]
PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, dict[str, Any]] = PROJECT["config"]

FOUND: Mapping[str, Mapping[str, Any]] = {
    "aws:ec2/getVpc:getVpc": {"id": "vpc-1"},
    "aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-1"]},
    "aws:ec2/getSecurityGroup:getSecurityGroup": {"id": "sg-1"},
    "aws:lb/getLoadBalancer:getLoadBalancer": {"arn": "arn:lb", "dnsName": "lb.test"},
    "aws:lb/getListener:getListener": {"arn": "arn:listener", "protocol": "HTTP", "port": 80},
    "aws:ecs/getCluster:getCluster": {"arn": "arn:cluster"},
}


def as_sent(file: Path, **changes: Any) -> dict[str, str]:
    """The stack's values over the schema's defaults, as the CLI merges and sends them: structures as JSON. None leaves a key out."""
    name = PROJECT["name"]
    merged = {f"{name}:{key}": each["default"] for key, each in SCHEMA.items()}
    merged |= yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    merged |= {f"{name}:{key}": value for key, value in changes.items()}
    return {key: _text(value) for key, value in merged.items() if value is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def settings_of(file: Path, **changes: Any) -> Settings:
    """What the program reads."""
    token = CONFIG.set({})
    try:
        pulumi.runtime.set_all_config(as_sent(file, **changes))
        return load(pulumi.Config(PROJECT["name"]))
    finally:
        CONFIG.reset(token)


@dataclass
class Run:
    """What a run of the program registered, gave out and asked for."""

    graph: Graph
    outputs: dict[str, Any]
    cloud: Cloud


def cloud_for(sent: Mapping[str, str]) -> Cloud:
    """An account in which everything is that `sent` names."""
    name = PROJECT["name"]
    secrets = {each.partition(":")[0] for each in json.loads(sent[f"{name}:secrets"]).values()}
    secrets |= {json.loads(sent[f"{name}:database"]).get("secret", "")}
    images = {sent[f"{name}:image"]: DIGEST, json.loads(sent[f"{name}:migration"]).get("image", ""): DIGEST}
    return Cloud(images=images, secrets=tuple(secrets), found=FOUND)


def run(file: Path, stack: str, cloud: Cloud | None = None, **changes: Any) -> Run:
    """Run `__main__.py`."""
    sent = as_sent(file, **changes)
    given = cloud or cloud_for(sent)
    outputs: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        pulumi.runtime.set_all_config(sent)
        runpy.run_path(str(ROOT / "__main__.py"))
        return pulumi.Output.all(**pulumi.runtime.get_root_resource().outputs).apply(outputs.update)  # type: ignore[union-attr]

    token = CONFIG.set({})
    try:
        return Run(deploy(program, given, project=PROJECT["name"], stack=stack), outputs, given)
    finally:
        CONFIG.reset(token)
