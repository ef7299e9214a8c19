"""plan_command of the new image: run as one task that leaves nothing behind, and never in the way of the preview."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from migratable_ecs.drift.events import Step
from migratable_ecs.drift.model import Plan
from migratable_ecs.drift.pending import planned
from migratable_ecs.migration.state import UNKNOWN
from migratable_ecs.testing import Script, exits, succeeds

from tests.unit.migration.scenario import FAMILY, NETWORK, Scenario, with_marker

NEW_IMAGE = "registry.example/web@sha256:" + "b" * 64


def step(scenario: Scenario, **changes: Any) -> Step:
    """The migration's step of a preview with a new image: what is made with it is not known yet."""
    common = {
        "urn": "urn:x", "service": "web", "stack": "shop/stg", "cluster": "default", "family": FAMILY, "container": "migrate",
        "subnets": NETWORK["subnets"], "security_groups": NETWORK["securityGroups"], "plan_command": ["manage.py", "sqlmigrate"],
    }  # fmt: skip
    new = {
        **common,
        "image": NEW_IMAGE,
        "image_digest": NEW_IMAGE.partition("@")[2],
        "task_definition": UNKNOWN,
        **changes,
    }
    old = {**common, "task_definition": scenario.definition_arn}
    return Step("update", "urn:x", "MigrationRun", old_inputs=old, new_inputs=new)


def ask(scenario: Scenario, given: Step | None = None, role: str = "") -> Plan | None:
    return planned(given or step(scenario), scenario.aws, scenario.aws.clock, lambda _: None, role=role)


def plan_definitions(scenario: Scenario, status: str) -> list[str]:
    ecs = scenario.aws.client("ecs")
    return list(ecs.list_task_definitions(familyPrefix=f"{FAMILY}-plan", status=status)["taskDefinitionArns"])


def test_the_sql_of_the_new_image_comes_with_its_dangers() -> None:
    plan = ask(Scenario(succeeds("BEGIN;", "ALTER TABLE courses RENAME COLUMN a TO b;", "COMMIT;")))
    assert plan is not None
    assert plan.sql == "BEGIN;\nALTER TABLE courses RENAME COLUMN a TO b;\nCOMMIT;"
    assert [(each.line, each.rule) for each in plan.dangers] == [(2, "renaming-column")]


def test_the_task_has_the_new_image_the_command_and_the_role_given() -> None:
    scenario = Scenario()
    seen: list[tuple[Any, Any]] = []

    def behaviour(definition: Any, overrides: Any, _number: int) -> Script:
        seen.append((definition, overrides))
        return with_marker(succeeds("nothing"), overrides)

    scenario.aws.ecs.behave(behaviour)
    ask(scenario, role="arn:aws:iam::1:role/read-only")
    ((definition, overrides),) = seen
    assert definition["family"] == f"{FAMILY}-plan"
    assert definition["containerDefinitions"][0]["image"] == NEW_IMAGE
    assert definition["taskRoleArn"] == "arn:aws:iam::1:role/read-only"
    assert "sqlmigrate" in " ".join(overrides["containerOverrides"][0]["command"])


@pytest.mark.parametrize(
    "script", [succeeds("nothing"), exits(1, "no such command")], ids=["succeeded", "failed"]
)
def test_no_active_task_definition_is_left_behind(script: Any) -> None:
    scenario = Scenario(script)
    ask(scenario)
    assert plan_definitions(scenario, "ACTIVE") == []
    assert len(plan_definitions(scenario, "INACTIVE")) == 1


def test_a_plan_command_that_fails_is_a_line_in_the_report_and_no_error() -> None:
    plan = ask(Scenario(exits(3, "boom")))
    assert plan is not None
    assert plan.problem.startswith("plan_command failed: ")
    assert plan.text == "boom"


def test_a_secret_in_what_is_printed_is_not_shown() -> None:
    plan = ask(Scenario(succeeds("connecting to postgres://u:Tr0ub4dor-and-3@db/x")))
    assert plan is not None
    assert "Tr0ub4dor" not in repr(plan)


def test_without_a_plan_command_nothing_runs() -> None:
    scenario = Scenario()
    assert ask(scenario, step(scenario, plan_command=None)) is None
    assert plan_definitions(scenario, "INACTIVE") == []


def test_what_cannot_be_known_before_the_first_update_is_said() -> None:
    scenario = Scenario()
    first = replace(step(scenario), old_inputs={})
    assert ask(scenario, first) == Plan(
        problem="nothing is deployed yet whose network and secrets the task could have"
    )
    later = ask(scenario, step(scenario, subnets=UNKNOWN))
    assert later == Plan(problem="subnets of the migration will be known after `pulumi up` only")
