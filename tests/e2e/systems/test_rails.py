"""The Rails system on MariaDB: `db:migrate` as a task before the app rolls, status, scaling, the schema taken back. The tests follow one
another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.systems.system import System, deployed
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

SERVICE = "rails-app-service"


@pytest.fixture(scope="module")
def rails(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    cloud.mariadb()
    cloud.push("rails", "v1")
    with deployed(cloud, tmp_path_factory.mktemp("rails"), "rails", "rails-app") as made:
        yield made


def service(rails: System) -> dict[str, Any]:
    return dict(rails.client("ecs").describe_services(cluster="local", services=[SERVICE])["services"][0])


def test_the_migration_has_run_when_the_app_starts(rails: System) -> None:
    up = rails.up()
    assert up.ok, up.output
    assert up.lines("FirstPosts: migrated")
    assert up.lines("-- post: ようこそ")
    shown = rails.get("/")
    assert (shown["version"], shown["schema"]) == ("v1", 20250101000003)
    assert [post["title"] for post in shown["posts"]] == ["Draft", "Second post", "ようこそ"]
    assert service(rails)["enableExecuteCommand"]
    (group,) = rails.client("elbv2").describe_target_groups(Names=["rails-app-tg"])["TargetGroups"]
    assert service(rails)["loadBalancers"][0]["targetGroupArn"] == group["TargetGroupArn"]


def test_status_of_the_service_and_of_the_schema(rails: System) -> None:
    status = rails.operate("status", "--check")
    assert status.ok, status.output
    pending = rails.operate("pending")
    assert pending.ok, pending.output
    assert pending.lines("20250101000003")


def test_scaling_to_two_tasks(rails: System) -> None:
    scaled = rails.operate("scale", "2")
    assert scaled.ok, scaled.output
    assert service(rails)["runningCount"] == 2


def test_a_migration_that_fails_half_way_stops_the_roll(rails: System, cloud: LocalCloud) -> None:
    cloud.push("rails", "broken")
    up = rails.up()
    assert not up.ok
    assert "Mysql2::Error" in up.output
    assert "Traceback" not in up.output
    assert rails.get("/healthz") == {"status": "ok", "version": "v1"}
    assert rails.get("/")["schema"] == 20250101000004, "what went before the failed one stays"


def test_a_mended_image_goes_on_and_the_schema_is_taken_back(rails: System, cloud: LocalCloud) -> None:
    cloud.push("rails", "v2")
    up = rails.up()
    assert up.ok, up.output
    assert rails.get("/")["posts"][0]["summary"] == "About: Draft"
    back = rails.operate("rollback", "schema", "--yes")
    assert back.ok, back.output
    assert "AddSummaryToPosts: reverted" in back.output
    assert rails.get("/")["schema"] == 20250101000003
