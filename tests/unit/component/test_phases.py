"""Promise P5: what runs before the roll, what after it, and what the roll itself must have been."""

from __future__ import annotations

import pytest
from migratable_ecs import InvalidArgument

from tests.unit.component.cloud import MIGRATION_RUN
from tests.unit.component.service import deployed

pytestmark = pytest.mark.thorough(keep=3)

SERVICE, ROLLOUT = "aws:ecs/service:Service", "pulumi-python:dynamic/ecs:ServiceRollout"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
EXPAND, CONTRACT = f"{MIGRATION_RUN}::web-migrate", f"{MIGRATION_RUN}::web-contract"


def test_after_waits_for_the_service_and_for_what_its_roll_came_to() -> None:
    graph = deployed(migration__phase="after")
    waited = graph.waits_for(MIGRATION_RUN, "web-migrate")
    assert {f"{SERVICE}::web", f"{ROLLOUT}::web"} <= waited
    assert EXPAND not in graph.waits_for(SERVICE)


def test_the_roll_is_judged_by_the_revision_that_was_given() -> None:
    rollout = deployed().one(ROLLOUT).inputs
    assert rollout["task_definition"] == deployed().one(SERVICE).inputs["taskDefinition"]
    assert rollout["service"] == "web"
    assert deployed().one(ROLLOUT).inputs["urn"] == deployed().one(ROLLOUT).urn


def test_expand_before_and_contract_after() -> None:
    graph = deployed(contract={"command": "drop the old column"})
    assert EXPAND in graph.waits_for(SERVICE)
    assert f"{ROLLOUT}::web" in graph.waits_for(MIGRATION_RUN, "web-contract")
    phases = {
        name: graph.one(MIGRATION_RUN, name).inputs["phase"] for name in ("web-migrate", "web-contract")
    }
    assert phases == {"web-migrate": "before", "web-contract": "after"}
    assert graph.one(TASK_DEFINITION, "web-contract").inputs["family"] == "web-contract"
    assert graph.one(MIGRATION_RUN, "web-contract").inputs["family"] == "web-contract"


def test_nobody_waits_for_a_roll_when_told_so() -> None:
    assert ROLLOUT not in deployed(wait_for_steady_state=False).types()
    assert ROLLOUT in deployed(wait_for_steady_state=False, migration__phase="after").types()


@pytest.mark.parametrize("phase", ["init", "manual"])
def test_contract_has_no_other_phase(phase: str) -> None:
    with pytest.raises(
        InvalidArgument, match=f"contract.phase is '{phase}', but contract always runs after the roll"
    ):
        deployed(contract={"command": "x", "phase": phase})


def test_contract_needs_something_to_come_second_to() -> None:
    with pytest.raises(InvalidArgument, match="contract is the second of two migrations"):
        deployed(migration__phase="after", contract={"command": "x"})


def test_workers_wait_for_a_migration_that_comes_after_the_roll() -> None:
    graph = deployed(migration__phase="after", workers={"queue": {"command": ["work"]}})
    assert EXPAND in graph.waits_for(SERVICE, "web-queue")
