"""The program run against mocks, with the configuration of a stack as the engine hands it over."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml
from migratable_ecs.environment import Settings, load
from pulumi.runtime import mocks
from pulumi.runtime.config import CONFIG
from pulumi.runtime.settings import ROOT as ROOT_RESOURCE

from tests.unit.component.cloud import DIGEST, Cloud, Graph, deploy
from tests.unit.environment.made import MadeCloud

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
    "aws:cloudwatch/getLogGroups:getLogGroups": {"logGroupNames": []},
    "aws:ecr/getRepositories:getRepositories": {"names": []},
    "aws:route53/getZone:getZone": {"zoneId": "Z1"},
}


@cache
def config_of(file: Path) -> Mapping[str, Any]:
    """What a stack's file says; not to be changed."""
    return dict(yaml.safe_load(file.read_text(encoding="utf-8"))["config"])


def as_sent(file: Path, **changes: Any) -> dict[str, str]:
    """The stack's values over the schema's defaults, as the CLI merges and sends them: structures as JSON. None leaves a key out."""
    name = PROJECT["name"]
    merged = {f"{name}:{key}": each["default"] for key, each in SCHEMA.items()}
    merged |= config_of(file)
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


#: What an application stack reads from its base.
BASE = {
    "vpc_id": "vpc-b",
    "subnet_ids": ["subnet-b"],
    "security_group_ids": ["sg-b"],
    "assign_public_ip": False,
    "cluster_arn": "arn:cluster-b",
    "listener_arn": "arn:listener-b",
    "listener_port": 80,
    "load_balancer_dns_name": "lb-b.test",
    "database_secret_arn": "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:db-b-AbCdEf",
}


@dataclass
class CloudWithBase(MadeCloud):
    """Another stack is there too, and a repository that is there has an image."""

    base: Mapping[str, Any] = field(default_factory=lambda: BASE)

    def call(self, args: mocks.MockCallArgs) -> Any:
        if "mostRecent" in args.args:
            return {"imageDigest": DIGEST}
        return super().call(args)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if args.typ == "pulumi:pulumi:StackReference":
            outputs["outputs"] = dict(self.base)
        return id_, outputs


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
    pushed = {
        "aws:ecr/getRepositories:getRepositories": {"names": [each.partition(":")[0] for each in images]}
    }
    return CloudWithBase(images=images, secrets=tuple(secrets), found={**FOUND, **pushed})


def run(file: Path, stack: str, cloud: Cloud | None = None, **changes: Any) -> Run:
    """Run `__main__.py` in a stack of its own: what another run exported or protects does not count."""
    sent = as_sent(file, **changes)
    given = cloud or cloud_for(sent)
    outputs: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        pulumi.runtime.set_all_config(sent)
        runpy.run_path(str(ROOT / "__main__.py"))
        return pulumi.Output.all(**pulumi.runtime.get_root_resource().outputs).apply(outputs.update)  # type: ignore[union-attr]

    token, root = CONFIG.set({}), ROOT_RESOURCE.set(None)
    try:
        return Run(deploy(program, given, project=PROJECT["name"], stack=stack), outputs, given)
    finally:
        CONFIG.reset(token)
        ROOT_RESOURCE.reset(root)
