"""Which stacks replace their tasks when the database's password has been rotated."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.environment.ground import Environment, Network
from migratable_ecs.environment.settings_service import check, service_args

from tests.unit.environment.configured import ROOT, settings_of
from tests.unit.environment.made import SECRET

LOCAL = ROOT / "Pulumi.local.yaml"
STACK = "organization/migratable-ecs/base"
OTHER = SECRET.replace("made", "other")
GROUND = Environment(
    network=Network(vpc_id="vpc", subnet_ids=["subnet"], security_group_ids=["group"]),
    cluster_arn="cluster",
    database_secret_arn=SECRET,
)


def restarted_on(**changes: Any) -> list[Any]:
    settings = settings_of(LOCAL, **{"ingress": {}, "loadBalancer": {}, **changes})
    check(settings)
    rollout = service_args(settings, GROUND).rollout
    return list(rollout.restart_on) if rollout else []


@pytest.mark.parametrize(
    ("database", "restarts"),
    [
        ({"create": {}}, True),
        ({"create": {}, "restart": False}, False),
        ({"stack": STACK}, True),
        ({"stack": STACK, "restart": False}, False),
        # Who rotates it, and whether the old password still works then, is not ours to know.
        ({"secret": "learning-db-local"}, False),
        ({"secret": "learning-db-local", "restart": True}, True),
    ],
)
def test_on_where_the_database_is_made_unless_the_key_says_otherwise(
    database: dict[str, Any], restarts: bool
) -> None:
    assert restarted_on(database=database) == ([SECRET] if restarts else [])


def test_a_service_that_reads_nothing_of_the_database_s_secret_is_left_alone() -> None:
    assert restarted_on(database={"create": {}}, secrets={"KEY": "other"}) == []


def test_secrets_of_one_s_own_are_kept_beside_it() -> None:
    found = restarted_on(database={"create": {}}, rollout={"restartOn": [OTHER], "executeCommand": True})
    assert found == [OTHER, SECRET]
