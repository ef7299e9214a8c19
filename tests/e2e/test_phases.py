"""P5 for real: after, expand and contract, init, manual, warn, a gated worker, and a roll that the circuit breaker takes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import Stack
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

PROJECT = "name: phases\nruntime: python\n"

PROGRAM = """
import json
from pathlib import Path

import pulumi
from migratable_ecs import MigratableEcsService
from migratable_ecs.environment.lookup import look_up_balancer, look_up_cluster, look_up_network
from migratable_ecs.environment.settings_pieces import BalancerSettings, NetworkSettings

args = json.loads(Path("args.json").read_text())
network = look_up_network(NetworkSettings(vpc="local", subnets={"Tier": "private"}, security_groups=["local-app"]))
listener = look_up_balancer(BalancerSettings(name="local", listener_port=80))
shop = MigratableEcsService("shop", {
    "cluster": look_up_cluster("local"),
    "container_port": 8000,
    "secrets": {
        "DB_HOST": "learning-db-local:host", "DB_PORT": "learning-db-local:port", "DB_NAME": "learning-db-local:dbname",
        "DB_USER": "learning-db-local:operator_user", "DB_PASSWORD": "learning-db-local:operator_password",
        "DJANGO_SECRET_KEY": "learning-db-local:django_secret_key"},
    "network": {"subnets": network.subnet_ids, "security_groups": network.security_group_ids},
    "ingress": {"listener_arn": listener.listener_arn, "vpc_id": network.vpc_id, "priority": 100, "path_patterns": ["/*"],
                "health_check_path": "/healthz", "health_check_interval": 5},
    **args,
})
pulumi.export("status", shop.migration_status)
pulumi.export("definition", shop.task_definition_arn)
"""

MIGRATE = {"command": "python manage.py migrate --noinput"}


class Shop(Stack):
    """The stack, whose args are a file."""

    def give(self, **args: Any) -> None:
        (self.folder / "args.json").write_text(json.dumps({"image": "django-app:latest", **args}))

    def tasks(self, family: str) -> list[dict[str, Any]]:
        arns = self.migration_tasks(family)
        if not arns:
            return []
        found = self.client("ecs").describe_tasks(cluster="local", tasks=arns)["tasks"]
        return sorted(found, key=lambda task: task["createdAt"])

    def started(self, family: str) -> datetime:
        """When the newest task of `family` was started."""
        return self.tasks(family)[-1]["startedAt"]  # type: ignore[no-any-return]

    def exited(self, family: str) -> datetime:
        return self.tasks(family)[-1]["executionStoppedAt"]  # type: ignore[no-any-return]


@pytest.fixture
def shop(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    empty(cloud.db_dsn())
    cloud.push("django", "v1")
    made = Shop(cloud, tmp_path_factory.mktemp("shop"), name="phases", program=PROGRAM, project=PROJECT)
    made.give(migration=MIGRATE)
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


def test_after_the_roll(shop: Shop, cloud: LocalCloud) -> None:
    """The Laravel way: the app is up first, and a failed migration leaves it running."""
    shop.give(migration={**MIGRATE, "phase": "after", "on_failure": "warn"})
    up = shop.up()
    assert up.ok, up.output
    assert "migration will run after the service has rolled: first run" in up.output
    assert shop.started("shop") < shop.started("shop-migrate")
    assert shop.page()["version"] == "v1"
    assert shop.preview("--expect-no-changes").ok

    cloud.push("django", "broken")
    up = shop.up()
    assert up.ok, up.output
    assert "the migration failed and on_failure is warn, so the deployment goes on" in up.output
    assert "exit code 1" in up.output
    assert shop.outputs()["status"] == "failed"
    preview = shop.preview()
    assert "the last run failed and is still pending" in preview.output


def test_expand_and_contract(shop: Shop) -> None:
    """Both at once: one migration before the roll, another after it."""
    shop.give(
        migration=MIGRATE,
        contract={"command": "echo contracting; python manage.py showmigrations"},
    )
    up = shop.up()
    assert up.ok, up.output
    assert "contracting" in up.output
    assert shop.exited("shop-migrate") < shop.started("shop") < shop.started("shop-contract")
    assert shop.preview("--expect-no-changes").ok


def test_a_roll_taken_back_by_the_circuit_breaker_fails_the_update_and_no_migration_follows(
    shop: Shop, cloud: LocalCloud
) -> None:
    shop.give(migration=MIGRATE, contract={"command": "echo contracting"})
    assert shop.up().ok
    good = shop.outputs()["definition"]
    before = len(shop.tasks("shop-contract"))

    cloud.push("django", "v2")
    shop.give(
        migration=MIGRATE,
        contract={"command": "echo contracting"},
        command=["sh", "-c", "echo cannot start; exit 1"],
    )
    up = shop.up(timeout=400)
    assert not up.ok
    assert "rollout failed: service shop does not run shop:" in up.output, up.output
    assert "Traceback" not in up.output
    assert len(shop.tasks("shop-contract")) == before
    service = shop.client("ecs").describe_services(cluster="local", services=["shop"])["services"][0]
    assert service["taskDefinition"] == good

    shop.give(migration=MIGRATE, contract={"command": "echo contracting"})
    up = shop.up()
    assert up.ok, up.output
    assert shop.page()["version"] == "v2"
    assert len(shop.tasks("shop-contract")) == before + 1


def test_manual(shop: Shop) -> None:
    shop.give(migration={**MIGRATE, "phase": "manual"})
    up = shop.up()
    assert up.ok, up.output
    assert "migration will not run: its phase is manual" in up.output
    assert shop.tasks("shop-migrate") == []


def test_init_runs_inside_each_new_task_before_the_app(shop: Shop) -> None:
    shop.give(migration={**MIGRATE, "phase": "init"})
    up = shop.up()
    assert up.ok, up.output
    assert shop.tasks("shop-migrate") == []
    containers = {c["name"]: c for c in shop.tasks("shop")[-1]["containers"]}
    assert containers["migrate"]["exitCode"] == 0
    assert len(shop.page()["courses"]) > 0
    assert shop.preview("--expect-no-changes").ok


def test_a_worker_waits_for_the_migration_too(shop: Shop) -> None:
    shop.give(migration=MIGRATE, workers={"queue": {"command": ["sh", "-c", "echo working; sleep 600"]}})
    up = shop.up()
    assert up.ok, up.output
    assert shop.exited("shop-migrate") < shop.started("shop-queue")


def test_a_sidecar_does_not_decide_over_the_migration(shop: Shop) -> None:
    shop.give(
        migration=MIGRATE,
        sidecars={
            "proxy": {
                "image": "django-app:latest",
                "command": ["sh", "-c", "echo proxy; sleep 600"],
                "essential": False,
            }
        },
    )
    up = shop.up()
    assert up.ok, up.output
    assert shop.page()["version"] == "v1"
    assert shop.preview("--expect-no-changes").ok
