"""Promise P5: the service is not touched before the migration has succeeded."""

from __future__ import annotations

import pulumi
import pytest
from migratable_ecs import MigratableEcsService

from tests.unit.component.cloud import COMPONENT, MIGRATION_RUN, deploy
from tests.unit.component.service import arguments, deployed

pytestmark = pytest.mark.thorough(keep=3)

SERVICE, RULE = "aws:ecs/service:Service", "aws:lb/listenerRule:ListenerRule"
RUN = f"{MIGRATION_RUN}::web-migrate"


def test_the_service_waits_for_the_migration() -> None:
    assert RUN in deployed().one(SERVICE).waits_for


def test_the_service_waits_for_the_rule_that_sends_it_requests() -> None:
    assert f"{RULE}::web" in deployed().one(SERVICE).waits_for


def test_the_migration_waits_for_all_that_its_task_needs_and_for_no_service() -> None:
    waited = deployed(secrets={"DB": "db"}).waits_for(MIGRATION_RUN, "web-migrate")
    assert waited == {
        "aws:ecs/taskDefinition:TaskDefinition::web-migrate",
        "aws:cloudwatch/logGroup:LogGroup::web",
        "aws:cloudwatch/logGroup:LogGroup::web-migrate",
        "aws:iam/role:Role::web-execution",
        "aws:iam/role:Role::web-task",
        "aws:iam/rolePolicy:RolePolicy::web-execution",
    }


def test_app_and_migration_may_do_what_they_must_before_they_are_registered() -> None:
    graph = deployed()
    for name in ("web", "web-migrate"):
        assert "aws:iam/rolePolicy:RolePolicy::web-execution" in graph.waits_for(
            "aws:ecs/taskDefinition:TaskDefinition", name
        )


def test_without_a_migration_nothing_of_it_is_there() -> None:
    graph = deployed(migration=...)
    assert MIGRATION_RUN not in graph.types()
    assert not [each.name for each in graph.resources if "migrate" in each.name]


def test_everything_belongs_to_the_component() -> None:
    graph = deployed()
    assert {each.parent for each in graph.resources if each.type != COMPONENT} == {f"{COMPONENT}::web"}


def test_the_migration_knows_the_urn_that_the_engine_gives_it() -> None:
    run = deployed().one(MIGRATION_RUN, "web-migrate")
    assert run.urn == f"urn:pulumi:stg::learning::{COMPONENT}${MIGRATION_RUN}::web-migrate"
    assert run.inputs["urn"] == run.urn


def test_it_knows_it_inside_another_component_too() -> None:
    def program() -> None:
        class Platform(pulumi.ComponentResource):
            pass

        outer = Platform("acme:index:Platform", "platform")
        MigratableEcsService("web", arguments(), pulumi.ResourceOptions(parent=outer))

    run = deploy(program).one(MIGRATION_RUN, "web-migrate")
    assert (
        run.urn == f"urn:pulumi:stg::learning::acme:index:Platform${COMPONENT}${MIGRATION_RUN}::web-migrate"
    )
    assert run.inputs["urn"] == run.urn


@pytest.mark.parametrize("phase", ["before", "manual"])
def test_the_phase_reaches_the_run(phase: str) -> None:
    assert deployed(migration__phase=phase).one(MIGRATION_RUN, "web-migrate").inputs["phase"] == phase


def test_two_services_of_one_program_do_not_wait_for_each_other() -> None:
    def program() -> pulumi.Output[str]:
        MigratableEcsService("web", arguments())
        return MigratableEcsService("admin", arguments(ingress__priority=200)).service_name

    graph = deploy(program)
    assert not [name for name in graph.waits_for(SERVICE, "web") if "admin" in name]
    assert graph.result == "admin"
