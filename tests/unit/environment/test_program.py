"""The program, `__main__.py`, run against mocks with the configuration of each stack."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from migratable_ecs import InvalidArgument
from pulumi.runtime.config import CONFIG

from tests.unit.component.cloud import DIGEST, MIGRATION_RUN, Cloud, Graph, deploy

ROOT = Path(__file__).parents[3]
SERVICE, RULE, TASK_DEFINITION = (
    "aws:ecs/service:Service",
    "aws:lb/listenerRule:ListenerRule",
    "aws:ecs/taskDefinition:TaskDefinition",
)

FOUND: Mapping[str, Mapping[str, Any]] = {
    "aws:ec2/getVpc:getVpc": {"id": "vpc-1"},
    "aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-1"]},
    "aws:ec2/getSecurityGroup:getSecurityGroup": {"id": "sg-1"},
    "aws:lb/getLoadBalancer:getLoadBalancer": {"arn": "arn:lb", "dnsName": "lb.test"},
    "aws:lb/getListener:getListener": {"arn": "arn:listener", "protocol": "HTTP", "port": 80},
    "aws:ecs/getCluster:getCluster": {"arn": "arn:cluster"},
}


def run(stack: str, **changes: Any) -> tuple[Graph, dict[str, Any], Cloud]:
    """Graph, stack outputs and calls of the program with the stack's own file."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    merged = {f"{project['name']}:{key}": each["default"] for key, each in project["config"].items()}
    merged |= yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    merged |= {f"{project['name']}:{key}": value for key, value in changes.items()}
    secrets = {reference.partition(":")[0] for reference in merged[f"{project['name']}:secrets"].values()}
    cloud = Cloud(images={merged[f"{project['name']}:image"]: DIGEST}, secrets=tuple(secrets), found=FOUND)
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in merged.items()}
    token = CONFIG.set({})
    outputs: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        pulumi.runtime.set_all_config(texts)
        runpy.run_path(str(ROOT / "__main__.py"))
        return pulumi.Output.all(**pulumi.runtime.get_root_resource().outputs).apply(outputs.update)  # type: ignore[union-attr]

    try:
        return deploy(program, cloud, project=project["name"], stack=stack), outputs, cloud
    finally:
        CONFIG.reset(token)


@pytest.mark.parametrize("stack", ["local", "stg", "prod"])
def test_it_adds_the_service_to_what_is_there(stack: str) -> None:
    graph, outputs, _ = run(stack)
    name = outputs["service"]
    service = graph.one(SERVICE, name).inputs
    assert service["cluster"] == outputs["cluster"] == "arn:cluster"
    assert service["networkConfiguration"]["subnets"] == ["subnet-1"]
    assert service["networkConfiguration"]["securityGroups"] == ["sg-1"]
    assert graph.one(RULE, name).inputs["listenerArn"] == "arn:listener"
    assert f"{MIGRATION_RUN}::{name}-migrate" in graph.one(SERVICE, name).waits_for
    assert outputs["image_digest"] == DIGEST
    assert (
        outputs["url"]
        == {
            "local": "http://lb.test/",
            "stg": "https://app.stg.example.com/",
            "prod": "https://app.example.com/",
        }[stack]
    )
    assert outputs["migration_log_group"] == f"/ecs/{name}-migrate"


@pytest.mark.parametrize("stack", ["stg", "prod"])
def test_it_makes_no_network_cluster_load_balancer_or_repository(stack: str) -> None:
    graph, _, _ = run(stack)
    foreign = (
        "aws:ec2/",
        "aws:ecr/",
        "aws:rds/",
        "aws:ecs/cluster",
        "aws:lb/loadBalancer",
        "aws:lb/listener:",
    )
    assert not [each.type for each in graph.resources if each.type.startswith(foreign)]


def test_sizes_and_counts_of_the_stack_arrive() -> None:
    graph, _, _ = run("prod")
    assert graph.one(SERVICE, "learning-app-prod").inputs["desiredCount"] == 2
    assert graph.one(TASK_DEFINITION, "learning-app-prod").inputs["memory"] == "1024"
    assert graph.one(TASK_DEFINITION, "learning-app-prod-migrate").inputs["memory"] == "2048"


def test_a_new_value_of_force_is_a_trigger() -> None:
    for given, triggers in (("", {}), ("again", {"force": "again"})):
        graph, _, _ = run("stg", force=given)
        assert graph.one(MIGRATION_RUN, "learning-app-stg-migrate").inputs["triggers"] == triggers


@pytest.mark.parametrize(("key", "value"), [("imagee", "x"), ("image", ""), ("priority", 0)])
def test_a_bad_configuration_ends_it_before_anything_is_asked_or_registered(key: str, value: Any) -> None:
    with pytest.raises(InvalidArgument, match=f"migratable-ecs:{key} "):
        run("stg", **{key: value})
