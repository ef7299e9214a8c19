"""Whatever the commands ask of AWS, operator_policy allows."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

from migratable_ecs import operator_policy
from migratable_ecs.testing import hangs

from tests.unit.cli.test_rollback import deploy
from tests.unit.cli.world import World
from tests.unit.component.cloud import ACCOUNT, REGION
from tests.unit.component.service import arguments
from tests.unit.migration.scenario import OTHER_DIGEST

#: Needs no permission. Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
ANYBODY = {"sts:GetCallerIdentity"}


def test_all_calls_are_allowed(world: World) -> None:
    for words in (
        ["status"],
        ["pending"],
        ["plan"],
        ["run"],
        ["run", "--skip"],
        ["history"],
        ["show"],
        ["logs", "migration"],
    ):
        assert world.run(*words).exit_code == 0, words
    world.run("history", "--cluster", "default", "--service", "web")
    world.scenario.script, world.interrupt_after = hangs(), 20
    world.run("run")
    world.interrupt_after = None
    assert world.run("stop", "--yes").exit_code == 0

    called = {f"{call.service}:{call.operation}" for call in world.aws.calls[world.own_calls :]}
    assert {"ecs:RunTask", "ecs:StopTask", "logs:FilterLogEvents", "logs:PutLogEvents"} <= called
    assert not_allowed(called) == set()


def test_a_rollback_to_a_revision_that_was_kept(world: World) -> None:
    deploy(world, OTHER_DIGEST)
    before = len(world.aws.calls)
    assert world.run("rollback", "--yes").exit_code == 0
    called = {f"{call.service}:{call.operation}" for call in world.aws.calls[before:]}
    assert "ecs:UpdateService" in called
    assert not_allowed(called) == set()


def not_allowed(called: set[str]) -> set[str]:
    """Those that operator_policy does not have."""
    policy = json.loads(operator_policy("web", arguments(), account=ACCOUNT, region=REGION))
    allowed = [action for statement in policy["Statement"] for action in statement["Action"]]
    return {call for call in called - ANYBODY if not any(fnmatchcase(call, action) for action in allowed)}
