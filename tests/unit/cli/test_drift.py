"""`drift --json`: its schema, and its errors. The report itself: tests/unit/drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from migratable_ecs.drift.document import document
from migratable_ecs.drift.model import Plan, Report

from tests.unit.cli.world import World
from tests.unit.drift.test_report import everything

Matches = Callable[[str, str], Any]


@pytest.mark.parametrize(
    "report", [everything(), Report("stg"), Report("stg", errors=("lost the network",), previewed=False)]
)
def test_the_schema(report: Report, matches: Matches) -> None:
    assert matches("drift", document(report))["exit_code"] == report.exit_code


def test_the_schema_of_a_plan_that_there_is_not(matches: Matches) -> None:
    from dataclasses import replace

    made = everything()
    without = (replace(made.migrations[0], plan=Plan(problem="there is no plan_command")),)
    matches("drift", document(replace(made, migrations=without)))


def test_a_member_that_nobody_knows_would_be_found(matches: Matches) -> None:
    with pytest.raises(jsonschema.ValidationError):
        matches("drift", json.dumps({**json.loads(document(Report("stg"))), "colour": "red"}))


def test_an_error(world: World, matches: Matches) -> None:
    done = world.run("drift", "--json")
    assert done.exit_code == 1
    assert "give -s STACK" in matches("error", done.stdout)["error"]["message"]
