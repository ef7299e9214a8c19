"""docs/arguments.md: its snippets are parts of a program that runs, and no argument is missing on it."""

from __future__ import annotations

import json
import re
import runpy
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs.args import (
    BackupArgs,
    BlueGreenArgs,
    CapacityProviderArgs,
    ContainerArgs,
    DiscoveryArgs,
    HealthCheckArgs,
    IngressArgs,
    LoadBalancerArgs,
    LogArgs,
    MigratableEcsServiceArgs,
    MigrationArgs,
    MountArgs,
    NamesArgs,
    NetworkArgs,
    PortArgs,
    RolloutArgs,
    ScalingArgs,
    ScheduleArgs,
    ScheduledScalingArgs,
    ServiceConnectArgs,
    SidecarArgs,
    StickinessArgs,
    TaskArgs,
    VolumeArgs,
    WatchingArgs,
    WorkerArgs,
)

from tests.unit.component.cloud import DIGEST, Cloud, Graph, deploy
from tests.unit.component.test_bad_configurations import classes

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "arguments.md").read_text(encoding="utf-8")
PROGRAM = ROOT / "examples" / "arguments" / "__main__.py"
SERVICE_OPTIONS = ROOT / "examples" / "service_options" / "__main__.py"

TITLES: dict[type[Any], str] = {
    ContainerArgs: "### ContainerArgs",
    MountArgs: "### ContainerArgs",
    HealthCheckArgs: "### ContainerArgs",
    SidecarArgs: "### ContainerArgs",
    TaskArgs: "## The task",
    VolumeArgs: "## The task",
    MigrationArgs: "## The migration",
    WorkerArgs: "## Workers",
    ScheduleArgs: "## Schedules",
    MigratableEcsServiceArgs: "# Arguments",
    NetworkArgs: "### NetworkArgs",
    IngressArgs: "### IngressArgs",
    StickinessArgs: "### IngressArgs",
    LoadBalancerArgs: "### LoadBalancerArgs",
    RolloutArgs: "### RolloutArgs",
    CapacityProviderArgs: "### RolloutArgs",
    BlueGreenArgs: "### RolloutArgs",
    ScalingArgs: "### ScalingArgs",
    ScheduledScalingArgs: "### ScalingArgs",
    WatchingArgs: "### WatchingArgs",
    NamesArgs: "### NamesArgs",
}

#: Classes whose arguments the page writes after the name of the group.
PREFIXED: dict[type[Any], str] = {DiscoveryArgs: "discovery", ServiceConnectArgs: "service_connect"}

#: Classes that are described in a line of another one, without a row for each argument.
WITHIN: set[type[Any]] = {BackupArgs, LogArgs, PortArgs}


@pytest.fixture(scope="module")
def graph() -> Graph:
    cloud = Cloud(images={"learning-app:latest": DIGEST}, secrets=("learning-db",))
    return deploy(lambda: runpy.run_path(str(PROGRAM)) and None, cloud)


def test_every_snippet_is_part_of_the_program() -> None:
    program = "".join(each.read_text(encoding="utf-8") for each in (PROGRAM, SERVICE_OPTIONS))
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(snippets) >= 5
    for snippet in snippets:
        assert snippet in program, snippet


@pytest.mark.parametrize("cls", TITLES, ids=lambda cls: cls.__name__)
def test_every_argument_is_on_the_page(cls: type[Any]) -> None:
    section = PAGE.partition(TITLES[cls])[2]
    if cls is not MigratableEcsServiceArgs:  # whose arguments are the whole page's
        section = section.split("\n## ")[0]
    for field in fields(cls):
        assert f"`{field.name}`" in section, field.name


@pytest.mark.thorough
def test_the_program_makes_what_the_page_says(graph: Graph) -> None:
    definitions = [r for r in graph.resources if r.type == "aws:ecs/taskDefinition:TaskDefinition"]
    assert sorted(r.name.removeprefix("learning-app") for r in definitions) == [
        "",
        "-migrate",
        "-queue",
        "-report",
    ]
    assert {r.inputs["runtimePlatform"]["cpuArchitecture"] for r in definitions} == {"ARM64"}
    assert graph.one("aws:scheduler/schedule:Schedule", "learning-app-report")


def test_its_policies_allow_nothing_on_everything_but_the_login_to_ecr(graph: Graph) -> None:
    policies = [r.inputs["policy"] for r in graph.resources if r.type == "aws:iam/rolePolicy:RolePolicy"]
    assert len(policies) == 3
    for statement in [each for text in policies for each in json.loads(text)["Statement"]]:
        assert not [action for action in statement["Action"] if "*" in action]
        assert "*" not in statement["Resource"] or statement["Action"] == ["ecr:GetAuthorizationToken"]


@pytest.mark.parametrize("cls", PREFIXED, ids=lambda cls: cls.__name__)
def test_every_argument_with_its_group_is_on_the_page(cls: type[Any]) -> None:
    for field in fields(cls):
        assert f"| `{PREFIXED[cls]}.{field.name}` |" in PAGE, field.name


def test_no_class_of_arguments_is_left_out() -> None:
    assert classes(MigratableEcsServiceArgs) == {*TITLES, *PREFIXED} | WITHIN


@pytest.mark.thorough
def test_the_program_with_the_options_makes_what_the_page_says() -> None:
    made = deploy(
        lambda: runpy.run_path(str(SERVICE_OPTIONS)) and None, Cloud(images={"shop:latest": DIGEST})
    )
    types = {each.type for each in made.resources}
    assert {
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:servicediscovery/service:Service",
    } <= types
    assert made.one("aws:lb/targetGroup:TargetGroup", "shop").inputs["name"] == "shop-blue"
