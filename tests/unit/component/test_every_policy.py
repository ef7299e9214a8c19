"""Every policy of every program here, the root program and all examples, is parsed: exact resources, and a reason for each `*`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.component.cloud import Graph, deploy
from tests.unit.component.examples import PROGRAMS, ROOT, run
from tests.unit.component.systems.settings import SYSTEMS
from tests.unit.environment.configured import run as run_the_program

#: The stack that makes the most; the others ask for less of the same.
STACK = ROOT / "Pulumi.prod.yaml"
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

#: Names neither the component nor IAM: it only reads what another stack gives out.
WITHOUT_POLICIES = [
    each
    for each in PROGRAMS
    if not re.search(r"MigratableEcsService|iam|olicy", each.read_text(encoding="utf-8"))
]


def documents(inputs: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every input of every resource that is a policy document, by the resource and the input."""
    for resource, given in inputs.items():
        for name, value in given.items():
            if isinstance(value, str) and value.startswith("{") and "Statement" in value:
                yield f"{resource} {name}", json.loads(value)
            elif isinstance(value, dict) and "Statement" in value:
                yield f"{resource} {name}", value


def inputs_of(graph: Graph) -> dict[str, Mapping[str, Any]]:
    return {f"{each.type} {each.name}": each.inputs for each in graph.resources}


def documented_on_everything() -> set[str]:
    """Actions of the tables of docs/security.md that are allowed on `*`, with a reason."""
    rows = [line.split("|") for line in SECURITY.splitlines() if line.startswith("| `")]
    wide = [row for row in rows if row[2].strip().startswith("`*`") and row[3].strip()]
    return {action for row in wide for action in re.findall(r"`([a-z0-9-]+:[A-Za-z]+)`", row[1])}


def check(inputs: Mapping[str, Mapping[str, Any]]) -> int:
    """The number of statements looked at."""
    known, looked = documented_on_everything(), 0
    for where, document in documents(inputs):
        for statement in document["Statement"]:
            looked += 1
            assert set(statement) <= {"Effect", "Action", "Resource", "Principal", "Condition"}, where
            assert statement["Effect"] in ("Allow", "Deny"), where
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert actions, where
            assert not [action for action in actions if "*" in action], where
            if "Principal" in statement:
                assert "*" not in json.dumps(statement["Principal"]), where
            elif "*" in statement["Resource"]:
                assert statement["Resource"] in ("*", ["*"]), where
                assert set(actions) <= known, f"{where}: {actions} on everything without a reason"
    return looked


def test_there_are_programs_to_look_at() -> None:
    assert len(PROGRAMS) >= 5
    assert [str(each.parent.relative_to(ROOT)) for each in WITHOUT_POLICIES] == ["examples/consumer/reader"]


@pytest.mark.parametrize(
    "program",
    [each for each in PROGRAMS if each not in WITHOUT_POLICIES],
    ids=lambda each: str(each.parent.relative_to(ROOT)),
)
@pytest.mark.thorough(keep=5)
def test_the_policies_of_an_example_are_exact(program: Path) -> None:
    assert check(inputs_of(run(program)[0])) > 0


@pytest.mark.thorough
def test_the_policies_of_the_program_are_exact() -> None:
    assert check(inputs_of(run_the_program(STACK, "prod").graph)) > 0


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_the_policies_of_the_five_systems_are_exact(system: str) -> None:
    """Of their snapshots, which systems/test_systems.py compares with what is made."""
    listed = json.loads((ROOT / f"tests/unit/component/systems/{system}.json").read_text(encoding="utf-8"))
    makes_roles = any(each["type"] == "aws:iam/role:Role" for each in listed)
    assert makes_roles is (system in ("prisma", "rails")), "the others' documents name roles that are there"
    looked = check({f"{each['type']} {each['name']}": each["inputs"] for each in listed})
    assert (looked > 0) is makes_roles


def test_control_a_wide_policy_is_found() -> None:
    def program() -> None:
        import pulumi_aws as aws

        wide = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}
        aws.iam.RolePolicy("wide", role="r", policy=json.dumps({"Statement": [wide]}))

    with pytest.raises(AssertionError, match="on everything without a reason"):
        check(inputs_of(deploy(program)))
